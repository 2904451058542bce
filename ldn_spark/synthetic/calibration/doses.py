"""Mean DDDs of every leaf, and standard errors, that print what is published.

Every printed number is an interval; means, changes, relative changes and shares are linear in the
leaves' means, limits and p-values in mean change and standard error. A mixed integer program drops
as few printed values as possible, by rows: the numbers of a row describe one quantity. A linear
program then keeps everything else as far inside its interval as it can, so that what follows, in
whole tenths of DDDs, cannot leave it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

from ldn_spark.published.quantities import SHARE_OF
from ldn_spark.published.values import Published
from ldn_spark.stats.distributions import t_quantile, z_quantile
from ldn_spark.study.definition import OVERALL, StudyDefinition
from ldn_spark.synthetic.calibration.boxes import Range, cells, printing, ratio
from ldn_spark.synthetic.calibration.leaves import Leaf

Terms = dict[tuple[str, ...], float]
"""A linear form: coefficient by variable."""

BIG = 5000.0  # more than any violation: means are below a few thousand DDD a year
EDGE = 0.01  # of an interval's width: how far inside a value must be to count as met
SLACK = 0.3  # of an interval's width: further inside is no better
TURNS = 4  # linearisations of the SE of a difference in differences
ROW = ("mean_before", "mean_after", "mean_difference", "ci_low", "ci_high", "p")


@dataclass(frozen=True)
class Condition:
    """low <= terms <= high, as one printed value asks.

    Attributes:
        unit: what is dropped as a whole when it clashes with others.
        width: how far apart the limits are: of which part of it a solution keeps away.
    """

    terms: Terms
    low: float
    high: float
    unit: tuple[str, ...]
    width: float

    @classmethod
    def box(cls, terms: Terms, low: float, high: float, unit: tuple[str, ...]) -> Condition:
        """A condition with both limits."""
        return cls(terms, low, high, unit, high - low)


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


@dataclass
class _Problem:
    """Collects the conditions of one published table."""

    study: StudyDefinition
    published: Published
    leaves: tuple[Leaf, ...]
    persons: dict[str, int]
    direction: dict[tuple[str, str], Range] = field(default_factory=dict)

    def mean(self, stratum: str, outcome: str, when: str, factor: float = 1.0) -> Terms:
        """The mean of an outcome; of all strata, weighted by persons."""
        strata = list(self.persons) if stratum == OVERALL else [stratum]
        total = sum(self.persons[name] for name in strata)
        return {
            (when, name, str(number)): factor * self.persons[name] / total
            for name in strata
            for number, leaf in enumerate(self.leaves)
            if outcome in leaf.outcomes
        }

    def change(self, stratum: str, outcome: str) -> Terms:
        """Mean change, after - before."""
        return add(
            self.mean(stratum, outcome, "after"), self.mean(stratum, outcome, "before", -1.0)
        )

    def conditions(self) -> Iterator[Condition]:
        """Everything that is printed about DDDs."""
        for stratum, outcome in self.published.rows("ddd"):
            yield from self._row(stratum, outcome)
        for contrast in self.study.contrasts:
            for outcome in self.study.outcomes:
                yield from self._contrast(contrast.comparator, contrast.exposed, outcome.id)

    def _row(self, stratum: str, outcome: str) -> Iterator[Condition]:
        if stratum not in (*self.persons, OVERALL):
            return
        row = cells(self.published, "ddd", stratum, outcome)
        unit = ("ddd", stratum, outcome)
        change = self.change(stratum, outcome)
        for name, terms in (
            ("mean_before", self.mean(stratum, outcome, "before")),
            ("mean_after", self.mean(stratum, outcome, "after")),
            ("mean_difference", change),
        ):
            if name in row:
                yield Condition.box(terms, *printing(row[name]), unit)
        if stratum != OVERALL:
            df = self.persons[stratum] - 1
            level = self.study.statistics.confidence_level
            yield from _test(row, change, ("se", stratum, outcome), unit, t_quantile(level, df), df)
        for name, value in row.items():
            if name != "relative_change" and not name.startswith(SHARE_OF):
                continue
            low, high = printing(value)
            size = max(self._size(stratum, outcome), 0.1)
            before = self.mean(stratum, outcome, "before")
            after = self.mean(stratum, outcome, "after")
            if name == "relative_change":
                yield from _between(after, before, (1 + low, 1 + high), (*unit, name), size)
            if name.startswith(SHARE_OF):
                other = name.removeprefix(SHARE_OF)
                whole = add(self.mean(stratum, other, "before"), self.mean(stratum, other, "after"))
                yield from _between(add(before, after), whole, (low, high), (*unit, name), 2 * size)

    def _size(self, stratum: str, outcome: str) -> float:
        """About the mean of an outcome: as printed, in any stratum if not in this."""
        for name in (stratum, *self.persons):
            value = self.published.get("ddd", name, outcome, "mean_before")
            if value is not None:
                return float(value.text)
        return 1.0

    def _contrast(self, comparator: str, exposed: str, outcome: str) -> Iterator[Condition]:
        key = f"{comparator}-{exposed}", outcome
        row = cells(self.published, "did_ddd", *key)
        if not row:
            return
        unit = ("did_ddd", *key)
        change = add(self.change(comparator, outcome), scaled(self.change(exposed, outcome), -1.0))
        if "estimate" in row:
            yield Condition.box(change, *printing(row["estimate"]), (*unit, "estimate"))
        # Near a direction u the SE sqrt(a^2 + b^2) is u.(a, b); `direction` is the last solution's.
        u = self.direction.get(key, (0.8, 0.6))
        se = {("se", comparator, outcome): u[0], ("se", exposed, outcome): u[1]}
        z = z_quantile(self.study.statistics.confidence_level)
        yield from _test(row, change, se, unit, z, None)


def _test(
    row: Mapping, change: Terms, se: tuple[str, ...] | Terms, unit: tuple, quantile: float, df
) -> Iterator[Condition]:
    """Limits and p of a change. A p tells the size of change / se, not its sign."""
    error = se if isinstance(se, dict) else {se: 1.0}
    whole_row = unit[0] == "ddd"
    for name, side in (("ci_low", -quantile), ("ci_high", quantile)):
        if name in row:
            terms = add(change, scaled(error, side))
            yield Condition.box(terms, *printing(row[name]), unit if whole_row else (*unit, name))
    if "p" in row:
        box = ratio(printing(row["p"]), df)
        signed = scaled(change, _sign(row))
        limits = [float(row[name].text) for name in ("ci_low", "ci_high") if name in row]
        size = max(limits[-1] - limits[0], 0.05) / (2 * quantile) if limits else 0.1
        yield from _between(signed, error, box, unit if whole_row else (*unit, "p"), size)


def _sign(row: Mapping) -> float:
    """The sign of a change from its print; of 0.0, from the middle of its limits."""
    for names in (("mean_difference",), ("estimate",), ("ci_low", "ci_high")):
        middle = sum(float(row[name].text) for name in names if name in row)
        if middle:
            return float(np.sign(middle))
    return 1.0


def _between(
    part: Terms, whole: Terms, box: Range, unit: tuple[str, ...], size: float
) -> Iterator[Condition]:
    """low * whole <= part <= high * whole, where `whole` is about `size`."""
    low, high = box
    width = size * (min(high, low + 1.0) - low)
    yield Condition(add(part, scaled(whole, -low)), 0.0, np.inf, unit, width)
    if high < np.inf:
        yield Condition(add(part, scaled(whole, -high)), -np.inf, 0.0, unit, width)


def add(one: Terms, other: Terms) -> Terms:
    """The sum of two linear forms."""
    return {key: one.get(key, 0.0) + other.get(key, 0.0) for key in (*one, *other)}


def scaled(terms: Terms, factor: float) -> Terms:
    """A multiple of a linear form."""
    return {key: factor * value for key, value in terms.items()}


def solve_doses(
    study: StudyDefinition,
    published: Published,
    leaves: tuple[Leaf, ...],
    persons: dict[str, int],
) -> Doses:
    """Mean DDDs and standard errors that print as much as can be printed at once."""
    problem = _Problem(study, published, leaves, persons)
    dropped: set[tuple[str, ...]] = set()
    for turn in range(TURNS):
        conditions = list(problem.conditions())
        if turn < 2:
            dropped = _clashing(conditions)
        kept = [one for one in conditions if one.unit not in dropped]
        solution = _inmost(problem, kept)
        for contrast in study.contrasts:
            for outcome in study.outcomes:
                pair = [
                    solution.get(("se", name, outcome.id), 0.0)
                    for name in (contrast.comparator, contrast.exposed)
                ]
                if min(pair) > 0:
                    size = float(np.hypot(*pair))
                    problem.direction[contrast.id, outcome.id] = pair[0] / size, pair[1] / size
    return Doses(
        {(k[1], int(k[2])): v for k, v in solution.items() if k[0] == "before"},
        {(k[1], int(k[2])): v for k, v in solution.items() if k[0] == "after"},
        {(k[1], k[2]): v for k, v in solution.items() if k[0] == "se"},
        tuple(sorted(dropped)),
    )


def _solve(objective: Terms, rows: list[tuple[Terms, float, float]], upper: Terms, whole=()):
    """Minimise a linear form; every variable is at least 0."""
    names = list(dict.fromkeys(key for terms, _, _ in rows for key in terms))
    place = {name: number for number, name in enumerate(names)}
    entries = [(i, place[k], v) for i, (terms, _, _) in enumerate(rows) for k, v in terms.items()]
    i, j, v = map(np.array, zip(*entries, strict=True))
    matrix = csr_matrix((v, (i, j)), shape=(len(rows), len(names)))
    low, high = (np.array([row[side] for row in rows]) for side in (1, 2))
    answer = milp(
        np.array([objective.get(name, 0.0) for name in names]),
        integrality=np.array([name in whole for name in names]).astype(int),
        bounds=Bounds(0.0, np.array([upper.get(name, np.inf) for name in names])),
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
    rows = []
    for one in conditions:
        binary = ("drop", *one.unit)
        if one.low > -np.inf:
            rows.append(({**one.terms, binary: BIG}, one.low + EDGE * one.width, np.inf))
        if one.high < np.inf:
            rows.append(({**one.terms, binary: -BIG}, -np.inf, one.high - EDGE * one.width))
    binaries = {("drop", *unit): float(weight[unit]) for unit in units}
    solution = _solve(binaries, rows, dict.fromkeys(binaries, 1.0), binaries)
    return {unit for unit in units if solution["drop", *unit] > 0.5}


def _inmost(problem: _Problem, kept: list[Condition]) -> Terms:
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


def _plausible(problem: _Problem) -> Iterator[tuple[Terms, Terms, Terms]]:
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
