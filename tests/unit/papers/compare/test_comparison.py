from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from rich.console import Console

from ldn_spark.estimates.results import Results
from ldn_spark.papers.audit.auditing import audit
from ldn_spark.papers.compare.comparison import DIFFERS, EQUAL, IMPOSSIBLE, compare
from ldn_spark.papers.compare.console import print_audit, print_comparison
from ldn_spark.papers.compare.files import audit_csv, audit_html, compare_csv, compare_html, page
from ldn_spark.papers.values import Published
from tests.unit.papers.audit.test_audit_paper import IMPOSSIBLE as IMPOSSIBLE_CELLS
from tests.unit.papers.honest import honest_results, honest_table, small_study


def test_a_registry_that_satisfies_the_paper_gives_515_of_542_values(comparison):
    assert comparison.total == {EQUAL: 515, IMPOSSIBLE: 27}
    assert {row.published.key for row in comparison.unequal} == IMPOSSIBLE_CELLS
    assert comparison.totals()["Table 3"] == {EQUAL: 168}
    assert comparison.totals()["Table 4"] == {EQUAL: 126, IMPOSSIBLE: 18}


def test_every_value_that_is_not_equal_has_a_reason_and_no_other(comparison):
    for row in comparison.rows:
        assert bool(row.reason) == (row.verdict != EQUAL)


def row_of(comparison, *key):
    return next(row for row in comparison.rows if row.published.key == key)


def test_a_cell_of_an_impossible_row_is_impossible_even_if_it_agrees(comparison):
    row = row_of(comparison, "ddd", "LDNx2-3", "zhyp", "p")
    assert (row.published.text, row.computed, row.verdict) == ("<0.001", "<0.001", IMPOSSIBLE)
    assert row.reason.startswith("the computed value happens to agree")


@pytest.mark.parametrize(
    ("key", "computed"),
    [
        (("ddd", "LDNx1", "all", "mean_before"), "225.8"),
        (("users", "LDNx1", "zhyp", "p"), "0.059"),
        (("did_users", "LDNx1-LDNx4+", "N06A", "p"), "0.001"),
        (("users", "LDNx4+", "N06A", "relative_change"), "-11"),
        (("ddd", "overall", "gabapre", "share_of_N03A"), "73"),
        (("users", "overall", "all", "fills_before"), "57951"),
        (("design", "overall", "", "patient_months"), "269928"),
        (("design", "overall", "", "first_observation"), "2012-01-02"),
        (("design", "overall", "", "last_observation"), "2014-12-30"),
    ],
)
def test_the_computed_value_is_printed_as_the_published_one(comparison, key, computed):
    assert row_of(comparison, *key).computed == computed


def test_only_the_study_s_interval_gives_every_limit(comparison):
    rivals = {rival.method: rival for rival in comparison.rivals}
    assert set(rivals) == {"wald", "wald_corrected", "agresti_min", "bonett_price", "newcombe10"}
    for rival in rivals.values():
        (lost,) = rival.lost
        assert lost.published.key == ("users", "LDNx1", "N05C", "ci_high")
        assert (lost.published.text, lost.computed) == ("2.1", "2.0")


def test_values_that_differ_or_are_missing_say_why(published, results, study):
    other = tuple(
        estimate
        for estimate in results.estimates
        if (estimate.table, estimate.quantity) != ("users", "users_before")
    )
    found = compare(published, Results(other, (), ()), study)
    row = row_of(found, "users", "LDNx1", "N05A", "users_before")
    assert (row.verdict, row.computed) == (DIFFERS, "")
    assert row.reason == "not among the estimates of this run"
    assert found.total == {EQUAL: 494, DIFFERS: 21, IMPOSSIBLE: 27}


def test_an_empty_run_differs_everywhere_it_could_agree(published, study):
    found = compare(published, Results((), (), ()), study)
    assert found.total == {DIFFERS: 515, IMPOSSIBLE: 27}
    assert found.rivals == ()


def test_what_cannot_be_estimated_says_why():
    study = small_study()
    table = honest_table(study, honest_results(study, 7, (40, 25)))
    nobody = honest_results(study, 7, (0, 0))
    reasons = {row.reason for row in compare(table, nobody, study).unequal}
    assert any(reason.startswith("not estimable: ") for reason in reasons)


def test_an_honest_table_equals_its_own_results():
    study = small_study()
    results = honest_results(study, 11, (90, 70))
    found = compare(honest_table(study, results), results, study)
    assert found.unequal == ()


def test_a_contradiction_of_the_paper_explains_a_difference():
    study = small_study()
    results = honest_results(study, 11, (90, 70))
    table = honest_table(study, results)
    key = ("ddd", "few", "N05A", "mean_difference")
    wrong = Published(tuple(replace(v, text="99.9") if v.key == key else v for v in table.values))
    row = row_of(compare(wrong, results, study), *key)
    assert row.verdict == DIFFERS
    assert "the paper contradicts itself here" in row.reason


def test_the_csv_has_one_line_per_value(comparison):
    rows = list(csv.DictReader(io.StringIO(compare_csv(comparison))))
    assert len(rows) == 542
    assert list(rows[0])[:8] == [
        "table", "stratum", "outcome", "quantity", "published", "computed", "verdict", "reason",
    ]  # fmt: skip
    assert rows[0] | {"place": "Table 2"} == {
        "table": "ddd", "stratum": "LDNx1", "outcome": "all", "quantity": "mean_before",
        "published": "225.8", "computed": "225.8", "verdict": "equal", "reason": "",
        "place": "Table 2",
    }  # fmt: skip


def test_the_page_needs_nothing_but_itself(comparison):
    html = page(compare_html(comparison, "Paper & run"), title="Paper & run", style="p {}")
    assert "515 of 542 published values are equal" in html
    assert "Paper &amp; run" in html
    assert html.count("&lt;0.001") > 10
    assert "http" not in html
    assert "<script" not in html


def test_the_terminal_shows_totals_reasons_and_rivals(comparison):
    console = Console(width=110, record=True, file=io.StringIO())
    print_comparison(console, comparison)
    text = " ".join(console.export_text().split())
    assert "515 of 542 published values are equal, 0 differ, 27 cannot come from any data." in text
    assert "The interval wald would lose 1 cell: users LDNx1 N05C ci_high 2.1" in text
    assert "11247 x 24 = 269928" in text


def test_an_audit_is_written_and_shown(published, study):
    findings = audit(published, study)
    rows = list(csv.DictReader(io.StringIO(audit_csv(findings))))
    assert len(rows) == len(findings) == 14
    assert rows[0]["impossible_cells"] == "design overall patient_months"
    html = audit_html(findings, "Audit")
    assert html.count("<tr>") == 15
    console = Console(width=110, record=True, file=io.StringIO())
    print_audit(console, findings)
    assert "12 contradictions, which make 27 printed values impossible; 2 notes." in " ".join(
        console.export_text().split()
    )


def test_a_table_without_contradiction_says_so():
    console = Console(width=110, record=True, file=io.StringIO())
    print_audit(console, [])
    assert "No contradiction" in console.export_text()
