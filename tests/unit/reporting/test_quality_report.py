"""Sheets, findings and page of a quality report from assessments made by hand."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from ldn_spark.quality.amounts import DDD_RULES, Amounts
from ldn_spark.quality.assessment import Assessment, FileAccount, People, Repeated, StudyQuality
from ldn_spark.quality.atc import atc_rows
from ldn_spark.quality.coverage import Coverage, Extract
from ldn_spark.quality.hits import Hits
from ldn_spark.quality.volume import Month, months_of
from ldn_spark.reporting.quality.findings import findings, flagged_codes
from ldn_spark.reporting.quality.publish import publish_quality
from ldn_spark.reporting.quality.sheets import all_sheets, codes_sheet, coverage_sheet

YEARS = (2012, 2014)


def assessment(**changes):
    """A lake with nothing to find; parts of it are replaced."""
    plain = Amounts(700, 0, 0, 0, 0, 21_000_000_000, 30_000_000, 30_000_000, (2012, 1), (2014, 12))
    content = {
        "version": 3,
        "files": (FileAccount(1, "a.txt", "dispensings", "norpd", 700, 700, 0, 0, 0, {}),),
        "explanations": {"atc_malformed": "the ATC code is not one"},
        "extract": Extract(date(2012, 1, 1), date(2014, 12, 31), frozenset()),
        "whole": plain,
        "atc": atc_rows({"N06AB03": plain}),
        "months": months_of({(2012, month): 58 for month in range(1, 13)}),
        "people": People(70, 0, 0, 0, 0, 0),
        "studies": (),
        "repeated": None,
    }
    return Assessment(**(content | changes))


def covered(persons, before=0, after=0, gap=0, uncovered=0, observed=None):
    span = (date(2013, 1, 1), date(2013, 12, 31)) if persons else (None, None)
    return Coverage((-365, 364), persons, *span, before, after, gap, uncovered, observed)


def study(coverage, hits=()):
    return StudyQuality("a_study", "A study", coverage, (), tuple(hits))


# persons, begins too late, ends too early, month missing, not covered, observed, not observed
MASKED = {
    "nothing small": (covered(100, 10, 20, 0, 30, 40), ("100", "10", "20", "0", "30", "40", "60")),
    "a small part hides the union": (
        covered(100, 3, 20, 0, 23), ("100", "<5", "20", "0", ">=20", "", ""),
    ),
    "a small union": (covered(100, 0, 3, 0, 3), ("100", "0", "<5", "0", "<5", "", "")),
    "all but a few": (covered(100, 97, 0, 0, 97), ("100", "all but <5", "0", "0", "all but <5",
                                                   "", "")),
    "few are observed": (covered(100, observed=3), ("100", "0", "0", "0", "0", "<5", "all but <5")),
    "few are not": (covered(100, observed=97), ("100", "0", "0", "0", "0", "all but <5", "<5")),
    "all are observed": (covered(100, observed=100), ("100", "0", "0", "0", "0", "100", "0")),
    "few persons": (covered(4, 4, 0, 0, 4, 4), ("<5", "<5", "0", "0", "<5", "<5", "0")),
    "nobody": (covered(0), ("0", "0", "0", "0", "0", "", "")),
}  # fmt: skip


@pytest.mark.parametrize("case", MASKED)
def test_few_persons_are_not_counted(case):
    coverage, expected = MASKED[case]
    (row,) = coverage_sheet([study(coverage)], assessment()).rows
    assert row[7:] == expected
    dates = ("2013-01-01", "2013-12-31") if coverage.persons >= 5 else ("", "")
    assert row[5:7] == dates, "the first of few persons is a person"


def test_few_dispensings_of_a_code_are_not_counted():
    hits = [
        Hits("outcome", "a", "", YEARS, 3 + 40), Hits("outcome", "a", "N03", YEARS, 3),
        Hits("outcome", "a", "N05", YEARS, 40), Hits("outcome", "b", "", YEARS, 2),
        Hits("outcome", "b", "N06", YEARS, 2), Hits("outcome", "c", "", YEARS, 0),
        Hits("outcome", "c", "N07", YEARS, 0), Hits("product", "list", "990000", YEARS, 4, False),
        Hits("product", "list", "971001", YEARS, 30), Hits("exposure", "LDN", "N07", YEARS, 36),
    ]  # fmt: skip
    rows = codes_sheet([study(covered(100), hits)]).rows
    assert [row[6:] for row in rows] == [
        (">=40", ""), ("<5", ""), ("40", ""), ("<5", ""), ("<5", ""), ("0", "finds nothing"),
        ("0", "finds nothing"), ("<5", "not in the codelist"), ("30", ""), (">=32", ""),
    ]  # fmt: skip


def texts(**changes):
    return [finding.text for finding in findings(assessment(**changes))]


def test_nothing_stands_out():
    assert texts() == []
    assert texts(studies=(study(covered(100)),), repeated=(Repeated(2012, 700, 0, 0),)) == []


FILE = FileAccount(2, "b.txt", "dispensings", "norpd", 1000, 949, 51, 0, 0, {})
NO_DDD = Amounts(100, 11, 0, 0, 0, 1, 1, 1, (2012, 1), (2012, 12))

FINDINGS = {
    "many lines rejected": (
        {"files": (FILE,)},
        ["b.txt: 5.1 % of the lines are rejected (51 of 1 000)."],
    ),
    "a file without lines": (
        {"files": (FileAccount(2, "c.txt", "persons", "norpd", 0, 0, 0, 0, 0, {}),)},
        ["c.txt: holds no line."],
    ),
    "months": (
        {"months": tuple(Month(2012, m, 0, Fraction(9), "gap") for m in range(1, 9))},
        ["No dispensing at all in 2012-01, 2012-02, 2012-03, 2012-04, 2012-05, 2012-06 "
         "and 2 more."],
    ),
    "DDDs": (
        {"whole": NO_DDD, "atc": atc_rows({"N06AB03": NO_DDD, "N06AB04": NO_DDD})},
        ["11.0 % of the dispensings have no DDD.",
         "2 codes have DDDs that do not look right: N06AB03, N06AB04."],
    ),
    "few contradictions": (
        {"people": People(70, 3, 12, 0, 0, 0)},
        ["<5 persons have contradictory sexes, kept as unknown.",
         "12 persons have contradictory birth years, kept as unknown."],
    ),
    "nobody starts": (
        {"studies": (study(covered(0)),)}, ["a_study: nobody has an index date."],
    ),
    "an extract too short for some": (
        {"studies": (study(covered(1200, 3, 1000, 0, 1003)),)},
        ["a_study: ≥1 000 of 1 200 persons have days around their index date that the "
         "extract does not cover."],
    ),
    "codes that find nothing": (
        {"studies": (study(covered(100), [
            Hits("outcome", "a", "", YEARS, 0), Hits("outcome", "a", "N03", YEARS, 0),
            Hits("product", "list", "990000", YEARS, 0, False)]),)},
        ["a_study: 1 code finds nothing: a N03."],
    ),
    "no dispensing": (
        {"whole": None, "extract": None, "atc": (), "months": ()},
        ["The lake holds no dispensing."],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FINDINGS)
def test_what_stands_out(case, tmp_path):
    changes, expected = FINDINGS[case]
    assert [text.replace("\u202f", " ") for text in texts(**changes)] == expected
    publish_quality(assessment(**changes), tmp_path / "q")  # and every case makes a page
    page = (tmp_path / "q" / "quality.html").read_text(encoding="utf-8")
    for text in expected:
        assert text.replace("<", "&lt;") in page.replace("\u202f", " ")


def test_codes_with_nothing_but_a_huge_line_come_last():
    huge = replace(NO_DDD, ddd_missing=0, ddd_huge=1, dispensings=9000, micro=9000 * 30_000_000)
    rows = atc_rows({"N06AB03": huge, "N06AB04": NO_DDD, "N06AB05": replace(huge, ddd_missing=8999),
                     "N06AB06": replace(NO_DDD, dispensings=101)})  # fmt: skip
    chosen = flagged_codes(rows, DDD_RULES)
    assert [row.atc for row in chosen] == ["N06AB05", "N06AB06", "N06AB04", "N06AB03"]


def test_every_table_is_a_file_and_reasons_are_in_words(tmp_path):
    bad = FileAccount(
        7, "a <b>.txt", "persons", "norpd", 9, 7, 2, 1, 4,
        {("rejected", "atc_malformed"): 2, ("repaired", "atc_upper"): 1, ("noted", "x_y"): 3},
    )  # fmt: skip
    found = assessment(files=(bad,), repeated=(Repeated(2012, 800, 3, 1),))
    written = publish_quality(found, tmp_path / "q")
    assert {path.name for path in written} == {path.name for path in (tmp_path / "q").iterdir()}
    for sheet in all_sheets(found):
        with (tmp_path / "q" / f"{sheet.id}.csv").open(encoding="utf-8", newline="") as stream:
            assert tuple(map(tuple, list(csv.reader(stream))[1:])) == sheet.rows
    accounting = (tmp_path / "q" / "accounting.csv").read_text(encoding="utf-8")
    assert "7,a <b>.txt,persons,norpd,rejected,atc_malformed,2,the ATC code is not one\n" in (
        accounting
    )
    assert ",noted,x_y,3,x y\n" in accounting
    assert ",replaced,,4,\n" in accounting
    page = (tmp_path / "q" / "quality.html").read_text(encoding="utf-8")
    assert "the ATC code is not one" in page
    assert "<b>" not in page
    for sheet in all_sheets(found):
        assert f"<code>{sheet.id}.csv</code>" in page


def test_the_page_holds_no_clock_and_no_number_of_few_persons(tmp_path):
    few = assessment(people=People(70, 1, 2, 3, 4, 1), studies=(study(covered(100, 1, 2, 3, 4)),))
    for name in ("one", "two"):
        publish_quality(few, tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    for name in ("persons.csv", "coverage.csv"):
        with (tmp_path / "one" / name).open(encoding="utf-8", newline="") as stream:
            cells = [cell for row in csv.reader(stream) for cell in row]
        assert not set(cells) & set("1234"), name
    page = (tmp_path / "one" / "quality.html").read_text(encoding="utf-8")
    people = page[page.index('id="people"') :]
    assert not re.search(r"<td[^>]*>[1-4]</td>", people)


def test_an_empty_lake_makes_a_page(tmp_path):
    nothing = assessment(
        files=(), whole=None, extract=None, atc=(), months=(), people=People(0, 0, 0, 0, 0, 0)
    )
    written = publish_quality(nothing, tmp_path / "q")
    assert not [path for path in written if path.suffix in (".png", ".svg")]
