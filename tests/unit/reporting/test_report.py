from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest

from ldn_spark.estimates.analysis import analyse
from ldn_spark.estimates.results import Results
from ldn_spark.reporting.findings import key_findings
from ldn_spark.reporting.methods import methods
from ldn_spark.study.criteria import Criterion
from ldn_spark.study.words import describe
from tests.unit.reporting.paper_like import (
    ATTRITION,
    PROVENANCE,
    changed,
    paper_like_results,
    study_named,
    with_values,
)
from tests.unit.reporting.written import publish

STAMP = {"provenance": PROVENANCE, "study_hash": "0f" * 32, "software_version": "0.1.0"}
STUDIES = ("ldn_2013", "ldn_ibd", "ldn_ms", "ldn_opioids", "ldn_ra", "ldn_thyroid")
VOID = {"meta", "br", "link", "hr", "img"}


class Balance(HTMLParser):
    """Notes tags that are not closed in order, and every attribute that could load something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open, self.faults, self.loads, self.tags = [], [], [], set()
        self.feed(page)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs, closed=True)

    def handle_starttag(self, tag, attrs, closed=False):
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "data") and not value.startswith("#"):
                self.loads.append(value)
        if not closed and tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)


@pytest.fixture(scope="module")
def page(published):
    return (published / "report.html").read_text(encoding="utf-8")


def test_everything_is_written(published):
    names = {path.relative_to(published).as_posix() for path in published.rglob("*.*")}
    tables = [f"table{n}" for n in range(1, 6)]
    tables += ["did_ddd", "did_users", "trend", "changes", "balance"]
    assert names == {
        "report.html",
        "estimates.csv",
        "curves.csv",
        "attrition.csv",
        "results.md",
        "summarised_result.csv",
        *(f"tables/{name}.{ending}" for name in tables for ending in ("csv", "md", "html")),
        *(f"figures/figure{n}.{ending}" for n in range(1, 5) for ending in ("svg", "png")),
    }


def test_publish_tells_what_it_wrote(definition, results, tmp_path):
    written = publish(results, definition, tmp_path / "new", **STAMP)
    assert sorted(written) == sorted(p for p in (tmp_path / "new").rglob("*") if p.is_file())


def test_same_arguments_same_bytes(definition, results, published, tmp_path):
    for path in publish(results, definition, tmp_path, **STAMP):
        assert path.read_bytes() == (published / path.relative_to(tmp_path)).read_bytes(), path


def test_the_page_is_well_formed_and_loads_nothing(page):
    found = Balance(page)
    assert found.faults == []
    assert found.open == []
    assert found.loads == []
    assert "script" not in found.tags
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_the_page_has_no_clock_and_no_engine(page):
    assert not re.search(r"20[2-9]\d-\d\d-\d\d", page)
    for word in ("sail", "Spark local", "run_id"):
        assert word.lower() not in page.lower()


def test_links_of_the_contents_lead_somewhere(page):
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_the_page_says_what_matters(page):
    assert "Restricted: not disclosure-controlled." in page
    assert "0f" * 32 in page
    assert "ldn_spark 0.1.0" in page
    assert "ldn run ldn_2013" in page
    assert "760" in page, "rejected lines of a file"
    assert "b2" * 32 in page
    assert "29\u202f114\u202f022 dispensings of 1\u202f204\u202f551 persons" in page
    assert "Every number of this study could be estimated." in page
    for number in range(1, 11):
        assert f"<strong>Table {number}.</strong>" in page
    for number in range(1, 5):
        assert f"<strong>Figure {number}.</strong>" in page


def test_svg_files_are_xml(published):
    paths = sorted((published / "figures").glob("*.svg"))
    assert [path.stem for path in paths] == ["figure1", "figure2", "figure3", "figure4"]
    for path in paths:
        assert ElementTree.parse(path).getroot().tag.endswith("}svg")


def test_texts_of_the_study_are_escaped(definition, results, tmp_path):
    evil = changed(definition, "title", "<script>alert(1)</script> & <b>bold</b>")
    label = '<img src=x onerror="alert(1)"> (N03A)'
    outcomes = evil.model_dump(mode="json")["outcomes"]
    outcomes[1]["label"] = label
    evil = changed(evil, "outcomes", outcomes)
    broken = with_values(results, {("ddd", "LDNx1", "all", "p"): "<script>why</script>"})
    publish(broken, evil, tmp_path, **{**STAMP, "provenance": {"files": [{"name": "<i>x"}]}})
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    found = Balance(page)
    assert not found.tags & {"script", "img", "b", "i"}
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;bold" in page


def test_what_is_not_estimable_is_listed(definition, results, tmp_path):
    reason = "no variance"
    broken = with_values(
        results, {("ddd", "LDNx1", "lith", name): reason for name in ("ci_low", "ci_high", "p")}
    )
    publish(broken, definition, tmp_path, **STAMP)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "ddd · LDNx1 · Lithium (N05AN)</th><td>no variance</td><td>ci_low, ci_high, p" in page


def test_little_provenance_is_enough(definition, results, tmp_path):
    publish(results, definition, tmp_path, **{**STAMP, "provenance": {}})
    assert (tmp_path / "report.html").is_file()


def test_key_findings_are_sentences(definition, results):
    found = key_findings(definition, results)
    said = [finding.text.replace("\xa0", " ") for finding in found]
    assert said[0].startswith("11\u202f247 patients were included: 3\u202f590 LDN×1")
    assert said[1] == (
        "All examined medicines: the share of users changed by +0.6 percentage points in LDN×1 "
        "and by −3.3 in LDN×4+, a difference-in-differences of 3.8 (95% CI 2.0 to 5.6, "
        "p < 0.001)."
    )
    assert "9 of 16 outcomes differ between LDN×1 and LDN×4+ with p < 0.05, 8 of them" in said[3]
    assert len(found[3].items) == 9


def test_findings_of_nothing(definition):
    found = key_findings(definition, Results((), (), ()))
    assert found[-1].text.endswith("no outcome could be compared between LDN×1 and LDN×4+.")


def test_methods_state_every_choice(definition):
    said = " ".join(text for _, text in methods(definition))
    for choice in (
        "Tango 1998",
        "without continuity correction",
        "Welch",
        "2013-01-01",
        "80%",
        "ldn_products",
        "None: earlier use",
        "takes back the latest dispensing",
        "several dispenses on one day count sep",
    ):
        assert choice in said  # fmt: skip
    other = changed(definition, "statistics.did_mean_variance", "pooled")
    other = changed(other, "strata.same_day", "one_a_day")
    other = changed(other, "exposure.index_event.washout_days", "ever")
    other = changed(other, "returns", "no_dispense")
    said = " ".join(text for _, text in methods(other))
    for choice in ("pooled variance", "count once", "with any LDN before", "is no dispensing"):
        assert choice in said


def test_conditions_in_words():
    leaf = {
        "dispensed": {
            "atc": ["N02A", "N02B"],
            "reimbursement_icpc": ["L88"],
            "at_least": 2,
            "counting": "one_a_day",
            "days": [-365, -1],
        }
    }
    tree = {
        "all": [leaf, {"not": {"any": [{"sex": "M"}, {"age": {"at_least": 18, "at_most": None}}]}}]
    }
    assert describe(Criterion.model_validate(tree)) == (
        "ATC N02A or N02B reimbursed for ICPC-2 L88 dispensed at least twice, counted once a "
        "day, on days −365 to −1 and not (men or age in the index year at least 18)"
    )


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_without_any_patient(name, tmp_path):
    study = study_named(name)
    nobody = analyse(
        study, cohort_moments=[], design_moments=[], daily_moments=[], attrition=ATTRITION
    )
    publish(nobody, study, tmp_path, **STAMP)
    found = Balance((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert found.faults == []


def test_subgroups_have_their_own_tables(tmp_path):
    study = study_named("ldn_ibd")
    whole = paper_like_results(study)
    parts = [paper_like_results(study, subgroup=g.id).estimates for g in study.subgroups]
    both = Results(sum(parts, whole.estimates), whole.curves, whole.attrition)
    publish(both, study, tmp_path, **STAMP)
    assert (tmp_path / "tables/CD/table3.csv").is_file()
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'id="UC-table1"' in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_warnings_stand_in_the_head_and_the_annex_is_folded(definition, results, tmp_path):
    told = {**PROVENANCE, "warnings": ["the stratum LDN×1 has 3 patients, fewer than 5"]}
    publish(results, definition, tmp_path, **{**STAMP, "provenance": told})
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    head, _, rest = page.partition('id="findings"')
    assert "<li>The stratum LDN×1 has 3 patients, fewer than 5.</li>" in head.split("<main>")[1]
    annex = rest.split('id="not-estimable"')[1].split('id="formulas"')[0]
    assert annex.count("<details><summary>") == annex.count("<table")
