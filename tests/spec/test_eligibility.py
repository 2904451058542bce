"""Conditions for staying in: every person is one case of every condition."""

from __future__ import annotations

from datetime import date

import pytest

from ldn_spark import schemas
from ldn_spark.engine.collect import rows
from ldn_spark.study.selection import selection_steps
from ldn_spark.transforms.cohort import summarise_attrition
from ldn_spark.transforms.periods import merge_periods
from tests.reference_model import candidates, dispensing
from tests.registers import dispensings, find_candidates, find_cohort, frame, persons, study_like

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
    2: {"sex": "M", "birth_year": 1996, "died_on": date(2014, 5, 30)},  # day 363
    3: {"sex": None, "birth_year": None, "died_on": date(2014, 5, 31)},  # day 364
    4: {"sex": "F", "birth_year": 1947, "died_on": date(2014, 6, 1)},  # day 365
    5: {"sex": "F", "birth_year": 1946},
}
PERIODS = {
    1: [("2012-06-01", "2014-05-31")],  # exactly days -365 to 364
    2: [("2000-01-01", None)],
    3: [("2012-06-01", None)],
    4: [("2012-06-02", "2015-01-01")],  # a day late
    5: [("2012-06-01", "2014-05-30")],  # a day early
    6: [("2012-06-01", "2013-05-31"), ("2013-06-02", None)],  # not on day 0
    7: [("2012-06-01", "2012-12-31"), ("2013-01-01", "2014-05-31")],  # one period in two
    8: [("2015-01-01", None)],
}  # 9 has none


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
    "observed throughout, until death": ({"observed": {"days": [-365, 364]}}, {1, 3, 7}),
    "observed on the day before the death": ({"observed": {"days": [-365, 363]}}, {1, 2, 3, 5, 7}),
    "observed on one day": ({"observed": {"days": [0, 0]}}, {1, 2, 3, 4, 5, 7}),
    "not observed: without a period neither": ({"not": {"observed": {"days": [0, 0]}}}, {6, 8, 9}),
    "alive on a day, that of death too": ({"alive": {"on_day": 364}}, {1, 3, 4, 5, 6, 7, 8, 9}),
    "dead by the day after": ({"not": {"alive": {"on_day": 365}}}, {2, 3}),
    "women": ({"sex": "F"}, {1, 4, 5}),
    "not women: an unknown sex never meets a condition": (
        {"not": {"sex": "F"}},
        {2, 3, 6, 7, 8, 9},
    ),
    "adults: 18 (1995) and 66 (1947)": ({"age": {"at_least": 18, "at_most": 66}}, {1, 4}),
    "both limits included": ({"age": {"at_least": 17, "at_most": 67}}, {1, 2, 4, 5}),
    "old": ({"age": {"at_least": 67, "at_most": None}}, {5}),
}


def day_of(text):
    return None if text is None else date.fromisoformat(text)


def periods(spark):
    """As a lake holds them: those that touch are one."""
    told = [
        {"person_key": key, "observed_from": day_of(first), "observed_to": day_of(last)}
        for key, those in PERIODS.items()
        for first, last in those
    ]
    return merge_periods(frame(spark, schemas.OBSERVATION_PERIODS, told))


@pytest.mark.parametrize("case", CASES)
def test_a_condition(spark, case):
    condition, expected = CASES[case]
    step = {"id": "step", "label": "Step", "keep_if": condition}
    group = {"id": "group", "label": "Group", "keep_if": condition}
    study = study_like(eligibility=[step], subgroups=[group])
    found = find_candidates(
        study, dispensings(spark, REGISTER), persons(spark, PERSONS), periods=periods(spark)
    )
    everyone = rows(found)
    assert {row["person_key"] for row in rows(find_cohort(study, found))} == expected
    assert {row["person_key"] for row in everyone if row["subgroups"] == ["group"]} == expected
    seen = {
        key: PERSONS.get(key, {}) | {"periods": [tuple(map(day_of, one)) for one in PERIODS[key]]}
        for key in PERIODS
    }
    model = candidates(study.definition, study.exposure_products, REGISTER, seen)
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


UNKNOWN = {"observed": {"days": [0, 0]}}
THREE_VALUES = {
    "unknown excludes nobody": (UNKNOWN, {1, 2, 3, 4, 5}, set()),
    "nor does its contrary": ({"not": UNKNOWN}, {1, 2, 3, 4, 5}, set()),
    "unknown or true is true": ({"any": [UNKNOWN, {"sex": "F"}]}, {1, 2, 3, 4, 5}, {1, 4, 5}),
    "unknown and false is false": ({"all": [UNKNOWN, {"sex": "F"}]}, {1, 4, 5}, set()),
    "not (unknown and false) is true": (
        {"not": {"all": [UNKNOWN, {"sex": "F"}]}}, {1, 2, 3, 4, 5}, {2, 3},
    ),
    "not (unknown or true) is false": ({"not": {"any": [UNKNOWN, {"sex": "F"}]}}, {2, 3}, set()),
    "a death is known though no period is": ({"alive": {"on_day": 365}}, {1, 4, 5}, {1, 4, 5}),
}  # fmt: skip


@pytest.mark.parametrize("case", THREE_VALUES)
def test_what_was_not_delivered_is_unknown(spark, case):
    """Who stays, and who is known to belong to a subgroup, where the lake holds no period."""
    condition, stay, belong = THREE_VALUES[case]
    step = {"id": "step", "label": "Step", "keep_if": condition}
    group = {"id": "group", "label": "Group", "keep_if": condition}
    study = study_like(eligibility=[step], subgroups=[group])
    five = [row for row in REGISTER if row["person_key"] < 6]
    nothing = frame(spark, schemas.OBSERVATION_PERIODS, [])
    found = find_candidates(
        study,
        dispensings(spark, five),
        persons(spark, PERSONS),
        periods=nothing,
        undelivered={"observation periods"},
    )
    assert {row["person_key"] for row in rows(find_cohort(study, found))} == stay
    assert {row["person_key"] for row in rows(found) if row["subgroups"] == ["group"]} == belong
    unseen = {key: {**row, "periods": None} for key, row in PERSONS.items()}
    model = candidates(study.definition, study.exposure_products, five, unseen)
    assert {key for key, person in model.items() if person["steps_passed"] == 2} == stay
    assert {key for key, person in model.items() if person["subgroups"]} == belong
