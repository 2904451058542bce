"""Mean DDDs of every leaf, and standard errors, that print what is published.

Every printed number is an interval; means, changes, relative changes and shares are linear in the
leaves' means, limits and p-values in mean change and standard error. A mixed integer program drops
as few printed values as possible, by rows: the numbers of a row describe one quantity. A linear
program then keeps everything else as far inside its interval as it can, so that what follows, in
whole tenths of DDDs, cannot leave it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

from ldn_spark.papers.replicate.conditions import Condition, PrintedDoses, Terms
from ldn_spark.papers.replicate.leaves import Leaf
from ldn_spark.papers.values import Published
from ldn_spark.study.definition import StudyDefinition

ROOM = 3.0  # by how many times the largest printed number a dropped value may be missed
EDGE = 0.01  # of an interval's width: how far inside a value must be to count as met
SLACK = 0.3  # of an interval's width: further inside is no better
TURNS = 4  # linearisations of the SE of a difference in differences


@dataclass(frozen=True)
class Doses:
    """A solution: DDD per person.

    Attributes:
        before, after: means by (stratum, leaf number).
        se: standard error of the mean change by (stratum, outcome), where rows print one.
        dropped: units that clash with the others.
    """

    before: Mapping[tuple[str, int], float]
    after: Mapping[tuple[str, int], float]
    se: Mapping[tuple[str, str], float]
    dropped: tuple[tuple[str, ...], ...]

    def mean(self, leaves: tuple[Leaf, ...], stratum: str, outcome: str, when: str) -> float:
        """Mean of an outcome in a stratum, `before` or `after`."""
        means = self.before if when == "before" else self.after
        return sum(means[stratum, i] for i, leaf in enumerate(leaves) if outcome in leaf.outcomes)


def solve_doses(
    study: StudyDefinition,
    published: Published,
    leaves: tuple[Leaf, ...],
    persons: dict[str, int],
) -> Doses:
    """Mean DDDs and standard errors that print as much as can be printed at once."""
    problem = PrintedDoses(study, published, leaves, persons)
    _choose_signs(problem)
    for _ in range(TURNS):
        conditions = list(problem.conditions())
        dropped = _clashing(conditions)
        kept = [one for one in conditions if one.unit not in dropped]
        solution = _inmost(problem, kept)
        for contrast in study.contrasts:
            for outcome in study.outcomes:
                pair = tuple(
                    solution.get(("se", name, outcome.id), 0.0)
                    for name in (contrast.comparator, contrast.exposed)
                )
                if min(pair) > 0:
                    problem.direction[contrast.id, outcome.id] = pair
    return Doses(
        {(k[1], int(k[2])): v for k, v in solution.items() if k[0] == "before"},
        {(k[1], int(k[2])): v for k, v in solution.items() if k[0] == "after"},
        {(k[1], k[2]): v for k, v in solution.items() if k[0] == "se"},
        tuple(sorted(dropped)),
    )


def _choose_signs(problem: PrintedDoses) -> None:
    """Turn changes whose sign is not printed where that drops less, or leaves more room."""

    def quality() -> tuple[float, float]:
        conditions = list(problem.conditions())
        dropped = _clashing(conditions)
        kept = [one for one in conditions if one.unit not in dropped]
        slack = _inmost(problem, kept)[("slack",)]
        return float(len(kept)), round(slack, 3)

    list(problem.conditions())  # names every change without a printed sign
    best = quality() if problem.signs else None
    for unit in list(problem.signs):
        problem.signs[unit] = -1.0
        turned = quality()
        if turned > best:
            best = turned
        else:
            problem.signs[unit] = 1.0


def _solve(objective: Terms, rows: list[tuple[Terms, float, float]], upper: Terms, whole=()):
    """Minimise a linear form; every variable is at least 0, a slack at least -1."""
    names = list(dict.fromkeys(key for terms, _, _ in rows for key in terms))
    place = {name: number for number, name in enumerate(names)}
    entries = [(i, place[k], v) for i, (terms, _, _) in enumerate(rows) for k, v in terms.items()]
    i, j, v = map(np.array, zip(*entries, strict=True))
    matrix = csr_matrix((v, (i, j)), shape=(len(rows), len(names)))
    low, high = (np.array([row[side] for row in rows]) for side in (1, 2))
    answer = milp(
        np.array([objective.get(name, 0.0) for name in names]),
        integrality=np.array([name in whole for name in names]).astype(int),
        bounds=Bounds(
            np.array([-1.0 if name[0] == "slack" else 0.0 for name in names]),
            np.array([upper.get(name, np.inf) for name in names]),
        ),
        constraints=LinearConstraint(matrix, low, high),
        options={"time_limit": 60.0, "mip_rel_gap": 0.0},
    )
    if answer.x is None:
        raise ValueError(answer.message)
    return dict(zip(names, answer.x, strict=True))


def _clashing(conditions: list[Condition]) -> set[tuple[str, ...]]:
    """The units to drop so that the rest has a solution: as few printed values as possible."""
    units = list(dict.fromkeys(one.unit for one in conditions))
    weight = {unit: sum(one.unit == unit for one in conditions) for unit in units}
    numbers = [abs(x) for one in conditions for x in (one.low, one.high) if abs(x) < np.inf]
    big = ROOM * max(numbers) + 10.0  # no larger than needed: binaries are whole to 1e-6 only
    rows = []
    for one in conditions:
        binary = ("drop", *one.unit)
        if one.low > -np.inf:
            rows.append(({**one.terms, binary: big}, one.low + EDGE * one.width, np.inf))
        if one.high < np.inf:
            rows.append(({**one.terms, binary: -big}, -np.inf, one.high - EDGE * one.width))
    binaries = {("drop", *unit): float(weight[unit]) for unit in units}
    solution = _solve(binaries, rows, dict.fromkeys(binaries, 1.0), binaries)
    return {unit for unit in units if solution["drop", *unit] > 0.5}


def _inmost(problem: PrintedDoses, kept: list[Condition]) -> Terms:
    """The solution furthest inside all intervals, among those with plausible leaves."""
    rows: list[tuple[Terms, float, float]] = []
    objective: Terms = {("slack",): -100.0}
    upper: Terms = {("slack",): SLACK}
    for number, one in enumerate(kept):
        own = ("slack", str(number))
        if one.low > -np.inf:
            rows.append(({**one.terms, own: -one.width}, one.low, np.inf))
        if one.high < np.inf:
            rows.append(({**one.terms, own: one.width}, -np.inf, one.high))
        rows.append(({own: 1.0, ("slack",): -1.0}, 0.0, np.inf))
        objective[own], upper[own] = -1.0, SLACK
    for terms in _plausible(problem):
        rows.append((terms[0], 0.0, np.inf))
        objective |= terms[1]
        upper |= terms[2]
    return _solve(objective, rows, upper)


def _plausible(problem: PrintedDoses) -> Iterator[tuple[Terms, Terms, Terms]]:
    """Wishes: no leaf is empty, or changes more than it must."""
    for stratum in problem.persons:
        for number, leaf in enumerate(problem.leaves):
            values = [
                problem.published.get("ddd", stratum, outcome, "mean_before")
                for outcome in leaf.outcomes
            ]
            size = min((float(value.text) for value in values if value is not None), default=1.0)
            for when in ("before", "after"):
                part = ("part", when, stratum, str(number))
                mean = (when, stratum, str(number))
                yield (
                    {mean: 1.0, part: -1.0},
                    {part: -0.3 / (0.05 * size + 0.01)},
                    {part: 0.05 * size},
                )
            if leaf.without:  # what remains of a group is smaller than its named parts
                rest = ("rest", stratum, str(number))
                terms = {rest: 1.0, ("before", stratum, str(number)): -1.0}
                yield terms, {rest: 0.05 / (size + 0.01)}, {}
            moved = ("moved", stratum, str(number))
            for sign in (1.0, -1.0):
                terms = {
                    moved: 1.0,
                    ("after", stratum, str(number)): sign,
                    ("before", stratum, str(number)): -sign,
                }
                yield terms, {moved: 0.02 / (0.05 * size + 0.01)}, {}
