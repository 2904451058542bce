"""Compute which days of dispensing a study looks at, part by part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from ldn_spark.study.criteria import Alive, Dispensed, Observed
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.exposures import IndexEvent
from ldn_spark.study.ids import MAIN

INDEX_PERIOD, WASHOUT = "index period", "wash-out"
BEFORE, AFTER = "window before the index date", "window after the index date"
COUNTING = "counting window"


Dates = tuple[date, date]
"""A first and a last one, both included."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The days that one part of a study looks at, of all index dates that there can be.

    Attributes:
        part: what looks at them, as messages name it.
        first: None = from the beginning.
        last: included.
        days: first and last day from the index date; None where the days are fixed, and where
            they begin at the beginning.
    """

    part: str
    first: date | None
    last: date
    days: tuple[int, int] | None = None

    @property
    def is_fixed(self) -> bool:
        """Whether these are days of the calendar, whatever the index date."""
        return self.days is None and self.first is not None

    def is_same_as(self, other: Reach) -> bool:
        """Whether both are the same part, though perhaps of other index dates."""
        if self.part != other.part or self.days != other.days:
            return False
        return self.days is not None or (self.first, self.last) == (other.first, other.last)

    @property
    def years(self) -> tuple[int | None, int]:
        """First and last year of dispensing; None = from the beginning."""
        return None if self.first is None else self.first.year, self.last.year

    @property
    def closed_years(self) -> tuple[int, int]:
        """First and last year of a part that does not reach back to the beginning."""
        assert self.first is not None, f"the days of the {self.part} have a first one"
        return self.first.year, self.last.year


def reaches(study: StudyDefinition, dates: Dates | None = None) -> tuple[Reach, ...]:
    """Every part of a study that looks at dispensings, in the order of the study file.

    Args:
        study: whose parts.
        dates: first and last index date that there can be; None = the index period.
    """
    event, counting = study.exposure.index_event, study.strata.counting_window
    dates = dates or (event.first, event.last)
    return (
        index_reach(event),
        *_washout(event, dates),
        *(look.reach(dates) for look in condition_looks(study)),
        *_windows(study, dates),
        _around(COUNTING, dates, counting.first, counting.last),
    )


def _windows(study: StudyDefinition, dates: Dates) -> Iterator[Reach]:
    for design, windows in study.windows_by_design.items():
        of = "" if design == MAIN else f" of design {design}"
        yield _around(BEFORE + of, dates, windows.before.first, windows.before.last)
        yield _around(AFTER + of, dates, windows.after.first, windows.after.last)


def _washout(event: IndexEvent, dates: Dates) -> Iterator[Reach]:
    if event.washout_days == "ever":
        yield Reach(WASHOUT, None, dates[1] - timedelta(1))
    elif event.washout_days != "none":
        yield _around(WASHOUT, dates, -event.washout_days, -1)


@dataclass(frozen=True, slots=True)
class ConditionLook:
    """One look at dispensings of a condition or a subgroup.

    Attributes:
        kind, id: what asks, and its id in the study file.
        number: which of its looks this is, from 1.
        leaf: what is asked.
    """

    kind: Literal["condition", "subgroup"]
    id: str
    number: int
    leaf: Dispensed

    @property
    def part(self) -> str:
        """The part of the study that looks, as messages name it."""
        return f"{self.kind} {self.id}"

    def reach(self, dates: Dates) -> Reach:
        """The days that are seen, of index dates between these two."""
        if self.leaf.period is not None:
            return Reach(self.part, self.leaf.period.first, self.leaf.period.last)
        assert self.leaf.days is not None
        return _around(self.part, dates, self.leaf.days.first, self.leaf.days.last)


def condition_looks(study: StudyDefinition) -> Iterator[ConditionLook]:
    """Every look at dispensings of conditions and subgroups, in the order of the study file."""
    for step in study.eligibility:
        for number, leaf in enumerate(step.keep_if.leaves(), start=1):
            yield ConditionLook("condition", step.id, number, leaf)
    for group in study.subgroups:
        for number, leaf in enumerate(group.keep_if.leaves(), start=1):
            yield ConditionLook("subgroup", group.id, number, leaf)


def observation_reaches(study: StudyDefinition, dates: Dates) -> Iterator[Reach]:
    """The days on which conditions and subgroups ask whether a person is observed or alive.

    Nothing that is dispensed on them matters.
    """
    parts = [(f"condition {step.id}", step.keep_if) for step in study.eligibility]
    parts += [(f"subgroup {group.id}", group.keep_if) for group in study.subgroups]
    for part, criterion in parts:
        for look in criterion.looks():
            if isinstance(look, Observed | Alive):
                yield _around(part, dates, look.days.first, look.days.last)


def index_reach(event: IndexEvent) -> Reach:
    """The days of the index period."""
    return Reach(INDEX_PERIOD, event.first, event.last)


def _around(part: str, dates: Dates, first: int, last: int) -> Reach:
    return Reach(part, dates[0] + timedelta(first), dates[1] + timedelta(last), (first, last))


def exposure_reach(study: StudyDefinition) -> Reach:
    """The days whose exposures decide: index period, wash-out and counting window together."""
    wanted = (INDEX_PERIOD, WASHOUT, COUNTING)
    return together_in_time([one for one in reaches(study) if one.part in wanted], "exposure")


def outcome_reach(study: StudyDefinition) -> Reach:
    """The days that any observation window can reach."""
    event = study.exposure.index_event
    return together_in_time(_windows(study, (event.first, event.last)), "outcomes")


def observed_reach(study: StudyDefinition) -> Reach:
    """The days of the index period and of any observation window."""
    parts = index_reach(study.exposure.index_event), outcome_reach(study)
    return together_in_time(parts, "observed")


def together_in_time(parts: Iterable[Reach], name: str = "together") -> Reach:
    """The days from the first to the last of some parts."""
    parts = list(parts)
    firsts = [one.first for one in parts]
    first = None if None in firsts else min(day for day in firsts if day is not None)
    return Reach(name, first, max(one.last for one in parts))


def days_looked_at(study: StudyDefinition) -> tuple[int, int]:
    """First and last day from the index date that decide anything of a person.

    Fixed days, and a wash-out without an end, are the same for everybody and left out.
    """
    days = [one.days for one in reaches(study) if one.days is not None]
    return min(first for first, _ in days), max(last for _, last in days)
