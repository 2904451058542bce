"""Rounding in the place of hiding: consistently, so that all sums still hold, or each cell alone.

Consistent rounding follows the small count rounding of Statistics Norway (Langsrud and Heldal,
Privacy in Statistical Databases 2018): numbers of persons below the base become 0 or the base,
and everything else moves as little as possible. Whatever adds up before adds up afterwards.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ldn_spark.release.cells import KINDS, Cells
from ldn_spark.release.linked import Form, Relation, minus, plus, value_of
from ldn_spark.study.definition import OVERALL

_SEXES = ("women", "men", "sex_unknown")
_NODES = 3_000
"""Where a solver stops to look for less: counted, so that every machine stops at the same."""
_LARGE_MOVES = 4
"""How much more a move of a number that is not small is missed than one of users."""


def round_nearest(number: int, base: int) -> int:
    """The nearest multiple of a base, the higher of two.

    >>> [round_nearest(n, 5) for n in (0, 2, 3, 7, 8)], round_nearest(5, 10)
    ([0, 0, 5, 5, 10], 10)
    """
    return (2 * number + base) // (2 * base) * base


def midpoint6(number: int) -> int:
    """The midpoint of the six numbers that a number is told among; 0 stays 0.

    >>> [midpoint6(n) for n in (0, 1, 6, 7, 12)]
    [0, 3, 3, 9, 9]
    """
    return -(-number // 6) * 6 - 3 * (number != 0)


@dataclass
class _Program:
    """A mixed integer program that is written down row by row."""

    costs: list[float] = field(default_factory=list)
    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)
    rows: list[tuple[dict[int, float], float, float]] = field(default_factory=list)

    def variable(self, low: float, high: float, cost: float = 0.0) -> int:
        """A new whole variable."""
        self.costs.append(cost)
        self.lows.append(low)
        self.highs.append(high)
        return len(self.costs) - 1

    def row(self, factors: Mapping[int, float], low: float, high: float) -> None:
        """A sum of variables between two bounds."""
        self.rows.append((dict(factors), low, high))

    def solve(self) -> Any:
        """The values of all variables; None where none fit."""
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_matrix

        at = [number for number, (factors, _, _) in enumerate(self.rows) for _ in factors]
        names = [name for factors, _, _ in self.rows for name in factors]
        values = [value for factors, _, _ in self.rows for value in factors.values()]
        matrix = csr_matrix((values, (at, names)), shape=(len(self.rows), len(self.costs)))
        answer = milp(
            np.array(self.costs),
            integrality=np.ones(len(self.costs)),
            bounds=Bounds(np.array(self.lows), np.array(self.highs)),
            constraints=LinearConstraint(
                matrix, [low for _, low, _ in self.rows], [high for _, _, high in self.rows]
            ),
            options={"mip_rel_gap": 0.0, "node_limit": _NODES},
        )
        return None if answer.x is None else np.rint(answer.x)


def round_consistent(cells: Cells, base: int, key: bytes) -> dict[str, int]:
    """Persons by their use and by sex, rounded so that nobody is told of fewer than the base.

    The persons of every stratum of the cohort stay exact; those of subgroups are rounded too. No
    number of persons that can be formed of what is rounded is from 1 to base - 1: of users, of
    those without use, of an outcome without one within it, of both parts of a union, of the cohort
    without a subgroup. Where a solver would take too long it stops at the same place on every
    machine; numbers then move a little more than they must.

    Args:
        cells: the study's numbers.
        base: small is from 1 to one less.
        key: secret of the data holder, by which ties are broken.

    Returns:
        A value for every base variable of persons by use and by sex, and of those of subgroups.

    Raises:
        ValueError: no numbers fit; a stratum has fewer persons than the base.
    """
    truth = {one.name: one.truth for one in cells.variables()}
    program, at = _Program(), {}
    for name in sorted(_rounded(cells), key=lambda name: _tie(name, key)):
        at[name] = program.variable(0, _highest(truth[name], base))
    for name in at:
        _keep(program, at, {name: 1}, truth, base)
        is_free = name.endswith(("/neither", "/sex_unknown", "/persons"))
        if truth[name] >= base and not is_free:
            _miss(program, at, {name: 1}, truth, _LARGE_MOVES)
    for form in _told(cells):
        _keep(program, at, form, truth, base)
    for relation in _held(cells, truth):
        low = -np.inf if relation.low is None else relation.low
        high = np.inf if relation.high is None else relation.high
        program.row({at[name]: factor for name, factor in relation.form.items()}, low, high)
    for group in cells.groups:
        for column in cells.columns:
            for outcome in cells.outcomes:
                for side in ("before", "after"):
                    _miss(program, at, cells.users(group, column, outcome, side), truth, 1)
    found = program.solve()
    if found is None:
        raise ValueError("no numbers fit; a stratum has fewer persons than the base")
    return {name: int(found[number]) for name, number in at.items()}


def _tie(name: str, key: bytes) -> bytes:
    """By the order of the numbers the solver chooses among ways that are equally good."""
    return hmac.new(key, name.encode(), hashlib.sha256).digest()


def _rounded(cells: Cells) -> Iterator[str]:
    for group in cells.groups:
        for stratum in cells.strata:
            if group != OVERALL:  # women are a subgroup, and women are rounded
                yield f"{group}/{stratum}/persons"
            yield from (f"{group}/{stratum}/{name}" for name in _SEXES)
            for outcome in cells.outcomes:
                yield from (f"{group}/{stratum}/{outcome}/{kind}" for kind in KINDS)


def _highest(truth: int, base: int) -> int:
    return base if truth < base else truth + 4 * base


def _told(cells: Cells) -> Iterator[Form]:
    """The further numbers of persons that can be formed of what is rounded."""
    for group in cells.groups:
        for stratum in cells.strata:
            for side in ("before", "after"):
                for child, parent in cells.nesting.within:
                    users = (cells.users(group, stratum, one, side) for one in (parent, child))
                    yield minus(*users)
                for whole, parts in cells.nesting.unions:
                    if len(parts) == 2:
                        both = (cells.users(group, stratum, one, side) for one in parts)
                        yield minus(plus(*both), cells.users(group, stratum, whole, side))
            if group != OVERALL:
                kinds = (f"{o}/{kind}" for o in cells.outcomes for kind in KINDS)
                names = [*_SEXES, *kinds]
                for name in names:
                    of_all = cells.form(OVERALL, stratum, name)
                    yield minus(of_all, cells.form(group, stratum, name))


def _held(cells: Cells, truth: Mapping[str, int]) -> Iterator[Relation]:
    """The relations between what is rounded, the persons of a stratum being exact."""
    names = set(_rounded(cells))
    for relation in cells.relations():
        inside = {name: factor for name, factor in relation.form.items() if name in names}
        fixed = {name: factor for name, factor in relation.form.items() if name not in names}
        if inside and all(name.endswith("/persons") for name in fixed):
            known = value_of(fixed, truth)
            low, high = (
                None if bound is None else bound - known for bound in (relation.low, relation.high)
            )
            yield Relation(inside, low, high)


def _keep(
    program: _Program,
    at: Mapping[str, int],
    form: Form,
    truth: Mapping[str, int],
    base: int,
) -> None:
    """A number is 0 or at least the base; one that is 0 stays 0, a small one becomes either."""
    factors = {at[name]: float(factor) for name, factor in form.items()}
    value = value_of(form, truth)
    if value == 0:
        program.row(factors, 0, 0)
        return
    if value >= 2 * base + len(form) * base:
        program.row(factors, base, np.inf)
        return
    is_there = program.variable(0, 1)
    most = sum(program.highs[at[name]] for name, factor in form.items() if factor > 0)
    program.row({**factors, is_there: -float(base)}, 0, np.inf)
    program.row({**factors, is_there: -float(most)}, -np.inf, 0)


def _miss(
    program: _Program,
    at: Mapping[str, int],
    form: Form,
    truth: Mapping[str, int],
    cost: float,
) -> None:
    """Let the distance of a number from its truth cost something."""
    value = value_of(form, truth)
    distance = program.variable(0, np.inf, cost)
    factors = {at[name]: float(factor) for name, factor in form.items()}
    program.row({**factors, distance: 1.0}, value, np.inf)
    program.row({**factors, distance: -1.0}, -np.inf, value)
