"""A check says what an ingest says, and leaves nothing anywhere."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import replace

import pytest

from ldn_spark.cli.app import run
from ldn_spark.delivery.source.declared import Companion, Lookup
from ldn_spark.delivery.source.sources import load_source
from ldn_spark.errors import ConfigError, DeliveryError
from ldn_spark.ingest import check as check_module
from ldn_spark.ingest.check import check
from ldn_spark.ingest.ingest import ingest
from ldn_spark.lake.versions import known_versions

pytestmark = pytest.mark.nightly("spark")

NORPD = load_source("norpd")
KEYED = NORPD.model_copy(update={"id": "keyed", "line_key": ("OrdinasjonNr",)})
HEADER = ";".join([*NORPD.columns.values(), "OrdinasjonNr"])
GOOD = [
    "P1;2;1951;N05BB01;058719;2012.02.29;62,5;1",
    "P2;1;1960;N02BE01;000981;2012.12.31;-10;2",
    "P2;1;1960;n02be01;981;2012.12.31;;3",
]
BAD = ["P4;2;1951;N05;1;2012.01.01;1.234,5;4", "P5;2;1951"]


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    """Where temporary folders are made."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


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


def content(root):
    """Every file below a folder with its checksum and time."""
    return {
        path: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_file()
    }


def accounts(files):
    """What is said of the files before anything is written."""
    return [replace(file, version=0, first_dispensed_on="", last_dispensed_on="") for file in files]


def test_a_check_says_what_an_ingest_says(spark, folder, workplace):
    lake = folder / "lake"
    ingest(spark, lake, [deliver(folder, "first.txt", GOOD)], NORPD)
    second = [
        deliver(folder, "second.txt", [GOOD[0].replace("62,5", "63"), *BAD, *GOOD[1:]]),
        deliver(folder, "third.txt", GOOD[:1]),
        deliver(folder, "again.txt", GOOD),
    ]
    before = content(lake)
    further = {"replaces": ["nothing"]}
    found = check(spark, second, NORPD, lake_root=lake, block_bytes=64, **further)
    assert content(lake) == before
    assert list(workplace.iterdir()) == []

    assert found.would_be_taken
    assert found.known == ("again.txt",)
    assert [(f.name, f.lines, f.accepted, f.rejected) for f in found.files] == [
        ("second.txt", 5, 3, 2), ("third.txt", 1, 1, 0),
    ]  # fmt: skip
    assert [str(problem) for problem in found.examples] == [
        "second.txt line 3, column OrdinasjonAntallDDD: ddd_malformed (1 line)",
        "second.txt line 4: too_few_fields (1 line)",
    ]
    done = ingest(spark, lake, second, NORPD, **further)
    assert accounts(found.files) == accounts(done.files)
    assert (found.known, found.examples, found.warnings) == (
        done.known, done.examples, done.warnings,
    )  # fmt: skip


@pytest.mark.only_engine("sail")
def test_all_problems_at_once_and_the_other_files_all_the_same(spark, folder, workplace):
    deliver(folder, "good.txt", GOOD)
    deliver(folder, "bad.txt", [GOOD[0], *BAD])
    deliver(folder, "column.txt", GOOD, HEADER.replace("ATCKode", "ATC"))
    (folder / "empty.txt").write_bytes(b"")
    (folder / "utf16.txt").write_bytes(HEADER.encode("utf-16"))
    found = check(spark, [folder, folder / "gone"], NORPD)
    assert not found.would_be_taken
    told = [str(problem) for problem in found.problems]
    for number, what in enumerate((
        "gone: no such file or folder",
        "column.txt line 1: the column 'ATCKode' is missing",
        "empty.txt: is empty: 0 bytes",
        "utf16.txt line 1: begins with a UTF-16 mark",
        "bad.txt: 2 of 3 lines are rejected, more than 0.5 of them",
    )):  # fmt: skip
        assert what in told[number]
    assert len(told) == 5
    assert [(f.name, f.accepted, f.rejected) for f in found.files] == [
        ("bad.txt", 1, 2), ("good.txt", 3, 0),
    ]  # fmt: skip
    assert list(workplace.iterdir()) == []


VERDICTS = {
    "good lines": ([GOOD], 0.5, True),
    "half of the lines": ([[*GOOD[:2], *BAD]], 0.5, True),
    "more than half": ([[GOOD[0], *BAD]], 0.5, False),
    "more than is allowed": ([GOOD, [*GOOD[:2], *BAD]], 0.4, False),
    "no line accepted": ([BAD], 1.0, False),
    "no line": ([[]], 0.5, True),
}


@pytest.mark.only_engine("sail")
@pytest.mark.parametrize("case", VERDICTS)
def test_the_verdict_is_that_of_an_ingest(spark, folder, case):
    files, share, taken = VERDICTS[case]
    paths = [deliver(folder, f"{number}.txt", lines) for number, lines in enumerate(files)]
    found = check(spark, paths, NORPD, max_rejected_share=share)
    assert found.would_be_taken == taken
    try:
        ingest(spark, folder / "lake", paths, NORPD, max_rejected_share=share)
        told = []
    except DeliveryError as error:
        told = [problem for problem in error.problems if problem not in found.examples]
    assert list(found.problems) == told


@pytest.mark.only_engine("sail")
def test_lines_that_repeat_or_contradict_others(spark, folder):
    lake = folder / "lake"
    ingest(spark, lake, [deliver(folder, "first.txt", GOOD)], KEYED)
    lines = [GOOD[0], GOOD[1].replace("-10", "-11"), GOOD[2][:-1] + "9"]
    second = [deliver(folder, "second.txt", lines)]
    found = check(spark, second, KEYED, lake_root=lake)
    (file,) = found.files
    assert file.rejected_by_reason == {"line_key_conflict": 1, "repeated_line": 1}
    assert (file.lines, file.accepted, file.rejected) == (3, 1, 2)
    assert accounts(found.files) == accounts(ingest(spark, lake, second, KEYED).files)


@pytest.mark.only_engine("sail")
def test_days_outside_the_period_that_is_replaced(spark, folder):
    lake = folder / "lake"
    ingest(spark, lake, [deliver(folder, "first.txt", GOOD)], NORPD)
    second = [deliver(folder, "second.txt", [GOOD[0].replace("62,5", "63"), GOOD[1]])]
    for period, told in (
        ("2012-02-01..2012-12-30", ["holds dispensings from 2012-02-29 to 2012-12-31, but is to"]),
        ("2012-02-29..2012-12-31", []),
    ):
        found = check(spark, second, NORPD, lake_root=lake, replaces=[period])
        assert found.would_be_taken == (not told)
        assert [problem.where for problem in found.problems] == ["second.txt"] * len(told)
        assert all(what in str(found.problems[0]) for what in told)
        assert found.files[0].accepted == 2


@pytest.mark.only_engine("sail")
def test_lookups_and_files_of_persons(spark, folder, tmp_path):
    source = NORPD.model_copy(
        update={
            "id": "looked_up",
            "columns": {**NORPD.columns, "ddd": "ddd_of"},
            "lookups": (Lookup(name="ddds", key="Varenr", gives=("ddd_of",)),),
            "persons": Companion(
                files=("people*.txt",), columns={"pseudonym": "PasientLopeNr", "sex": "Sex"}
            ),
        }
    )
    deliver(folder, "a.txt", GOOD)
    deliver(folder, "people.txt", ["P1;2", "P2;9"], "PasientLopeNr;Sex")
    lookups = {"ddds": tmp_path / "ddds.csv"}
    lookups["ddds"].write_text("Varenr,ddd_of\n058719,20\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="needs the lookup 'ddds'"):
        check(spark, [folder], source)
    found = check(spark, [folder], source, lookups=lookups, max_rejected_share=0.9)
    by_name = {file.name: file for file in found.files}
    assert by_name["a.txt"].rejected_by_reason == {"ddds_unmatched": 2}
    assert (by_name["people.txt"].kind, by_name["people.txt"].accepted) == ("persons", 2)
    done = ingest(spark, folder / "lake", [folder], source, lookups=lookups, max_rejected_share=0.9)
    assert accounts(found.files) == [replace(file, lookups={}) for file in accounts(done.files)]


@pytest.mark.only_engine("sail")
def test_accepted_rows_are_counted_and_not_kept(spark, folder, monkeypatch):
    import pyarrow as pa

    seen = []

    def look(landing, names):
        files = [pa.ipc.open_file(path) for path in (landing / "accepted").iterdir()]
        seen.append(sum(file.read_all().num_rows for file in files))
        return []

    monkeypatch.setattr(check_module, "rejection_examples", look)
    found = check(spark, [deliver(folder, "a.txt", GOOD)], NORPD)
    assert found.files[0].accepted == 3
    assert seen[0] == 0
    check(spark, [deliver(folder, "a.txt", GOOD)], KEYED)
    assert seen[1] == 3, "a line key needs the rows"


@pytest.mark.only_engine("sail")
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, RuntimeError])
def test_the_temporary_folder_goes_however_a_check_ends(
    spark, folder, workplace, monkeypatch, error
):
    def end(landing, names):
        assert any((landing / "rejected").iterdir())
        raise error

    monkeypatch.setattr(check_module, "rejection_examples", end)
    with pytest.raises(error):
        check(spark, [deliver(folder, "a.txt", [*GOOD, *BAD])], NORPD)
    assert list(workplace.iterdir()) == []


@pytest.mark.only_engine("sail")
def test_a_lake_that_is_not_there_is_not_made(spark, folder):
    found = check(spark, [deliver(folder, "a.txt", GOOD)], NORPD, lake_root=folder / "lake")
    assert found.would_be_taken
    assert "holds no registry yet" in found.warnings[0]
    assert not (folder / "lake").exists()
    assert known_versions(folder / "lake") == []


@pytest.mark.own_engine
def test_the_command(capsys, folder):
    good = deliver(folder, "good.txt", GOOD)
    assert run(["check", str(good), "--source", "norpd", "--engine", "sail"]) == 0
    said = capsys.readouterr()
    assert "repaired: atc_upper 1" in said.out
    assert said.out.splitlines()[-1] == (
        "An ingest would take this delivery: 1 file, 3 lines, 3 accepted, 0 rejected."
    )
    bad = deliver(folder, "bad.txt", [GOOD[0], *BAD, "CANARY4711;2;1951"])
    arguments = ["check", str(bad), str(folder / "gone"), "--engine", "sail"]
    assert run(arguments) == 10
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == ("An ingest would turn this delivery away: 2 problems.")
    assert "error: bad.txt: 3 of 4 lines are rejected" in said.err.replace("\n", " ")
    assert "rejected: bad.txt line 4: too_few_fields (2 lines)" in said.out
    assert "Traceback" not in said.err
    assert "CANARY" not in said.out + said.err

    assert run([*arguments, "--log-format", "json"]) == 10
    said = capsys.readouterr()
    events = [json.loads(line) for line in said.err.splitlines()]
    (event,) = [event for event in events if event["event"] == "check"]
    assert event["would_be_taken"] is False
    assert event["files"][0]["rejected_by_reason"] == {"ddd_malformed": 1, "too_few_fields": 2}
    assert events[-1]["exit_code"] == 10


@pytest.mark.own_engine
def test_files_of_the_lake_are_told(capsys, folder):
    good, lake = deliver(folder, "good.txt", GOOD), folder / "lake"
    assert run(["ingest", str(good), "--lake", str(lake), "--engine", "sail"]) == 0
    capsys.readouterr()
    assert run(["check", str(good), "--lake", str(lake), "--engine", "sail"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "good.txt: already in the lake"
    assert lines[-1] == "An ingest would change nothing: every file is in the lake already."
