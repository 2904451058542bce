"""`moments.json` gives the same files again, alone, and a damaged one is told."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from typer.testing import CliRunner

from ldn_spark import __version__
from ldn_spark.cli.app import app, run
from ldn_spark.errors import ResultsError
from ldn_spark.papers.values import Published, PublishedValue
from ldn_spark.reporting.moments_file import MOMENTS, moments_json, read_moments
from ldn_spark.reporting.publication import make_here
from ldn_spark.runs.folder import write_files, write_manifest
from ldn_spark.study.inputs import InputFile
from ldn_spark.texts.restricted import RESTRICTED
from ldn_spark.texts.sealed import sealed
from tests.unit.reporting.publications import small_publication
from tests.unit.runs.run_folders import manifest_of

VALUE = PublishedValue(2, "Table 1", "cohort", "LDNx1", "", "persons", "3")
PAPER = Published((VALUE,), InputFile("published values", "", "p.csv", "0f" * 32, is_given=True))


@pytest.fixture(scope="module")
def publication():
    return replace(small_publication(), published=PAPER, software_version=__version__)


@pytest.fixture(scope="module")
def files(publication):
    return make_here(publication)().contents


@pytest.fixture
def folder(tmp_path, publication, files):
    """Of a finished run."""
    write_files(tmp_path / "run", files)
    write_manifest(tmp_path / "run", manifest_of(publication.study, "run"), ())
    (tmp_path / "run").chmod(0o700)
    return tmp_path / "run"


def test_what_is_read_is_what_was_written(publication, files):
    assert "compare.csv" in files
    again = read_moments(files[MOMENTS], MOMENTS)
    assert moments_json(again) == files[MOMENTS]
    assert again.study == publication.study
    assert again.attrition == tuple(publication.attrition)
    assert list(again.others) == list(publication.others)


def test_no_order_batch_or_type_of_a_number_shows(publication, files):
    shuffled = {
        table: Random(3).sample(
            [
                {n: Decimal(v) if isinstance(v, int) and n == "xx" else v for n, v in row.items()}
                | {"set": 7}
                for row in rows
            ],
            len(rows),
        )
        for table, rows in publication.moments.items()
    }
    assert moments_json(replace(publication, moments=shuffled)) == files[MOMENTS]


def test_large_sums_keep_every_digit(publication):
    moments = dict(publication.moments)
    last = dict(moments["daily_moments"][-1], step_sum_squares=Decimal(10**37 + 1))
    moments["daily_moments"] = [*moments["daily_moments"][:-1], last]
    found = read_moments(moments_json(replace(publication, moments=moments)), MOMENTS)
    assert 10**37 + 1 in [row["step_sum_squares"] for row in found.moments["daily_moments"]]


@pytest.mark.parametrize("of", ["run", "file"])
def test_republish_gives_the_files_of_the_run(folder, files, tmp_path, of, caplog):
    source = folder if of == "run" else tmp_path / "elsewhere.json"
    if of == "file":
        source.write_bytes(files[MOMENTS])
    result = CliRunner().invoke(app, ["republish", str(source), "--into", str(tmp_path / "new")])
    assert result.exit_code == 0, result.output
    made = {
        path.relative_to(tmp_path / "new").as_posix(): path.read_bytes()
        for path in (tmp_path / "new").rglob("*")
        if path.is_file()
    }
    assert made == files
    assert "as the run wrote it" not in caplog.text
    assert (tmp_path / "new").stat().st_mode & 0o77 == 0


def changed(content, change):
    found = json.loads(content)
    change(found)
    found.pop("sha256", None)
    return json.dumps(sealed(found)).encode()


DAMAGED = {
    "cut off": (lambda text: text[:-200], "is no moments.json of a run"),
    "another file": (lambda text: b'{"run_id": "x"}', "it holds no moments"),
    "a number changed": (lambda text: text.replace(b"5000,", b"5001,"), "its checksum differs"),
    "a fraction": (
        lambda text: changed(text, lambda f: _row(f).__setitem__(2, 3.5)),
        "has other keys",
    ),
    "another format": (lambda text: changed(text, lambda f: f.update(format=2)), "format"),
    "a row cut": (lambda text: changed(text, lambda f: _row(f).pop()), "lacks a column"),
    "other columns": (
        lambda text: changed(text, lambda f: _table(f)["columns"].reverse()),
        "other columns in cohort_moments",
    ),
    "a cohort too many": (
        lambda text: changed(
            text, lambda f: f["cohorts"].append(dict(f["cohorts"][0], exposure="stranger"))
        ),
        "other cohorts than its study",
    ),
}


def _table(found):
    return found["cohorts"][0]["tables"]["cohort_moments"]


def _row(found):
    return _table(found)["rows"][0]


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_is_told_without_its_numbers(files, damage):
    spoil, said = DAMAGED[damage]
    with pytest.raises(ResultsError) as told:
        read_moments(spoil(files[MOMENTS]), "here/moments.json")
    assert said in str(told.value)
    assert "here/moments.json" in str(told.value)
    assert "5001" not in str(told.value)


def test_a_folder_that_holds_something_is_left_alone(folder, tmp_path, capsys):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("")
    assert run(["republish", str(folder), "--into", str(tmp_path / "full")]) == 21


def test_a_run_whose_moments_changed_is_refused(folder, tmp_path, capsys):
    text = (folder / MOMENTS).read_bytes()
    (folder / MOMENTS).write_bytes(text.replace(b"5000,", b"5001,"))
    assert run(["republish", str(folder), "--into", str(tmp_path / "new")]) == 3
    assert not (tmp_path / "new").exists()


def test_every_file_for_people_begins_with_the_mark(files):
    texts = {name for name in files if name.endswith((".md", ".html"))}
    assert len(texts) > 10
    for name in texts:
        assert RESTRICTED in files[name].decode().splitlines()[0], name
    figures = [name for name in files if name.endswith(".svg")]
    assert figures
    for name in figures:
        assert f"<desc>{RESTRICTED}</desc>" in files[name].decode(), name
    assert json.loads(files[MOMENTS])["restricted"] == RESTRICTED
