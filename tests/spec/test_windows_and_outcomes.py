"""What is counted before and after: every edge of every window, every way a code can belong.

The DDDs of a case are different powers of ten, so that a sum shows which dispensings it holds.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ldn_spark import schemas
from ldn_spark.engine.collect import rows
from ldn_spark.estimates.analysis import NEEDED_SUMS
from ldn_spark.stats.measures import PARTS_OF_ANY
from ldn_spark.transforms import in_order
from tests.reference_model import MICRO, dispensing
from tests.reference_sums import STEPS, daily_moments
from tests.registers import dispensings, frame, measure, one_set, study_like, sum_outcomes

# leap day inside the window before, inside the window after, and on the index day itself
INDEX_DATES = {
    1: date(2013, 1, 1),
    2: date(2012, 12, 31),
    3: date(2013, 2, 28),
    4: date(2012, 2, 29),
}
EDGES = {-366: "1", -365: "10", -1: "100", 0: "1000", 364: "10000", 365: "100000"}


def member(person, index, stratum="LDNx1", subgroups=()):
    return {
        "person_key": person,
        "index_date": index,
        "exposure_dispenses": 1,
        "stratum": stratum,
        "sex": "F",
        "age": 50,
        "subgroups": list(subgroups),
    }


def measured(spark, study, register, members):
    cohort = frame(spark, schemas.COHORT, members)
    cut = measure(study, dispensings(spark, register), cohort)
    return cut, sum_outcomes(study, cut)


def sums(frame_of_outcomes):
    return {
        (row["person_key"], row["outcome"]): (
            row["ddd_micro_before"] / MICRO,
            row["ddd_micro_after"] / MICRO,
            row["dispenses_before"],
            row["dispenses_after"],
        )
        for row in rows(frame_of_outcomes)
    }


def test_both_ends_of_both_windows_are_included(spark):
    register = [
        dispensing(person, index + timedelta(days=day), "N06AB03", ddd=ddd)
        for person, index in INDEX_DATES.items()
        for day, ddd in EDGES.items()
    ]
    event = {
        "first": "2012-01-01",
        "last": "2013-12-31",
        "rule": "first_in_period",
        "washout_days": "none",
    }
    base = study_like().definition.exposure.model_dump(mode="json")
    study = study_like(exposure=base | {"index_event": event})
    _, outcomes = measured(
        spark, study, register, [member(p, index) for p, index in INDEX_DATES.items()]
    )
    got = sums(outcomes)
    for person in INDEX_DATES:
        # before: day -365 and day -1; after: day 0 and day 364
        assert got[person, "N06A"] == (10 + 100, 1000 + 10000, 2, 2)
        assert got[person, "all"] == (10 + 100, 1000 + 10000, 2, 2)


def test_windows_of_two_years(spark):
    index = date(2013, 6, 1)
    days = {-731: "1", -730: "10", -1: "100", 0: "1000", 729: "10000", 730: "100000"}
    register = [dispensing(1, index + timedelta(days=d), "N06AB03", ddd=v) for d, v in days.items()]
    study = study_like(windows={"before": [-730, -1], "after": [0, 729]})
    _, outcomes = measured(spark, study, register, [member(1, index)])
    assert sums(outcomes)[1, "N06A"] == (10 + 100, 1000 + 10000, 2, 2)


def test_a_gap_between_the_windows_counts_nowhere(spark):
    index = date(2013, 6, 1)
    days = {-31: "1", -30: "10", -8: "100", -7: "1000", 6: "10000", 7: "100000", 37: "1000000"}
    register = [dispensing(1, index + timedelta(days=d), "N06AB03", ddd=v) for d, v in days.items()]
    study = study_like(windows={"before": [-30, -8], "after": [7, 36]})
    _, outcomes = measured(spark, study, register, [member(1, index)])
    assert sums(outcomes)[1, "N06A"] == (10 + 100, 100000, 2, 1)


CODES = [
    # clonazepam is an antiepileptic and a benzodiazepine, and counts once in `all`
    (1, "N03AE01", "5", {"N03A": 5, "benzo": 5, "bz": 5, "all": 5}),
    (2, "N05BA01", "6", {"N05B": 6, "benzo": 6, "bz": 6, "all": 6}),
    (3, "N05CF01", "7", {"N05C": 7, "zhyp": 7, "bz": 7, "all": 7}),
    (4, "N03AX16", "8", {"N03A": 8, "gabapre": 8, "all": 8}),
    (5, "N02BE01", "9", {}),  # paracetamol: no outcome
    (6, "N06AB", "4", {"N06A": 4, "ssri": 4, "all": 4}),  # coded at the fourth level
    (7, "N06A", "3", {"N06A": 3, "all": 3}),  # at the third: no subgroup can be told
    (8, "N06", "2", {}),  # too coarse for any outcome
    (9, "N03AX12", "-2.5", {"N03A": -2.5, "gabapre": -2.5, "all": -2.5}),  # a return
    (10, "N03AX12", "0", {"N03A": 0, "gabapre": 0, "all": 0}),
    (11, "N03AX12", "0.000001", {"N03A": 1e-6, "gabapre": 1e-6, "all": 1e-6}),
]


def test_codes_belong_to_outcomes(spark):
    index = date(2013, 6, 1)
    register = [dispensing(person, index, atc, ddd=ddd) for person, atc, ddd, _ in CODES]
    study = study_like(returns="as_dispense")
    _, outcomes = measured(spark, study, register, [member(p, index) for p, *_ in CODES])
    got = sums(outcomes)
    expected = {
        (person, outcome): (0, ddd, 0, 1)
        for person, _, _, belongs in CODES
        for outcome, ddd in belongs.items()
    }
    assert got == expected


def test_an_unknown_ddd_is_a_dispense_and_adds_nothing(spark):
    index = date(2013, 6, 1)
    register = [
        dispensing(1, "2013-05-01", "N06AB03", ddd=None),
        dispensing(1, "2013-05-01", "N06AB03", ddd="30"),
        dispensing(2, "2013-07-01", "N06AB03", ddd=None),
    ]
    _, outcomes = measured(spark, study_like(), register, [member(1, index), member(2, index)])
    got = {(row["person_key"], row["outcome"]): row for row in rows(outcomes)}
    assert got[1, "ssri"]["ddd_micro_before"] == 30 * MICRO
    assert (got[1, "ssri"]["dispenses_before"], got[1, "ssri"]["ddd_missing_before"]) == (2, 1)
    assert (got[2, "ssri"]["ddd_micro_after"], got[2, "ssri"]["ddd_missing_after"]) == (0, 1)
    assert (got[1, "ssri"]["ddd_missing_after"], got[2, "ssri"]["ddd_missing_before"]) == (0, 0)
    assert got[2, "ssri"]["dispenses_after"] == 1


def test_persons_outside_the_cohort_are_left_out(spark):
    register = [dispensing(9, "2013-06-01", "N06AB03"), dispensing(1, "2013-06-01", "N06AB03")]
    _, outcomes = measured(spark, study_like(), register, [member(1, date(2013, 6, 1))])
    assert {person for person, _ in sums(outcomes)} == {1}


def test_moments_of_a_group_by_hand(spark):
    index = date(2013, 6, 1)
    register = [
        dispensing(1, "2013-05-01", "N06AB03", ddd="10"),
        dispensing(1, "2013-05-02", "N06AB03", ddd="20"),
        dispensing(1, "2013-07-01", "N06AB03", ddd="5"),  # 30 before, 5 after
        dispensing(2, "2013-05-01", "N06AB03", ddd="7"),  # 7 before only
        dispensing(3, "2013-06-01", "N06AB03", ddd="2.5"),  # 2.5 after only
    ]  # 4: nothing
    members = [member(p, index, subgroups=["old"] if p == 1 else []) for p in (1, 2, 3, 4)]
    subgroup = {"id": "old", "label": "Old", "keep_if": {"age": {"at_least": 1, "at_most": None}}}
    study = study_like(subgroups=[subgroup])
    cohort = frame(spark, schemas.COHORT, members)
    cut, outcomes = measured(spark, study, register, members)
    frames = in_order.summarise(one_set(study), cohort, cut, outcomes, NEEDED_SUMS)
    cohort_moments, groups, _ = [rows(part) for part in frames.values()]
    keys = ("set", "design", "subgroup", "fills", "outcome", "measure")
    by_key = {tuple(row.pop(key) for key in keys): row for row in groups}
    none = dict.fromkeys(("x_missing", "y_missing", *PARTS_OF_ANY))
    users = {"x": 2, "y": 2, "xx": None, "yy": None, "xy": 1}
    assert by_key[0, "main", "overall", 1, "ssri", "users"] == none | users
    dispenses = {"x": 2 + 1, "y": 1 + 1, "xx": 2**2 + 1**2, "yy": 1 + 1, "xy": 2 * 1}
    dispenses |= {"x_largest": 2, "y_largest": 1, "changed": 3}
    assert by_key[0, "main", "overall", 1, "ssri", "dispenses"] == none | dispenses
    assert by_key[0, "main", "overall", 1, "ssri", "ddd"] == {
        "x": (30 + 7) * MICRO,
        "y": (5 + 2.5) * MICRO,
        "xx": (30**2 + 7**2) * MICRO**2,
        "yy": (5**2 + 2.5**2) * MICRO**2,
        "xy": 30 * 5 * MICRO**2,
        "x_missing": 0,
        "y_missing": 0,
        "x_largest": 30 * MICRO,
        "x_second": 7 * MICRO,
        "y_largest": 5 * MICRO,
        "y_second": 2.5 * MICRO,
        "x_negative": 0,
        "y_negative": 0,
        "changed": 3,
    }
    assert by_key[0, "main", "old", 1, "ssri", "ddd"]["x"] == 30 * MICRO
    sizes = {(row["subgroup"], row["fills"]): row["persons"] for row in cohort_moments}
    assert sizes == {("overall", 1): 4, ("old", 1): 1}


def test_running_sums_day_by_day(spark):
    index = date(2013, 6, 1)
    register = [
        dispensing(1, index - timedelta(days=1), "N06AB03", ddd="3"),
        dispensing(1, index - timedelta(days=10), "N06AB03", ddd="4"),
        dispensing(1, index, "N06AB03", ddd="1"),
        dispensing(1, index, "N06AX11", ddd="1"),  # the same day, the same outcome
        dispensing(2, index + timedelta(days=5), "N06AB03", ddd="2"),
        dispensing(2, index + timedelta(days=6), "N06AB03", ddd="-2"),  # returned
    ]
    members = [member(1, index), member(2, index)]
    study = study_like(returns="as_dispense")
    cut, outcomes = measured(spark, study, register, members)
    frames = in_order.summarise(
        one_set(study), frame(spark, schemas.COHORT, members), cut, outcomes, NEEDED_SUMS
    )
    steps = {
        row["day"]: (
            row["step_sum"] / MICRO,
            row["step_sum_squares"] / MICRO**2,
            *(row[name] for name in STEPS[2:]),
        )
        for row in rows(frames["daily_moments"])
        if row["outcome"] == "N06A"
    }
    assert steps == {  # persons who are new in 7, 14, 28, 91 days and the window
        -1: (3, 9, 1, 1, 1, 1, 1),  # C = 3
        -10: (4, 49 - 9, 1, 0, 0, 0, 0),  # C = 3 + 4; days -1 to -7 are one period, then -8 to -14
        0: (1 + 1, 4, 1, 1, 1, 1, 1),
        5: (2, 4, 1, 1, 1, 1, 1),
        6: (-2, -4, 0, 0, 0, 0, 0),
    }
    model = daily_moments(study.definition, register, {m["person_key"]: m for m in members})
    assert steps == {
        day: (change / MICRO, squares / MICRO**2, *new)
        for (_, _, outcome, day), (change, squares, *new) in model.items()
        if outcome == "N06A"
    }


@pytest.mark.parametrize("size", [0, 1])
def test_an_empty_cohort_and_a_single_person(spark, size):
    members = [member(1, date(2013, 6, 1))][:size]
    study = study_like()
    cut, outcomes = measured(spark, study, [dispensing(1, "2013-06-01", "N06AB03")], members)
    frames = in_order.summarise(
        one_set(study), frame(spark, schemas.COHORT, members), cut, outcomes, NEEDED_SUMS
    )
    cohort_moments, groups, days = [rows(part) for part in frames.values()]
    assert [row["persons"] for row in cohort_moments] == [1] * size
    assert {row["outcome"] for row in groups} == ({"all", "N06A", "ssri"} if size else set())
    assert len(days) == size
