"""Dispensings month by month: where some are missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from statistics import median
from typing import Literal

YearMonth = tuple[int, int]
NEIGHBOURS_ON_A_SIDE = 6
FEWEST_NEIGHBOURS = 6
LOW, HIGH = Fraction(1, 2), 2
Flag = Literal["", "gap", "low", "high"]

VOLUME_RULE = (
    "A month is pointed out when it holds fewer than half or more than twice as many dispensings "
    f"as the median of the {2 * NEIGHBOURS_ON_A_SIDE} months around it "
    f"({NEIGHBOURS_ON_A_SIDE} on each side; months without a dispensing are left out, and fewer "
    f"than {FEWEST_NEIGHBOURS} of them give no judgement), and when it holds none at all."
)


@dataclass(frozen=True, slots=True)
class Month:
    """A month between the first and the last dispensing.

    Attributes:
        year, month: which.
        dispensings: how many.
        usual: the median of the months around it; None where there are too few.
        flag: `gap` for none, `low` and `high` by the rule, empty otherwise.
    """

    year: int
    month: int
    dispensings: int
    usual: Fraction | None
    flag: Flag

    @property
    def name(self) -> str:
        """As it is written: `2013-07`."""
        return month_name((self.year, self.month))


def month_name(month: YearMonth) -> str:
    """As a month is written.

    >>> month_name((2013, 7))
    '2013-07'
    """
    return f"{month[0]:04}-{month[1]:02}"


def months_between(one: YearMonth, two: YearMonth) -> int:
    """How many months later the second is.

    >>> months_between((2012, 11), (2013, 2))
    3
    """
    return 12 * (two[0] - one[0]) + two[1] - one[1]


def month_after(month: YearMonth, months: int = 1) -> YearMonth:
    """A month so many months later.

    >>> month_after((2012, 12)), month_after((2012, 12), 14)
    ((2013, 1), (2014, 2))
    """
    year, past = divmod(12 * month[0] + month[1] - 1 + months, 12)
    return year, past + 1


def months_of(dispensings: Mapping[YearMonth, int]) -> tuple[Month, ...]:
    """Every month from the first to the last with a dispensing, judged by those around it.

    Args:
        dispensings: of the months that have any.
    """
    if not dispensings:
        return ()
    first, last = min(dispensings), max(dispensings)
    span = [month_after(first, number) for number in range(months_between(first, last) + 1)]
    counts = [dispensings.get(month, 0) for month in span]
    return tuple(
        Month(*month, count, usual, _flag(count, usual))
        for month, count, usual in zip(span, counts, _usual(counts), strict=True)
    )


def _usual(counts: list[int]) -> list[Fraction | None]:
    """The median of the months around each month."""
    found: list[Fraction | None] = []
    for at in range(len(counts)):
        before = counts[max(0, at - NEIGHBOURS_ON_A_SIDE) : at]
        around = [n for n in before + counts[at + 1 : at + 1 + NEIGHBOURS_ON_A_SIDE] if n]
        enough = len(around) >= FEWEST_NEIGHBOURS
        found.append(Fraction(median(map(Fraction, around))) if enough else None)
    return found


def _flag(count: int, usual: Fraction | None) -> Flag:
    if not count:
        return "gap"
    if usual is None:
        return ""
    return "low" if count < LOW * usual else "high" if count > HIGH * usual else ""
