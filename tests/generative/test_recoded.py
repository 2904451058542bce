"""A register recoded into other ATC indices: the study finds the same persons and the same sums.

Medicines change their codes at random from year to year; a code that is left may be given to
another medicine later, or in the same year. The register is coded as in the study's index, in
another one, file by file in different ones, or as on the day of dispensing: the answer is one.
"""

from __future__ import annotations

import random

import pytest

from ldn_spark import stages
from ldn_spark.io.collect import rows
from ldn_spark.study.alterations import Alteration
from ldn_spark.study.translation import AT_DISPENSING, translate
from ldn_spark.study.uses import relevant_alterations, uses_of
from tests.generative.test_engines_agree import CODES, STUDIES, frame_of_cut, random_register
from tests.registers import dispensings, find_candidates, frame, persons, study_like

STUDY_VERSION, FIRST, LAST = 2013, 2004, 2024
MEDICINES = [
    code for code in (*CODES, "N07BB04", "N02BE01", "N03AX26", "N06AA04") if len(code) == 7
]
FRESH = [f"{group}{number:02}" for group in ("N02BF", "N03AX", "L04AG") for number in range(60, 90)]


def random_history(chance):
    """By year, the code of every medicine; and the alterations that lead from year to year."""
    by_year = {STUDY_VERSION: {medicine: medicine for medicine in MEDICINES}}
    table = []
    for year in range(STUDY_VERSION + 1, LAST + 1):
        by_year[year] = moved(chance, by_year[year - 1])
        table += altered(by_year[year - 1], by_year[year], year)
    for year in range(STUDY_VERSION, FIRST, -1):
        by_year[year - 1] = moved(chance, by_year[year])
        table += altered(by_year[year - 1], by_year[year], year)
    chance.shuffle(table)
    return by_year, table


def moved(chance, codes):
    """Some medicines under other codes; no code stands for two of them."""
    moving = chance.sample(MEDICINES, chance.choice([0, 1, 2, 5]))
    kept = {code for medicine, code in codes.items() if medicine not in moving}
    free = [code for code in {*FRESH, *MEDICINES, *codes.values()} if code not in kept]
    given = chance.sample(sorted(free), len(moving))
    return {**codes, **dict(zip(moving, given, strict=True))}


def altered(before, after, year):
    return [
        Alteration(before[medicine], after[medicine], year, medicine)
        for medicine in MEDICINES
        if before[medicine] != after[medicine]
    ]


def recoded(register, by_year, version_of):
    """The register with every code as the index of `version_of(row)` has it."""
    return [row | {"atc": by_year[version_of(row)].get(row["atc"], row["atc"])} for row in register]


def found(spark, study, register, attributes, translation):
    """Candidates and person outcomes, in an order that does not depend on the engine."""
    registry = dispensings(spark, register)
    candidates = find_candidates(study, registry, persons(spark, attributes), translation)
    members = rows(stages.find_cohort(study, candidates))
    cohort = frame(spark, stages.COHORT, members)
    cut = rows(stages.measure(study, registry, cohort, translation))
    outcomes = stages.sum_outcomes(study, frame_of_cut(spark, cut))
    return [sorted(map(str, part)) for part in (rows(candidates), rows(outcomes))]


WAYS = {
    "a later index": lambda row, chance: 2024,
    "the next index": lambda row, chance: 2014,
    "an earlier index": lambda row, chance: 2005,
    "files of several indices": lambda row, chance: {1: 2013, 2: 2024, 3: 2009}[row["file_id"]],
    "as on the day of dispensing": lambda row, chance: row["year"],
}


@pytest.mark.parametrize("name", STUDIES)
def test_the_same_answer_in_every_index(spark, name):
    same_answer_in_every_index(spark, name, seed=1)


@pytest.mark.only_engine("sail")
@pytest.mark.parametrize("seed", [2, 3, 4])
@pytest.mark.parametrize("name", STUDIES)
def test_more_registers(spark, name, seed):
    changes = {} if "returns" in STUDIES[name] else {"returns": "no_dispense"}  # less to match
    same_answer_in_every_index(spark, name, seed=seed, **changes)


def same_answer_in_every_index(spark, name, seed, **changes):
    chance = random.Random(1000 * seed + len(name))
    study = study_like(**STUDIES[name], **changes)
    register, attributes = random_register(seed * 10 + len(name))
    register = [row | {"file_id": chance.choice([1, 2, 3])} for row in register]
    by_year, table = random_history(chance)
    relevant = relevant_alterations(table, study.definition)
    assert len(relevant) > 5, "the table is too thin to show anything"
    plain = found(spark, study, register, attributes, translation_of(study, relevant, None))
    assert len(plain[1]) > 10, "the register is too thin to show anything"
    for way, version_of in WAYS.items():
        declared = {n: version_of({"file_id": n, "year": 0}, chance) for n in (1, 2, 3)}
        if way == "as on the day of dispensing":
            declared = dict.fromkeys((1, 2, 3), AT_DISPENSING)
        other = recoded(register, by_year, lambda row, of=version_of: of(row, chance))
        translation = translation_of(study, relevant, declared)
        assert found(spark, study, other, attributes, translation) == plain, way
        if way == "a later index":
            untold = found(spark, study, other, attributes, translation_of(study, relevant, None))
            assert untold != plain, "recoding changed nothing"


def translation_of(study, relevant, declared):
    versions = declared or dict.fromkeys((1, 2, 3))
    return translate(STUDY_VERSION, relevant, uses_of(study.definition), versions)
