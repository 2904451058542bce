"""Delivered lines that are not in the registry: their reasons in flow diagram and report."""

import re
from dataclasses import replace

import pytest

from ldn_spark.estimates.results import TurnedAway
from ldn_spark.lake.versions import FileRecord
from ldn_spark.reporting.figures import canvas
from ldn_spark.reporting.figures.flow import flow_diagram
from ldn_spark.runs.manifest import turned_away
from tests.unit.reporting.paper_like import PROVENANCE, plain
from tests.unit.reporting.test_figures import overhang, texts
from tests.unit.reporting.written import publish


def file_of(rejected, left_out=None, kind="dispensings"):
    out = {**rejected, **(left_out or {})}
    lines = 100 + sum(out.values())
    record = FileRecord(1, "a", 1, "", "s", lines, 100, sum(rejected.values()), rejected, {})
    return replace(record, kind=kind, left_out_by_column=left_out or {})


FILES = [
    file_of({"date_malformed": 3, "blank_line": 700}, {"type": 88}),
    file_of({"period_reversed": 9}, kind="observation_periods"),
    file_of({"date_malformed": 57, "concepts_unmatched": 0}),
]
REASONS = turned_away(FILES)


def test_reasons_of_all_files_add_up():
    assert [(one.kind, one.reason, one.lines) for one in REASONS] == [
        ("dispensings", "blank_line", 700),
        ("dispensings", "left_out", 88),
        ("dispensings", "date_malformed", 60),
        ("observation_periods", "period_reversed", 9),
    ]
    gone = sum(file.lines - file.accepted for file in FILES)
    assert sum(one.lines for one in REASONS) == gone
    assert REASONS[1].meaning.endswith("column type")
    assert turned_away([file_of({})]) == ()


def said_in_figure(definition, results, reasons):
    with canvas.drawing_style():
        figure = flow_diagram(definition, replace(results, turned_away=tuple(reasons)))
        assert overhang(figure) < 0.01
        return plain(" ".join(texts(figure)))


def test_the_flow_diagram_names_the_reasons_of_dispensings(definition, results):
    said = said_in_figure(definition, results, REASONS)
    assert "848 lines turned away" in said
    for reason in ("700: the line is empty", "88: left out by `where` of", "60: the date of"):
        assert reason in said
    assert "9: " not in said.replace("59: ", "")


@pytest.mark.parametrize("number", [0, 1, 6, 7, 30])
def test_of_many_reasons_the_rest_is_counted(definition, results, number):
    reasons = [TurnedAway("dispensings", f"r{n}", f"reason {n}", 1) for n in range(number)]
    said = said_in_figure(definition, results, reasons)
    assert len(re.findall(r"\b1: reason \d+", said)) == (number if number <= 6 else 5)
    assert (f"{number - 5}: {number - 5} other reasons" in said) == (number > 6)


def test_the_report_lists_every_reason_once(definition, results, tmp_path):
    evil = TurnedAway("deaths", "x_unmatched", "the lookup '<b>' does not hold the key", 1_234)
    files = [{**PROVENANCE["files"][0], "left_out": 12}, PROVENANCE["files"][1]]
    found = replace(results, turned_away=(*REASONS, evil))
    stamp = {"study_hash": "0f" * 32, "software_version": "0.1.0"}
    publish(found, definition, tmp_path, provenance={**PROVENANCE, "files": files}, **stamp)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    data = plain(page[page.index('<section id="data">') : page.index('<section id="reproduce">')])
    assert "<b>" not in data
    assert 'The line is empty</th><td>dispensings</td><td class="number">700</td>' in data
    assert "observation periods</td><td" in data
    assert "&lt;b&gt;" in data
    assert '<td>deaths</td><td class="number">1 234</td>' in data
    assert '<th scope="col" class="number">Left out</th>' in data
