"""Whether the extract covers what a study looks at around every index date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from ldn_spark.quality.volume import YearMonth, month_after
from ldn_spark.study.definition import StudyDefinition

EDGE_DAYS = 7

COVERAGE_RULE = (
    "An index date is that of a person with an exposure that the study's index event asks for, "
    "before the conditions of eligibility. The days looked at reach from the first day of the "
    "window before it, or of the wash-out where that is longer, to the last day of the window "
    "after it or of the counting window. They are covered when the first and the last dispensing "
    f"of the extract leave no more than {EDGE_DAYS} days of them outside (pharmacies close on "
    "holidays) and no month within them is without a dispensing."
)


@dataclass(frozen=True, slots=True)
class Extract:
    """What the data span: first and last dispensing, and months between without any."""

    first: date
    last: date
    gaps: frozenset[YearMonth]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How the extract covers the windows of a study.

    Attributes:
        days: first and last day looked at, from the index date.
        persons: with an index date.
        first_index, last_index: earliest and latest index date; None for no person.
        short_before, short_after: persons whose days reach over the beginning, the end.
        over_a_gap: persons with a month without any dispensing within their days.
        uncovered: persons with any of the three.
        observed: persons observed on every day looked at; None where no observation periods
            were delivered.
    """

    days: tuple[int, int]
    persons: int
    first_index: date | None
    last_index: date | None
    short_before: int
    short_after: int
    over_a_gap: int
    uncovered: int
    observed: int | None


def days_looked_at(study: StudyDefinition) -> tuple[int, int]:
    """First and last day from the index date that decide anything of a person."""
    washout = study.exposure.index_event.washout_days
    first = study.windows.before.first
    if isinstance(washout, int):
        first = min(first, -washout)
    return first, max(study.windows.after.last, study.strata.counting_window.last)


def cover(
    study: StudyDefinition,
    index_dates: Mapping[date, int],
    extract: Extract | None,
    observed: int | None,
) -> Coverage:
    """Hold the days around every index date against the extract.

    Args:
        study: whose windows.
        index_dates: how many persons have each.
        extract: what the data span; None for no dispensing.
        observed: persons observed on all of their days; None where nothing is known of it.
    """
    days = days_looked_at(study)
    before = after = gap = uncovered = 0
    edge = timedelta(days=EDGE_DAYS)
    for index, persons in index_dates.items():
        assert extract is not None, "an index date is that of a dispensing"
        start, end = (index + timedelta(days=day) for day in days)
        faults = (
            start < extract.first - edge,
            end > extract.last + edge,
            _meets(start, end, extract.gaps),
        )
        before += persons * faults[0]
        after += persons * faults[1]
        gap += persons * faults[2]
        uncovered += persons * any(faults)
    span = (min(index_dates), max(index_dates)) if index_dates else (None, None)
    persons = sum(index_dates.values())
    return Coverage(days, persons, *span, before, after, gap, uncovered, observed)


def _meets(start: date, end: date, gaps: frozenset[YearMonth]) -> bool:
    """Whether a day from `start` to `end` lies in one of the months.

    >>> _meets(date(2013, 1, 31), date(2013, 3, 1), frozenset({(2013, 2)}))
    True
    """
    return any(start < date(*month_after(month), 1) and end >= date(*month, 1) for month in gaps)
