"""What somebody can conclude who sees what is shown and knows all relations and that numbers are
whole.

The question is always whether a world remains in which a sensitive number is as low, or as high,
as must stay possible. Unknowns are differences from the truth, so that a cell that is shown says
that they add up to 0. What is shown fixes many of them at once; only what still hangs together
with the number in question goes to the solver (HiGHS, by scipy), and what comes back is checked in
whole numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from ldn_spark.release.linked import Form, Linked, Sensitive, faults, value_of

Side = Literal["low", "high"]
Array = Any
_FAR = 10**9
"""A difference that no number of a table comes near."""
_REMEMBERED = 512
_NEARLY = 1e-5
"""How far a solver's number may be from a whole one."""
_NOTHING = 1e-7
"""A dual value below which a row has no part in a bound."""


@dataclass(frozen=True)
class _Left:
    """What is left open when units are shown.

    Attributes:
        open: variables whose difference need not be 0.
        part: the number of the component that each of them belongs to.
        rows: the rows that hold, by their numbers.
    """

    open: Array
    part: Array
    rows: Array


class Attacker:
    """Answers questions of one problem; finds the same worlds every time it is asked the same.

    Attributes:
        problem: what is linked.
        asked: how many questions a solver was asked.
    """

    def __init__(self, problem: Linked) -> None:
        self.problem = problem
        self.asked = 0
        self._at = {one.name: number for number, one in enumerate(problem.variables)}
        self._lows, self._highs = _bounds(problem)
        self._units = {one.name: number for number, one in enumerate(problem.units)}
        cells = [(unit.name, cell) for unit in problem.units for cell in unit.cells]
        owners = [-1] * len(problem.relations) + [self._units[name] for name, _ in cells]
        self._owner = np.array(owners, dtype=int)
        known = [
            (one.form, *_open_bounds(problem, one.form, one.low, one.high))
            for one in problem.relations
        ]
        rows = [*known, *((cell, 0.0, 0.0) for _, cell in cells)]
        self._low, self._high = (np.array([row[at] for row in rows]) for at in (1, 2))
        self._matrix = self._sparse([form for form, _, _ in rows])
        self._touched = abs(self._matrix).sign()
        self._is_equal = self._low == self._high
        self._left = lru_cache(_REMEMBERED)(self._find_left)

    def _sparse(self, forms: Sequence[Form]) -> Array:
        from scipy.sparse import csr_matrix

        rows = [row for row, form in enumerate(forms) for _ in form]
        columns = [self._at[name] for form in forms for name in form]
        factors = [float(factor) for form in forms for factor in form.values()]
        return csr_matrix((factors, (rows, columns)), shape=(len(forms), len(self._at)))

    def _holding(self, shown: Collection[str]) -> Array:
        """The rows that hold: relations, and the cells of what is shown."""
        is_shown = np.zeros(len(self._units) + 1, dtype=bool)
        is_shown[[self._units[name] for name in shown]] = True
        is_shown[-1] = True
        return np.flatnonzero(is_shown[self._owner])

    def _find_left(self, shown: frozenset[str]) -> _Left:
        rows = self._holding(shown)
        touched = self._touched[rows]
        equal = touched[self._is_equal[rows]]
        is_open = self._lows < self._highs
        while True:  # an equation with one unknown tells it
            alone = (equal @ is_open.astype(float)) == 1
            told = ((alone.astype(float) @ equal) > 0) & is_open
            if not told.any():
                break
            is_open &= ~told
        return _Left(is_open, _components(touched, is_open), rows)

    def reaches(
        self, sensitive: Sensitive, side: Side, shown: Collection[str]
    ) -> dict[str, int] | None:
        """A world that shows the same with the number as low or high as wanted; None: none is."""
        truth = self.problem.truth
        value = value_of(sensitive.form, truth)
        if value <= sensitive.low if side == "low" else value >= sensitive.high:
            return dict(truth)
        for whole in (False, True):  # a corner of what is open is whole as a rule
            found = self._solve(sensitive, side, shown, whole=whole)
            if found is None:
                return None
            if (world := self._world(found, sensitive, side, shown)) is not None:
                return world
        return None

    def _world(
        self, found: Array, sensitive: Sensitive, side: Side, shown: Collection[str]
    ) -> dict[str, int] | None:
        """What a solver found, in whole numbers; None where these are not what was asked for."""
        changes = np.rint(found)
        if np.abs(changes - found).max() > _NEARLY:
            return None
        world = {
            one.name: one.truth + one.step * int(change)
            for one, change in zip(self.problem.variables, changes, strict=True)
        }
        value = value_of(sensitive.form, world)
        is_there = value <= sensitive.low if side == "low" else value >= sensitive.high
        return world if is_there and not faults(self.problem, sorted(shown), world) else None

    def might_reach(self, sensitive: Sensitive, side: Side, shown: Collection[str]) -> bool:
        """Whether there is such a world if numbers need not be whole."""
        return self._solve(sensitive, side, shown, whole=False) is not None

    def _solve(
        self, sensitive: Sensitive, side: Side, shown: Collection[str], *, whole: bool
    ) -> Array | None:
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import vstack

        self.asked += 1
        left = self._left(frozenset(shown))
        names = [self._at[name] for name in sensitive.form]
        parts = {left.part[name] for name in names if left.open[name]}
        chosen = np.flatnonzero(left.open & np.isin(left.part, list(parts)))
        if not len(chosen):
            return None
        target = self._sparse([sensitive.form])[:, chosen]
        matrix = self._matrix[left.rows][:, chosen]
        used = np.flatnonzero(np.diff(matrix.indptr))
        goal, rows = self._goal(sensitive, side), left.rows[used]
        answer = milp(
            np.zeros(len(chosen)),
            integrality=np.full(len(chosen), int(whole)),
            bounds=Bounds(self._lows[chosen], self._highs[chosen]),
            constraints=LinearConstraint(
                vstack([matrix[used], target], format="csc"),
                np.append(self._low[rows], goal if side == "high" else -np.inf),
                np.append(self._high[rows], goal if side == "low" else np.inf),
            ),
        )
        if answer.x is None:
            return None
        found = np.zeros(len(self._at))
        found[chosen] = answer.x
        return found

    def _goal(self, sensitive: Sensitive, side: Side) -> int:
        """The difference, in steps, that the number must have at least or at most."""
        value = value_of(sensitive.form, self.problem.truth)
        step = _step_of(self.problem, sensitive.form)
        if side == "low":
            return (sensitive.low - value) // step
        return -((value - sensitive.high) // step)

    def revealing(
        self, sensitive: Sensitive, side: Side, shown: Collection[str], weight: Mapping[str, int]
    ) -> frozenset[str]:
        """Few of the shown units that together keep the side from being reached.

        One of them must be hidden, whatever else is. The heaviest are left out first; what remains
        is needed whole, as far as a solver for numbers that need not be whole can tell.
        """
        by_reals, near = True, self._told_by(sensitive, side, shown)
        if not near:
            by_reals, near = False, frozenset(self._near(sensitive, shown))
        kept = sorted(near, key=lambda name: (-weight[name], name))
        size = 1 if by_reals else max(1, len(kept) // 2)
        while size:
            start = 0
            while start < len(kept):
                fewer = kept[:start] + kept[start + size :]
                if self._is_kept_from(sensitive, side, fewer, by_reals=by_reals):
                    kept = fewer
                else:
                    start += size
            size //= 2
        return frozenset(kept)

    def _told_by(self, sensitive: Sensitive, side: Side, shown: Collection[str]) -> frozenset[str]:
        """The shown units by which a bound of the number is proved, whole or not; none: it is not.

        They are those of the rows that have a part in the bound's dual solution.
        """
        from scipy.optimize import linprog
        from scipy.sparse import vstack

        rows, chosen = self._around(sensitive, shown)
        matrix, sign = self._matrix[rows][:, chosen], 1 if side == "low" else -1
        low, high = self._low[rows], self._high[rows]
        is_equal = low == high
        equal, above, below = (
            np.flatnonzero(each)
            for each in (is_equal, ~is_equal & (low > -np.inf), ~is_equal & (high < np.inf))
        )
        target = self._sparse([sensitive.form])[:, chosen].toarray()[0]
        answer = linprog(
            sign * target,
            A_ub=vstack([matrix[below], -matrix[above]]),
            b_ub=np.append(high[below], -low[above]),
            A_eq=matrix[equal],
            b_eq=low[equal],
            bounds=np.column_stack([self._lows[chosen], self._highs[chosen]]),
        )
        goal = self._goal(sensitive, side)
        if answer.x is None or sign * (sign * answer.fun - goal) <= _NOTHING * max(1, abs(goal)):
            return frozenset()
        has_part = np.abs(answer.eqlin.marginals) > _NOTHING
        owners = set(self._owner[rows[equal[has_part]]]) - {-1}
        told = frozenset(self.problem.units[owner].name for owner in owners)
        return told if self._is_kept_from(sensitive, side, told, by_reals=True) else frozenset()

    def _is_kept_from(
        self, sensitive: Sensitive, side: Side, shown: Collection[str], *, by_reals: bool
    ) -> bool:
        if by_reals:
            return not self.might_reach(sensitive, side, shown)
        return self.reaches(sensitive, side, shown) is None

    def _around(self, sensitive: Sensitive, shown: Collection[str]) -> tuple[Array, Array]:
        """The rows and variables that hang together with a number at all."""
        rows = self._holding(shown)
        everything = np.ones(len(self._at), dtype=bool)
        part = _components(self._touched[rows], everything)
        mine = np.isin(part, [part[self._at[name]] for name in sensitive.form])
        has_part = (self._touched[rows] @ mine.astype(float)) > 0
        return rows[has_part], np.flatnonzero(mine)

    def _near(self, sensitive: Sensitive, shown: Collection[str]) -> list[str]:
        """The shown units that hang together with a number at all."""
        rows, _ = self._around(sensitive, shown)
        return [self.problem.units[owner].name for owner in set(self._owner[rows]) - {-1}]


def _bounds(problem: Linked) -> tuple[Array, Array]:
    """How far every variable can be from its truth, in steps."""
    lows = [max(-_FAR, -((one.truth - one.low) // one.step)) for one in problem.variables]
    highs = [min(_FAR, (one.high - one.truth) // one.step) for one in problem.variables]
    return np.array(lows, dtype=float), np.array(highs, dtype=float)


def _open_bounds(
    problem: Linked, form: Form, low: int | None, high: int | None
) -> tuple[float, float]:
    """The bounds of a relation for differences, in steps."""
    value, step = value_of(form, problem.truth), _step_of(problem, form)
    least = -np.inf if low is None else -((value - low) // step)
    most = np.inf if high is None else (high - value) // step
    return least, most


def _step_of(problem: Linked, form: Form) -> int:
    steps = {problem.step[name] for name in form}
    if len(steps) != 1:
        raise ValueError("the variables of a form must have one step")
    return steps.pop()


def _components(touched: Array, is_open: Array) -> Array:
    """For every variable the number of what it hangs together with, by the rows that touch it."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    rows, columns = touched.shape
    where_row = np.repeat(np.arange(rows), np.diff(touched.indptr))
    keep = is_open[touched.indices]
    where_row, where_column = where_row[keep], touched.indices[keep]
    size = rows + columns
    joined = csr_matrix(
        (np.ones(len(where_row)), (where_row, rows + where_column)), shape=(size, size)
    )
    return connected_components(joined, directed=False)[1][rows:]
