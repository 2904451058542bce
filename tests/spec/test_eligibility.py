"""Conditions for staying in: every person is one case of every condition."""

from __future__ import annotations

import pytest

from ldn_spark.engine.collect import rows
from ldn_spark.study.selection import selection_steps
from ldn_spark.transforms import in_order
from ldn_spark.transforms.cohort import summarise_attrition
from tests.reference_model import candidates, dispensing
from tests.registers import dispensings, find_candidates, persons, study_like

INDEX = "2013-06-01"
REGISTER = [
    *[dispensing(person, INDEX, "N07BB04") for person in range(1, 10)],
    dispensing(1, "2012-06-01", "N02AA01"),  # day -365
    dispensing(2, "2012-05-31", "N02AA01"),  # day -366
    dispensing(3, "2013-05-31", "N02AA01"),  # day -1
    dispensing(4, INDEX, "N02AA01"),  # day 0
    dispensing(5, "2009-03-01", "L03AX13", icd="G35"),
    dispensing(5, "2010-03-01", "L03AX13", icd="G35"),
    dispensing(6, "2009-03-01", "M01AB05", icpc="N86"),
    dispensing(6, "2009-03-01", "M01AB05", icpc="N86"),  # the same day
    dispensing(7, "2011-01-01", "L03AX13", icd="G35.0"),
    dispensing(8, "2009-03-01", "L03AX13", icd="K50"),
]
PERSONS = {
    1: {"sex": "F", "birth_year": 1995},
    2: {"sex": "M", "birth_year": 1996},
    3: {"sex": None, "birth_year": None},
    4: {"sex": "F", "birth_year": 1947},
    5: {"sex": "F", "birth_year": 1946},
}


def dispensed(at_least=1, counting="each_dispense", **what):
    return {"dispensed": {"at_least": at_least, "counting": counting, **what}}


OPIOID = dispensed(atc=["N02A"], days=[-365, -1])
MS_CODE = {"reimbursement_icd": ["G35"], "reimbursement_icpc": ["N86"]}
PERIOD = ["2009-01-01", "2010-12-31"]

CASES = {
    "a dispensing in the year before": (OPIOID, {1, 3}),
    "none in the year before": ({"not": OPIOID}, {2, 4, 5, 6, 7, 8, 9}),
    "a reimbursement code, either system": (dispensed(**MS_CODE, period=PERIOD), {5, 6}),
    "twice": (dispensed(2, **MS_CODE, period=PERIOD), {5, 6}),
    "on two days": (dispensed(2, "one_a_day", **MS_CODE, period=PERIOD), {5}),
    "a code and a drug": (
        dispensed(atc=["L03AX13"], **MS_CODE, period=["2009-01-01", "2011-12-31"]),
        {5, 7},
    ),
    "in each of two years": (
        {"all": [dispensed(**MS_CODE, period=[f"{y}-01-01", f"{y}-12-31"]) for y in (2009, 2010)]},
        {5},
    ),
    "either of two": ({"any": [OPIOID, dispensed(**MS_CODE, period=PERIOD)]}, {1, 3, 5, 6}),
    "women": ({"sex": "F"}, {1, 4, 5}),
    "not women: an unknown sex never meets a condition": (
        {"not": {"sex": "F"}},
        {2, 3, 6, 7, 8, 9},
    ),
    "adults: 18 (1995) and 66 (1947)": ({"age": {"at_least": 18, "at_most": 66}}, {1, 4}),
    "both limits included": ({"age": {"at_least": 17, "at_most": 67}}, {1, 2, 4, 5}),
    "old": ({"age": {"at_least": 67, "at_most": None}}, {5}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_condition(spark, case):
    condition, expected = CASES[case]
    step = {"id": "step", "label": "Step", "keep_if": condition}
    group = {"id": "group", "label": "Group", "keep_if": condition}
    study = study_like(eligibility=[step], subgroups=[group])
    found = find_candidates(study, dispensings(spark, REGISTER), persons(spark, PERSONS))
    everyone = rows(found)
    assert {row["person_key"] for row in rows(in_order.find_cohort(study, found))} == expected
    assert {row["person_key"] for row in everyone if row["subgroups"] == ["group"]} == expected
    model = candidates(study.definition, study.exposure_products, REGISTER, PERSONS)
    assert {key for key, person in model.items() if person["steps_passed"] == 2} == expected


def test_steps_apply_in_order_and_leave_a_count_each(spark):
    steps = [
        {"id": "women", "label": "Women", "keep_if": {"sex": "F"}},
        {"id": "opioid", "label": "Opioids", "keep_if": OPIOID},
    ]
    study = study_like(eligibility=steps)
    found = find_candidates(study, dispensings(spark, REGISTER), persons(spark, PERSONS))
    counted = {row["steps_passed"]: row["persons"] for row in rows(summarise_attrition(found))}
    # nine candidates: 2, 3, 6-9 are not women, 4 and 5 had no opioid, 1 is left
    assert counted == {1: 6, 2: 2, 3: 1}
    assert [step.id for step in selection_steps(study.definition)] == [
        "exposure_atc",
        "exposure_product",
        "women",
        "opioid",
    ]
