"""summarised_result.csv keeps the rules of omopgenerics, and is masked by its names.

The rules are those that `newSummarisedResult()` checks and `suppress()` goes by (omopgenerics 1.3).
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from dataclasses import replace

import pytest

from ldn_spark.estimates.analysis import analyse
from ldn_spark.reporting.summarised_result import COLUMNS, summarised_result_csv
from tests.sums import design_rows, persons_row
from tests.unit.estimates.few_persons import moments, persons
from tests.unit.reporting.paper_like import (
    ATTRITION,
    PROVENANCE,
    changed,
    paper_like_results,
    study_named,
)

RULES = {  # column: may it be empty, what it looks like
    "result_id": (False, r"[1-9]\d*"),
    "cdm_name": (False, r".+"),
    "group_name": (False, r"overall|[a-z_]+( &&& [a-z_]+)*"),
    "group_level": (False, r".+"),
    "strata_name": (False, r"overall|[a-z_]+( &&& [a-z_]+)*"),
    "strata_level": (False, r".+"),
    "variable_name": (False, r"settings|number subjects|number records|[a-z_]+"),
    "variable_level": (True, r".+"),
    "estimate_name": (False, r"[a-z0-9_]+"),
    "estimate_type": (False, r"numeric|integer|date|character|proportion|percentage|logical"),
    "estimate_value": (True, r".+"),
    "additional_name": (False, r"overall|[a-z_]+( &&& [a-z_]+)*"),
    "additional_level": (False, r".+"),
}
NUMBERS = {
    "integer": r"-?\d+",
    "numeric": r"-?\d+(\.\d+)?(e-?\d+)?",
    "percentage": r"(\d|[1-9]\d)(\.\d+)?|100(\.0)?",
    "character": r".*",
}
GROUP = (
    "result_id", "cdm_name", "group_name", "group_level", "strata_name", "strata_level",
    "additional_name", "additional_level",
)  # fmt: skip
VARIABLE = (*GROUP, "variable_name", "variable_level")
SETTINGS = {
    "result_type", "package_name", "package_version", "group", "strata", "additional",
    "min_cell_count",
}  # fmt: skip
LINKING = {"count", "denominator_count", "outcome_count", "record_count", "subject_count"}
SIZES = ("number subjects", "number records")


def written(study, results, **stated):
    stamp = {"provenance": PROVENANCE, "study_hash": "0f" * 32, "software_version": "0.1.0"}
    text = summarised_result_csv(results, study, **(stamp | stated))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def key(row, names):
    return tuple(row[name] for name in names)


def is_small(row, limit):
    """A count of a cell that is to be masked."""
    if "count" not in row["estimate_name"] or row["variable_name"] == "settings":
        return False
    return row["estimate_value"] != "" and 0 < float(row["estimate_value"]) < limit


def suppressed(rows, limit=5):
    """What `suppress()` leaves, by its vignette; a masked value is None."""
    small = [row for row in rows if is_small(row, limit)]
    groups = {key(row, GROUP) for row in small if row["variable_name"].replace("_", " ") in SIZES}
    variables = {key(row, VARIABLE) for row in small if row["estimate_name"] in LINKING}
    linked = {
        (*key(row, VARIABLE), row["estimate_name"].replace("count", "percentage")) for row in small
    }
    left = []
    for row in rows:
        masked = key(row, GROUP) in groups or key(row, VARIABLE) in variables
        masked |= (*key(row, VARIABLE), row["estimate_name"]) in linked
        is_count = "count" in row["estimate_name"]
        hidden = is_small(row, limit) or (masked and not is_count)
        left.append(row | {"estimate_value": None if hidden else row["estimate_value"]})
    return left


@pytest.fixture(scope="module", params=["ldn_2013", "ldn_ibd CD"])
def rows(request):
    name, _, subgroup = request.param.partition(" ")
    study = study_named(name)
    return written(study, paper_like_results(study, subgroup=subgroup))


def test_columns(rows):
    assert tuple(rows[0]) == tuple(RULES) == COLUMNS
    for column, (may_be_empty, looks) in RULES.items():
        values = {row[column] for row in rows}
        assert None not in values
        assert may_be_empty or "" not in values, column
        wrong = [value for value in values if value and not re.fullmatch(looks, value)]
        assert not wrong, column


def test_numbers_are_of_their_type(rows):
    for row in rows:
        value = row["estimate_value"]
        assert not value or re.fullmatch(NUMBERS[row["estimate_type"]], value), row


def test_no_estimate_stands_twice(rows):
    keys = [key(row, [name for name in COLUMNS if name != "estimate_value"]) for row in rows]
    assert len(keys) == len(set(keys))


def test_names_and_levels_are_pairs(rows):
    for prefix in ("group", "strata", "additional"):
        for row in rows:
            names, levels = row[f"{prefix}_name"], row[f"{prefix}_level"]
            assert len(names.split(" &&& ")) == len(levels.split(" &&& "))


def test_settings(rows):
    by_id = defaultdict(dict)
    for row in rows:
        if row["variable_name"] == "settings":
            by_id[row["result_id"]][row["estimate_name"]] = row["estimate_value"]
    assert set(by_id) == {row["result_id"] for row in rows}
    assert len({tuple(sorted(one.items())) for one in by_id.values()}) == len(by_id)
    for result_id, settings in by_id.items():
        assert set(settings) >= SETTINGS
        used = [set(settings[name].split(" &&& ")) for name in ("group", "strata", "additional")]
        assert not set.intersection(used[0], used[1]) - {""}
        for prefix, stated in zip(("group", "strata", "additional"), used, strict=True):
            names = {
                name
                for row in rows
                if row["result_id"] == result_id and row["variable_name"] != "settings"
                for name in row[f"{prefix}_name"].split(" &&& ")
            }
            assert names - {"overall"} <= stated


def test_every_group_has_its_size_once(rows):
    sizes = defaultdict(list)
    for row in rows:
        if row["variable_name"] != "settings":
            found = sizes[key(row, GROUP)]
            name = row["variable_name"].replace("_", " ")
            if name in SIZES and "count" in row["estimate_name"]:
                found.append(name)
    assert all(sorted(found) == sorted(SIZES) for found in sizes.values())


def test_values(rows):
    if "ldn_ibd" in str(rows):
        assert rows[-1]["group_level"] == "LDN"
        assert {"LDN &&& CD"} < {row["group_level"] for row in rows}
        return
    found = {
        (*key(row, ("strata_level", "variable_name", "variable_level", "estimate_name")),): row
        for row in rows
    }
    assert found["LDNx4+", "users_before", "all", "count"]["estimate_value"] == "2865"
    share = found["LDNx4+", "users_before", "all", "percentage"]["estimate_value"]
    assert float(share) == pytest.approx(100 * 2865 / 5103)
    assert found["LDNx1", "sex", "Female", "count"]["estimate_value"] == "2587"
    assert found["LDNx1", "number subjects", "", "count"]["estimate_value"] == "3590"
    assert {row["cdm_name"] for row in rows} == {"lake"}
    assert rows[-1]["additional_level"] == str(len(ATTRITION))


def test_source_and_labels(definition, results):
    odd = changed(definition, "exposure.abbreviation", "X &&& Y")
    found = written(odd, results, provenance={"source": "NorPD"})
    assert {row["cdm_name"] for row in found} == {"NorPD"}
    assert {row["group_level"] for row in found} == {"overall", "X & Y"}


USER = (1, 1, 10, 10, 0, 0)
BEFORE, AFTER = (1, 0, 10, 0, 0, 0), (0, 1, 0, 10, 0, 0)
MANY = [USER] * 20 + [BEFORE] * 10 + [AFTER] * 10


def few_users(sizes, **outcomes):
    """Results of strata of some sizes, with the users of outcomes by stratum."""
    study = study_named("ldn_2013")
    kept = [one for one in study.outcomes if one.id in outcomes]
    study = changed(study, "figures.curve_outcomes", ["N05A"])
    study = changed(study, "outcomes", [one.model_dump(mode="json") for one in kept])
    groups = [
        moments(stratum, outcome, people or [(0,) * 6])
        for outcome, by_stratum in outcomes.items()
        for stratum, people in zip(sizes, by_stratum, strict=True)
    ]
    cohort = [persons(stratum, number) for stratum, number in sizes.items()]
    found = analyse(
        study,
        cohort_moments=[persons_row(study, row) for row in cohort],
        design_moments=[new for row in groups for new in design_rows(study, row)],
        daily_moments=[],
        attrition=ATTRITION,
    )
    return study, found


SMALL = {
    "two before": [USER] * 2,
    "lost 3": [USER] * 20 + [BEFORE] * 3 + [AFTER] * 10,
    "gained 1": [USER] * 20 + [BEFORE] * 10 + [AFTER],
    "kept 4": [USER] * 4 + [BEFORE] * 10 + [AFTER] * 10,
    "all but 2": [USER] * 78 + [BEFORE] * 10 + [AFTER] * 10,
}


@pytest.mark.parametrize("people", SMALL.values(), ids=SMALL)
def test_a_small_cell_masks_what_rests_on_it(people):
    """In its stratum, in contrasts with it and in the trend; nothing of the other outcome."""
    sizes = {"LDNx1": 100, "LDNx2-3": 100, "LDNx4+": 100}
    study, results = few_users(sizes, N05A=[MANY, people, MANY], N06A=[MANY, MANY, MANY])
    rows = written(study, results)
    for row, left in zip(rows, suppressed(rows), strict=True):
        rests = row["variable_level"] == "N05A" and (
            "LDNx2-3" in row["strata_level"] or row["variable_name"].startswith("trend")
        )
        if rests and row["variable_name"] in ("users", "did_users", "trend_users"):
            is_shown = left["estimate_value"] not in (None, "")
            size = row["estimate_name"] in ("denominator_count", "subject_count")
            assert not is_shown or size, row
        if row["variable_level"] == "N06A":
            assert left["estimate_value"] == row["estimate_value"], row
    shown = {
        row["estimate_value"]
        for row in suppressed(rows)
        if row["estimate_name"] == "count" and row["estimate_value"]
    }
    assert not shown & {"1", "2", "3", "4"}


def test_doses_of_few_users_are_masked():
    sizes = {"LDNx1": 100, "LDNx2-3": 100, "LDNx4+": 100}
    study, results = few_users(sizes, N05A=[MANY, [USER] * 2, MANY])
    doses = ("ddd", "dispenses", "dispenses_before", "did_ddd", "trend_ddd", "did_dispenses")
    rows = written(study, results)
    looked_at = set()
    for row in suppressed(rows):
        of_it = "LDNx2-3" in row["strata_level"] or row["variable_name"].startswith("trend")
        if of_it and row["variable_name"] in doses and row["variable_level"]:
            looked_at.add(row["variable_name"])
            if "count" not in row["estimate_name"]:
                assert not row["estimate_value"], row
    assert looked_at == set(doses)


def test_a_small_stratum_masks_everything_of_it():
    sizes = {"LDNx1": 100, "LDNx2-3": 4, "LDNx4+": 100}
    study, results = few_users(sizes, N05A=[MANY, [USER] * 4, MANY])
    for row in suppressed(written(study, results)):
        if "LDNx2-3" in row["strata_level"] and row["variable_name"] not in SIZES:
            large = "count" in row["estimate_name"]
            assert not row["estimate_value"] or large, row
            assert row["estimate_value"] not in {"1", "2", "3", "4"}


def test_shares_of_a_sex_are_masked_by_either(definition, results):
    few_men = [one._replace(value=3) if one.quantity == "men" else one for one in results.estimates]
    rows = suppressed(written(definition, replace(results, estimates=tuple(few_men))))
    of_sex = [row for row in rows if row["variable_name"] == "sex"]
    shares = [row for row in of_sex if row["estimate_name"] == "percentage"]
    assert shares
    assert all(row["estimate_value"] is None for row in shares)


def test_every_count_of_persons_is_called_so(definition, results):
    """A whole number that is new in the results is given a name here first."""
    sums = {"age_sum", "exposure_fills", "fills_before", "fills_after"}
    sums |= {"ddd_missing", "ddd_missing_before", "ddd_missing_after"}
    whole = {e.quantity for e in results.estimates if isinstance(e.value, int)}
    named = {row["estimate_name"] for row in written(definition, results)}
    assert named >= {"count", "percentage", "outcome_count", "count_missing", "sum"}
    assert whole - sums <= {
        "persons", "women", "men", "sex_unknown", "age_known", "age_unknown", "both",
        "before_only", "after_only", "neither", "users_before", "users_after",
    }  # fmt: skip
