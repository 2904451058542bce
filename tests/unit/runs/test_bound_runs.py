"""A run is bound to what it began with; results that are there already serve."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from ldn_spark.cli.app import run as ldn
from ldn_spark.errors import ConflictError, EngineError, OutputExistsError, UsageError
from ldn_spark.lake.ledger import read_ledger
from ldn_spark.lake.versions import FileRecord, LakeVersion, publish_version
from ldn_spark.runs import bound as runs
from ldn_spark.runs.bound import Bound, bind, bound_of, close, only_worker, read_bound
from ldn_spark.runs.finished import find_run
from ldn_spark.runs.folder import write_manifest
from ldn_spark.runs.run import Question
from ldn_spark.runs.run_ids import require_run_id
from ldn_spark.runs.served import find_served, made_of
from ldn_spark.runs.software import drawn_with, software
from ldn_spark.study.atc.stated_versions import stated_versions
from ldn_spark.study.inputs import InputFile
from ldn_spark.study.load import load_study

FILE = FileRecord(1, "d.csv", 9, "ab" * 32, "norpd", 9, 9, 0, {}, {})
VERSION = LakeVersion(1, {"dispensings": 3}, (FILE,), 5, 9, 0, 0)
STUDY = load_study("ldn_2013")
ASKED = Question(STUDY, VERSION)


def with_products(tmp_path):
    path = tmp_path / "fewer.csv"
    path.write_text("code,term,include,source\n000971,Capsules,yes,invented\n")
    return load_study("ldn_2013", {"ldn_products": path})


def called_otherwise(tmp_path):
    return replace(STUDY, definition=STUDY.definition.model_copy(update={"id": "b"}))


OTHERS = {
    "another study": (
        lambda tmp: replace(ASKED, study=called_otherwise(tmp)),
        "it is a run of ldn_2013, not of b; ask for ldn_2013, or give this one",
    ),
    "another codelist": (
        lambda tmp: replace(ASKED, study=with_products(tmp)),
        "study ldn_2013 has another codelist ldn_products than when it was begun",
    ),
    "another study file": (
        lambda tmp: replace(ASKED, study=replace(STUDY, hash="ab" * 32)),
        "study ldn_2013 has another study file or ATC alterations than",
    ),
    "another version of the lake": (
        lambda tmp: replace(ASKED, version=replace(VERSION, number=2)),
        "it reads version 1 of the lake, not 2; say --as-of 1, or give this one another --run-id",
    ),
    "another lake": (
        lambda tmp: replace(ASKED, version=replace(VERSION, persons=6)),
        "version 1 of the lake was made of other lines then",
    ),
    "other statements on codes": (
        lambda tmp: replace(ASKED, stated=stated_versions(["2024"])),
        "it was begun with no --atc-version, not with --atc-version 2024",
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_a_run_goes_on_as_it_began_alone(tmp_path, case):
    other, said = OTHERS[case]
    asked = other(tmp_path)
    bind(tmp_path, bound_of("r", [ASKED]))
    bind(tmp_path, bound_of("r", [ASKED]))
    with pytest.raises(OutputExistsError) as caught:
        bind(tmp_path, bound_of("r", [asked]))
    assert said in str(caught.value)
    assert str(caught.value).startswith("run r: ")
    bind(tmp_path, bound_of("r2", [asked]))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"ldn_spark": "0.0.9", "source_sha256": "ab" * 32}, "begun by ldn_spark 0.0.9; this is"),
        (software() | {"source_sha256": "ab" * 32}, "begun by another build of ldn_spark"),
    ],
)
def test_a_run_goes_on_with_the_software_that_began_it(tmp_path, monkeypatch, other, said):
    monkeypatch.setattr(runs, "software", lambda: other)
    begun = bound_of("r", [ASKED])
    monkeypatch.undo()
    bind(tmp_path, begun)
    with pytest.raises(OutputExistsError, match=said):
        bind(tmp_path, bound_of("r", [ASKED]))


def test_where_tables_lie_does_not_matter():
    moved = replace(ASKED, version=replace(VERSION, tables={"dispensings": 7}))
    assert bound_of("r", [moved]) == bound_of("r", [ASKED])


def test_a_published_run_is_closed(tmp_path):
    bind(tmp_path, bound_of("r", [ASKED]))
    close(tmp_path, "r", {"ldn_2013": tmp_path / "out"})
    with pytest.raises(OutputExistsError, match="run r: it is published, and closed"):
        bind(tmp_path, bound_of("r", [ASKED]))


@pytest.mark.parametrize("harm", ["cut", "another version", "empty", "a list"])
def test_a_damaged_file_is_named(tmp_path, harm):
    bind(tmp_path, bound_of("r", [ASKED]))
    path = tmp_path / "runs" / "r" / "run.json"
    text = path.read_text()
    new = {"cut": text[:-9], "empty": "", "a list": "[]"}.get(harm)
    path.write_text(text.replace('"lake_version": 1', '"lake_version": 2') if new is None else new)
    with pytest.raises(EngineError, match=f"{path}: is damaged"):
        read_bound(tmp_path, "r")


def test_a_run_is_worked_on_by_one(tmp_path):
    with only_worker(tmp_path, "r"):
        with (
            pytest.raises(ConflictError, match="run r: another process works on it"),
            only_worker(tmp_path, "r"),
        ):
            pass
        with only_worker(tmp_path, "r2"):
            pass
    with only_worker(tmp_path, "r"):
        pass


GOOD = ["r", "2026-11-28", "nightly_7.1", "a" * 128, "_x", "A.b-c"]
BAD = ["", ".", "..", ".r", "a..b", "../evil", "/r", "a/b", "a b", "æ", "r\n", "a" * 129, "latest"]
BAD += ["s3:x", "a\\b", "a\x00", "٣"]


def test_names_of_runs():
    assert [require_run_id(text) for text in GOOD] == GOOD
    for text in BAD:
        with pytest.raises(UsageError, match="--run-id: "):
            require_run_id(text)


@pytest.mark.parametrize("text", ["../../evil", "", "æ"])
def test_a_bad_name_is_turned_away_at_the_door(tmp_path, capsys, text):
    where = ["ldn_2013", "--lake", str(tmp_path / "l"), "--out", str(tmp_path / "o")]
    assert ldn(["run", *where, "--run-id", text]) == 2
    assert "--run-id: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


VALUES = InputFile("published values", "", "values.csv", "cd" * 32, is_given=True)


def finished(out, asked=ASKED, published=None, run_id="r"):
    """A folder of results, as a run writes it."""
    made, study = made_of(asked, published), asked.study
    folder = out / study.definition.id / run_id
    (folder / "tables").mkdir(parents=True)
    (folder / "tables" / "t.md").write_text("1")
    definition = study.definition.model_dump(mode="json", by_alias=True)
    manifest = {
        "run_id": run_id,
        "key": made["key"],
        "command": made["command"],
        "inputs": made["inputs"],
        "study": {"id": study.definition.id, "hash": study.hash, "definition": definition},
        "software": {**software(), "packages": drawn_with()},
        "input": {"lake_version": asked.version.number, "data_sha256": made["data"]},
    }
    write_manifest(folder, manifest, ())
    return folder


def test_results_that_are_there_serve(tmp_path):
    assert find_served(tmp_path, ASKED).folder is None
    folder = finished(tmp_path)
    assert find_served(tmp_path, ASKED).folder == folder
    assert find_served(tmp_path, ASKED, run_id="r").folder == folder
    assert find_served(tmp_path, ASKED, run_id="other").folder == folder
    assert find_served(tmp_path, ASKED, run_id="other", others=False).folder is None
    newer = finished(tmp_path, run_id="b")
    assert find_served(tmp_path, ASKED).folder == newer
    assert find_served(tmp_path, ASKED, run_id="r").folder == folder


@pytest.mark.parametrize("case", ["values", *(name for name in OTHERS if name != "another study")])
def test_results_of_something_else_do_not_serve(tmp_path, case):
    asked = ASKED if case == "values" else OTHERS[case][0](tmp_path)
    published = VALUES if case == "values" else None
    finished(tmp_path)
    assert find_served(tmp_path, asked, published).folder is None
    with pytest.raises(OutputExistsError, match=r"a run of this name is there already, of .*other"):
        find_served(tmp_path, asked, published, run_id="r")
    folder = finished(tmp_path, asked, published, run_id="mine")
    assert find_served(tmp_path, asked, published).folder == folder
    assert find_served(tmp_path, ASKED).folder == tmp_path / "ldn_2013" / "r"


@pytest.mark.parametrize(
    ("name", "said"), [("tables/t.md", "checksum differs"), ("manifest.json", "is damaged")]
)
def test_damaged_results_do_not_serve_and_are_named(tmp_path, name, said):
    harmed = finished(tmp_path, run_id="r2")
    (harmed / name).write_text("2" if name != "manifest.json" else "{")
    served = find_served(tmp_path, ASKED)
    assert served.folder is None
    assert [one.where for one in served.damaged] == [str(harmed / name)]
    assert said in served.damaged[0].what
    with pytest.raises(OutputExistsError, match="remove the folder"):
        find_served(tmp_path, ASKED, run_id="r2")
    folder = finished(tmp_path, run_id="r1")
    assert find_served(tmp_path, ASKED).folder == folder


def test_nothing_is_done_where_results_are_there(tmp_path, capsys, monkeypatch):
    """Decided without an engine, by what the lake's records say."""
    monkeypatch.setattr("ldn_spark.engine.sessions.open_engine", None)
    lake, out = tmp_path / "lake", tmp_path / "out"
    publish_version(lake, VERSION)
    folder = finished(out)
    where = ["run", "ldn_2013", "--lake", str(lake), "--out", str(out)]
    for more in ([], ["--run-id", "r"], ["--run-id", "new"], ["--engine", "spark"]):
        assert ldn([*where, *more]) == 0
        said = capsys.readouterr()
        assert said.out.splitlines() == [str(folder)]
        assert "nothing to do for ldn_2013: the results are there; --again" in said.err
    with pytest.raises(TypeError):  # there is no engine
        ldn([*where, "--again"])
    *ends, last = [(entry.exit_code, one) for entry, one in read_ledger(lake).studies()]
    assert {(code, one.outcome, one.folder) for code, one in ends} == {
        (0, "nothing to do", str(folder))
    }
    assert (last[0], last[1].why) == (1, "a fault of the software: TypeError")
    publish_version(lake, replace(VERSION, number=2))
    assert ldn([*where, "--run-id", "r"]) == 21
    assert "there already, of another version of the lake, other" in capsys.readouterr().err
    assert ldn([*where, "--as-of", "1"]) == 0
    shutil.rmtree(folder)
    bind(lake, bound_of("r", [ASKED]))
    assert ldn([*where, "--run-id", "r"]) == 21
    assert "it reads version 1 of the lake, not 2" in capsys.readouterr().err


def test_the_newest_run_is_told_by_its_manifest(tmp_path):
    """Names that a scheduler gives say nothing of the time."""
    finished(tmp_path, run_id="b")
    folder = finished(tmp_path, run_id="a")
    assert find_run(tmp_path) == folder


def test_what_a_run_is_bound_to_is_written_as_json(tmp_path):
    bind(tmp_path, bound_of("r", [ASKED]))
    content = json.loads((tmp_path / "runs" / "r" / "run.json").read_text())
    assert Bound.model_validate(content) == bound_of("r", [ASKED])
    assert content["studies"][0]["file"] == "ldn_2013"
