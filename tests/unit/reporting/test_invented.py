"""Every table, figure, page and file made of invented data says so; of others, none does."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest
from rich.console import Console

from ldn_spark.invented import SENTENCE
from ldn_spark.reporting.console import print_tables
from tests.unit.reporting.paper_like import PROVENANCE
from tests.unit.reporting.written import publish


@pytest.fixture(scope="module")
def marked(definition, results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("invented")
    publish(
        replace(results, invented=True),
        definition,
        folder,
        provenance={**PROVENANCE, "source": "norpd"},
        study_hash="0f" * 32,
        software_version="0.1.0",
    )
    return folder


def test_every_readable_file_carries_the_mark(marked):
    texts = [path for path in marked.rglob("*") if path.suffix in (".md", ".html", ".svg")]
    assert len(texts) > 20
    assert not [path.name for path in texts if SENTENCE not in path.read_text(encoding="utf-8")]
    page = (marked / "report.html").read_text(encoding="utf-8")
    assert SENTENCE in page.split("<main>")[0]
    assert page.count("<tfoot>") == page.count('<table class="printed"')
    assert all(SENTENCE in foot.split("</tfoot>")[0] for foot in page.split("<tfoot>")[1:])
    assert all(SENTENCE in one.split("</figcaption>")[0] for one in page.split("<figcaption")[1:])
    with (marked / "summarised_result.csv").open(encoding="utf-8", newline="") as stream:
        assert {row["cdm_name"] for row in csv.DictReader(stream)} == {"invented data (norpd)"}


def test_the_terminal_says_it_under_every_table(definition, results, capsys):
    print_tables(Console(width=200), replace(results, invented=True), definition)
    said = capsys.readouterr().out
    assert said.count(SENTENCE) == said.count("\nTable ")


def test_real_data_carry_no_mark(published):
    for path in published.rglob("*"):
        if path.is_file() and path.suffix != ".png":
            assert "nvented data" not in path.read_text(encoding="utf-8")


def test_a_study_says_what_it_replicates(published):
    page = (published / "report.html").read_text(encoding="utf-8")
    assert "Replicates: Raknes G, Småbrekke L. Sci Rep 2019;9:15085" in page
