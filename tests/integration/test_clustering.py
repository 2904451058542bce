"""Dispensings as they are written: clustered, counted, exchanged, the same on both engines."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ldn_spark.delivery.source.sources import load_source
from ldn_spark.engine import collect
from ldn_spark.errors import ConflictError
from ldn_spark.ingest.ingest import ingest
from ldn_spark.ingest.landing.batches import code_number, plan_batches
from ldn_spark.ingest.landing.person_keys import person_keys
from ldn_spark.lake import commits
from ldn_spark.lake.commits import DataFile, exchange_files
from ldn_spark.lake.delta_log import commits_after
from ldn_spark.lake.versions import Lake
from ldn_spark.schemas import DISPENSING_PROFILE, DISPENSINGS
from ldn_spark.transforms.profile import summarise_dispensings

NORPD = load_source("norpd")
CODES = ("N05BB01", "N02BE01", "A10", "N06AB04", "C")
FOUND: dict[str, list[str]] = {}


def line(rng):
    """A delivered line; its DDD may be unknown, nothing, a return or huge."""
    day = date(2012, 1, 1) + timedelta(days=rng.randrange(1000))
    ddd = rng.choice(["", "0", "-7,5", "28", "0,000001", "99999", "123456,654321"])
    code = rng.choices(CODES, weights=(20, 5, 3, 1, 1))[0]
    fields = (f"P{rng.randrange(60)}", "2", "1951", code, "58719", f"{day:%Y.%m.%d}", ddd)
    return ";".join(fields)


@pytest.fixture(scope="module")
def delivery(tmp_path_factory):
    """Two files of three years, in no order."""
    rng, folder = random.Random(7), tmp_path_factory.mktemp("clustering")
    header = ";".join(NORPD.columns.values())
    for name, lines in (("a.txt", 900), ("b.txt", 700)):
        content = "\n".join([header, *(line(rng) for _ in range(lines)), ""])
        (folder / name).write_text(content, encoding="iso-8859-1")
    return folder


@pytest.fixture(scope="module")
def lake(spark, delivery, tmp_path_factory):
    """The delivery in many blocks and batches."""
    root = tmp_path_factory.mktemp("clustered") / "lake"
    ingest(spark, root, [delivery], NORPD, memory=200 << 10, block_bytes=4096)
    return Lake(spark, root)


def data_files(lake):
    """The data files of the dispensings by year and batch, without the name of the ingest."""
    files = (lake.root / DISPENSINGS.name).glob("year=*/part-*.parquet")
    return {f"{path.parent.name}/{path.name[:10]}": path for path in files}


def test_every_file_is_clustered(lake):
    files = data_files(lake)
    assert len(files) > 10
    ends = {}
    for name, path in sorted(files.items()):
        rows = pq.ParquetFile(path).read().to_pylist()
        places = [(code_number(row["atc"]), row["person_key"]) for row in rows]
        assert places == sorted(places)
        year = path.parent.name
        assert {row["dispensed_on"].year for row in rows} == {int(year.removeprefix("year="))}
        assert ends.get(year, (-1,)) <= places[0], name  # the batches of a year follow each other
        ends[year] = places[-1]


def test_a_dictionary_page_holds_the_values_of_its_own_rows_alone(lake):
    texts = ["atc", "product_number"]
    for path in data_files(lake).values():
        rows = pq.ParquetFile(path, read_dictionary=texts).read()
        for name in texts:
            for chunk in rows[name].chunks:
                held = set(chunk.dictionary.to_pylist())
                assert held == set(chunk.drop_null().to_pylist()), f"{path.name}: {name}"


def test_no_identifier_stands_in_a_footer_or_the_log(lake):
    for path in data_files(lake).values():
        group = pq.read_metadata(path).row_group(0)
        columns = [group.column(number) for number in range(group.num_columns)]
        told = {one.path_in_schema for one in columns if one.is_stats_set}
        assert told == set(DISPENSINGS.statistics_on)
    log = "".join(path.read_text() for path in lake.root.glob("dispensings/_delta_log/*.json"))
    assert "minValues" in log
    assert '\\"person_key\\": ' not in log


def test_the_profile_is_what_the_engine_counts(lake):
    version = lake.version()
    counted = summarise_dispensings(lake.read(DISPENSINGS, version))
    held = lake.read(DISPENSING_PROFILE, version)
    assert sorted(map(str, collect.rows(held))) == sorted(map(str, collect.rows(counted)))
    assert any(row["ddd_huge"] and row["ddd_micro"] > 1 << 40 for row in collect.rows(held))


def test_the_files_are_the_same_on_both_engines(request, lake):
    engine = request.node.callspec.params["spark"]
    FOUND[engine] = [
        f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        for name, path in sorted(data_files(lake).items())
    ]
    first = next(iter(FOUND.values()))
    assert FOUND[engine] == first
    assert len(set(first)) == len(first)


def test_person_keys_are_those_of_the_engine(spark):
    from pyspark.sql import functions as F

    texts = ["", *("é∂x-0123456789"[: n % 15] * (n // 7 + 1) for n in range(1, 90))]
    frame = spark.createDataFrame([(text,) for text in texts], "text string")
    keyed = collect.rows(frame.select("text", F.xxhash64("text").alias("key")))
    found = [row["text"] for row in keyed]
    assert sorted(found) == sorted(texts)
    assert person_keys(pa.array(found)).to_pylist() == [row["key"] for row in keyed]


def test_one_person_with_one_code_is_one_batch_however_small(spark, tmp_path):
    """Parts of a code by person key may be without any row."""
    lines = [f"P1;2;1951;N05BB01;058719;2012.02.{day:02d};1" for day in range(1, 29)] * 4
    text = "\n".join([";".join(NORPD.columns.values()), *lines, ""])
    (tmp_path / "a.txt").write_text(text, encoding="iso-8859-1")
    done = ingest(spark, tmp_path / "lake", [tmp_path / "a.txt"], NORPD, memory=20 << 10)
    assert done.version.dispensings == 112
    lake = Lake(spark, tmp_path / "lake")
    assert len(collect.rows(lake.read(DISPENSINGS, done.version))) == 112
    assert len(data_files(lake)) == 1


def test_batches_cover_every_row_once():
    rows = Counter({(2012, code): 10 + number for number, code in enumerate(CODES)})
    assert sum(batch.rows for batch in plan_batches(rows, 7)) == rows.total()


def data_file(year, name):
    path, partition = f"year={year}/{name}.parquet", {"year": str(year)}
    return DataFile(path, 10, 1, partition, {"atc": "A"}, {"atc": "B"})


def held(root):
    from deltalake import DeltaTable

    return sorted(DeltaTable(root).file_uris())


def exchange(root, base, years, *files, token="t"):
    folder = root / DISPENSINGS.name
    exchange_files(
        folder,
        DISPENSINGS,
        base=base,
        goes=lambda partition: int(partition["year"]) in years,
        files=files,
        token=token,
    )
    return commits_after(folder, None)[-1]


def names(root):
    return [uri.rsplit("/", 2)[1:] for uri in held(root / DISPENSINGS.name)]


def test_years_are_exchanged_and_leftovers_taken_back(tmp_path):
    one = exchange(tmp_path, None, {2012, 2013}, data_file(2012, "a"), data_file(2013, "b"))
    two = exchange(tmp_path, one.version, {2013}, data_file(2013, "c"), token="killed")
    assert (two.version, two.token) == (one.version + 1, "killed")
    assert names(tmp_path) == [["year=2012", "a.parquet"], ["year=2013", "c.parquet"]]
    for year in (2012, 2013):
        for name in "abc":
            path = tmp_path / DISPENSINGS.name / f"year={year}" / f"{name}.parquet"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"")
    last = exchange(tmp_path, one.version, {2012}, data_file(2012, "d"), token="next")
    assert last.token == "next"
    assert names(tmp_path) == [["year=2012", "d.parquet"], ["year=2013", "b.parquet"]]


def test_nothing_to_exchange_is_no_commit(tmp_path):
    one = exchange(tmp_path, None, {2012}, data_file(2012, "a"))
    assert exchange(tmp_path, one.version, {2014}) == one


def test_a_first_ingest_that_was_killed_leaves_nothing(tmp_path):
    exchange(tmp_path, None, {2012}, data_file(2012, "killed"))
    exchange(tmp_path, None, {2013}, data_file(2013, "b"))
    assert names(tmp_path) == [["year=2013", "b.parquet"]]


def test_two_that_exchange_the_same_year(tmp_path, monkeypatch):
    one = exchange(tmp_path, None, {2012}, data_file(2012, "a"))
    look = commits._held

    def looked_and_overtaken(*arguments):
        found = look(*arguments)
        monkeypatch.setattr(commits, "_held", look)
        exchange(tmp_path, one.version, {2012}, data_file(2012, "b"), token="faster")
        return found

    monkeypatch.setattr(commits, "_held", looked_and_overtaken)
    with pytest.raises(ConflictError, match="another ingest wrote to dispensings"):
        exchange(tmp_path, one.version, {2012}, data_file(2012, "c"), token="slower")
    assert names(tmp_path) == [["year=2012", "b.parquet"]]
