"""`ldn export`: what it reads, what it refuses, and what it leaves on the disk."""

from __future__ import annotations

import errno
import os

import pytest

from ldn_spark.cli.app import run
from ldn_spark.reporting.publication import analyse_moments
from tests.unit.reporting.publications import small_publication
from tests.unit.runs.run_folders import RUN_ID, write_run

ENDINGS = {"xlsx": "xlsx", "docx": "docx", "latex": "tex", "stata": "dta", "spss": "sav"}


@pytest.fixture
def folder(tmp_path):
    publication = small_publication()
    return write_run(tmp_path / RUN_ID, publication.study, analyse_moments(publication))


@pytest.mark.parametrize("form", ENDINGS)
def test_a_file_of_each_format_is_for_its_owner(folder, tmp_path, form, capsys):
    folder.chmod(0o700)
    target = tmp_path / "new" / f"a.{ENDINGS[form]}"
    before = sorted(folder.iterdir())
    assert run(["export", str(folder), "--format", form, "--out", str(target)]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines() == [str(target)]
    assert "Restricted" in told.err
    assert target.stat().st_mode & 0o777 == 0o600
    assert [target] == sorted(target.parent.iterdir())
    assert sorted(folder.iterdir()) == before


def test_without_a_name_it_lies_in_the_runs_folder_once(folder, capsys):
    assert run(["export", str(folder), "--format", "xlsx"]) == 0
    made = folder / "ldn_2013.xlsx"
    content = made.read_bytes()
    assert run(["export", str(folder), "--format", "xlsx"]) == 21
    assert made.read_bytes() == content
    assert run(["show", str(folder)]) == 0


def spoilt(folder):
    path = folder / "estimates.csv"
    path.write_bytes(path.read_bytes().replace(b"135", b"136").replace(b"3", b"4", 1))


REFUSED = {
    "no such run": (lambda f: None, ["{f}/nowhere", "--format", "xlsx"], 2, "no such folder"),
    "not a run": (lambda f: (f / "manifest.json").unlink(), ["{f}"], 3, "no finished run"),
    "damaged manifest": (lambda f: (f / "manifest.json").write_text("{"), ["{f}"], 3, "manifest"),
    "damaged numbers": (spoilt, ["{f}"], 3, "estimates.csv"),
    "unknown format": (lambda f: None, ["{f}", "--format", "pdf"], 2, "pdf"),
    "another ending": (lambda f: None, ["{f}", "--out", "{f}/a.docx"], 2, "the format docx"),
    "a folder": (lambda f: (f / "x").mkdir(), ["{f}", "--out", "{f}/x"], 21, "is a folder"),
    "a file above": (
        lambda f: None,
        ["{f}", "--out", "{f}/estimates.csv/new/a.xlsx"],
        21,
        "is no folder",
    ),
    "no template": (
        lambda f: None,
        ["{f}", "--format", "docx", "--template", "{f}/t.docx"],
        2,
        "no such file",
    ),
    "a template that is none": (
        lambda f: None,
        ["{f}", "--format", "docx", "--template", "{f}/estimates.csv"],
        2,
        "is no Word document",
    ),
    "a template of Excel": (
        lambda f: None,
        ["{f}", "--template", "{f}/estimates.csv"],
        2,
        "a template is of Word",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_told_and_writes_nothing(folder, case, capsys):
    spoil, arguments, code, said = REFUSED[case]
    spoil(folder)
    before = sorted(folder.rglob("*"))
    given = [one.format(f=folder) for one in arguments]
    if "--format" not in given:
        given += ["--format", "xlsx"]
    assert run(["export", *given]) == code
    told = " ".join(capsys.readouterr().err.split())
    assert said in told
    assert "Traceback" not in told
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("step", ["fsync", "link"])
def test_a_full_disk_leaves_nothing_behind(folder, tmp_path, step, monkeypatch, capsys):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, step, full)
    target = tmp_path / "out" / "a.xlsx"
    assert run(["export", str(folder), "--format", "xlsx", "--out", str(target)]) == 30
    assert f"{target}: No space left" in capsys.readouterr().err
    assert list(target.parent.iterdir()) == []
