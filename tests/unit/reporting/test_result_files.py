from __future__ import annotations

import csv
from decimal import Decimal

import pytest

from ldn_spark.errors import ResultsError
from ldn_spark.estimates.results import NOT_ESTIMABLE, AttritionStep, CurvePoint, Estimate, Results
from ldn_spark.reporting import result_files
from ldn_spark.reporting.result_files import load_results
from tests.unit.reporting.paper_like import study_named


def rows(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_round_trip(published, definition, results):
    assert load_results(published, definition) == results


def test_round_trip_keeps_every_kind_of_value(tmp_path, definition):
    odd = Results(
        (
            Estimate("ddd", "LDNx1", "all", "sum_before", Decimal("45377.000000")),
            Estimate("ddd", "LDNx1", "all", "sum_after", Decimal("0.1")),
            Estimate("ddd", "LDNx1", "all", "p", 5e-324),
            Estimate("ddd", "LDNx1", "all", "t", -0.1),
            Estimate("ddd", "LDNx1", "all", "df", 3.0),
            Estimate("users", "CD/overall", "N03A", "both", 0),
            Estimate("users", "LDNx1", "lith", "p", None, NOT_ESTIMABLE, 'a "reason", with\nall'),
        ),
        (CurvePoint("LDNx1-LDNx4+", "N03A", -1, 0.1, None, None),),
        (AttritionStep(1, "delivered", "Lines, delivered", None, 10, None, 0),),
    )
    for name, write in (
        (result_files.ESTIMATES, result_files.estimates_csv),
        (result_files.CURVES, result_files.curves_csv),
        (result_files.ATTRITION, result_files.attrition_csv),
    ):
        (tmp_path / name).write_bytes(write(odd).encode())
    back = load_results(tmp_path, definition)
    assert back == odd
    assert [type(e.value) for e in back.estimates] == [type(e.value) for e in odd.estimates]


def test_estimates_are_written_plainly(published):
    text = (published / "estimates.csv").read_bytes().decode("utf-8")
    assert "\r" not in text
    assert text.startswith("table,stratum,outcome,quantity,value,status,reason\n")
    assert "\ncohort,LDNx1,,persons,3590,ok,\n" in text
    assert "\nddd,LDNx1,all,sum_before,810622.0,ok,\n" in text
    assert "E+" not in text


def test_attrition_in_the_layout_of_omopgenerics(published):
    found = rows(published / "attrition.csv")
    assert list(found[0])[:7] == [
        "cohort_definition_id",
        "number_records",
        "number_subjects",
        "reason_id",
        "reason",
        "excluded_records",
        "excluded_subjects",
    ]
    assert found[0]["number_subjects"] == ""
    assert found[-1]["number_subjects"] == "11247"


def test_loading_says_what_is_wrong(tmp_path, published, definition):
    for name in ("estimates.csv", "curves.csv", "attrition.csv"):
        (tmp_path / name).write_text("a,b\n1,2\n")
    with pytest.raises(ResultsError, match="line 1: is not a results file"):
        load_results(tmp_path, definition)
    with pytest.raises(ResultsError, match="outcomes that study ldn_ms does not"):
        load_results(published, study_named("ldn_ms"))
