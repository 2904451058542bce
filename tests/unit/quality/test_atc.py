"""The ATC table: hand-made codes, hand-made sums, and what is too rare for a row."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from ldn_spark.quality.amounts import RULES, Amounts, flags, total
from ldn_spark.quality.atc import atc_rows, beneath, parent_of
from ldn_spark.quality.masking import FEWEST_SHOWN

JAN, DEC = (2012, 1), (2014, 12)
DDD = 1_000_000


def amounts(dispensings, *, first=JAN, last=DEC, **other):
    """Lines of 30 DDDs each, with other values where they are given."""
    missing = other.get("ddd_missing", 0)
    known = dispensings - missing
    values = {
        "ddd_missing": 0,
        "ddd_zero": 0,
        "ddd_negative": 0,
        "ddd_huge": 0,
        "micro": 30 * DDD * known,
        "low": 30 * DDD if known else None,
        "high": 30 * DDD if known else None,
    } | other
    return Amounts(dispensings, first=first, last=last, **values)


def shape(by_code):
    """Code, kind, codes and dispensings of every row."""
    rows = atc_rows({code: amounts(number) for code, number in by_code.items()})
    return [(row.atc, row.kind, row.codes, row.amounts.dispensings) for row in rows]


POOLING = {
    "a code has a row in each of its groups": (
        {"N06AB03": 8},
        [
            ("", "group", 1, 8), ("N", "group", 1, 8), ("N06", "group", 1, 8),
            ("N06A", "group", 1, 8), ("N06AB", "group", 1, 8), ("N06AB03", "code", 1, 8),
        ],
    ),
    "rare codes of one group are its other codes": (
        {"N06AB03": 8, "N06AB04": 3, "N06AB05": 2},
        [
            ("", "group", 3, 13), ("N", "group", 3, 13), ("N06", "group", 3, 13),
            ("N06A", "group", 3, 13), ("N06AB", "group", 3, 13), ("N06AB", "other", 2, 3 + 2),
            ("N06AB03", "code", 1, 8),
        ],
    ),
    "rare codes of two groups meet in the group above, and in no group below": (
        {"N06AB03": 8, "N06AB04": 3, "N06AA09": 2},
        [
            ("", "group", 3, 13), ("N", "group", 3, 13), ("N06", "group", 3, 13),
            ("N06A", "group", 3, 13), ("N06A", "other", 2, 3 + 2), ("N06AB", "group", 1, 8),
            ("N06AB03", "code", 1, 8),
        ],
    ),
    "what is too rare at the top belongs to no row": (
        {"N06AB03": 8, "A10BA02": 4},
        [
            ("", "group", 1, 8), ("N", "group", 1, 8), ("N06", "group", 1, 8),
            ("N06A", "group", 1, 8), ("N06AB", "group", 1, 8), ("N06AB03", "code", 1, 8),
        ],
    ),
    "rare codes of two main groups": (
        {"N06AB03": 4, "A10BA02": 4}, [("", "group", 2, 8), ("", "other", 2, 4 + 4)],
    ),
    "a code that is delivered at a higher level": (
        {"N06": 6, "N06AB03": 8},
        [
            ("", "group", 2, 14), ("N", "group", 2, 14), ("N06", "group", 2, 6 + 8),
            ("N06", "code", 1, 6), ("N06A", "group", 1, 8), ("N06AB", "group", 1, 8),
            ("N06AB03", "code", 1, 8),
        ],
    ),
    "four dispensings in all": ({"N06AB03": 4}, []),
    "no dispensing": ({}, []),
}  # fmt: skip


@pytest.mark.parametrize("case", POOLING)
def test_no_row_stands_for_few_dispensings(case):
    by_code, expected = POOLING[case]
    assert shape(by_code) == expected


def test_no_difference_of_rows_stands_for_few_dispensings():
    """A group is exactly the sum of the rows right beneath it, in random registers."""
    draw = random.Random(4)
    codes = [f"{a}0{b}{c}{d}0{e}" for a in "AN" for b in "12" for c in "AB" for d in "AB"
             for e in "123"]  # fmt: skip
    for _ in range(200):
        by_code = {code: draw.choice((1, 2, 4, 5, 9, 60)) for code in draw.sample(codes, 15)}
        rows = atc_rows({code: amounts(number) for code, number in by_code.items()})
        assert all(row.amounts.dispensings >= FEWEST_SHOWN for row in rows)
        groups = {row.atc: row.amounts.dispensings for row in rows if row.kind == "group"}
        for group, dispensings in groups.items():
            parts = [row.amounts.dispensings for row in rows if _above(row) == group]
            assert sum(parts) == dispensings
        assert sum(by_code.values()) - groups.get("", 0) < FEWEST_SHOWN


def _above(row):
    """The group that a row is a part of."""
    if row.kind == "other" or (row.kind == "code" and row.level < 5):
        return row.atc
    return parent_of(row.atc) if row.atc else None


def test_the_rows_beneath_a_main_group():
    rows = atc_rows({"N06AB03": amounts(8), "A10BA02": amounts(9)})
    assert [row.atc for row in beneath(rows, "N")] == ["N06", "N06A", "N06AB", "N06AB03"]
    assert [row.level for row in beneath(rows, "N")] == [2, 3, 4, 5]


def test_sums_are_exact_and_the_mean_is_that_of_known_lines():
    one = amounts(4, ddd_missing=4, micro=0, low=None, high=None, first=(2013, 2), last=(2013, 3))
    two = amounts(2, micro=62_500_000 - 10 * DDD, low=-10 * DDD, high=62_500_000, last=(2013, 1))
    both = one + two
    assert (both.dispensings, both.ddd_missing, both.low, both.high) == (
        6, 4, -10 * DDD, 62_500_000,
    )  # fmt: skip
    assert both.mean == Fraction(525, 20)  # (62.5 - 10) / 2
    assert (one.mean, one.low) == (None, None)
    assert (both.first, both.last) == (JAN, (2013, 3))
    assert total({}) is None


FLAGS = {
    "nothing": (amounts(100), ()),
    "no DDD at all": (amounts(6, ddd_missing=6, micro=0), ("no_ddd",)),
    "a tenth missing is not often": (amounts(100, ddd_missing=10), ()),
    "more than a tenth": (amounts(100, ddd_missing=11), ("ddd_missing",)),
    "a twentieth zero is not often": (amounts(100, ddd_zero=5), ()),
    "more than a twentieth": (amounts(100, ddd_zero=6), ("ddd_zero",)),
    "a twentieth returned": (amounts(100, ddd_negative=5), ()),
    "more returned": (amounts(100, ddd_negative=6), ("returns",)),
    "one huge line": (amounts(100_000, ddd_huge=1), ("ddd_huge",)),
    "a mean of a tenth": (amounts(10, micro=DDD), ()),
    "a lower mean": (amounts(10, micro=DDD - 1), ("mean_low",)),
    "a mean of a thousand": (amounts(10, micro=10_000 * DDD), ()),
    "a higher mean": (amounts(10, micro=10_000 * DDD + 1), ("mean_high",)),
    "a mean below zero": (amounts(10, micro=-5), ("mean_low",)),
    "begins after a year": (amounts(500, first=(2013, 1)), ("begins_late",)),
    "begins within a year": (amounts(500, first=(2012, 12)), ()),
    "begins late but is rare": (amounts(499, first=(2013, 1)), ()),
    "ends a year before": (amounts(500, last=(2013, 12)), ("ends_early",)),
    "ends within a year": (amounts(500, last=(2014, 1)), ()),
}


@pytest.mark.parametrize("case", FLAGS)
def test_what_is_pointed_out(case):
    row, expected = FLAGS[case]
    assert flags(row, amounts(1)) == expected
    assert set(expected) <= RULES.keys()
