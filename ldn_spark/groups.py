"""The strata of a study as exact moments, from the rows that the engine summed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ldn_spark.errors import EngineError
from ldn_spark.schemas import MICRO
from ldn_spark.stats.moments import Moments
from ldn_spark.stats.not_estimable import NO_DDD, ZERO_DDD, NotEstimable
from ldn_spark.stats.proportions import PairedCounts
from ldn_spark.study.definition import StudyDefinition

Row = Mapping[str, Any]

_DECIMAL38 = 10**38


@dataclass(frozen=True, slots=True)
class OutcomeMoments:
    """One outcome in one group: everything its statistics are functions of.

    DDD moments are in DDD; persons who never used the outcome are in them as zeros.
    """

    counts: PairedCounts
    before: Moments
    after: Moments
    difference: Moments
    dispenses_before: Moments
    dispenses_after: Moments
    dispenses_difference: Moments
    ddd_missing_before: int
    ddd_missing_after: int

    @property
    def no_doses(self) -> NotEstimable | None:
        """Why the group's doses are unknown in both windows together; None = some are known."""
        dispenses = self.dispenses_before.total + self.dispenses_after.total
        missing = self.ddd_missing_before + self.ddd_missing_after
        return _no_doses(dispenses, missing, self.before.squares + self.after.squares)

    @property
    def no_doses_before(self) -> NotEstimable | None:
        """The same of the window before alone."""
        total, missing = self.dispenses_before.total, self.ddd_missing_before
        return _no_doses(total, missing, self.before.squares)

    @property
    def no_doses_after(self) -> NotEstimable | None:
        """The same of the window after alone."""
        total, missing = self.dispenses_after.total, self.ddd_missing_after
        return _no_doses(total, missing, self.after.squares)

    def __add__(self, other: OutcomeMoments) -> OutcomeMoments:
        """The two groups taken together."""
        return OutcomeMoments(
            self.counts + other.counts,
            self.before + other.before,
            self.after + other.after,
            self.difference + other.difference,
            self.dispenses_before + other.dispenses_before,
            self.dispenses_after + other.dispenses_after,
            self.dispenses_difference + other.dispenses_difference,
            self.ddd_missing_before + other.ddd_missing_before,
            self.ddd_missing_after + other.ddd_missing_after,
        )

    @classmethod
    def from_row(cls, row: Row | None, persons: int) -> OutcomeMoments:
        """From a row of `group_moments`; None = nobody in the group used the outcome."""
        if row is None:
            nothing = Moments(persons, Fraction(), Fraction())
            counts = PairedCounts(0, 0, 0, persons)
            return cls(counts, *[nothing] * 6, ddd_missing_before=0, ddd_missing_after=0)
        _check_exact(row, persons)
        before, after = int(row["sum_before"]), int(row["sum_after"])
        earlier, later = row["dispenses_before"], row["dispenses_after"]
        users = row["both"] + row["before_only"] + row["after_only"]

        def in_ddd(total: int, squares: Decimal) -> Moments:
            return Moments.from_sums(persons, total, int(squares), units=MICRO)

        def in_dispenses(total: int, squares: Decimal) -> Moments:
            return Moments.from_sums(persons, total, int(squares))

        return cls(
            PairedCounts(row["both"], row["before_only"], row["after_only"], persons - users),
            in_ddd(before, row["sum_squares_before"]),
            in_ddd(after, row["sum_squares_after"]),
            in_ddd(after - before, row["sum_squares_difference"]),
            in_dispenses(earlier, row["dispenses_before_sum_squares"]),
            in_dispenses(later, row["dispenses_after_sum_squares"]),
            in_dispenses(later - earlier, row["dispenses_difference_sum_squares"]),
            row["ddd_missing_before"],
            row["ddd_missing_after"],
        )


def _no_doses(dispenses: Fraction, missing: int, squares: Fraction) -> NotEstimable | None:
    """Why doses are unknown although something was dispensed.

    A sum of no DDD at all is no 0, and DDDs that are all 0 are no doses.
    """
    if dispenses <= 0:
        return None
    if dispenses == missing:
        return NO_DDD
    return None if squares else ZERO_DDD


def _check_exact(row: Row, persons: int) -> None:
    """Refuse sums that may have overflowed 38 digits: engines do not all notice."""
    if 4 * persons * int(row["largest"]) ** 2 >= _DECIMAL38:
        raise EngineError("a sum of squares exceeds 38 digits; is a DDD value absurdly large?")


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
    group_moments: Sequence[Row],
) -> list[Group]:
    """The strata of a subgroup in the study's order; an empty stratum has zeros."""
    cohort = {row["stratum"]: row for row in cohort_moments if row["subgroup"] == subgroup}
    outcomes = {
        (row["stratum"], row["outcome"]): row
        for row in group_moments
        if row["subgroup"] == subgroup
    }
    groups = []
    for level in study.strata.levels:
        row = cohort.get(level.id, {})
        persons = row.get("persons", 0)
        groups.append(
            Group(
                name=level.id,
                persons=persons,
                women=row.get("women", 0),
                men=row.get("men", 0),
                age=Moments.from_sums(
                    row.get("age_known", 0), row.get("age_sum", 0), row.get("age_sum_squares", 0)
                ),
                exposure_fills=row.get("exposure_dispenses", 0),
                outcomes={
                    outcome.id: OutcomeMoments.from_row(
                        outcomes.get((level.id, outcome.id)), persons
                    )
                    for outcome in study.outcomes
                },
            )
        )
    return groups
