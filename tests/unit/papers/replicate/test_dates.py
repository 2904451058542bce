"""Dated dispensings: the windows hold the cohort's sums, the days around them do not count."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from ldn_spark.papers.reading import find_published, read_published
from ldn_spark.papers.replicate.dates import (
    CohortCatalogue,
    calendar_of,
    dispense_cohort,
    index_days,
)
from ldn_spark.papers.replicate.keeping import kept_cohort
from ldn_spark.papers.replicate.leaves import find_leaves
from ldn_spark.study.load import load_study
from ldn_spark.synthetic.formulary import Catalogue, load_medicines


@pytest.fixture(scope="module")
def study():
    return load_study("ldn_2013")


@pytest.fixture(scope="module", params=[1, 20])
def dated(request, study):
    """Cohort, index days, and each dispensing's person, day from index, leaf, tenths, product."""
    definition = study.definition
    values = read_published(find_published("ldn_2013"), definition)
    cohort, catalogue = kept_cohort(definition, values), Catalogue(load_medicines())
    calendar, leaves = calendar_of(definition), find_leaves(definition)
    texts = CohortCatalogue.of(catalogue, leaves, 40_000)
    index = index_days(definition, cohort, calendar, request.param)
    drawn = dispense_cohort(
        definition, cohort, index, texts, catalogue, calendar, seed=request.param
    )
    codes = [text.split(b";")[0].decode() for text in texts.product_texts]
    leaf_of = np.array([next((i for i, x in enumerate(leaves) if x.holds(c)), -1) for c in codes])
    number = np.array([text.split(b";")[1].decode() for text in texts.product_texts])
    found = {
        "person": drawn.person,
        "day": drawn.day - index[drawn.person],
        "leaf": leaf_of[drawn.product],
        "tenths": drawn.tail - texts.first_tail,
        "product": number[drawn.product],
    }
    return cohort, index, calendar, found


def sums(cohort, found, first, last, weights=None):
    inside = (found["day"] >= first) & (found["day"] <= last) & (found["leaf"] >= 0)
    place = found["person"][inside] * cohort.before.shape[1] + found["leaf"][inside]
    weight = None if weights is None else found[weights][inside]
    counts = np.bincount(place, weights=weight, minlength=cohort.before.size)
    return counts.reshape(cohort.before.shape)


def test_windows_hold_the_cohorts_sums(dated):
    cohort, _, _, found = dated
    assert (sums(cohort, found, -365, -1, "tenths") == cohort.before).all()
    assert (sums(cohort, found, 0, 364, "tenths") == cohort.after).all()
    assert (sums(cohort, found, -365, -1) == cohort.dispenses_before).all()
    assert (sums(cohort, found, 0, 364) == cohort.dispenses_after).all()


@pytest.mark.parametrize("day", [-366, -365, -1, 0, 364, 365])
def test_every_edge_has_dispensings(dated, day):
    cohort, _, _, found = dated
    assert sums(cohort, found, day, day).sum() > 20


def test_exposure_begins_on_the_index_date_and_makes_the_stratum(dated, study):
    cohort, _, _, found = dated
    exposure = np.isin(found["product"], study.exposure_products)
    assert (exposure == (found["leaf"] < 0)).all()
    assert found["day"][exposure].min() == 0
    counted = exposure & (found["day"] <= 364)
    fills = np.bincount(found["person"][counted], minlength=len(cohort))
    for number, level in enumerate(study.definition.strata.levels):
        mine = fills[cohort.stratum == number]
        assert mine.min() == level.at_least
        assert mine.max() == (level.at_most or mine.max())
    assert {0, 364, 365} <= set(found["day"][exposure].tolist())
    assert len(set(found["product"][exposure].tolist())) > 1


def test_index_dates_reach_both_ends_of_the_year(dated):
    cohort, index, calendar, _ = dated
    first, last = calendar.number(date(2013, 1, 1)), calendar.number(date(2013, 12, 31))
    for stratum in np.unique(cohort.stratum):
        days = index[cohort.stratum == stratum]
        assert (days.min(), days.max()) == (first, last)


def test_a_leaf_without_a_medicine_is_given_one(study):
    leaves = find_leaves(study.definition)
    texts = CohortCatalogue.of(Catalogue(load_medicines()), leaves, 10)
    for leaf, products in zip(leaves, texts.products, strict=True):
        for product in products:
            assert leaf.holds(texts.product_texts[product].split(b";")[0].decode())
