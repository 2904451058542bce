"""The pattern of hidden units that is safe and hides least: exact complementary suppression.

A cut is a set of units that together reveal something, so that one of them must be hidden. The
master problem finds the lightest set of units that meets every cut known; the attacker looks for
another cut; when there is none, the pattern is safe, and no lighter one is, since every cut had to
be met (Fischetti and Salazar-Gonzalez, Management Science 2001;47:1008-1027, with the attacker's
whole numbers and with sides of intervals in place of widths).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ldn_spark.release.attacker import Attacker, Side
from ldn_spark.release.linked import Linked, Sensitive, World, value_of

SIDES: tuple[Side, ...] = ("low", "high")
QUESTIONS = 20_000
"""To a solver, after which the lightest pattern is not looked for any more: some minutes."""


class AlreadyOpenError(Exception):
    """What is shown in any case gives a sensitive number away.

    Attributes:
        names: of the sensitive numbers.
    """

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(", ".join(names))
        self.names = tuple(names)


@dataclass(frozen=True, slots=True)
class Pattern:
    """What is hidden, and the proof that it is enough.

    Attributes:
        hidden: names of units.
        weight: of all that is hidden.
        whole_weight: of all units.
        cuts: the revealing sets, each of which is met, with the number that asked for it.
        worlds: for every sensitive number and side a world that shows the same.
        is_optimal: whether no lighter pattern is safe; False when it would have
            taken too many questions.
        rounds: how often the master was asked.
    """

    hidden: frozenset[str]
    weight: int
    whole_weight: int
    cuts: tuple[tuple[str, frozenset[str]], ...]
    worlds: dict[tuple[str, Side], World]
    is_optimal: bool = True
    rounds: int = 0

    @property
    def share(self) -> float:
        """Which part of the weight is hidden."""
        return self.weight / self.whole_weight if self.whole_weight else 0.0


@dataclass
class _Pool:
    """Worlds that were found, asked before a solver is: they hold all relations."""

    problem: Linked
    worlds: list[World] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._cells = [(unit.name, cell) for unit in self.problem.units for cell in unit.cells]
        self._told: list[frozenset[str]] = []

    def add(self, world: World) -> None:
        """Keep a world, with the units in which it differs from the truth."""
        truth = self.problem.truth
        changed = {name for name in truth if world[name] != truth[name]}
        differing = frozenset(
            unit
            for unit, cell in self._cells
            if not changed.isdisjoint(cell) and value_of(cell, world) != value_of(cell, truth)
        )
        self.worlds.append(world)
        self._told.append(differing)

    def find(self, one: Sensitive, side: Side, hidden: frozenset[str]) -> World | None:
        """A world that differs from the truth in hidden units alone and reaches the side."""
        for world, differing in zip(reversed(self.worlds), reversed(self._told), strict=True):
            if differing <= hidden:
                value = value_of(one.form, world)
                if value <= one.low if side == "low" else value >= one.high:
                    return world
        return None


def find_pattern(
    problem: Linked,
    *,
    key: bytes,
    questions: int = QUESTIONS,
) -> Pattern:
    """The lightest safe pattern; of equally light ones that which the key chooses.

    Args:
        problem: what is linked.
        key: secret of the data holder, by which ties are broken: whoever knows the rules but not
            the key learns less from what was chosen.
        questions: after so many to a solver what is still revealed is hidden without looking for
            the lightest way; the pattern then says that it is not optimal. They are counted, not
            timed, so that every machine finds the same.

    Raises:
        AlreadyOpenError: no pattern is safe, because of what is shown in any case.
    """
    attacker, pool = Attacker(problem), _Pool(problem)
    pool.add(problem.truth)
    weight = {one.name: one.weight for one in problem.units}
    cuts: list[tuple[str, frozenset[str]]] = []
    rounds, greedy = 0, False
    hidden = _master(problem, [], key)
    while True:
        rounds += 1
        new = _look(attacker, pool, hidden, weight)
        if not new:
            break
        cuts += new
        greedy = greedy or attacker.asked > questions
        if greedy:
            hidden = _closed(problem, hidden | {_lightest(cut, problem, key) for _, cut in new})
        else:
            hidden = _master(problem, cuts, key)
    return Pattern(
        hidden=hidden,
        weight=sum(weight[name] for name in hidden),
        whole_weight=sum(weight.values()),
        cuts=tuple(cuts),
        worlds=_worlds(attacker, pool, hidden),
        is_optimal=not greedy,
        rounds=rounds,
    )


def _look(
    attacker: Attacker, pool: _Pool, hidden: frozenset[str], weight: dict[str, int]
) -> list[tuple[str, frozenset[str]]]:
    """The cuts by which a pattern fails; none where it is safe."""
    problem = attacker.problem
    shown = frozenset(weight) - hidden
    found: list[tuple[str, frozenset[str]]] = []
    for one in problem.sensitive:
        for side in SIDES:
            if pool.find(one, side, hidden) is not None:
                continue
            if any(cut <= shown and name == one.name for name, cut in found):
                continue  # the other side has told that it is not safe
            if (world := attacker.reaches(one, side, shown)) is not None:
                pool.add(world)
                continue
            cut = attacker.revealing(one, side, shown, weight)
            free = frozenset(name for name in cut if not problem.unit[name].forced)
            if not free:
                raise AlreadyOpenError([one.name])
            if free not in {each for _, each in found}:
                found.append((one.name, free))
    return found


def _worlds(
    attacker: Attacker, pool: _Pool, hidden: frozenset[str]
) -> dict[tuple[str, Side], World]:
    """A world for every sensitive number and side; of a safe pattern all are in the pool."""
    found: dict[tuple[str, Side], World] = {}
    for one in attacker.problem.sensitive:
        for side in SIDES:
            world = pool.find(one, side, hidden)
            if world is None:
                raise AlreadyOpenError([one.name])
            found[one.name, side] = world
    return found


def _master(
    problem: Linked, cuts: Sequence[tuple[str, frozenset[str]]], key: bytes
) -> frozenset[str]:
    """The lightest units that meet every cut.

    The key lays out the order of units, by which the solver chooses among equally light sets; the
    order in which anything was asked has no part in it.
    """
    from scipy.optimize import LinearConstraint
    from scipy.sparse import csr_matrix

    units = sorted(problem.units, key=lambda one: _tie(one.name, key))
    at = {one.name: number for number, one in enumerate(units)}
    rows = [(dict.fromkeys(sorted(at[name] for name in cut), 1.0), 1.0) for _, cut in cuts]
    rows += [({at[one.name]: 1.0, at[needed]: -1.0}, 0.0) for one in units for needed in one.needs]
    rows.sort(key=lambda row: (sorted(row[0]), row[1]))
    places = [number for number, (factors, _) in enumerate(rows) for _ in factors]
    columns = [column for factors, _ in rows for column in factors]
    values = [value for factors, _ in rows for value in factors.values()]
    matrix = csr_matrix((values, (places, columns)), shape=(len(rows), len(units)))
    chosen = _binary(
        np.array([one.weight for one in units], dtype=float),
        np.array([one.forced == "hidden" for one in units], dtype=float),
        np.array([one.forced != "shown" for one in units], dtype=float),
        [LinearConstraint(matrix, [least for _, least in rows], np.inf)] if rows else [],
    )
    return frozenset(one.name for one, is_hidden in zip(units, chosen, strict=True) if is_hidden)


def _binary(costs: Any, low: Any, high: Any, constraints: list[Any]) -> Any:
    from scipy.optimize import Bounds, milp

    answer = milp(
        costs,
        integrality=np.ones(len(costs)),
        bounds=Bounds(low, high),
        constraints=constraints,
        options={"mip_rel_gap": 0.0},
    )
    if answer.x is None:
        raise AlreadyOpenError(["what is shown in any case"])
    return np.rint(answer.x)


def _tie(name: str, key: bytes) -> bytes:
    return hmac.new(key, name.encode(), hashlib.sha256).digest()


def _lightest(cut: frozenset[str], problem: Linked, key: bytes) -> str:
    return min(cut, key=lambda name: (problem.unit[name].weight, _tie(name, key), name))


def _closed(problem: Linked, hidden: frozenset[str]) -> frozenset[str]:
    """With all units that need a hidden one."""
    while True:
        more = {one.name for one in problem.units if not hidden.isdisjoint(one.needs)} - hidden
        if not more:
            return hidden
        hidden |= more
