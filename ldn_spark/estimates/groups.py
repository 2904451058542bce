"""The strata of a study as exact moments, from the rows that the engine summed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from ldn_spark.errors import EngineError
from ldn_spark.schemas import MICRO
from ldn_spark.stats.measures import PAIRED_MOMENTS, PARTS_OF_ANY, SUMS, Measure, Sum
from ldn_spark.stats.moments import Moments
from ldn_spark.stats.not_estimable import NO_DDD, ZERO_DDD, NotEstimable
from ldn_spark.stats.proportions import PairedCounts
from ldn_spark.study.definition import MAIN, StudyDefinition

Row = Mapping[str, Any]

_DECIMAL38 = 10**38
_UNITS = {"users": 1, "ddd": MICRO, "dispenses": 1}
_PERSONS = (
    "persons",
    "women",
    "men",
    "age_known",
    "age_sum",
    "age_sum_squares",
    "exposure_dispenses",
)


@dataclass(frozen=True, slots=True)
class PairSums:
    """Sums over persons of one measure before (x) and after (y); None = not asked for.

    What single persons add to them stands beside, as `measures.Part` says.
    """

    x: int | None = 0
    y: int | None = 0
    xx: int | None = 0
    yy: int | None = 0
    xy: int | None = 0
    x_missing: int | None = 0
    y_missing: int | None = 0
    x_largest: int | None = 0
    y_largest: int | None = 0
    x_second: int | None = 0
    y_second: int | None = 0
    x_negative: int | None = 0
    y_negative: int | None = 0
    changed: int | None = 0

    @classmethod
    def from_row(cls, row: Row) -> PairSums:
        """From a row of `design_moments`."""
        names = (*SUMS, *PARTS_OF_ANY)
        return cls(**{name: None if row[name] is None else int(row[name]) for name in names})

    def __add__(self, other: PairSums) -> PairSums:
        """The two groups taken together; a sum that one of them lacks is not known."""
        pairs = {name: (getattr(self, name), getattr(other, name)) for name in _ADDED}
        added = {n: None if a is None or b is None else a + b for n, (a, b) in pairs.items()}
        return PairSums(**added, **self._top("x", other), **self._top("y", other))

    def _top(self, side: Literal["x", "y"], other: PairSums) -> dict[str, int | None]:
        """The two largest amounts of a window in both groups."""
        names = f"{side}_largest", f"{side}_second"
        found = [getattr(each, name) for each in (self, other) for name in names]
        known = sorted((one for one in found if one is not None), reverse=True)
        second = known[1] if len(known) == len(found) else None
        return dict(zip(names, (known[0] if known else None, second), strict=True))

    @property
    def largest(self) -> int:
        """The largest amount of a person in either window, whatever its sign."""
        return max(self.x_largest or 0, self.y_largest or 0)


_NO_SUMS = PairSums()
_ADDED = (*SUMS, "x_negative", "y_negative", "changed")


@dataclass(frozen=True)
class OutcomeMoments:
    """One outcome in one group: everything its statistics are functions of.

    DDD moments are in DDD; persons who never used the outcome are in them as zeros. What is made
    of sums that were not asked for cannot be had.

    Attributes:
        persons: how many the group has.
        sums: those of every measure that anybody has of the outcome.
    """

    persons: int
    sums: Mapping[Measure, PairSums]

    @cached_property
    def counts(self) -> PairedCounts:
        """Persons by their use before and after."""
        both, before, after = (self._sum("users", name) for name in ("xy", "x", "y"))
        neither = self.persons - before - after + both
        return PairedCounts(both, before - both, after - both, neither)

    @cached_property
    def before(self) -> Moments:
        """DDDs in the window before."""
        return self._side("ddd", "x")

    @cached_property
    def after(self) -> Moments:
        """DDDs in the window after."""
        return self._side("ddd", "y")

    @cached_property
    def difference(self) -> Moments:
        """DDDs after - before."""
        return self._change("ddd")

    @cached_property
    def dispenses_before(self) -> Moments:
        """Dispenses in the window before."""
        return self._side("dispenses", "x")

    @cached_property
    def dispenses_after(self) -> Moments:
        """Dispenses in the window after."""
        return self._side("dispenses", "y")

    @cached_property
    def dispenses_difference(self) -> Moments:
        """Dispenses after - before."""
        return self._change("dispenses")

    @property
    def fills_before(self) -> int:
        """How many dispenses the window before has."""
        return self._sum("dispenses", "x")

    @property
    def fills_after(self) -> int:
        """How many dispenses the window after has."""
        return self._sum("dispenses", "y")

    @property
    def ddd_missing_before(self) -> int:
        """Dispenses of the window before whose DDD is unknown."""
        return self._sum("ddd", "x_missing")

    @property
    def ddd_missing_after(self) -> int:
        """Dispenses of the window after whose DDD is unknown."""
        return self._sum("ddd", "y_missing")

    @property
    def no_doses(self) -> NotEstimable | None:
        """Why the group's doses are unknown in both windows together; None = some are known."""
        fills = self.fills_before + self.fills_after
        missing = self.ddd_missing_before + self.ddd_missing_after
        return _no_doses(fills, missing, self._sum("ddd", "xx") + self._sum("ddd", "yy"))

    @property
    def no_doses_before(self) -> NotEstimable | None:
        """The same of the window before alone."""
        return _no_doses(self.fills_before, self.ddd_missing_before, self._sum("ddd", "xx"))

    @property
    def no_doses_after(self) -> NotEstimable | None:
        """The same of the window after alone."""
        return _no_doses(self.fills_after, self.ddd_missing_after, self._sum("ddd", "yy"))

    def __add__(self, other: OutcomeMoments) -> OutcomeMoments:
        """The two groups taken together."""
        measures = {**self.sums, **other.sums}
        added = {name: self._of(name) + other._of(name) for name in measures}
        return OutcomeMoments(self.persons + other.persons, added)

    def _of(self, measure: Measure) -> PairSums:
        return self.sums.get(measure, _NO_SUMS)

    def _sum(self, measure: Measure, name: Sum) -> int:
        """A sum over persons.

        Raises:
            LookupError: nothing that was declared needs it.
        """
        value: int | None = getattr(self._of(measure), name)
        if value is None:
            raise LookupError(f"the sum {name} of {measure} was not asked for")
        return value

    def _side(self, measure: Measure, side: Literal["x", "y"]) -> Moments:
        squares: Sum = "xx" if side == "x" else "yy"
        return self._moments(measure, self._sum(measure, side), self._sum(measure, squares))

    def _change(self, measure: Measure) -> Moments:
        x, y, xx, yy, xy = (self._sum(measure, name) for name in PAIRED_MOMENTS)
        return self._moments(measure, y - x, xx + yy - 2 * xy)

    def _moments(self, measure: Measure, total: int, squares: int) -> Moments:
        """From sums over persons.

        Raises:
            EngineError: a sum of squares may have had more digits than the engine keeps.
        """
        if (
            4 * self.persons * self._of(measure).largest ** 2 >= _DECIMAL38
        ):  # engines do not all notice
            raise EngineError("a sum of squares exceeds 38 digits; is a DDD value absurdly large?")
        return Moments.from_sums(self.persons, total, squares, units=_UNITS[measure])


def _no_doses(dispenses: int, missing: int, squares: int) -> NotEstimable | None:
    """Why doses are unknown although something was dispensed.

    A sum of no DDD at all is no 0, and DDDs that are all 0 are no doses.
    """
    if dispenses <= 0:
        return None
    if dispenses == missing:
        return NO_DDD
    return None if squares else ZERO_DDD


@dataclass(frozen=True, slots=True)
class Group:
    """One stratum (or all of them) in the cohort or a subgroup."""

    name: str
    persons: int
    women: int
    men: int
    age: Moments
    exposure_fills: int
    outcomes: Mapping[str, OutcomeMoments]

    @property
    def sex_known(self) -> int:
        """Persons whose sex is known."""
        return self.women + self.men

    def __add__(self, other: Group) -> Group:
        """The two groups taken together, under the name of the first."""
        return Group(
            self.name,
            self.persons + other.persons,
            self.women + other.women,
            self.men + other.men,
            self.age + other.age,
            self.exposure_fills + other.exposure_fills,
            {key: value + other.outcomes[key] for key, value in self.outcomes.items()},
        )


def groups_of(
    study: StudyDefinition,
    subgroup: str,
    cohort_moments: Sequence[Row],
    design_moments: Sequence[Row],
    design: str = MAIN,
) -> list[Group]:
    """The strata of a subgroup in the study's order, by one design; an empty one has zeros."""
    persons = {level.id: dict.fromkeys(_PERSONS, 0) for level in study.strata.levels}
    for row in cohort_moments:
        if row["subgroup"] == subgroup:
            into = persons[study.strata.level_of(row["fills"]).id]
            for name in _PERSONS:
                into[name] += int(row[name])
    sums: dict[tuple[str, str], dict[Measure, PairSums]] = defaultdict(dict)
    for row in design_moments:
        if row["subgroup"] == subgroup and row["design"] == design:
            of = sums[study.strata.level_of(row["fills"]).id, row["outcome"]]
            measure, new = row["measure"], PairSums.from_row(row)
            of[measure] = of[measure] + new if measure in of else new
    return [_group(study, level.id, persons[level.id], sums) for level in study.strata.levels]


def _group(
    study: StudyDefinition,
    stratum: str,
    persons: Mapping[str, int],
    sums: Mapping[tuple[str, str], Mapping[Measure, PairSums]],
) -> Group:
    number = persons["persons"]
    age = (persons[name] for name in ("age_known", "age_sum", "age_sum_squares"))
    return Group(
        name=stratum,
        persons=number,
        women=persons["women"],
        men=persons["men"],
        age=Moments.from_sums(*age),
        exposure_fills=persons["exposure_dispenses"],
        outcomes={
            outcome.id: OutcomeMoments(number, sums.get((stratum, outcome.id), {}))
            for outcome in study.outcomes
        },
    )
