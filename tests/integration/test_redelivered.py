"""An extract that comes again with more in it does not count its years twice by accident."""

from __future__ import annotations

import random
from itertools import chain

import pyarrow as pa
import pytest

from ldn_spark.delivery.source.sources import load_source
from ldn_spark.errors import DeliveryError
from ldn_spark.ingest.arriving import redelivered
from ldn_spark.ingest.check import check
from ldn_spark.ingest.ingest import ingest
from ldn_spark.ingest.landing.person_keys import person_keys
from ldn_spark.lake.versions import known_versions
from ldn_spark.shown import counted

pytestmark = pytest.mark.nightly("spark")

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
    folder.mkdir(exist_ok=True)
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
    rows = len(lines(2012, 1))
    share = f"100 % of the arriving lines ({counted(rows - 2)} of {counted(rows - 1)}) repeat lines"
    assert told[0].startswith(f"b.txt: of 2012, {share} that are there already")
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


@pytest.mark.only_engine("sail")
def test_a_month_again_among_new_ones(spark, tmp_path, lake):
    new = [f"X{line}" for line in lines(2013, 3) if "2013.07" not in line]
    again = [line for line in lines(2013, 1) if "2013.07" in line]
    path = deliver(tmp_path, "b.txt", new, again)
    (problem,) = check(spark, [path], NORPD, lake_root=lake).problems
    share = round(100 * len(again) / (len(new) + len(again)))
    assert f"of 2013, {share} % of the arriving lines" in str(problem)
    assert "by month, 2013-07 100 %" in str(problem)


@pytest.mark.only_engine("sail")
def test_a_year_that_stands_twice_in_one_delivery(spark, tmp_path):
    deliver(tmp_path / "d", "a.txt", lines(2012, 1))
    deliver(tmp_path / "d", "b.txt", corrected(2012))
    with pytest.raises(DeliveryError, match=r"b\.txt: of 2012, 50 % of the arriving lines"):
        ingest(spark, tmp_path / "lake", [tmp_path / "d"], NORPD)
    assert len(check(spark, [tmp_path / "d"], NORPD).problems) == 1
    done = ingest(spark, tmp_path / "lake", [tmp_path / "d"], NORPD, replaces=["nothing"])
    assert done.version.dispensings == 2 * len(lines(2012, 1)) - 1


@pytest.mark.only_engine("sail")
def test_a_replacement_that_leaves_what_comes_again_is_warned_of(spark, tmp_path, lake):
    other = deliver(tmp_path, "other.txt", lines(2015, 1))
    ingest(spark, lake, [other], NORPD)
    path = deliver(tmp_path, "b.txt", corrected(2012))
    for found in (
        check(spark, [path], NORPD, lake_root=lake, replaces=["other.txt"]),
        ingest(spark, lake, [path], NORPD, replaces=["other.txt"]),
    ):
        assert [w for w in found.warnings if w.startswith("b.txt: of 2012, 100 %")]


def test_of_a_large_year_the_same_persons_are_looked_at_on_every_engine(
    spark, tmp_path, lake, monkeypatch
):
    """The exact numbers: person keys are the same everywhere, and so is the sample of them."""
    monkeypatch.setattr(redelivered.find_redelivered, "__defaults__", (700,))
    path = deliver(tmp_path, "b.txt", corrected(2012))
    (problem,) = check(spark, [path], NORPD, lake_root=lake).problems
    rows = corrected(2012)
    keys = person_keys(pa.array([row.split(";")[0] for row in rows])).to_numpy()
    some = int((keys % 4 == 0).sum())  # of 2,700 lines on both sides: a quarter of the persons
    assert 100 < some < len(rows) / 2
    told = f"100 % of the arriving lines ({counted(some - 1)} of {counted(some)})"
    told = f"of a sample of the persons, {told}"
    assert told in str(problem)
