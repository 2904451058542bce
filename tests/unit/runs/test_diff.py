"""Two runs, one against the other: what differs is named, and nothing else."""

from __future__ import annotations

import csv
import io

import pytest

from ldn_spark.cli.app import run as ldn
from ldn_spark.runs.folder import write_manifest
from tests.unit.runs.run_folders import manifest_of

HEADER = "table,stratum,outcome,quantity,value,status,reason\n"
OLD = HEADER + "cohort,all,,persons,135,ok,\nusers,all,bz,p,0.25,ok,\nusers,all,bz,t,1.5,ok,\n"
NEW = (
    HEADER + "cohort,all,,persons,137,ok,\nusers,all,bz,p,,undefined,nobody\nusers,all,bz,q,7,ok,\n"
)


@pytest.fixture
def run(tmp_path, definition):
    def write(name, estimates, version=1, study=definition.id, **keys):
        folder = tmp_path / definition.id / name
        folder.mkdir(parents=True)
        if study != definition.id:
            estimates += "users,all,other,p,0.5,ok,\n"
        (folder / "estimates.csv").write_text(estimates)
        said = manifest_of(definition, name)
        said["study"]["definition"] |= keys
        said["study"]["id"] = study
        write_manifest(folder, {**said, "input": {"lake_version": version}}, ())
        return str(folder)

    return write


def test_equal_runs(run, capsys):
    old, new = run("a", OLD), run("b", OLD, version=2)
    assert ldn(["diff", old, new]) == 0
    out = capsys.readouterr().out
    assert out == "lake version: 1 → 2\nEvery result file is the same.\n"


def test_numbers_that_differ(run, capsys):
    old, new = run("a", OLD), run("b", NEW, title="Another")
    assert ldn(["diff", old, new, "--csv"]) == 12
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(one["quantity"], one["old"], one["new"], one["difference"]) for one in rows] == [
        ("persons", "135", "137", "2"),
        ("p", "0.25", "undefined nobody", ""),
        ("t", "1.5", "", ""),
        ("q", "", "7", ""),
    ]
    assert ldn(["diff", old, new]) == 12
    out = capsys.readouterr().out
    assert "study file: other title" in out
    assert "4 numbers differ; files that differ: estimates.csv" in out
    assert "  cohort · all · persons: 135 → 137 (+2)" in out
    assert "  users · all · bz · t: 1.5 → not there" in out


def test_runs_of_two_studies_are_compared_in_what_both_have(run, capsys):
    old, new = run("a", OLD), run("b", NEW, study="ldn_ms")
    assert ldn(["diff", old, new]) == 12
    found = capsys.readouterr()
    assert "The runs are of two studies, ldn_2013 and ldn_ms: rows that both have are" in found.out
    assert "outcomes of ldn_ms alone: other" in found.out
    assert "2 numbers differ\n" in found.out
    assert "not there" not in found.out
    assert "study file" not in found.out
    assert ldn(["diff", old, new, "--csv"]) == 12
    found = capsys.readouterr()
    assert len(found.out.splitlines()) == 3
    assert "The runs are of two studies" in found.err


def test_a_run_that_is_none_or_damaged(run, tmp_path, capsys):
    old, new = run("a", OLD), run("b", NEW)
    assert ldn(["diff", old, str(tmp_path / "none")]) == 2
    (tmp_path / "x").mkdir()
    assert ldn(["diff", old, str(tmp_path / "x")]) == 3
    with open(f"{new}/estimates.csv", "a") as stream:
        stream.write("more")
    assert ldn(["diff", old, new]) == 3
    assert "estimates.csv: has" in capsys.readouterr().err
