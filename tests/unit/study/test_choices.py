"""A method that a study can name has one record and one function, and every reader knows both."""

from __future__ import annotations

import re

import pytest

from ldn_spark.reporting.methods import methods
from ldn_spark.stats import means, proportions
from ldn_spark.stats.moments import Moments
from ldn_spark.study.choices import (
    DISPERSIONS,
    MCNEMAR,
    MEAN_VARIANCES,
    PAIRED_INTERVALS,
    Choice,
    Choices,
)
from tests.unit.reporting.paper_like import changed, study_named

FUNCTIONS = [
    ("paired_proportion_interval", PAIRED_INTERVALS, proportions.INTERVALS),
    ("mcnemar", MCNEMAR, proportions.MCNEMAR),
    ("did_mean_variance", MEAN_VARIANCES, means.VARIANCES),
    ("dispersion", DISPERSIONS, {"sd": Moments.sd, "se": Moments.se}),
]


@pytest.mark.parametrize(("key", "records", "functions"), FUNCTIONS)
def test_every_method_is_computed_and_every_computation_is_a_method(key, records, functions):
    assert list(records.matched(functions)) == list(records)


@pytest.mark.parametrize(("key", "records", "functions"), FUNCTIONS[:3])
def test_every_method_says_how_and_where_it_is_published(key, records, functions):
    for name, record in records.items():
        assert record.formula, name
        assert re.search(r"[A-Z]\w+.* (19|20)\d\d\b", record.source), name


@pytest.mark.parametrize(("key", "records", "functions"), FUNCTIONS)
def test_every_method_is_named_in_the_report_by_its_words(key, records, functions):
    study = study_named("ldn_2013")
    for name, record in records.items():
        text = " ".join(text for _, text in methods(changed(study, f"statistics.{key}", name)))
        assert record.words in text


@pytest.mark.parametrize(
    "functions", [{}, {"one": 1}, {"one": 1, "two": 2, "three": 3}, {"one": 1, "tow": 2}]
)
def test_a_record_without_a_function_or_the_reverse_is_refused(functions):
    records = Choices(Choice("one", "the one"), Choice("two", "the other"))
    with pytest.raises(LookupError, match="a record and a function each"):
        records.matched(functions)


def test_two_methods_of_one_name_are_refused():
    with pytest.raises(ValueError, match="one name"):
        Choices(Choice("one", "the one"), Choice("one", "the other"))
