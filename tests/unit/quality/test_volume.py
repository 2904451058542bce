"""Months against those around them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ldn_spark.quality.volume import month_after, months_of


def year_of(*counts, first=(2012, 1)):
    """Dispensings of consecutive months; none where 0."""
    return {month_after(first, at): count for at, count in enumerate(counts) if count}


def remarks(counts):
    return {month.name: month.flag for month in months_of(counts) if month.flag}


TWELVE = [100] * 12

CASES = {
    "alike": (year_of(*TWELVE), {}),
    "half is not few": (year_of(*TWELVE, 50, *TWELVE), {}),
    "less than half is": (year_of(*TWELVE, 49, *TWELVE), {"2013-01": "low"}),
    "twice is not many": (year_of(*TWELVE, 200, *TWELVE), {}),
    "more than twice is": (year_of(*TWELVE, 201, *TWELVE), {"2013-01": "high"}),
    "none": (year_of(*TWELVE, 0, *TWELVE), {"2013-01": "gap"}),
    "gaps do not make their neighbours stand out": (
        year_of(*TWELVE, 0, 0, 0, 100, 0, 0, 0, *TWELVE),
        dict.fromkeys(("2013-01", "2013-02", "2013-03", "2013-05", "2013-06", "2013-07"), "gap"),
    ),
    "the last month is judged by the six before it": (
        year_of(*[100] * 6, 49), {"2012-07": "low"},
    ),
    "the first month by the six after it": (year_of(20, *[100] * 6), {"2012-01": "low"}),
    "too few months for a judgement": (year_of(20, *[100] * 5), {}),
    "a single month": (year_of(3), {}),
    "no month": ({}, {}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_months_that_stand_out(case):
    counts, expected = CASES[case]
    assert remarks(counts) == expected


def test_the_median_is_that_of_the_twelve_months_around():
    # around 2012-07: 1..6 and 8..13, whose middle is between 6 and 8
    month = months_of(year_of(*range(1, 14)))[6]
    assert (month.name, month.dispensings, month.usual) == ("2012-07", 7, Fraction(7))
    # around 2012-03: 1, 2, 4, 5, 6, 7, 8 and 9, whose middle is between 5 and 6
    assert months_of(year_of(*range(1, 14)))[2].usual == Fraction(5 + 6, 2)
