"""An extract that comes again with more in it does not count its years twice by accident."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date
from itertools import chain

import pytest

from ldn_spark.errors import DeliveryError
from ldn_spark.io.check import check
from ldn_spark.io.ingest import ingest
from ldn_spark.io.lake import known_versions
from ldn_spark.io.redelivered import compare_years
from ldn_spark.io.sources import load_source
from ldn_spark.io.staged import Arrivals

NORPD = load_source("norpd")
HEADER = ";".join(NORPD.columns.values())
CODES = [f"N06AB{number:02d}" for number in range(1, 31)]


def lines(year, seed):
    """A year's lines: of each code another number of them."""
    rng = random.Random(f"{year} {seed}")
    return [
        f"P{rng.randrange(99)};2;1951;{code};058719;{year}.{rng.randrange(1, 13):02d}.11;28"
        for code in CODES
        for _ in range(rng.randrange(5, 90))
    ]


def deliver(folder, name, *years):
    path, text = folder / name, "\n".join([HEADER, *chain(*years), ""])
    path.write_text(text, encoding="iso-8859-1")
    return path


@pytest.fixture
def lake(spark, tmp_path):
    """A lake of two years."""
    first = deliver(tmp_path, "extract_a.txt", lines(2012, 1), lines(2013, 1))
    ingest(spark, tmp_path / "lake", [first], NORPD)
    return tmp_path / "lake"


def corrected(year):
    """A year delivered again: one line is gone, one is of another code."""
    again = lines(year, 1)[1:]
    again[-1] = again[-1].replace(CODES[-1], CODES[0])
    return again


def test_an_extract_that_comes_again_with_a_further_year(spark, tmp_path, lake):
    path = deliver(tmp_path, "b.txt", corrected(2012), corrected(2013), lines(2014, 1))
    with pytest.raises(DeliveryError) as stopped:
        ingest(spark, lake, [path], NORPD)
    told = [str(problem) for problem in stopped.value.problems]
    assert len(told) == 2
    assert told[0].startswith("b.txt: of 2012, 29 of 30 ATC codes have exactly as many")
    assert "--replaces nothing" in told[1]
    assert known_versions(lake) == [1]
    checked = check(spark, [path], NORPD, lake_root=lake)
    assert [str(problem) for problem in checked.problems] == told
    done = ingest(spark, lake, [path], NORPD, replaces=["extract_a.txt"])
    assert done.version.dispensings == sum(done.version.years.values())
    assert done.version.years["2012"] == len(lines(2012, 1)) - 1


@pytest.mark.only_engine("sail")
def test_it_may_be_declared_further(spark, tmp_path, lake):
    path = deliver(tmp_path, "b.txt", corrected(2013))
    assert not check(spark, [path], NORPD, lake_root=lake, replaces=["nothing"]).problems
    done = ingest(spark, lake, [path], NORPD, replaces=["nothing"])
    assert done.version.years["2013"] == 2 * len(lines(2013, 1)) - 1
    assert done.version.replaced == "nothing"


@pytest.mark.only_engine("sail")
def test_another_part_of_the_register_and_another_year_pass(spark, tmp_path, lake):
    paths = [
        deliver(tmp_path, "south.txt", lines(2012, 2)),
        deliver(tmp_path, "next.txt", lines(2014, 1)),
    ]
    assert not check(spark, paths, NORPD, lake_root=lake).problems
    assert ingest(spark, lake, paths, NORPD).version.number == 2


def arrivals(codes):
    rows = {(1, 2012, code): number for code, number in codes.items()}
    return Arrivals(Counter(rows), {1: (date(2012, 1, 1), date(2012, 12, 31))})


@pytest.mark.parametrize(
    ("same", "other", "rare", "found"),
    [
        (30, 0, 0, True),
        (16, 15, 0, True),
        (15, 15, 0, False),
        (19, 0, 0, False),  # too few codes to conclude anything
        (19, 0, 10, False),  # rare ones do not count
    ],
)
def test_when_a_year_seems_to_be_delivered_again(same, other, rare, found):
    codes = {f"A{number}": 5 + number for number in range(same + other)}
    held = {(2012, code): rows for code, rows in list(codes.items())[:same]}
    held |= {(2012, code): rows + 1 for code, rows in list(codes.items())[same:]}
    few = {f"B{number}": 4 for number in range(rare)}
    held |= {(2012, code): rows for code, rows in few.items()}
    problems = compare_years(arrivals(codes | few), held, {1: "a.txt"})
    assert bool(problems) == found
