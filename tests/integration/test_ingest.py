"""Deliveries into a lake, on both engines: everything or nothing, every line accounted for."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from decimal import Decimal

import pytest

from ldn_spark.delivery.source.sources import Source, load_source
from ldn_spark.engine import collect
from ldn_spark.errors import ConflictError, DeliveryError, EngineError
from ldn_spark.ingest import ingest as ingest_module
from ldn_spark.ingest.ingest import INGESTED, NOOP, ingest
from ldn_spark.lake.delta_log import commits_after, delta_version
from ldn_spark.lake.versions import Lake, known_versions, only_writer, publish_version, read_version
from ldn_spark.schemas import DISPENSINGS, LAKE_TABLES, PERSONS, REJECTED_DISPENSINGS

NORPD = load_source("norpd")
HEADER = ";".join([*NORPD.columns.values(), "PasientDodsAr", "PasientDodsMnd"])
GOOD_2012 = [
    "P1;2;1951;N05BB01;058719;2012.02.29;62,5;;",
    "P2;1;1960;N02BE01;000981;2012.12.31;-10;;",
    "P2;1;1960;n02be01;981;2012.12.31;;;",
]
GOOD_2013 = ["P1;1;1951;N05BB01;058719;2013.01.01;0,25;2014;2", "P3;2;;A10;;2013.06.01;1;;"]


@pytest.fixture
def folder(tmp_path):
    """A place whose name has a blank and a letter beyond ASCII."""
    folder = tmp_path / "prosjekt æ 1"
    folder.mkdir()
    return folder


def deliver(folder, name, lines, header=HEADER):
    path = folder / name
    path.write_text("\n".join([header, *lines, ""]), encoding="iso-8859-1")
    return path


def table(spark, root, what, version=None):
    lake = Lake(spark, root)
    return collect.rows(lake.read(what, lake.version(version)).orderBy(*what.names))


def content(spark, root):
    """What a lake says, whatever order it was filled in; file ids aside."""
    persons, dispensings = (table(spark, root, what) for what in (PERSONS, DISPENSINGS))
    for row in dispensings:
        row.pop("file_id")
    return persons, sorted(dispensings, key=str)


def test_a_delivery_becomes_a_version_of_the_lake(spark, folder, reports):
    bad = ["P4;2;1951;N05;1;2012.01.01;1.234,5;;", "P5;2;1951", ""]
    files = [
        deliver(folder, "a 2012.txt", [*GOOD_2012, *bad[:2], GOOD_2012[0]]),
        deliver(folder, "b 2013.txt", GOOD_2013),
    ]
    root = folder / "lake"
    done = ingest(spark, root, files, NORPD, max_rejected_share=0.5, block_bytes=64)

    assert done.status == INGESTED
    first, second = done.files
    assert (first.lines, first.accepted, first.rejected, first.repaired) == (6, 4, 2, 1)
    assert first.rejected_by_reason == {"ddd_malformed": 1, "too_few_fields": 1}
    assert first.repaired_by_reason == {"atc_upper": 1, "product_number_padded": 1}
    assert first.noted_by_reason == {"ddd_missing": 1, "ddd_negative": 1}
    assert (second.lines, second.accepted, second.rejected) == (2, 2, 0)
    version = read_version(root)
    assert version == done.version
    assert (version.number, version.persons, version.dispensings) == (1, 3, 6)
    assert version.years == {"2012": 4, "2013": 2}
    span = (version.first_dispensed_on, version.last_dispensed_on)
    assert span == ("2012-02-29", "2013-06-01")

    rows = table(spark, root, DISPENSINGS)
    in_2013 = sorted(row["ddd"] for row in rows if row["year"] == 2013)
    assert in_2013 == [Decimal("0.25"), Decimal("1")]
    assert {row["product_number"] for row in rows} == {"058719", "000981", None}
    assert sum(row["ddd"] is None for row in rows) == 1
    people = {row["pseudonym"]: row for row in table(spark, root, PERSONS)}
    assert people["P1"]["sex"] is None
    assert people["P1"]["sex_conflict"]
    assert people["P1"]["died_on"] == date(2014, 2, 28)
    assert (people["P2"]["sex"], people["P2"]["birth_year"]) == ("M", 1960)
    assert people["P3"]["birth_year"] is None
    assert not people["P3"]["birth_year_conflict"]
    assert {row["person_key"] for row in rows} == {row["person_key"] for row in people.values()}
    rejected = table(spark, root, REJECTED_DISPENSINGS)
    assert [(row["file"], row["line"], row["column"], row["reason"]) for row in rejected] == [
        ("a 2012.txt", 5, "OrdinasjonAntallDDD", "ddd_malformed"),
        ("a 2012.txt", 6, None, "too_few_fields"),
    ]

    for event in reports:
        assert 0 <= event.done <= event.total
    assert {event.stage for event in reports} >= {"checking files", "parsing lines"}
    assert not list((root / "_staging").iterdir())

    again = ingest(spark, root, files, NORPD)
    assert (again.status, again.version, again.files) == (NOOP, version, ())
    assert again.known == ("a 2012.txt", "b 2013.txt")
    _nothing_personal_in_the_logs(root)


def _nothing_personal_in_the_logs(root):
    for what in LAKE_TABLES:
        for log in (root / what.name / "_delta_log").glob("*.json"):
            text = log.read_text(encoding="utf-8")
            assert not re.search(r"\bP[1-5]\b", text)
            for line in text.splitlines():
                stats = json.loads(json.loads(line).get("add", {}).get("stats") or "{}")
                named = set(stats.get("minValues", {})) | set(stats.get("maxValues", {}))
                assert named <= set(what.statistics_on)
    record = (root / "_versions" / "00000001.json").read_text(encoding="utf-8")
    assert not re.search(r"\bP[1-5]\b", record)


@pytest.mark.only_engine("sail")
def test_the_order_of_deliveries_does_not_matter(spark, folder):
    a = deliver(folder, "a.txt", GOOD_2012)
    b = deliver(folder, "b.txt", GOOD_2013)
    c = deliver(folder, "c.txt", ["P1;2;1952;N05BB01;058719;2012.05.01;1;;"])
    one, two = folder / "one", folder / "two"
    for files in ([a], [b], [c]):
        ingest(spark, one, files, NORPD)
    for files in ([c, b], [a, b]):
        done = ingest(spark, two, files, NORPD)
    assert done.known == ("b.txt",)
    assert content(spark, one) == content(spark, two)
    assert read_version(one).years == read_version(two).years == {"2012": 4, "2013": 2}
    assert [len(table(spark, one, DISPENSINGS, as_of)) for as_of in (1, 2, 3)] == [3, 5, 6]


def test_a_killed_ingest_leaves_nothing_to_be_seen(spark, folder, monkeypatch):
    root = folder / "lake"
    ingest(spark, root, [deliver(folder, "a.txt", GOOD_2012)], NORPD)
    before = content(spark, root)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(ingest_module, "publish_version", killed)
    with pytest.raises(KeyboardInterrupt):
        ingest(spark, root, [deliver(folder, "b.txt", GOOD_2013)], NORPD)
    monkeypatch.undo()
    assert known_versions(root) == [1]
    assert content(spark, root) == before

    c = deliver(folder, "c.txt", ["P7;1;1960;N02BE01;981;2012.01.01;1;;"])
    done = ingest(spark, root, [c], NORPD)
    assert done.version.years == {"2012": 4}
    assert len(table(spark, root, DISPENSINGS)) == 4
    assert {row["pseudonym"] for row in table(spark, root, PERSONS)} == {"P1", "P2", "P7"}


@pytest.mark.only_engine("sail")
def test_an_ingest_killed_before_the_first_version_is_written_over(spark, folder, monkeypatch):
    root = folder / "lake"
    b = deliver(folder, "b.txt", GOOD_2013)
    monkeypatch.setattr(ingest_module, "publish_version", _fail)
    with pytest.raises(RuntimeError):
        ingest(spark, root, [b], NORPD)
    monkeypatch.undo()
    done = ingest(spark, root, [deliver(folder, "a.txt", GOOD_2012)], NORPD)
    assert (done.version.number, done.version.years) == (1, {"2012": 3})
    assert len(table(spark, root, DISPENSINGS)) == 3


def _fail(*_):
    raise RuntimeError


@pytest.mark.only_engine("sail")
def test_two_ingests_at_once(spark, folder, monkeypatch):
    root = folder / "lake"
    a = deliver(folder, "a.txt", GOOD_2012)
    with only_writer(root), pytest.raises(ConflictError):
        ingest(spark, root, [a], NORPD)

    def published_meanwhile(lake_root, version):
        monkeypatch.undo()
        publish_version(lake_root, version)
        publish_version(lake_root, version)

    monkeypatch.setattr(ingest_module, "publish_version", published_meanwhile)
    with pytest.raises(ConflictError):
        ingest(spark, root, [a], NORPD)
    assert known_versions(root) == [1]


def test_header_alone_and_refused_files_change_nothing(spark, folder):
    root = folder / "lake"
    done = ingest(spark, root, [deliver(folder, "h.txt", [])], NORPD)
    assert (done.version.dispensings, done.version.persons, done.version.years) == (0, 0, {})
    assert table(spark, root, DISPENSINGS) == []
    bad = deliver(folder, "bad.txt", [*GOOD_2012, "P4;2;1951;?;1;2012.01.01;1;;"])
    good = deliver(folder, "good.txt", GOOD_2013)
    with pytest.raises(DeliveryError) as caught:
        ingest(spark, root, [bad, good], NORPD, max_rejected_share=0.05)
    assert "bad.txt: 1 of 4 lines are rejected" in str(caught.value)
    assert "bad.txt line 5, column ATCKode: atc_malformed" in str(caught.value)
    worthless = deliver(folder, "w.txt", [*GOOD_2012], HEADER.replace("ATCKode", "x;ATCKode"))
    with pytest.raises(DeliveryError, match="3 of 3 lines are rejected"):
        ingest(spark, root, [worthless], NORPD, max_rejected_share=1)
    assert known_versions(root) == [1]
    assert ingest(spark, root, [bad, good], NORPD, max_rejected_share=0.25).version.number == 2


@pytest.mark.only_engine("sail")
def test_a_lost_table_is_an_error_and_never_fewer_rows(spark, folder):
    root = folder / "lake"
    ingest(spark, root, [deliver(folder, "a.txt", GOOD_2012)], NORPD)
    lake = Lake(spark, root)
    version = lake.version()
    shutil.rmtree(root / "dispensings")
    with pytest.raises(EngineError, match="the table is not there"):
        lake.read(DISPENSINGS, version)


@pytest.mark.only_engine("sail")
def test_the_log_tells_who_wrote_what(spark, folder):
    root = folder / "lake"
    ingest(spark, root, [deliver(folder, "a.txt", GOOD_2012)], NORPD)
    commits = commits_after(root / "dispensings", None)
    assert [commit.version for commit in commits] == list(range(len(commits)))
    assert delta_version(root / "dispensings") == commits[-1].version
    assert len({commit.token for commit in commits}) == 1
    assert {part["year"] for commit in commits for part in commit.partitions} == {"2012"}


def test_what_a_source_says_of_rows_is_kept_in_the_record_and_counts_add_up(spark, folder):
    """Constants, a filter, a quotient, missing markers, nobody's pseudonyms, quoted line ends."""
    source = Source.model_validate(
        NORPD.model_dump()
        | {
            "columns": {"pseudonym": "id", "dispensed_on": "day", "birth_year": "born"},
            "optional_columns": {},
            "constant": {"atc": "N07BB04", "sex": "F"},
            "computed": {"ddd": {"divide": ["mg", "ddd_mg"]}},
            "where": {"column": "kind", "values": ["H"]},
            "missing_values": ["NA"],
            "no_id": {"column": "id", "values": ["0"]},
            "quoted_line_ends": True,
        }
    )
    lines = [
        'P1;2012.01.01;1951;H;100;3;"two\nlines"',
        "P2;2012.01.02;NA;H;1;0;",
        "P3;2012.01.03;1951;A;1;2;",
        "0;2012.01.04;1951;H;1;2;",
        "NULL;2012.01.05;1951;H;NA;2;",
        "P4;2012.01.06;1951;H;-;2;",
    ]
    root = folder / "lake"
    path = deliver(folder, "a.txt", lines, "id;day;born;kind;mg;ddd_mg;note")
    done = ingest(spark, root, [path], source, block_bytes=1)
    (file,) = read_version(root).files
    assert (file.lines, file.accepted, file.rejected, file.left_out) == (6, 3, 2, 1)
    assert file.left_out_by_column == {"kind": 1}
    assert file.rejected_by_reason == {"ddd_malformed": 1, "no_id": 1}
    assert (file.nobodies, file.markers) == ({"NULL": 1}, {"mg": {"-": 1}})
    assert file.noted_by_reason["missing_marker"] == 2
    assert [warning for warning in done.warnings if "no_id" in warning or "missing_v" in warning]
    rows = table(spark, root, DISPENSINGS)
    assert {row["atc"] for row in rows} == {"N07BB04"}
    assert sorted(row["ddd"] or 0 for row in rows) == [0, 0, Decimal("33.333333")]
    assert {row["sex"] for row in table(spark, root, PERSONS)} == {"F"}
    rejected = table(spark, root, REJECTED_DISPENSINGS)
    assert {row["line"] for row in rejected} == {6, 8}
