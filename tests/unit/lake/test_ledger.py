"""The ledger of runs: every end of a call is written down, and nothing of a row with it."""

from __future__ import annotations

import csv
import io
import json
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ldn_spark.cli.app import run as ldn
from ldn_spark.cli.recording import in_ledger
from ldn_spark.errors import EngineError, OutputExistsError, QualityGateError, StudiesError
from ldn_spark.lake.ledger import LEDGER, Entry, StudyEntry, ledger_files, read_ledger, write_entry
from ldn_spark.lake.versions import FileRecord, LakeVersion, publish_version
from ldn_spark.runs.run import Question
from ldn_spark.study.load import load_study

FILE = FileRecord(1, "first.csv", 9, "ab" * 32, "norpd", 9, 9, 0, {}, {}, version=1)
LATER = replace(FILE, file_id=2, name="later.csv", sha256="cd" * 32, lines=7, version=2)
VERSION = LakeVersion(1, {"dispensings": 3}, (FILE,), 5, 9, 0, 0)
STUDY = load_study("ldn_2013")
MS = load_study("ldn_ms")
ASKED = [Question(STUDY, VERSION), Question(MS, VERSION)]
BEGAN = datetime.fromisoformat("2026-11-28T03:00:00+00:00")


@pytest.fixture
def lake(tmp_path):
    publish_version(tmp_path / "lake", VERSION)
    return tmp_path / "lake"


def entry(day=0, study="a", lake_version=1, outcome="done", run_id="nightly"):
    one = StudyEntry(
        id=study,
        hash="ab" * 32,
        key="12345678",
        run_id=run_id,
        outcome=outcome,
        why="" if outcome == "done" else "=1: it was refused",
        folder="/out/a/nightly" if outcome == "done" else None,
    )
    return Entry(
        command="run",
        began=(BEGAN + timedelta(days=day)).isoformat(timespec="microseconds"),
        seconds=2.5,
        exit_code=0 if outcome == "done" else 12,
        lake_version=lake_version,
        ldn_spark="0.2.0",
        source_sha256="cd" * 32,
        engine="sail",
        studies=[one],
    )


def ended(lake, error=None, asked=ASKED, **how):
    """What the ledger says of a call that ended so."""
    expected = nullcontext() if error is None else pytest.raises(type(error))
    with expected, in_ledger("run", lake, ["ldn_2013", "ldn_ms"], None, **how) as call:
        call.engine, call.asked = "sail", asked
        if error is not None:
            raise error
    (found,) = read_ledger(lake).entries
    return found


ENDS = {
    "good": (None, 0, ["done", "done"], ""),
    "by a rule": (OutputExistsError("run a: it is closed"), 21, ["refused"] * 2, "it is closed"),
    "by the engine": (EngineError("the engine failed"), 40, ["failed"] * 2, "the engine failed"),
    "by the machine": (OSError(28, "full", "/lake"), 30, ["failed"] * 2, "/lake: full"),
    "by Ctrl-C": (KeyboardInterrupt(), 130, ["stopped"] * 2, "stopped; nothing half-written"),
    "by a bug": (ValueError("p-4711"), 1, ["failed"] * 2, "a fault of the software: ValueError"),
    "one of two": (
        StudiesError([("ldn_ms", QualityGateError("no code is found"))], []),
        12,
        ["refused", "refused"],
        "no code is found",
    ),
}


@pytest.mark.parametrize("case", ENDS)
def test_every_end_is_written_down(lake, case):
    error, code, outcomes, why = ENDS[case]
    found = ended(lake, error)
    assert (found.exit_code, [one.outcome for one in found.studies]) == (code, outcomes)
    assert why in found.studies[1].why
    assert [one.id for one in found.studies] == ["ldn_2013", "ldn_ms"]
    assert found.studies[0].hash == STUDY.hash
    assert found.lake_version == 1
    assert "4711" not in ledger_files(lake)[0].read_text()


def test_a_study_that_was_run_beside_one_that_could_not(lake):
    folder = lake.parent / "out" / "ldn_2013" / "nightly"
    found = ended(lake, StudiesError([("ldn_ms", QualityGateError("no code"))], [folder]))
    good, bad = found.studies
    assert (good.outcome, good.run_id, good.folder, good.why) == (
        "done",
        "nightly",
        str(folder),
        "",
    )
    assert (bad.outcome, bad.run_id, bad.folder, bad.why) == ("refused", None, None, "no code")


def test_of_stages_before_the_last_only_failures_are_written_down(lake):
    with in_ledger("measure", lake, None, "nightly", ends_run=False):
        pass
    assert read_ledger(lake).entries == ()
    assert ended(lake, EngineError("gone"), ends_run=False).studies[0].outcome == "failed"


def test_a_call_that_ends_before_any_engine(lake, capsys):
    assert ldn(["run", "nosuch", "--lake", str(lake), "--out", str(lake.parent / "out")]) == 3
    (found,) = read_ledger(lake).entries
    assert (found.exit_code, found.studies[0].id, found.lake_version) == (3, "nosuch", None)
    capsys.readouterr()
    assert ldn(["runs", str(lake)]) == 0
    assert "refused\n  nosuch: no study of that name" in capsys.readouterr().out


def test_a_ledger_that_cannot_be_written_to_changes_nothing_else(lake, capsys):
    (lake / LEDGER).write_text("no folder")
    assert ldn(["run", "nosuch", "--lake", str(lake), "--out", str(lake.parent / "out")]) == 3
    assert f"{lake / LEDGER}: how this run ended could not be written" in capsys.readouterr().err


def test_nothing_is_written_into_a_folder_that_is_no_lake(tmp_path):
    assert ldn(["run", "nosuch", "--lake", str(tmp_path), "--out", str(tmp_path / "out")]) == 3
    assert list(tmp_path.iterdir()) == []
    assert ldn(["runs", str(tmp_path)]) == 11


def test_entries_are_never_written_over(lake):
    for seconds in (1.0, 2.0):
        assert write_entry(lake, entry().model_copy(update={"seconds": seconds}))
    assert sorted(one.seconds for one in read_ledger(lake).entries) == [1.0, 2.0]


def test_the_list_as_a_table_as_csv_and_as_json(lake, capsys):
    for day, study, outcome in [(2, "b", "refused"), (1, "a", "done"), (10, "a", "refused")]:
        write_entry(lake, entry(day, study, outcome=outcome))
    assert ldn(["runs", str(lake)]) == 0
    out = capsys.readouterr().out
    assert out.index("2026-11-29 03:00") < out.index("2026-11-30") < out.index("2026-12-08")
    assert max(map(len, out.splitlines())) <= 80
    assert ldn(["runs", str(lake), "--study", "a", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["outcome"] for row in rows] == ["done", "refused"]
    assert rows[1]["why"] == "'=1: it was refused"
    assert ldn(["runs", str(lake), "--study", "a", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [list(one) for one in found] == [list(row) for row in rows]
    assert (found[0]["folder"], found[1]["exit_code"]) == ("/out/a/nightly", 12)
    assert ldn(["runs", str(lake), "--csv", "--json"]) == 2


def test_damaged_entries_are_named_and_the_others_listed(lake, capsys):
    for day in range(4):
        write_entry(lake, entry(day))
    changed, cut, gone, _ = ledger_files(lake)
    changed.write_text(changed.read_text().replace("2.5", "1.5"))
    cut.write_bytes(cut.read_bytes()[:100])
    gone.write_text("[]")
    (lake / LEDGER / f".{cut.name}.4711.draft").write_text("half")
    for command in ("runs", "verify"):
        capsys.readouterr()
        if command == "verify":
            (lake / "_versions" / "00000001.json").write_text("{}")  # its tables are none here
        assert ldn([command, str(lake)]) == 40
        said = capsys.readouterr()
        assert all(path.name in said.err for path in (changed, cut, gone)), command
        assert ("2026-12-01 03:00" in said.out) == (command == "runs")


def test_stale_are_studies_whose_newest_good_run_is_older_than_the_lake(lake, capsys):
    publish_version(lake, replace(VERSION, number=2, files=(FILE, LATER), replaced="line_key"))
    for day, (study, version, outcome) in enumerate(
        [
            ("behind", 1, "done"),
            ("behind", 2, "refused"),
            ("afresh", 1, "done"),
            ("afresh", 2, "done"),
            ("afresh", 1, "done"),  # --as-of
            ("never", 1, "failed"),
        ]
    ):
        write_entry(lake, entry(day, study, version, outcome))
    assert ldn(["runs", str(lake), "--stale", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "study": "behind",
            "began": "2026-11-28T03:00:00.000000+00:00",
            "run_id": "nightly",
            "lake_version": 1,
            "since": [2],
            "replaced": ["line_key"],
            "files": ["later.csv"],
        }
    ]
    assert ldn(["runs", str(lake), "--stale"]) == 0
    out = capsys.readouterr().out
    assert "behind: last run 2026-11-28 03:00 UTC on version 1; the lake is at 2" in out
    assert "version 2: 7 lines in later.csv; replaces line_key" in out
    write_entry(lake, entry(9, "behind", 2))
    assert ldn(["runs", str(lake), "--stale"]) == 0
    assert "No study that was run is older than the lake." in capsys.readouterr().out
