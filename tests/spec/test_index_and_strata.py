"""Index date, wash-out and stratum: every person of the register is one case."""

from __future__ import annotations

from datetime import date

import pytest

from ldn_spark.engine.collect import rows
from tests import reference_model
from tests.reference_model import dispensing
from tests.registers import (
    dispensings,
    exposure_with,
    find_candidates,
    find_cohort,
    persons,
    strata_with,
    study_like,
)

LDN = "N07BB04"


def ldn(person, *days, product="971001"):
    return [dispensing(person, day, LDN, product=product) for day in days]


REGISTER = [
    *ldn(1, "2013-03-01"),  # once
    *ldn(2, "2013-03-01", "2013-06-01"),  # twice
    *ldn(3, "2013-03-01", "2013-03-01"),  # twice on the index day
    *ldn(4, "2013-03-01", "2014-02-28"),  # day 364 counts
    *ldn(5, "2013-03-01", "2014-03-01"),  # day 365 does not
    *ldn(6, "2013-01-01", "2013-04-01", "2013-07-01", "2013-10-01"),  # first day of the period
    *ldn(7, "2013-12-31"),  # last day of the period
    *ldn(8, "2012-12-31", "2014-01-01"),  # both just outside
    *ldn(9, "2012-03-01", "2013-03-01"),  # 365 days after an earlier one
    *ldn(10, "2012-02-29", "2013-03-01"),  # 366 days after
    *ldn(11, "2012-12-01", "2013-03-01", "2013-09-30"),  # recent user; later gap of 213 days
    *ldn(12, "2013-03-01", product="971003"),  # naltrexone 50 mg only
    *ldn(13, "2013-02-01", product="971003"),
    *ldn(13, "2013-03-01"),  # 50 mg first, LDN later
    dispensing(14, "2013-03-01", "N06AB03"),  # something else
    dispensing(15, "2013-03-01", LDN, product=None),  # product not delivered
    *ldn(16, "2013-03-01", "2013-03-01", "2013-05-01", "2013-06-01"),  # 4 lines on 3 days
]
PERSONS = {
    1: {"sex": "F", "birth_year": 1962},
    2: {"sex": "M", "birth_year": None},
    3: {"sex": None, "birth_year": 2013},
}

CASES = {
    "the paper's rules": (
        {},
        {
            1: ("2013-03-01", 1, "LDNx1"),
            2: ("2013-03-01", 2, "LDNx2-3"),
            3: ("2013-03-01", 2, "LDNx2-3"),
            4: ("2013-03-01", 2, "LDNx2-3"),
            5: ("2013-03-01", 1, "LDNx1"),
            6: ("2013-01-01", 4, "LDNx4+"),
            7: ("2013-12-31", 1, "LDNx1"),
            9: ("2013-03-01", 1, "LDNx1"),
            10: ("2013-03-01", 1, "LDNx1"),
            11: ("2013-03-01", 2, "LDNx2-3"),
            13: ("2013-03-01", 1, "LDNx1"),
            16: ("2013-03-01", 4, "LDNx4+"),
        },
    ),
    "wash-out of 365 days": (
        {"exposure": exposure_with(washout_days=365)},
        dict.fromkeys((9, 11)),
    ),
    "wash-out ever": (
        {"exposure": exposure_with(washout_days="ever")},
        dict.fromkeys((9, 10, 11)),
    ),
    "first after a wash-out of 200 days": (
        {"exposure": exposure_with(rule="first_after_washout", washout_days=200)},
        {11: ("2013-09-30", 1, "LDNx1")},  # day 213 after the one before
    ),
    "one a day": (
        {"strata": strata_with(same_day="one_a_day")},
        {3: ("2013-03-01", 1, "LDNx1"), 16: ("2013-03-01", 3, "LDNx2-3")},
    ),
    "index dispense not counted": (
        {
            "strata": strata_with(
                index_dispense="not_counted",
                levels=[
                    {"id": "LDNx1", "label": "none", "at_least": 0, "at_most": 0},
                    {"id": "LDNx2-3", "label": "1-2", "at_least": 1, "at_most": 2},
                    {"id": "LDNx4+", "label": "more", "at_least": 3, "at_most": None},
                ],
            )
        },
        {
            1: ("2013-03-01", 0, "LDNx1"),
            2: ("2013-03-01", 1, "LDNx2-3"),
            3: ("2013-03-01", 1, "LDNx2-3"),
            4: ("2013-03-01", 1, "LDNx2-3"),
            5: ("2013-03-01", 0, "LDNx1"),
            6: ("2013-01-01", 3, "LDNx4+"),
            7: ("2013-12-31", 0, "LDNx1"),
            9: ("2013-03-01", 0, "LDNx1"),
            10: ("2013-03-01", 0, "LDNx1"),
            11: ("2013-03-01", 1, "LDNx2-3"),
            13: ("2013-03-01", 0, "LDNx1"),
            16: ("2013-03-01", 3, "LDNx4+"),
        },
    ),
    "counted over two years": (
        {"strata": strata_with(counting_window=[0, 730])},
        {5: ("2013-03-01", 2, "LDNx2-3")},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_index_date_and_stratum(spark, case):
    changes, expected = CASES[case]
    expected = {k: v for k, v in (CASES["the paper's rules"][1] | expected).items() if v}
    study = study_like(**changes)
    found = find_candidates(study, dispensings(spark, REGISTER), persons(spark, PERSONS))
    got = {
        row["person_key"]: (
            row["index_date"].isoformat(),
            row["exposure_dispenses"],
            row["stratum"],
        )
        for row in rows(find_cohort(study, found))
    }
    assert got == expected
    model = reference_model.candidates(study.definition, study.exposure_products, REGISTER, PERSONS)
    assert set(got) == set(reference_model.cohort(study.definition, study.exposure_products, model))


def test_candidates_carry_attributes_and_records(spark):
    study = study_like()
    found = find_candidates(study, dispensings(spark, REGISTER), persons(spark, PERSONS))
    got = {row["person_key"]: row for row in rows(found)}
    assert 8 not in got, "nothing in the index period"
    assert 14 not in got, "another drug"
    assert (got[1]["sex"], got[1]["age"]) == ("F", 2013 - 1962)
    assert (got[2]["sex"], got[2]["age"]) == ("M", None)
    assert (got[3]["sex"], got[3]["age"]) == (None, 0)
    assert (got[12]["index_date"], got[12]["stratum"], got[12]["steps_passed"]) == (None, None, 0)
    assert (got[13]["atc_records"], got[13]["product_records"]) == (2, 1)
    assert (got[15]["atc_records"], got[15]["product_records"]) == (1, 0)
    assert got[4]["product_records"] == 1, "records are counted in the index period only"


def test_every_product_counts_without_a_codelist(spark):
    study = study_like(products=None)
    found = find_candidates(study, dispensings(spark, REGISTER), persons(spark, PERSONS))
    got = {row["person_key"]: row["index_date"] for row in rows(find_cohort(study, found))}
    assert got[12] == date(2013, 3, 1)
    assert got[13] == date(2013, 2, 1)
    assert got[15] == date(2013, 3, 1)
