"""Delivered days, years and ages: only what the source declares is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from ldn_spark.delivery.source.date_formats import DAYS, date_format
from ldn_spark.delivery.source.sources import Source
from ldn_spark.delivery.values.fields import Field, Rule, trimmed_mark

DISPENSING_YEARS = range(1900, 2201)
BIRTH_YEARS = range(1850, 2201)
PERIOD_END_YEARS = range(1900, 10_000)
OLDEST_DELIVERED_AGE = 125

Day = Callable[[str], date | str]
"""The day that a text is, or why it is none: "malformed" or "out_of_range"."""


def read_day(source: Source, *, canonical: bool = False, years: range = DISPENSING_YEARS) -> Day:
    """A reader of real calendar days of some years in exactly the declared format.

    Args:
        source: declares it; with the format `days`, whole days from its base date.
        canonical: read yyyy-MM-dd, whatever the source declares.
        years: the years that are in range.

    Returns:
        A function that returns the day, or "malformed" or "out_of_range".
    """
    if source.date_format == DAYS and not canonical:
        assert source.base_date is not None, "the source's check asks for it"
        return _read_day_number(source.base_date, years)
    form = date_format("yyyy-MM-dd" if canonical else source.date_format)

    def read(text: str) -> date | str:
        day = form.day(text)
        if day is None:
            return "malformed"
        return day if day.year in years else "out_of_range"

    return read


def _read_day_number(base: date, years: range) -> Day:
    def read(text: str) -> date | str:
        if not re.fullmatch(r"-?\d+", text, re.ASCII):
            return "malformed"
        if len(text) > len("-999999"):  # further from day 0 than the calendar reaches
            return "out_of_range"
        try:
            day = base + timedelta(days=int(text))
        except OverflowError:
            return "out_of_range"
        return day if day.year in years else "out_of_range"

    return read


def date_rule(name: str, read: Day) -> Rule:
    """A day that a row cannot do without."""

    def rule(text: str) -> Field:
        trimmed = text.strip()
        if not trimmed:
            return Field(None, rejected=f"{name}_missing")
        day = read(trimmed)
        if isinstance(day, str):
            return Field(None, rejected=f"{name}_{day}")
        return Field(day, repaired=trimmed_mark(name, text))

    return rule


def open_end_rule(read: Day) -> Rule:
    """The last day of a period; empty = it goes on, and so does one that ends after 2200.

    Registers write 9999-12-31 and the like where a period is still open.

    Args:
        read: reads days of `PERIOD_END_YEARS`.
    """
    ends = date_rule("observed_to", read)

    def rule(text: str) -> Field:
        found = ends(text) if text.strip() else Field(None)
        if found.value and found.value.year not in DISPENSING_YEARS:
            return Field(None, repaired=found.repaired, noted="observed_to_open")
        return found

    return rule


def died_on_rule(read: Day) -> Rule:
    """The day of death; empty = alive or not delivered; anything else is unknown and counted."""

    def rule(text: str) -> Field:
        trimmed = text.strip()
        day = read(trimmed) if trimmed else None
        if isinstance(day, str):
            return Field(None, noted="died_on_unknown")
        return Field(day, repaired=trimmed_mark("died_on", text) if day else ())

    return rule


def died_in_rule(text: str) -> Field:
    """A month of death as yyyyMM, with or without a separator: its last day.

    >>> died_in_rule("2012-02").value, died_in_rule("201213").noted
    (datetime.date(2012, 2, 29), 'died_on_unknown')
    """
    trimmed = text.strip()
    match = re.fullmatch(r"(\d{4})[-./]?(0[1-9]|1[0-2])", trimmed, re.ASCII)
    if not match or int(match[1]) not in DISPENSING_YEARS:
        return Field(None, noted="died_on_unknown" if trimmed else "")
    day = died_by(int(match[1]), int(match[2])).value
    return Field(day, repaired=trimmed_mark("died_on", text))


def died_by(year: int | None, month: int | None = None) -> Field:
    """The last day on which a person who died in a month can have been alive.

    It is the year's where the month is not known.
    """
    if year is None:
        return Field(None)
    month = month or 12
    return Field(date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1))


def birth_year_rule(text: str) -> Field:
    """A year of four digits from 1850 on; anything else is unknown and counted."""
    year = _whole_number(text)
    if year is None or year not in BIRTH_YEARS:
        return Field(None, noted="birth_year_unknown")
    return Field(year, repaired=trimmed_mark("birth_year", text))


def born_on_rule(read: Day) -> Rule:
    """The year of a day of birth; anything else is unknown and counted."""

    def rule(text: str) -> Field:
        day = read(text.strip())
        if isinstance(day, str):
            return Field(None, noted="birth_year_unknown")
        return Field(day.year, repaired=trimmed_mark("birth_year", text))

    return rule


def age_rule(text: str) -> Field:
    """Whole years from 0 to 125; anything else is unknown and counted."""
    age = _whole_number(text)
    if age is None or age > OLDEST_DELIVERED_AGE:
        return Field(None, noted="age_unknown")
    return Field(age, repaired=trimmed_mark("age", text))


def death_year_rule(text: str) -> Field:
    """A year of four digits; empty = alive or not delivered; anything else is counted."""
    year = _whole_number(text)
    if year is None or year not in DISPENSING_YEARS:
        return Field(None, noted="death_year_unknown" * bool(text.strip()))
    return Field(year, repaired=trimmed_mark("death_year", text))


def death_month_rule(text: str) -> Field:
    """A month from 1 to 12; anything else is unknown and counted unless it is empty."""
    month = _whole_number(text)
    if month is None or not 1 <= month <= 12:
        return Field(None, noted="death_month_unknown" * bool(text.strip()))
    return Field(month, repaired=trimmed_mark("death_month", text))


def _whole_number(text: str) -> int | None:
    trimmed = text.strip()
    return int(trimmed) if re.fullmatch(r"\d{1,4}", trimmed, re.ASCII) else None
