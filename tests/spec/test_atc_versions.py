"""Delivered codes in the index of the study: every place that asks for codes, on every engine.

The DDDs of a case are different powers of ten, so that a sum shows which dispensings it holds.
"""

from __future__ import annotations

from datetime import date

import pytest

from ldn_spark import schemas
from ldn_spark.engine.collect import rows
from ldn_spark.study.atc.alterations import Alteration
from ldn_spark.study.atc.translation import AT_DISPENSING, UNTRANSLATED, translate
from ldn_spark.study.atc.uses import alterations_to_read, codes_apart, uses_of
from ldn_spark.transforms.atc_versions import require_codes
from ldn_spark.transforms.days import require_years
from tests.reference_model import MICRO, dispensing
from tests.registers import (
    dispensings,
    exposure_with,
    find_candidates,
    frame,
    measure,
    persons,
    study_like,
    sum_outcomes,
)

GABAPENTIN = Alteration("N03AX12", "N02BF01", 2023)
CHAIN = (Alteration("N06AX26", "N06BX99", 2015), Alteration("N06BX99", "C01AA01", 2020))
REUSED = (Alteration("N05BA99", "C02AA01", 2005), Alteration("C03AA01", "N05BA99", 2012))
GROUP = (Alteration("N05CX", "N05CJ", 2018), Alteration("N05CX04", "A01AA01", 2018))
TABLE = (GABAPENTIN, *CHAIN, *REUSED, *GROUP)


def translation_for(study, versions, table=TABLE):
    definition = study.definition
    relevant = alterations_to_read(table, definition)
    apart = codes_apart(definition)
    return translate(definition.atc_version, relevant, uses_of(definition), versions, apart)


def read(spark, register, prefixes, translation):
    """person -> the code that a dispensing is read as, for those that fall under the prefixes."""
    found = require_codes(dispensings(spark, register), prefixes, translation)
    assert found.columns == list(schemas.DISPENSINGS.names)
    return {row["person_key"]: row["atc"] for row in rows(found)}


OUTCOMES = [
    ("N03A", ["N03A"]),
    ("N02B", ["N02B"]),
    ("N06AX", ["N06AX"]),
    ("N06B", ["N06B"]),
    ("N05BA", ["N05BA"]),
    ("C02A", ["C02A"]),
    ("C03A", ["C03A"]),
    ("N05CX", ["N05CX"]),
    ("N05CX02", ["N05CX02"]),
]


def study_asking(version=2013):
    """Every place of the table is an outcome, so that no two codes of it are the same."""
    outcomes = [
        {"id": name, "label": name, "role": "main", "may_be_empty": True, "atc": codes}
        for name, codes in OUTCOMES
    ]
    figures = {"curve_contrast": {"comparator": "LDNx1", "exposed": "LDNx4+"}}
    return study_like(
        outcomes=outcomes, atc_version=version, figures=figures | {"curve_outcomes": ["N03A"]}
    )


# (prefixes, study's index, lake's index, delivered code, read as; None = not asked for)
CASES = [
    (["N03A"], 2013, 2024, "N02BF01", "N03AX12"),
    (["N03A"], 2013, 2024, "N03AX09", "N03AX09"),
    (["N03A"], 2013, 2024, "N03AX12", "N03AX12"),  # lingers
    (["N03A"], 2013, 2024, "N02BF02", None),
    (["N03A"], 2013, 2024, "N03", None),
    (["N03AX12"], 2013, 2024, "N02BF01", "N03AX12"),
    (["N02B"], 2013, 2024, "N02BF01", None),
    (["N02B"], 2013, 2024, "N02BE01", "N02BE01"),
    (["N02B"], 2013, 2024, "N02BF", "N02BF"),
    (["N02B"], 2024, 2013, "N03AX12", "N02BF01"),
    (["N03A"], 2024, 2013, "N03AX12", None),
    (["N02B"], 2024, 2013, "N02BF01", "N02BF01"),
    (["N03A"], 2013, 2013, "N02BF01", None),
    (["N03A"], 2013, None, "N02BF01", None),
    (["N06AX"], 2013, 2024, "C01AA01", "N06AX26"),
    (["N06B"], 2013, 2024, "C01AA01", None),
    (["N06B"], 2016, 2024, "C01AA01", "N06BX99"),
    (["N06B"], 2016, 2013, "N06AX26", "N06BX99"),
    (["N05BA"], 2004, 2013, "C02AA01", "N05BA99"),
    (["C03A"], 2004, 2013, "N05BA99", "C03AA01"),
    (["N05BA"], 2004, 2013, "N05BA99", None),
    (["N05BA"], 2013, 2004, "N05BA99", None),
    (["C02A"], 2013, 2004, "N05BA99", "C02AA01"),
    (["N05CX"], 2013, 2024, "N05CJ02", "N05CX02"),
    (["N05CX"], 2013, 2024, "N05CJ", "N05CX"),
    (["N05CX"], 2013, 2024, "N05CJ04", None),  # N05CX04 became something else
    (["N05CX"], 2013, 2024, "A01AA01", "N05CX04"),
    (["N05CX02"], 2013, 2024, "N05CJ02", "N05CX02"),
    (["N05CX02"], 2013, 2024, "N05CJ03", None),
    (["N05CX02"], 2013, 2024, "N05CJ", None),
]


@pytest.mark.parametrize("study_version", sorted({case[1] for case in CASES}))
def test_a_code_of_another_index(spark, study_version):
    study = study_asking(study_version)
    mine = [case for case in CASES if case[1] == study_version]
    for prefixes, lake_version in {(tuple(case[0]), case[2]) for case in mine}:
        among = [case for case in mine if (tuple(case[0]), case[2]) == (prefixes, lake_version)]
        register = [dispensing(person, "2013-06-01", case[3]) for person, case in enumerate(among)]
        expected = {person: case[4] for person, case in enumerate(among) if case[4]}
        translation = translation_for(study, {1: lake_version})
        assert read(spark, register, prefixes, translation) == expected, (prefixes, lake_version)


def in_file(row, file_id):
    return row | {"file_id": file_id}


def test_files_of_several_indices(spark):
    """N05BA99 is one thing in a file of 2004 and another in one of 2013."""
    study = study_asking(2013)
    translation = translation_for(study, {1: 2013, 2: 2024, 3: None, 4: 2004})
    register = [
        in_file(dispensing(10 * file_id + number, "2013-06-01", atc), file_id)
        for file_id in (1, 2, 3, 4)
        for number, atc in enumerate(["N02BF01", "N03AX12", "N05BA99"])
    ]
    antiepileptics = read(spark, register, ["N03A"], translation)
    assert antiepileptics == {
        11: "N03AX12",
        20: "N03AX12",
        21: "N03AX12",
        31: "N03AX12",
        40: "N03AX12",  # not in the index of 2004 either: the nearest that has it
        41: "N03AX12",
    }
    assert set(read(spark, register, ["N05BA"], translation)) == {12, 22, 32}
    assert read(spark, register, ["C02A"], translation) == {42: "C02AA01"}
    assert set(read(spark, register, ["N02B"], translation)) == {10, 30}


def test_codes_of_the_year_of_dispensing(spark):
    study = study_asking(2013)
    translation = translation_for(study, {1: AT_DISPENSING})
    register = [
        dispensing(1, "2004-12-31", "N05BA99"),
        dispensing(2, "2005-01-01", "N05BA99"),  # lingers
        dispensing(3, "2011-12-31", "N05BA99"),
        dispensing(4, "2012-01-01", "N05BA99"),
        dispensing(5, "2022-12-31", "N03AX12"),
        dispensing(6, "2023-01-01", "N02BF01"),
        dispensing(7, "2023-06-01", "N03AX12"),
    ]
    assert read(spark, register, ["N05BA"], translation) == {4: "N05BA99"}
    assert read(spark, register, ["C02A"], translation) == dict.fromkeys((1, 2, 3), "C02AA01")
    assert read(spark, register, ["N03A"], translation) == dict.fromkeys((5, 6, 7), "N03AX12")


def test_nothing_is_read_closer_without_a_translation(spark):
    """Codes that no alteration touches, and lakes of the study's index, are cut out as ever."""
    study = study_asking(2013)
    register = dispensings(spark, [dispensing(1, "2013-06-01", "N03AX12")])
    plain = require_years(register, 2012, 2014)
    for prefixes, versions in (
        (["N06AB"], {1: 2024}),
        (["N03A"], {1: 2013}),
        (["N03A"], {1: None}),
    ):
        asked = translation_for(study, versions).asked_for(prefixes)
        assert (asked.parts, list(asked.delivered)) == ((), prefixes)
        assert UNTRANSLATED.asked_for(prefixes).delivered == tuple(prefixes)
    assert rows(require_codes(plain, ["N03A"], UNTRANSLATED)) == rows(register)


def test_outcomes_hold_what_was_altered(spark):
    index = date(2013, 6, 1)
    register = [
        dispensing(1, "2013-05-01", "N03AX09", ddd="1"),
        dispensing(1, "2013-05-02", "N02BF01", ddd="10"),
        dispensing(1, "2013-05-02", "N03AX12", ddd="100"),  # the same day, the same medicine
        dispensing(1, "2013-07-01", "N02BF01", ddd="1000"),
        dispensing(1, "2013-07-01", "N02BF01", ddd=None),
        dispensing(1, "2013-07-02", "N02BE01", ddd="10000"),
    ]
    study = study_like()
    translation = translation_for(study, {1: 2024}, (GABAPENTIN,))
    member = {"person_key": 1, "index_date": index, "stratum": "LDNx1", "subgroups": []}
    cohort = frame(spark, schemas.COHORT, [member])
    cut = measure(study, dispensings(spark, register), cohort, translation)
    lines = sorted((row["day"], row["atc"], row["ddd_micro"] // MICRO) for row in rows(cut))
    assert lines == [
        (-31, "N03AX09", 1),
        (-30, "N03AX12", 10),
        (-30, "N03AX12", 100),
        (30, "N03AX12", 0),
        (30, "N03AX12", 1000),
    ]
    assert {(row["dispenses"], row["ddd_missing"]) for row in rows(cut) if row["day"] == 30} == {
        (1, 0),
        (1, 1),
    }
    found = {row["outcome"]: row for row in rows(sum_outcomes(study, cut))}
    assert found["N03A"]["ddd_micro_before"] == (1 + 10 + 100) * MICRO
    assert found["gabapre"]["ddd_micro_before"] == (10 + 100) * MICRO
    assert found["gabapre"]["ddd_micro_after"] == 1000 * MICRO
    untranslated = measure(study, dispensings(spark, register), cohort)
    found = {row["outcome"]: row for row in rows(sum_outcomes(study, untranslated))}
    assert found["N03A"]["ddd_micro_before"] == (1 + 100) * MICRO


def test_a_return_takes_back_what_was_bought_under_another_code(spark):
    """The study uses both codes alike: only returns make them two."""
    recoded = (Alteration("N05AA01", "N05AX99", 2020),)
    bought = dispensing(1, "2013-05-01", "N05AA01", ddd="10")
    returned = dispensing(1, "2013-05-12", "N05AX99", ddd="-10") | {"file_id": 2}
    study = study_like(returns="cancel")
    member = {"person_key": 1, "index_date": date(2013, 6, 1), "stratum": "LDNx1", "subgroups": []}
    cohort = frame(spark, schemas.COHORT, [member])
    lines = dispensings(spark, [bought, returned])
    for versions, outcomes in (({1: 2013, 2: 2024}, set()), ({1: 2013, 2: 2013}, {"all", "N05A"})):
        cut = measure(study, lines, cohort, translation_for(study, versions, recoded))
        assert {row["outcome"] for row in rows(sum_outcomes(study, cut))} == outcomes


def test_exposure_and_conditions_are_read_in_the_study_index(spark):
    """An exposure, a condition in a window and one in a period; each altered, each once not."""
    table = (
        Alteration("N07BB04", "V03AZ01", 2020),
        Alteration("N02AA01", "V03AZ02", 2020),
        Alteration("V03AZ03", "N02AA03", 2020),
    )
    opioid = {"atc": ["N02A"], "at_least": 1, "counting": "each_dispense"}
    study = study_like(
        exposure=exposure_with(),
        eligibility=[
            {
                "id": "opioid",
                "label": "Opioid",
                "keep_if": {"dispensed": opioid | {"days": [-365, -1]}},
            }
        ],
        subgroups=[
            {
                "id": "early",
                "label": "Opioid in 2012",
                "keep_if": {"dispensed": opioid | {"period": ["2012-01-01", "2012-12-31"]}},
            }
        ],
    )
    register = []
    for person, (exposure, condition) in enumerate(
        [
            ("V03AZ01", "V03AZ02"),  # both altered
            ("N07BB04", "N02AA01"),  # both linger
            ("V03AZ01", "N02AA03"),  # was no opioid in 2013
            ("V03AZ01", "N02AB01"),
            ("V03AZ09", "V03AZ02"),  # another exposure
        ]
    ):
        register.append(dispensing(person, "2013-06-01", exposure))
        register.append(dispensing(person, "2012-12-31", condition))
    translation = translation_for(study, {1: 2024}, table)
    found = find_candidates(
        study,
        dispensings(spark, register),
        persons(spark, {person: {"sex": "F", "birth_year": 1960} for person in range(5)}),
        translation,
    )
    passed = {row["person_key"]: (row["steps_passed"], row["subgroups"]) for row in rows(found)}
    assert passed == {0: (2, ["early"]), 1: (2, ["early"]), 2: (1, []), 3: (2, ["early"])}
