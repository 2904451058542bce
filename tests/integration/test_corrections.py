"""Corrected and overlapping deliveries: what replaces what, and what stays readable."""

from __future__ import annotations

from collections import Counter

import pytest

from ldn_spark.delivery.source.sources import load_source
from ldn_spark.engine import collect
from ldn_spark.errors import DeliveryError, UsageError
from ldn_spark.ingest.ingest import NOOP, ingest
from ldn_spark.lake.versions import Lake, known_versions, read_version
from ldn_spark.schemas import (
    DISPENSING_PROFILE,
    DISPENSINGS,
    PERSON_STATEMENTS,
    PERSONS,
    REJECTED_DISPENSINGS,
)

NORPD = load_source("norpd")
KEYED = NORPD.model_copy(update={"line_key": ("Linje",)})
UNREPEATED = NORPD.model_copy(update={"repeated_lines": "reject"})
COLUMNS = ";".join(NORPD.columns.values())


def deliver(folder, name, lines, header=COLUMNS):
    path = folder / name
    path.write_text("\n".join([header, *lines, ""]), encoding="iso-8859-1")
    return path


def keyed(folder, name, lines):
    return deliver(folder, name, lines, COLUMNS + ";Linje")


def line(person, day, ddd="1", atc="N05BB01", sex="2", born="1951", key=None):
    fields = [person, sex, born, atc, "058719", day, ddd]
    return ";".join([*fields, key] if key else fields)


def dispensed(spark, root, as_of=None):
    """Who was dispensed how many DDDs when, sorted."""
    lake = Lake(spark, root)
    version = lake.version(as_of)
    people = {
        row["person_key"]: row["pseudonym"] for row in collect.rows(lake.read(PERSONS, version))
    }
    rows = collect.rows(lake.read(DISPENSINGS, version))
    return sorted(
        (people.get(row["person_key"]), row["dispensed_on"].isoformat(), float(row["ddd"]))
        for row in rows
    )


def held(spark, root, table):
    lake = Lake(spark, root)
    return collect.rows(lake.read(table, lake.version()))


def test_a_corrected_file_replaces_the_one_it_corrects(spark, tmp_path):
    root = tmp_path / "lake"
    wrong = [line("P1", "2012.05.01", "10", sex="1"), line("P9", "2013.02.01")]
    other = deliver(tmp_path, "b.txt", [line("P1", "2013.03.01", "3"), line("P2", "2014.01.01")])
    ingest(spark, root, [deliver(tmp_path, "a.txt", wrong), other], NORPD)
    (people,) = [row for row in held(spark, root, PERSONS) if row["pseudonym"] == "P1"]
    assert people["sex_conflict"]

    right = tmp_path / "corrected"
    right.mkdir()
    corrected = deliver(right, "a.txt", [line("P1", "2012.05.01", "7")])
    done = ingest(spark, root, [corrected], NORPD, replaces=["a.txt"])
    assert not done.warnings
    assert dispensed(spark, root) == [
        ("P1", "2012-05-01", 7.0),
        ("P1", "2013-03-01", 3.0),
        ("P2", "2014-01-01", 1.0),
    ]
    assert [(f.name, f.accepted, f.superseded, f.version) for f in done.version.files] == [
        ("a.txt", 2, 2, 1),
        ("b.txt", 2, 0, 1),
        ("a.txt", 1, 0, 2),
    ]
    assert (done.version.replaced, done.version.dispensings) == ("a.txt", 3)
    assert (done.version.lines, done.version.years) == (3, {"2012": 1, "2013": 1, "2014": 1})
    people = {row["pseudonym"]: row for row in held(spark, root, PERSONS)}
    assert (people["P1"]["sex"], sorted(people)) == ("F", ["P1", "P2"])
    assert {row["file_id"] for row in held(spark, root, PERSON_STATEMENTS)} == {2, 3}
    profile = {
        (r["year"], r["month"]): r["dispensings"] for r in held(spark, root, DISPENSING_PROFILE)
    }
    assert profile == {(2012, 5): 1, (2013, 3): 1, (2014, 1): 1}
    assert dispensed(spark, root, as_of=1)[0] == ("P1", "2012-05-01", 10.0)
    assert len(dispensed(spark, root, as_of=1)) == 4
    assert ingest(spark, root, [corrected], NORPD, replaces=["a.txt"]).status == NOOP


@pytest.mark.only_engine("sail")
def test_a_delivery_replaces_a_period(spark, tmp_path):
    root = tmp_path / "lake"
    first = [
        line("P1", "2012.12.31"),
        line("P1", "2013.01.01", "2"),
        line("P1", "2013.06.30", "3"),
        line("P1", "2013.07.01", "4"),
    ]
    ingest(spark, root, [deliver(tmp_path, "a.txt", first)], NORPD)
    half = deliver(tmp_path, "half.txt", [line("P2", "2013.06.30", "9")])
    late = deliver(tmp_path, "late.txt", [line("P2", "2013.06.30"), line("P2", "2013.07.01")])
    with pytest.raises(DeliveryError, match=r"late\.txt: holds dispensings from 2013-06-30 to"):
        ingest(spark, root, [late], NORPD, replaces=["2013-01-01..2013-06-30"])
    assert known_versions(root) == [1]
    done = ingest(spark, root, [half], NORPD, replaces=["2013-01-01..2013-06-30"])
    assert dispensed(spark, root) == [
        ("P1", "2012-12-31", 1.0),
        ("P1", "2013-07-01", 4.0),
        ("P2", "2013-06-30", 9.0),
    ]
    assert done.version.files[0].superseded == 2


def test_lines_are_replaced_by_their_key(spark, tmp_path):
    root = tmp_path / "lake"
    first = [line("P1", "2012.12.31", "1", key="a"), line("P2", "2013.01.01", "2", key="b")]
    ingest(spark, root, [keyed(tmp_path, "a.txt", first)], KEYED)
    second = [line("P2", "2012.01.01", "5", key="b"), line("P3", "2013.01.01", "3", key="c")]
    path = keyed(tmp_path, "b.txt", second)
    done = ingest(spark, root, [path], KEYED, replaces=["line_key"])
    assert dispensed(spark, root) == [
        ("P1", "2012-12-31", 1.0),
        ("P2", "2012-01-01", 5.0),
        ("P3", "2013-01-01", 3.0),
    ]
    assert [(file.accepted, file.superseded) for file in done.version.files] == [(2, 1), (2, 0)]


def test_overlapping_deliveries_with_line_keys_add_each_line_once(spark, tmp_path):
    root = tmp_path / "lake"
    first = [
        line("P1", "2012.12.31", "1", key="a"),
        line("P1", "2012.12.31", "1", key="a"),  # again: a repeated line
        line("P1", "2012.12.31", "1", key="d"),  # another line, although alike
        line("P2", "2013.01.01", "2", key="b"),
        line("P4", "2013.01.01", "2", key="x"),
        line("P4", "2013.01.01", "3", key="x"),  # contradicts: neither is taken
    ]
    done = ingest(spark, root, [keyed(tmp_path, "a.txt", first)], KEYED)
    (file,) = done.files
    assert file.rejected_by_reason == {"line_key_conflict": 2, "repeated_line": 1}
    assert (file.lines, file.accepted, file.rejected) == (6, 3, 3)
    second = [
        line("P2", "2013.01.01", "2", key="b"),  # in the lake already
        line("P1", "2012.12.31", "4", key="a"),  # contradicts what is in the lake
        line("P3", "2013.01.01", "3", key="c"),
    ]
    (file,) = ingest(spark, root, [keyed(tmp_path, "b.txt", second)], KEYED).files
    assert file.rejected_by_reason == {"line_key_conflict": 1, "repeated_line": 1}
    assert dispensed(spark, root) == [
        ("P1", "2012-12-31", 1.0),
        ("P1", "2012-12-31", 1.0),
        ("P2", "2013-01-01", 2.0),
        ("P3", "2013-01-01", 3.0),
    ]
    rejected = sorted(
        (row["file"], row["line"], row["reason"]) for row in held(spark, root, REJECTED_DISPENSINGS)
    )
    assert rejected == [
        ("a.txt", 3, "repeated_line"),
        ("a.txt", 6, "line_key_conflict"),
        ("a.txt", 7, "line_key_conflict"),
        ("b.txt", 2, "repeated_line"),
        ("b.txt", 3, "line_key_conflict"),
    ]


@pytest.mark.only_engine("sail")
def test_repeated_lines_without_a_key(spark, tmp_path):
    lines = [line("P1", "2012.12.31")] * 3 + [line("P1", "2012.12.31", "2")]
    path = deliver(tmp_path, "a.txt", lines)
    kept = ingest(spark, tmp_path / "kept", [path], NORPD).version
    once = ingest(spark, tmp_path / "once", [path], UNREPEATED).version
    assert (kept.dispensings, once.dispensings) == (4, 2)
    assert once.files[0].rejected_by_reason == {"repeated_line": 2}
    again = deliver(tmp_path, "b.txt", [line("P1", "2012.12.31"), line("P2", "2012.12.31")])
    assert ingest(spark, tmp_path / "once", [again], UNREPEATED).version.dispensings == 3


@pytest.mark.only_engine("sail")
@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (["c.txt"], "no file 'c.txt' of source norpd is in the lake; give a file's name, a period"),
        (["2013-01-01..2012-01-01"], "is not a period; write it like 2013-01-01..2013-12-31"),
        (["2013-02-30..2013-03-01"], "is not a period"),
        (["line_key"], "source norpd declares no line_key; replace a period or files"),
        (["a.txt", "line_key"], "a period, line_key or nothing stands alone"),
    ],
)
def test_what_cannot_be_replaced(spark, tmp_path, declared, message):
    root = tmp_path / "lake"
    ingest(spark, root, [deliver(tmp_path, "a.txt", [line("P1", "2012.12.31")])], NORPD)
    later = deliver(tmp_path, "b.txt", [line("P2", "2012.12.31")])
    with pytest.raises(UsageError) as caught:
        ingest(spark, root, [later], NORPD, replaces=declared)
    assert message in str(caught.value)
    assert known_versions(root) == [1]


@pytest.mark.only_engine("sail")
def test_batches_do_not_change_what_is_written(spark, tmp_path):
    codes = ["N05BB01", "N05BB02", "A10", "C09AA05"]
    lines = [
        line(f"P{n % 37}", f"{2012 + n % 3}.0{1 + n % 9}.11", str(n), codes[n % 4])
        for n in range(600)
    ]
    path = deliver(tmp_path, "a.txt", lines)
    more = deliver(tmp_path, "b.txt", [line("P1", "2013.05.05", "1000", "A10")])
    contents = []
    for memory in (4 << 30, 40 << 10):  # all at once; forty rows at once
        root = tmp_path / str(memory)
        ingest(spark, root, [path], NORPD, memory=memory)
        ingest(spark, root, [more], NORPD, memory=memory)
        contents.append(Counter(dispensed(spark, root)))
        assert read_version(root).years == {"2012": 200, "2013": 201, "2014": 200}
        files = list((root / "dispensings").glob("year=2013/*.parquet"))
        assert (len(files) > 4) == (memory < 4 << 30)
    assert contents[0] == contents[1]
    assert contents[0].total() == 601
