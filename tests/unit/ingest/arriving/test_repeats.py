"""Lines that arrive again are counted by their content, as often as they are there."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from ldn_spark.ingest.arriving.redelivered import overlapping_years
from ldn_spark.ingest.arriving.repeats import HELD, Repeats, count_repeats, judge_repeats
from ldn_spark.ingest.landing.landed import Arrivals
from ldn_spark.schemas import DISPENSINGS

LINE = {"person_key": 1, "atc": "N06AB03", "product_number": "000123", "ddd": Decimal(28)}
LINE |= {"dispensed_on": date(2013, 1, 2), "packages": Decimal(1), "year": 2013}
NAMES = {1: "a.csv", 2: "b.csv"}


def table(*lines):
    """Lines as (file_id, changes of a good line)."""
    rows = [LINE | changes | {"file_id": file_id} for file_id, changes in lines]
    amount, columns = pa.decimal128(18, 6), dict(DISPENSINGS.columns)
    kinds = {"int": pa.int32(), "bigint": pa.int64(), "string": pa.string(), "date": pa.date32()}
    wanted = (*LINE, "file_id")
    schema = pa.schema([(name, kinds.get(columns[name], amount)) for name in wanted])
    return pa.Table.from_pylist(rows, schema)


def repeated(*lines):
    """Lines and repeated lines by arriving file."""
    found = Counter()
    for row in count_repeats(table(*lines)).to_pylist():
        found[row["file_id"], "lines"] += row["lines"]
        found[row["file_id"], "repeated"] += row["repeated"]
    return [(found[f, "lines"], found[f, "repeated"]) for f in NAMES if found[f, "lines"]]


@pytest.mark.parametrize(
    "change",
    [
        {"person_key": 2},
        {"person_key": -1},
        {"atc": "N06AB04"},
        {"product_number": "000124"},
        {"product_number": None},
        {"ddd": Decimal("28.000001")},
        {"ddd": None},
        {"packages": Decimal(2)},
        {"dispensed_on": date(2013, 1, 3)},
    ],
)
def test_a_line_repeats_one_of_the_same_content_only(change):
    other = (HELD, {"person_key": 9})
    assert repeated((HELD, {}), other, (1, {}), (1, change)) == [(2, 1)]
    assert repeated((HELD, change), other, (1, change)) == [(1, 1)]


@pytest.mark.parametrize(
    ("held", "first", "second", "expected"),
    [
        (1, 1, 0, [(1, 1)]),
        (1, 2, 0, [(2, 1)]),  # two packages of a day, of which one was there
        (2, 2, 0, [(2, 2)]),
        (3, 1, 0, [(1, 1)]),
        (0, 2, 0, [(2, 0)]),  # two packages of one file repeat nothing
        (0, 1, 1, [(1, 0), (1, 1)]),
        (1, 1, 2, [(1, 1), (2, 2)]),
        (0, 2, 3, [(2, 0), (3, 2)]),
    ],
)
def test_lines_are_repeated_as_often_as_they_are_there(held, first, second, expected):
    lines = [(HELD, {})] * held + [(1, {})] * first + [(2, {})] * second
    assert repeated(*lines) == expected


@pytest.mark.parametrize("name", ["product_number", "ddd", "packages"])
def test_what_one_side_does_not_know_at_all_is_not_compared(name):
    """An extract may come again with a further column, or without one."""
    assert repeated((HELD, {name: None}), (1, {})) == [(1, 1)]
    assert repeated((HELD, {}), (1, {name: None})) == [(1, 1)]
    known = (HELD, {"person_key": 9})
    assert repeated(known, (HELD, {name: None}), (1, {})) == [(1, 0)]


def test_months_are_those_of_the_arriving_lines():
    may = {"dispensed_on": date(2013, 5, 1)}
    found = count_repeats(table((HELD, may), (1, may), (1, {}), (1, {})))
    assert [Repeats(**row) for row in found.to_pylist()] == [
        Repeats(2013, 1, 1, 2, 0),
        Repeats(2013, 5, 1, 1, 1),
    ]


def judged(*rows, held=(2013,), sampled=()):
    return [str(problem) for problem in judge_repeats(rows, held, sampled, NAMES)]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([Repeats(2013, 1, 1, 100, 20)], None),
        ([Repeats(2013, 1, 1, 100, 21)], "a.csv: of 2013, 21 % of the arriving lines (21 of 100)"),
        ([Repeats(2013, 1, 1, 1, 1)], "a.csv: of 2013, 100 %"),
        ([Repeats(2013, 1, 1, 50, 50), Repeats(2013, 2, 1, 600, 0)], "by month, 2013-01 100 %"),
        ([Repeats(2013, 1, 1, 4, 4), Repeats(2013, 2, 1, 600, 0)], None),  # by chance
        ([Repeats(2013, 1, 1, 50, 50), Repeats(2013, 1, 2, 600, 0)], "a.csv: of 2013, 8 %"),
        ([Repeats(2013, 1, 1, 4, 4), Repeats(2013, 1, 2, 600, 0)], None),
    ],
)
def test_a_year_stands_out_by_all_lines_or_those_of_a_file_or_a_month(rows, told):
    found = judged(*rows)
    assert bool(found) == bool(told)
    assert not told or told in found[0]


def test_a_few_equal_lines_of_one_delivery_are_not_judged():
    assert judged(Repeats(2013, 1, 2, 4, 4), held=()) == []
    assert len(judged(Repeats(2013, 1, 2, 5, 5), held=())) == 1
    assert "of a sample of the persons" in judged(Repeats(2013, 1, 1, 9, 9), sampled=[2013])[0]


@pytest.mark.parametrize(
    ("second", "code", "found"),
    [
        ((date(2013, 1, 31), date(2013, 2, 28)), "A", {2013}),  # both hold the 31st
        ((date(2013, 2, 1), date(2013, 2, 28)), "A", set()),
        ((date(2013, 1, 1), date(2013, 1, 31)), "B", set()),
    ],
)
def test_files_are_compared_where_they_hold_the_same_code_and_days(second, code, found):
    spans = {1: (date(2013, 1, 1), date(2013, 1, 31)), 2: second}
    arrivals = Arrivals(Counter({(1, 2013, "A"): 1, (2, 2013, code): 1}), spans)
    assert overlapping_years(arrivals) == found
