"""Whether the extract covers what a study looks at: one rule for plan, run and quality report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from ldn_spark.errors import Problem
from ldn_spark.quality.volume import YearMonth, month_after, month_name
from ldn_spark.shown import numbered
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.reach import (
    INDEX_PERIOD,
    WASHOUT,
    Reach,
    days_looked_at,
    observation_reaches,
    reaches,
)

EDGE_DAYS = 7
_EDGE = timedelta(EDGE_DAYS)
_MOST_NAMED = 3

COVERAGE_RULE = (
    "An index date is that of a person with an exposure that the study's index event asks for, "
    "before the conditions of eligibility. The days looked at reach from the first to the last "
    "day that the windows, the wash-out, the counting window or a condition ask for. They are "
    "covered when the first and the last dispensing "
    f"of the extract leave no more than {EDGE_DAYS} days of them outside (pharmacies close on "
    "holidays) and no month within them is without a dispensing. The index period and the fixed "
    "periods of conditions are held against the extract in the same way; a run stops where all "
    "days of a part lie outside."
)


@dataclass(frozen=True, slots=True)
class Extract:
    """What the data span: first and last dispensing, and months between without any."""

    first: date
    last: date
    gaps: frozenset[YearMonth]

    def begins_too_late(self, first: date) -> bool:
        """Whether days from `first` on lie before it, more than a few closed days."""
        return first < self.first - _EDGE

    def ends_too_early(self, last: date) -> bool:
        """Whether days until `last` lie after it, more than a few closed days."""
        return last > self.last + _EDGE

    def gaps_within(self, first: date, last: date) -> list[YearMonth]:
        """The months without a dispensing that any day from `first` to `last` lies in.

        >>> one = Extract(date(2012, 1, 1), date(2014, 12, 31), frozenset({(2013, 2)}))
        >>> one.gaps_within(date(2013, 1, 31), date(2013, 3, 1))
        [(2013, 2)]
        """
        return sorted(
            month
            for month in self.gaps
            if first < date(*month_after(month), 1) and last >= date(*month, 1)
        )


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
    for index, persons in index_dates.items():
        assert extract is not None, "an index date is that of a dispensing"
        start, end = (index + timedelta(days=day) for day in days)
        faults = (
            extract.begins_too_late(start),
            extract.ends_too_early(end),
            bool(extract.gaps_within(start, end)),
        )
        before += persons * faults[0]
        after += persons * faults[1]
        gap += persons * faults[2]
        uncovered += persons * any(faults)
    first, last = min(index_dates, default=None), max(index_dates, default=None)
    persons = sum(index_dates.values())
    return Coverage(days, persons, first, last, before, after, gap, uncovered, observed)


@dataclass(frozen=True, slots=True)
class Uncovered:
    """What of a study the extract does not cover.

    Attributes:
        outside: the parts of which no day lies within the extract.
        problems: one for each of them; they stop a run.
        warnings: where a part is cut, and which months hold nothing.
    """

    outside: tuple[Reach, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]

    @property
    def no_index_date(self) -> bool:
        """Whether the index period lies outside, and with it all that is looked at around it."""
        return any(part.part == INDEX_PERIOD for part in self.outside)

    def explains(self, reach: Reach) -> bool:
        """Whether a part finds nothing because all of its days lie outside."""
        return self.no_index_date or any(part.is_same_as(reach) for part in self.outside)


def find_uncovered(study: StudyDefinition, extract: Extract) -> Uncovered:
    """Hold every part of a study against the extract.

    A part lies outside when no index date of the index period brings any of its days into the
    extract. What is cut is told of the index dates within the extract. Where there are none, the
    index period is named, and fixed periods.
    """
    event = study.exposure.index_event
    parts = reaches(study)
    dates = max(event.first, extract.first), min(event.last, extract.last)
    within = reaches(study, dates) if dates[0] <= dates[1] else ()
    if not within:
        parts = tuple(part for part in parts if part.is_fixed)
    outside = tuple(part for part in parts if _is_outside(part, extract))
    within = tuple(part for part in within if not any(part.is_same_as(one) for one in outside))
    warnings = [warning for part in within for warning in _cut(part, dates[0], extract)]
    warnings += _gaps(within, extract)
    if dates[0] <= dates[1]:
        warnings += _not_yet_known(observation_reaches(study, dates), extract)
    problems = [_outside(part, extract) for part in outside]
    return Uncovered(outside, tuple(dict.fromkeys(problems)), tuple(dict.fromkeys(warnings)))


def _is_outside(part: Reach, extract: Extract) -> bool:
    """Whether no day of a part lies within the extract; closed days at an edge do."""
    ends_before = part.last < extract.first
    begins_after = part.first is not None and part.first > extract.last
    if not (ends_before or begins_after):
        return False
    too_late = part.first is None or extract.begins_too_late(part.first)
    return too_late or extract.ends_too_early(part.last)


def _outside(part: Reach, extract: Extract) -> Problem:
    side = "before" if part.last < extract.first else "after"
    return Problem(
        part.part,
        f"looks at {_days(part)}, which lie {side} the extract: it holds {extract.first} to "
        f"{extract.last}",
        "take in the delivery that holds these days, or change the study",
    )


def _cut(part: Reach, first_index: date, extract: Extract) -> Iterator[Problem]:
    """Where a part reaches over an edge of the extract."""
    if part.first is None:
        seen = (first_index - extract.first).days
        what = (
            f"looks back for ever, and the extract begins on {extract.first}: of the first index "
            f"date it sees {numbered(seen, 'day')}"
        )
        yield Problem(part.part, what, "earlier use is not seen")
        return
    edges = []
    if extract.begins_too_late(part.first):
        edges.append(f"the extract begins on {extract.first}")
    if extract.ends_too_early(part.last):
        edges.append(f"the extract ends on {extract.last}")
    if edges:
        mend = "what was dispensed outside is not seen"
        if part.part == WASHOUT:
            mend = "earlier use is not seen"
        elif part.part == INDEX_PERIOD:
            mend = "nobody can begin outside"
        yield Problem(part.part, f"looks at {_days(part)}; {' and '.join(edges)}", mend)


def _not_yet_known(parts: Iterable[Reach], extract: Extract) -> Iterator[Problem]:
    """Where it is asked who is observed or alive on days after the extract."""
    for part in parts:
        if extract.ends_too_early(part.last):
            yield Problem(
                part.part,
                f"asks who is observed or alive until {part.last}; the extract ends on "
                f"{extract.last}",
                "who left or died later may not be known yet",
            )


def _gaps(parts: Iterable[Reach], extract: Extract) -> Iterator[Problem]:
    """Months without any dispensing that any part looks at."""
    months = sorted(
        {
            month
            for part in parts
            for month in extract.gaps_within(part.first or extract.first, part.last)
        }
    )
    if months:
        named = ", ".join(month_name(month) for month in months[:_MOST_NAMED])
        more = len(months) - _MOST_NAMED
        named += f" and {numbered(more, 'more month')}" if more > 0 else ""
        what = f"holds no dispensing at all in {named} that the study looks at"
        yield Problem("extract", what, "a part of the delivery may be missing")


def _days(part: Reach) -> str:
    return f"the days until {part.last}" if part.first is None else f"{part.first} to {part.last}"
