"""Generated studies of generated registers: the engine's answer is the reference model's.

Every kind of thing that a study can say is among them, as the schema has it, and has decided
something. `benchmarks/studies.py` runs as many as one likes.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import pytest
from pydantic import Field

from ldn_spark.errors import ConfigError
from ldn_spark.study.criteria import Criterion
from ldn_spark.study.definition import StudyDefinition
from tests.generative.comparing import disagreements, disagreements_together
from tests.generative.examples import examples, together
from tests.generative.kinds import all_kinds
from tests.generative.mattering import Mattering
from tests.generative.shrinking import printable

SEED = 9
"""One of which sixty studies hold every kind, and every kind decides something."""
STUDIES, ON_SPARK, TOGETHER = 60, 5, 4


@cache
def generated():
    with TemporaryDirectory() as folder:
        return list(examples(SEED, STUDIES, Path(folder)))


def check(spark, number):
    example = generated()[number]
    found = disagreements(spark, example)
    assert not found, "\n".join([*found[:10], printable(example)])


@pytest.mark.only_engine("sail")
@pytest.mark.parametrize("number", range(STUDIES))
def test_a_study_equals_the_reference_model(spark, number):
    check(spark, number)


@pytest.mark.only_engine("spark")
@pytest.mark.parametrize("number", range(ON_SPARK))
def test_a_study_equals_the_reference_model_on_spark(spark, number):
    check(spark, number)


def check_together(spark, number, folder):
    """Studies in one run, each as in a run of its own: the model knows nothing of the others.

    Every third time all cohorts are worked off together, else part by part.
    """
    others = generated()[number + 1 : number + TOGETHER]
    batch = together(generated()[number], others, folder)
    found = disagreements_together(spark, batch, (None, 1, 20)[number // TOGETHER % 3])
    assert not found, "\n".join([*found[:10], *map(printable, batch)])


@pytest.mark.only_engine("sail")
@pytest.mark.parametrize("number", range(0, STUDIES, TOGETHER))
def test_studies_in_one_run_equal_the_reference_model(spark, number, tmp_path):
    check_together(spark, number, tmp_path)


@pytest.mark.only_engine("spark")
def test_studies_in_one_run_equal_the_reference_model_on_spark(spark, tmp_path):
    check_together(spark, 2 * TOGETHER, tmp_path)


def test_every_kind_was_generated_and_decided_something():
    seen = Mattering()
    for example in generated():
        seen.take(example)
    assert not seen.missing, "in the schema, and in no generated study: see studies.py"
    assert not seen.idle, "never changed an answer: look for another SEED, or generate it better"
    assert sum(not example.expected["cohort"] for example in generated()) < STUDIES / 6


def test_the_same_seed_gives_the_same_studies(tmp_path):
    again = [(one.document, one.world) for one in examples(SEED, 4, tmp_path)]
    assert again == [(one.document, one.world) for one in generated()[:4]]


class WiderCondition(Criterion):
    admitted: int | None = Field(default=None)


class WiderStudy(StudyDefinition):
    returns: Literal["cancel", "no_dispense", "as_dispense", "refund"]
    landmark: int | None = Field(description="a new key")


def test_what_is_new_in_the_schema_is_missed():
    """So the test above fails until it is generated."""
    new = {one.kind for one in all_kinds(WiderStudy, WiderCondition)}
    known = {one.kind for one in all_kinds()}
    assert new - known == {"returns=refund", "landmark", "landmark=null", "condition.admitted"}


def the_window_ends_a_day_early(document):
    document["windows"]["after"][1] -= 1


def the_other_same_day_rule(document):
    other = {"each_dispense": "one_a_day", "one_a_day": "each_dispense"}
    document["strata"]["same_day"] = other[document["strata"]["same_day"]]


def any_for_all(document):
    step = document["eligibility"][0]["keep_if"]
    step["all"] = step.pop("any")


def no_washout(document):
    document["exposure"]["index_event"] |= {"rule": "first_in_period", "washout_days": "none"}


@pytest.mark.only_engine("sail")
@pytest.mark.parametrize(
    "fault", [the_window_ends_a_day_early, the_other_same_day_rule, any_for_all, no_washout]
)
def test_an_engine_that_answers_another_study_is_found_out(spark, fault, tmp_path):
    """What a faulty engine would do: the comparison can fail."""
    for example in generated():
        document = copy.deepcopy(example.document)
        try:
            fault(document)
            faulty = example.altered(tmp_path, document)
        except (KeyError, IndexError, ConfigError):
            continue  # the study has no such thing, or cannot be without
        if faulty.expected != example.expected:
            break
    assert disagreements(spark, replace(faulty, expected=example.expected))
