"""What follows from the study alone, and values that are printed more than once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ldn_spark.catalogue.quantity import Kind
from ldn_spark.papers.audit.findings import IMPOSSIBLE, INCONSISTENT, Finding, finding
from ldn_spark.papers.values import Published, PublishedValue
from ldn_spark.study.definition import OVERALL, StudyDefinition
from ldn_spark.study.reach import outcome_reach

_DAYS_A_MONTH = 365.25 / 12


def observed_months(study: StudyDefinition) -> int:
    """Months that one person is observed: both windows together, a year being twelve months.

    365 + 365 days are 24 months.
    """
    days = study.windows.before.days + study.windows.after.days
    return round(days / _DAYS_A_MONTH)


def first_observation(study: StudyDefinition) -> date:
    """The first day of the window before the earliest index date."""
    found = outcome_reach(study).first
    assert found is not None, "windows have a first day"
    return found


def last_observation(study: StudyDefinition) -> date:
    """The last day of the window after the latest index date."""
    return outcome_reach(study).last


def total_persons(published: Published, study: StudyDefinition) -> int | None:
    """Persons in all strata: as printed, or the sum of the strata."""
    printed = published.persons(OVERALL)
    if printed is not None:
        return printed
    counts = [published.persons(level.id) for level in study.strata.levels]
    return None if None in counts else sum(count for count in counts if count is not None)


def check_design(published: Published, study: StudyDefinition) -> Iterator[Finding]:
    """Patient-months and the first and last day of observation."""
    months = published.get("design", OVERALL, "", "patient_months")
    persons = total_persons(published, study)
    if months is not None and persons is not None:
        each = observed_months(study)
        if int(months.text) != persons * each:
            yield finding(
                "patient_months",
                IMPOSSIBLE,
                [months, published.get("cohort", OVERALL, "", "persons")],
                recomputed=f"{persons} x {each} = {persons * each}",
                explanation=f"Every one of {persons} persons is observed for {each} months.",
                wrong=[months],
            )
    windows = study.windows
    for name, day, reach in (
        ("first_observation", first_observation(study), windows.before.first),
        ("last_observation", last_observation(study), windows.after.last),
    ):
        value = published.get("design", OVERALL, "", name)
        if value is not None and value.text != day.isoformat():
            end = "earliest" if name == "first_observation" else "latest"
            yield finding(
                "observation_dates",
                IMPOSSIBLE,
                [value],
                recomputed=day.isoformat(),
                explanation=f"The windows reach to day {reach} from the {end} index date.",
                wrong=[value],
            )


def check_repeats(published: Published, study: StudyDefinition) -> Iterator[Finding]:
    """A value printed in two places must be able to stand for one number."""
    for value in published.values:
        first = published.get(*value.key)
        if first is not None and first is not value and not _same(first, value):
            yield finding(
                "repeated",
                INCONSISTENT,
                [first, value],
                recomputed="one number",
                explanation=f"{first.place} prints {first.text} where {value.place} prints "
                f"{value.text} for the same thing.",
            )
    total = study.total_outcome
    for level in study.strata.levels if total is not None else ():
        one = published.get("baseline", level.id, "", "users_before")
        other = published.get("users", level.id, total.id, "users_before")
        if one is not None and other is not None and int(one.text) != int(other.text):
            yield finding(
                "repeated",
                INCONSISTENT,
                [one, other],
                recomputed="one number",
                explanation=f"{one.place} and {other.place} count the same users.",
            )


def _same(one: PublishedValue, other: PublishedValue) -> bool:
    if one.kind is Kind.DATE:
        return one.text == other.text
    return one.box.meets(other.box)
