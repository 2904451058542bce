"""What is printed where no DDD was delivered: dispenses, a sentence, and never a 0."""

from __future__ import annotations

import csv
import re

import pytest

from ldn_spark.reporting.console import print_tables
from ldn_spark.reporting.tables import all_tables
from ldn_spark.reporting.units import unknown_doses
from tests.unit.estimates.few_persons import analysed, moments, small_study
from tests.unit.reporting.paper_like import PROVENANCE, plain
from tests.unit.reporting.written import publish

UNKNOWN = [(3, 1, 0, 0, 3, 1), (0, 2, 0, 0, 0, 2), (1, 1, 0, 0, 1, 1), (0, 0, 0, 0, 0, 0)]
KNOWN = [(1, 2, 30, 50, 0, 0), (0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0)]
MIXED = [(4, 3, 30, 50, 3, 1), (0, 2, 0, 0, 0, 2), (1, 1, 0, 0, 1, 1), (0, 0, 0, 0, 0, 0)]
STRATA = ("LDNx1", "LDNx4+")


def results_of(**people):
    return analysed([moments(s, outcome, rows) for s in STRATA for outcome, rows in people.items()])


@pytest.fixture(scope="module")
def none_known():
    return results_of(all=UNKNOWN, N05A=UNKNOWN)


@pytest.fixture(scope="module")
def one_unknown():
    return results_of(all=MIXED, N05A=UNKNOWN, N06A=KNOWN)


def published(results, folder):
    publish(
        results,
        small_study(),
        folder,
        provenance=PROVENANCE,
        study_hash="0f" * 32,
        software_version="0.1.0",
    )
    return folder


def table(results, name, **more):
    return next(one for one in all_tables(small_study(), results, **more) if one.id == name)


def test_a_study_without_ddds_prints_no_dose(none_known, tmp_path):
    names = [one.id for one in all_tables(small_study(), none_known)]
    assert names == [
        *("table1", "table3", "did_users", "trend", "changes", "balance"),
        *("dispenses", "did_dispenses"),
    ]
    assert all_tables(small_study(), none_known, subgroup="women")[-1].id == "did_dispenses"
    folder = published(none_known, tmp_path)
    files = {path.name for path in folder.rglob("*") if path.is_file()}
    assert not files & {"table2.csv", "table4.csv", "did_ddd.csv", "figure2.svg", "figure2.png"}
    page = plain((folder / "report.html").read_text(encoding="utf-8"))
    sentence = (
        "No DDD was delivered; the doses are not estimated, and numbers of dispenses stand in "
        "their place."
    )
    assert page.count(sentence) == 2  # among the key findings and under Dose
    for text in ("Mean dose", "mean dose", "DDD per", "0.0 DDD", "Change in dose", 'id="table2"'):
        assert text not in page
    assert 'id="dispenses"' in page
    assert 'id="did_dispenses"' in page
    assert "the mean number of dispenses changed by 0.00 dispenses per patient" in page
    assert "Dispenses per stratum" in page
    assert "Change in number of dispenses (%)" in page
    words = plain((folder / "results.md").read_text(encoding="utf-8"))
    first = words.split("\n\n")[1]
    assert (
        "(no DDD was delivered). Mean number of dispenses per patient: LDN×1 from 1.00 to" in first
    )
    assert "mean dose" not in words.lower()
    figure = (folder / "figures" / "figure3.svg").read_text(encoding="utf-8")
    assert figure.count("<svg") == 1


def test_dispenses_in_print(none_known):
    rows = {
        (s.key, row.key): row for s in table(none_known, "dispenses").sections for row in s.rows
    }
    assert len(rows) == 4 * 3
    texts = [plain(cell.text) for cell in rows["N05A", "LDNx1"].cells]
    # 4 dispenses of 4 persons before and after; sd of the changes -2 2 0 0 is 1.633, t(3) = 3.182
    assert texts == ["1.00", "1.00", "0.00", "(−2.60 to 2.60)", "1.000"]
    assert [cell.text for cell in rows["N06B", "LDNx1"].cells][-2:] == ["–", "–"]


def test_one_outcome_without_ddds_has_dashes_and_dispenses(one_unknown, tmp_path):
    names = [one.id for one in all_tables(small_study(), one_unknown)]
    assert names[:3] == ["table1", "table2", "table3"]
    assert names[-2:] == ["dispenses", "did_dispenses"]
    doses = table(one_unknown, "table2")
    rows = {(s.key, row.key): row for s in doses.sections for row in s.rows}
    assert {cell.text for cell in rows["N05A", "LDNx1"].cells} == {"–"}
    assert rows["N06A", "LDNx1"].cells[0].text == "7.5"
    assert "no DDD was delivered" in doses.reasons
    note = plain(doses.notes[-1])
    assert note.startswith("Dispenses without a known DDD, counted as users but with no dose: ")
    assert note.endswith(": All 16 (8 before, 8 after), A 16 (8 before, 8 after).")
    assert [s.key for s in table(one_unknown, "dispenses").sections] == ["N05A"]
    assert unknown_doses(small_study(), one_unknown) == (
        "no DDD was delivered for A; these doses are not estimated, and numbers of dispenses stand "
        "in their place"
    )
    folder = published(one_unknown, tmp_path)
    assert (folder / "figures" / "figure2.svg").is_file()
    with (folder / "tables" / "did_ddd.csv").open(encoding="utf-8", newline="") as stream:
        row = next(row for row in csv.DictReader(stream) if row["outcome"] == "N05A")
    assert row["estimate"] == ""
    assert row["not_estimable"] == "no DDD was delivered"


def test_with_every_ddd_nothing_is_said(definition, results):
    assert unknown_doses(definition, results) == ""
    assert "dispenses" not in {one.id for one in all_tables(definition, results)}


def test_the_terminal_shows_dispenses(none_known, capsys):
    from rich.console import Console

    print_tables(Console(width=100), none_known, small_study())
    said = capsys.readouterr().out
    assert re.findall(r"^Table (\d+)\.", said, re.MULTILINE) == ["1", "3", "11"]


def test_one_window_without_ddds_has_dashes_there_alone(tmp_path):
    """The known window is printed; the change is told in dispenses beside it."""
    before_only = [(1, 2, 30, 0, 0, 2), (1, 1, 10, 0, 0, 1), (0,) * 6, (0,) * 6]
    results = results_of(all=before_only, N05A=before_only, N06A=KNOWN)
    doses = table(results, "table2")
    rows = {(s.key, row.key): row for s in doses.sections for row in s.rows}
    assert [c.text for c in rows["N05A", "LDNx1"].cells] == ["10.0", *["–"] * 4]
    assert "in the window after no DDD was delivered" in doses.reasons
    assert doses.notes[-1].endswith(": All 6 (0 before, 6 after), A 6 (0 before, 6 after).")
    assert [s.key for s in table(results, "dispenses").sections] == ["all", "N05A"]
    assert unknown_doses(small_study(), results) == (
        "in the window after no DDD was delivered for All and A; this change in dose is not "
        "estimated, and numbers of dispenses stand beside it"
    )
    folder = published(results, tmp_path)
    text = plain((folder / "results.md").read_text(encoding="utf-8"))
    assert (
        "Doses cannot be compared (in the window after no DDD was delivered). Mean number" in text
    )
    everywhere = results_of(all=before_only, N05A=before_only)
    assert unknown_doses(small_study(), everywhere).startswith("in the window after no DDD was")
