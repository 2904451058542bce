from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from ldn_spark.cli import compare as commands
from ldn_spark.cli.options import add_command
from ldn_spark.errors import ResultsError, UsageError
from ldn_spark.reporting.result_files import attrition_csv, curves_csv, estimates_csv
from ldn_spark.runs.folder import write_manifest
from ldn_spark.texts.restricted import RESTRICTED
from tests.unit.papers.honest import DATA
from tests.unit.papers.registry import PAPER
from tests.unit.runs.run_folders import manifest_of

app = typer.Typer()
add_command(app, commands.compare)
add_command(app, commands.audit)


@pytest.fixture
def run_folder(tmp_path, study, results):
    (tmp_path / "estimates.csv").write_text(estimates_csv(results), encoding="utf-8")
    (tmp_path / "curves.csv").write_text(curves_csv(results), encoding="utf-8")
    (tmp_path / "attrition.csv").write_text(attrition_csv(results), encoding="utf-8")
    write_manifest(tmp_path, manifest_of(study), ())
    return tmp_path


def test_compare_writes_into_the_run_and_leaves_its_manifest(run_folder):
    before = (run_folder / "manifest.json").read_bytes()
    done = CliRunner().invoke(app, ["compare", str(run_folder), "--published", str(PAPER)])
    assert done.exit_code == 0, done.output
    assert "515 of 542 published values are equal" in done.output
    assert len((run_folder / "compare.csv").read_text().splitlines()) == 543
    assert (
        (run_folder / "compare.html")
        .read_text()
        .startswith(f"<!-- {RESTRICTED} -->\n<!DOCTYPE html>")
    )
    assert (run_folder / "manifest.json").read_bytes() == before


def test_compare_finds_the_values_of_a_study_that_comes_with_the_project(run_folder):
    done = CliRunner().invoke(app, ["compare", str(run_folder)])
    assert done.exit_code == 0, done.output
    assert "27 cannot come from any data" in done.output


def test_compare_refuses_a_folder_that_is_no_run(tmp_path):
    done = CliRunner().invoke(app, ["compare", str(tmp_path)])
    assert isinstance(done.exception, ResultsError)


def test_audit_prints_and_writes_what_it_finds(tmp_path):
    study, table = DATA / "small_study.yaml", DATA / "small_published.csv"
    arguments = ["audit", str(table), "--study", str(study), "--out", str(tmp_path / "new")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "No contradiction" in done.output
    assert (tmp_path / "new" / "audit.csv").read_text().count("\n") == 1
    assert "No contradiction" in (tmp_path / "new" / "audit.html").read_text()


@pytest.mark.parametrize("name", ["ldn_2013", "ldn_2013_published.csv", str(PAPER)])
def test_published_values_by_name_or_file(name):
    done = CliRunner().invoke(app, ["audit", name])
    assert done.exit_code == 0, done.output
    assert "27 printed values impossible" in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ldn_ms", "study ldn_ms: no published values come with it; give a file of them; studies "),
        ("gone.csv", "gone.csv: no such file"),
        ("gone/ldn_2013", "gone/ldn_2013: no such file"),
    ],
)
def test_published_values_that_are_not_there(name, said):
    done = CliRunner().invoke(app, ["audit", name])
    assert isinstance(done.exception, UsageError)
    assert str(done.exception).startswith(said)
