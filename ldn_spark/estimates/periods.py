"""The running sums behind the curves at the ends of periods, with the persons in each period.

A curve by days shows single dispensings; what may be shown of one is where it stands at the end of
periods in which enough persons have a part.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ldn_spark.stats.measures import PERIODS
from ldn_spark.study.definition import Windows

Row = Mapping[str, Any]
WHOLE = 0
"""Stands for a period that is the whole window."""
GRIDS = (*PERIODS, WHOLE)
"""Days of a period, the finest first."""
Side = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class PeriodMoments:
    """One period of one group and outcome.

    Attributes:
        subgroup, stratum, outcome: whose.
        days: of the grid; `WHOLE` where the window is one period.
        side: the window.
        number: from 0, outwards from where the windows face each other.
        last: the day, outwards, on which it ends; the last period of a window may be shorter.
        persons: who have a part in the change of the running sum in the period.
        total, squares: the sum of the persons' running sums at its end (micro-DDD), and of their
            squares.
    """

    subgroup: str
    stratum: str
    outcome: str
    days: int
    side: Side
    number: int
    last: int
    persons: int
    total: int
    squares: int


def period_moments(windows: Windows, daily_moments: Sequence[Row]) -> Iterator[PeriodMoments]:
    """Every period of every grid of the groups and outcomes that have any daily moments.

    Args:
        windows: the study's own.
        daily_moments: rows of the table, in any order.
    """
    groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in daily_moments:
        groups[row["subgroup"], row["stratum"], row["outcome"]].append(row)
    for key in sorted(groups):
        for days in GRIDS:
            for side in ("before", "after"):
                yield from _periods(windows, key, groups[key], days, side)


def _periods(
    windows: Windows, key: tuple[str, str, str], rows: Sequence[Row], days: int, side: Side
) -> Iterator[PeriodMoments]:
    window = windows.before if side == "before" else windows.after
    length = window.last - window.first + 1
    new = f"new_{days or 'all'}"
    within: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        if window.first <= row["day"] <= window.last:
            away = window.last - row["day"] if side == "before" else row["day"] - window.first
            within[away // (days or length)].append(row)
    total = squares = 0
    for number in range(-(-length // (days or length))):
        mine = within[number]
        total += sum(int(row["step_sum"]) for row in mine)
        squares += sum(int(row["step_sum_squares"]) for row in mine)
        ends = min((number + 1) * (days or length), length) - 1
        last = window.last - ends if side == "before" else window.first + ends
        persons = sum(int(row[new]) for row in mine)
        yield PeriodMoments(*key, days, side, number, last, persons, total, squares)
