"""Random registers through the transforms and through the reference model: equal to the unit.

Dates crowd around the edges of the windows, codes around the edges of the outcomes. Shuffled,
repartitioned and padded with rows outside every window, a register gives the same answer.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from ldn_spark import schemas, stages
from ldn_spark.io.collect import rows
from tests import reference_model
from tests.reference_model import dispensing
from tests.registers import (
    dispensings,
    exposure_with,
    find_candidates,
    frame,
    persons,
    strata_with,
    study_like,
)

CODES = [
    "N03AE01",
    "N03AX12",
    "N03AX16",
    "N03AX09",
    "N05AN01",
    "N05BA01",
    "N05BB01",
    "N05CF01",
    "N05CD08",
    "N06AA09",
    "N06AB04",
    "N06AX16",
    "N06BA04",
    "N06AB",
    "N02AA01",
    "A02BC02",
]
EDGES = [-731, -730, -366, -365, -364, -2, -1, 0, 1, 363, 364, 365, 366, 729, 730]
PRODUCTS = ["971001", "971002", "971003", None]

STUDIES = {
    "paper": {},
    "returns are no dispensings": {"returns": "no_dispense"},
    "washout, one a day": {
        "returns": "as_dispense",
        "exposure": exposure_with(washout_days=180),
        "strata": strata_with(same_day="one_a_day"),
    },
    "first after a wash-out, two years, subgroup, eligibility": {
        "exposure": exposure_with(rule="first_after_washout", washout_days=100),
        "windows": {"before": [-730, -1], "after": [0, 729]},
        "strata": strata_with(counting_window=[0, 730]),
        "eligibility": [
            {
                "id": "opioid",
                "label": "Opioid or no record",
                "keep_if": {
                    "any": [
                        {
                            "dispensed": {
                                "atc": ["N02A"],
                                "at_least": 1,
                                "counting": "each_dispense",
                                "days": [-365, -1],
                            }
                        },
                        {
                            "not": {
                                "dispensed": {
                                    "atc": ["A02"],
                                    "at_least": 2,
                                    "counting": "one_a_day",
                                    "period": ["2012-01-01", "2013-12-31"],
                                }
                            }
                        },
                    ]
                },
            }
        ],
        "subgroups": [{"id": "women", "label": "Women", "keep_if": {"sex": "F"}}],
    },
    "the window after begins before the index date": {
        "windows": {"before": [-400, -61], "after": [-30, 400]}
    },
}


def returned(chance, row):
    """A line some days after another one that brings all of it back, a part, or more."""
    back = dispensing(
        row["person_key"],
        row["dispensed_on"] + timedelta(days=chance.choice([0, 1, 7, 365])),
        row["atc"],
        product=chance.choice([row["product_number"]] * 4 + [None, "971003"]),
    )
    ddd, packages = row["ddd"], row["packages"]
    share = chance.choice([Decimal(1), Decimal(1), Decimal("0.5"), Decimal(3)])
    back["ddd"] = None if ddd is None else -abs(ddd * share).quantize(Decimal("0.000001"))
    back["packages"] = None if packages is None else -share * packages
    if chance.random() < 0.2:
        back |= {"ddd": None, "packages": Decimal(-1)}
    return back


def random_register(seed, people=40):
    chance = random.Random(seed)
    register, attributes = [], {}
    for person in range(people):
        attributes[person] = {
            "sex": chance.choice(["F", "F", "M", None]),
            "birth_year": chance.choice([None, *range(1930, 2000, 7)]),
        }
        index = date(2013, 1, 1) + timedelta(
            days=chance.choice([0, 30, 180, 364, chance.randrange(365)])
        )
        starts = [0] if chance.random() < 0.9 else []
        fills = chance.choice([0, 0, 1, 2, 3, 4, 6])
        days = [
            *starts,
            *[chance.choice([*EDGES, chance.randrange(-500, 500)]) for _ in range(fills)],
        ]
        for day in days:
            product = chance.choice(PRODUCTS) if chance.random() < 0.3 else "971001"
            register.append(
                dispensing(person, index + timedelta(days=day), "N07BB04", product=product)
            )
        for _ in range(chance.randrange(12)):
            day = chance.choice([*EDGES, chance.randrange(-800, 800)])
            ddd = chance.choice(
                [None, "0", "-1.5", "0.000001", "33.333333", str(chance.randrange(200))]
            )
            row = dispensing(person, index + timedelta(days=day), chance.choice(CODES), ddd=ddd)
            register += [row] * chance.choice([1, 1, 1, 2])
    for row in register:
        if chance.random() < 0.3:
            row["packages"] = Decimal(chance.choice([0, 1, 1, 2]))
    bought = [row for row in register if row["ddd"] is None or row["ddd"] >= 0]
    register += [returned(chance, row) for row in bought if chance.random() < 0.15]
    chance.shuffle(register)
    return register, attributes


def run(spark, study, register, attributes):
    """Everything the transforms compute, as plain values."""
    registry = dispensings(spark, register)
    candidates = find_candidates(study, registry, persons(spark, attributes))
    found = rows(candidates)
    members = rows(stages.find_cohort(study, candidates))
    cohort = frame(spark, schemas.COHORT, members)
    cut = rows(stages.measure(study, registry, cohort))
    cut_frame = frame_of_cut(spark, cut)
    outcomes = stages.sum_outcomes(study, cut_frame)
    _, groups, days = stages.summarise(study, cohort, cut_frame, outcomes)
    return found, members, rows(outcomes), rows(groups), rows(days)


def frame_of_cut(spark, cut):
    return frame(spark, schemas.COHORT_DISPENSINGS, cut)


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize("seed", [1, 2])
def test_transforms_equal_the_reference_model(spark, name, seed):
    study = study_like(**STUDIES[name])
    definition, products = study.definition, study.exposure_products
    register, attributes = random_register(seed * 100 + len(name))
    found, members, outcomes, groups, days = run(spark, study, register, attributes)

    model = reference_model.candidates(definition, products, register, attributes)
    got = {row.pop("person_key"): row for row in found}
    assert got == model
    model_members = reference_model.cohort(definition, products, model)
    assert {row["person_key"] for row in members} == set(model_members)
    assert len(model_members) > 10, "the register is too thin to show anything"

    model_outcomes = reference_model.person_outcomes(definition, register, model_members)
    assert {(row.pop("person_key"), row.pop("outcome")): row for row in outcomes} == model_outcomes

    sizes = reference_model.group_moments(definition, model_outcomes, model_members)
    for row in groups:
        expected = sizes.pop((row.pop("subgroup"), row.pop("stratum"), row.pop("outcome")))
        expected.pop("neither")
        row.pop("largest")
        assert {key: int(value) for key, value in row.items()} == expected
    assert all(
        rest["both"] + rest["before_only"] + rest["after_only"] == 0 for rest in sizes.values()
    )

    outcome = next(o for o in definition.outcomes if o.id == "N06A")
    for level in definition.strata.levels:
        dense = reference_model.running_moments(
            definition, register, model_members, outcome, level.id
        )
        assert running(days, "N06A", level.id, dense, definition.windows.after.first) == dense


def running(days, outcome, stratum, dense, after):
    """The dense daily moments from the sparse steps."""
    steps = {
        row["day"]: (int(row["step_sum"]), int(row["step_sum_squares"]))
        for row in days
        if (row["subgroup"], row["stratum"], row["outcome"]) == ("overall", stratum, outcome)
    }
    result = {}
    for outwards in (
        sorted((d for d in dense if d < after), reverse=True),
        sorted(d for d in dense if d >= after),
    ):
        total = squares = 0
        for day in outwards:
            change = steps.get(day, (0, 0))
            total, squares = total + change[0], squares + change[1]
            result[day] = (total, squares)
    return dict(sorted(result.items()))


def test_order_partitions_and_far_rows_change_nothing(spark):
    study = study_like()
    register, attributes = random_register(7)
    plain = run(spark, study, register, attributes)
    far = [
        dispensing(row["person_key"], date(2010, 1, 1), "N06AB04", ddd="999")
        for row in register[:30]
    ]
    again = run(spark, study, [*far, *reversed(register)], attributes)
    for one, other in zip(plain, again, strict=True):
        assert sorted(map(str, one)) == sorted(map(str, other))


def test_the_model_would_notice_a_missing_step(spark, monkeypatch):
    """Leave the end of the window out, and the comparison fails: the test can fail."""
    from ldn_spark.transforms import outcomes as transform

    monkeypatch.setattr(
        transform,
        "_is_in",
        lambda window: transform.F.col("day").between(window.first, window.last - 1),
    )
    index = date(2013, 6, 1)
    register = [dispensing(1, index + timedelta(days=364), "N06AB04", ddd="2")]
    register.append(dispensing(1, index, "N07BB04"))
    study = study_like()
    _, _, outcomes, *_ = run(spark, study, register, {1: {"sex": "F", "birth_year": 1950}})
    model = reference_model.candidates(study.definition, study.exposure_products, register, {})
    expected = reference_model.person_outcomes(study.definition, register, model)
    assert expected[1, "ssri"]["ddd_micro_after"] == int(Decimal(2) * 1_000_000)
    assert {row["outcome"] for row in outcomes} != {outcome for _, outcome in expected}
