"""Further pairs of windows: a design is what a study with these windows would be."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from ldn_spark.errors import ConfigError
from ldn_spark.reporting.contents import contents
from ldn_spark.reporting.figures.draw import DrawnFigure
from ldn_spark.reporting.figures.registry import figure_ids
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.texts.documents import content_hash, find_document, read_document
from tests.unit.estimates.few_persons import analysed, moments, small_study
from tests.unit.reporting.paper_like import changed

GAP = {"id": "gap", "label": "30 days apart", "before": [-365, -31], "after": [30, 364]}
PEOPLE = [(2, 0, 30, 0, 0, 0), (1, 2, 20, 50, 0, 0), (0, 1, 0, 10, 0, 0), (3, 3, 5, 5, 0, 0)]
FEWER = [(1, 0, 10, 0, 0, 0), (1, 1, 20, 20, 0, 0), (0, 0, 0, 0, 0, 0), (3, 3, 5, 5, 0, 0)]


def found(study, main, other=()):
    rows = [moments(s, "N05A", main) for s in ("LDNx1", "LDNx4+")]
    rows += [moments(s, "N05A", other) | {"design": "gap"} for s in ("LDNx1", "LDNx4+") if other]
    return analysed(rows, study=study)


@pytest.fixture(scope="module")
def study():
    return changed(small_study(), "designs", [GAP])


def test_a_study_without_designs_is_what_it_was():
    study = small_study()
    assert "designs" not in study.model_dump()
    assert content_hash(study) == content_hash(changed(study, "designs", []))
    assert content_hash(study) != content_hash(changed(study, "designs", [GAP]))


def test_the_numbers_of_a_design_are_those_of_a_study_with_its_windows(study):
    both, alone = found(study, PEOPLE, FEWER), found(study.as_design("gap"), FEWER)
    assert both.estimates == found(small_study(), PEOPLE).estimates
    compared = [one for one in alone.estimates if one.table not in ("cohort", "baseline")]
    mine = [one for one in both.of_design("gap").estimates if one.table != "cohort"]
    assert mine == compared
    assert both.value("users@gap", "LDNx1", "N05A", "users_after") == 2


def test_a_design_has_its_tables_in_files_and_on_the_page(study):
    results = found(study, PEOPLE, FEWER)
    stamp = {"provenance": {}, "study_hash": "0" * 64, "software_version": "1"}
    names = figure_ids(study, results)
    undrawn = tuple(DrawnFigure(name, name, "", "", b"<svg ></svg>", b"") for name in names)
    files = contents(results, study, **stamp, ahead=undrawn)
    table = files["tables/gap/table3.md"].decode()
    assert "days −365 to −31" in table
    assert "Table 3, 30 days apart" in table
    assert not any(name.startswith("tables/gap/table1") for name in files)
    page = files["report.html"].decode()
    windows = page[page.index('<section id="other-windows">') :].partition("</section>")[0]
    links = set(re.findall(r'class="formula" href="#([^"]+)"', windows))
    annex = page[page.index('<section id="formulas">') :]
    assert {"users.ci_low", "did_users.estimate"} <= links
    assert links <= set(re.findall(r'<tr id="([^"]+)"', annex))
    assert "30 days apart (before: days −365 to −31; after: days 30 to 364)" in page
    rows = list(csv.DictReader(io.StringIO(files["summarised_result.csv"].decode())))
    of_gap = {
        r["result_id"]
        for r in rows
        if (r["estimate_name"], r["estimate_value"]) == ("design", "gap")
    }
    assert len(of_gap) == 9
    assert of_gap < {row["result_id"] for row in rows}


@pytest.mark.parametrize(
    ("designs", "says"),
    [
        ([GAP, GAP], "design 'gap' occurs twice"),
        ([GAP | {"id": "main"}], "'main' is the name of the study's own windows"),
        ([GAP | {"id": "overall"}], "take another id"),
        ([GAP | {"id": "women"}], "'women' is the id of a subgroup and of a design"),
        ([GAP | {"after": [-40, 30]}], "the windows overlap"),
        ([GAP | {"lag": 1}], "unknown key"),
    ],
)
def test_a_design_that_cannot_be(tmp_path, designs, says):
    path = tmp_path / "study.yaml"
    text = find_document("ldn_2013", "studies").read_text(encoding="utf-8")
    women = "subgroups: [{id: women, label: Women, keep_if: {sex: F}}]"
    assert "subgroups: []" in text
    text = text.replace("subgroups: []", women)
    path.write_text(f"{text}\ndesigns: {json.dumps(designs)}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        read_document(path, StudyDefinition)
