from __future__ import annotations

import csv
from decimal import Decimal

import pytest

from ldn_spark.errors import ResultsError
from ldn_spark.reporting import result_files
from ldn_spark.reporting.result_files import load_results
from ldn_spark.reporting.summarised_result import COLUMNS, COUNTS, summarised_result_csv
from ldn_spark.results import NOT_ESTIMABLE, AttritionStep, CurvePoint, Estimate, Results
from tests.unit.reporting.paper_like import (
    PROVENANCE,
    changed,
    paper_like_results,
    study_named,
)


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


def summarised(tmp_path, study, results):
    path = tmp_path / "summarised_result.csv"
    text = summarised_result_csv(
        results, study, provenance=PROVENANCE, study_hash="0f" * 32, software_version="0.1.0"
    )
    path.write_bytes(text.encode())
    return rows(path)


def test_summarised_result(tmp_path, definition, results):
    found = summarised(tmp_path, definition, results)
    assert tuple(found[0]) == COLUMNS
    settings = {
        (row["result_id"], row["estimate_name"]): row["estimate_value"]
        for row in found
        if row["variable_name"] == "settings"
    }
    wanted = {"result_type", "package_name", "package_version", "group", "strata", "additional"}
    assert wanted | {"min_cell_count"} <= {name for _, name in settings}
    ids = {value: key for (key, name), value in settings.items() if name == "result_type"}
    lost = [
        row
        for row in found
        if row["result_id"] == ids["ldn_spark_users"]
        and row["strata_level"] == "LDNx4+"
        and row["variable_level"] == "all"
    ]
    by_name = {row["estimate_name"]: row for row in lost}
    assert by_name["count_before"]["estimate_value"] == "2865"
    assert by_name["count_discordant_loss"]["estimate_type"] == "integer"
    assert by_name["share_before"]["estimate_type"] == "proportion"
    assert by_name["p"]["estimate_type"] == "numeric"
    assert {row["cdm_name"] for row in found} == {"lake"}
    attrition = [row for row in found if row["result_id"] == ids["summarise_cohort_attrition"]]
    assert {row["additional_level"] for row in attrition} >= {"1", "2", "3", "4"}
    assert all(None not in row.values() for row in found)


def test_every_integer_of_the_results_counts_as_one(definition, results):
    counts = {e.quantity for e in results.estimates if isinstance(e.value, int)}
    assert counts - set(COUNTS) == {"age_sum"}, "a count that suppression tools would not find"


def test_summarised_result_names_subgroups(tmp_path):
    study = study_named("ldn_ibd")
    part = paper_like_results(study, subgroup="CD")
    found = [r for r in summarised(tmp_path, study, part) if r["variable_name"] == "users"]
    assert found[0]["group_name"] == "cohort_name &&& subgroup"
    assert found[0]["group_level"] == "LDN &&& CD"


def test_source_names_the_database(definition, results):
    text = summarised_result_csv(
        results,
        changed(definition, "exposure.abbreviation", "XYZ"),
        provenance={"source": "NorPD"},
        study_hash="",
        software_version="0",
    )
    assert "\n1,NorPD,cohort_name,XYZ,exposure_dispenses,LDNx1,cohort,," in text
