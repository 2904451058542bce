import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from ldn_spark.stats.multiplicity import benjamini_hochberg, holm
from ldn_spark.stats.not_estimable import NOBODY_SWITCHED

from .exact import unhurried

# Benjamini & Hochberg 1995, section 4.1: 15 end points of a thrombolysis trial
THROMBOLYSIS = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
THROMBOLYSIS += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000]

METHODS = [(holm, "holm"), (benjamini_hochberg, "fdr_bh")]
families = st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.04, 1.0]), max_size=15)


def test_thrombolysis_trial_rejects_four_by_benjamini_hochberg_and_three_by_holm():
    assert sum(p <= 0.05 for p in benjamini_hochberg(THROMBOLYSIS)) == 4
    assert sum(p <= 0.05 for p in holm(THROMBOLYSIS)) == 3


@pytest.mark.parametrize("size", [1, 2, 3, 8, 15, 60])
@pytest.mark.parametrize(("method", "name"), METHODS)
def test_agrees_with_statsmodels_in_input_order(method, name, size):
    rng = random.Random(size)
    p_values = [rng.choice([rng.random(), rng.random() ** 5, 0.0, 0.01, 1.0]) for _ in range(size)]
    reference = multipletests(p_values, method=name)[1]
    assert method(p_values) == pytest.approx(list(reference), rel=1e-12, abs=0)


@unhurried
@given(families, st.randoms(use_true_random=False))
@pytest.mark.parametrize(("method", "name"), METHODS)
def test_undefined_tests_keep_their_place_and_do_not_count(method, name, p_values, rng):
    holes = rng.sample(range(len(p_values) + 3), 3)
    filled = iter(p_values)
    gappy = [NOBODY_SWITCHED if i in holes else next(filled) for i in range(len(p_values) + 3)]
    adjusted = method(gappy)
    assert [i for i, p in enumerate(adjusted) if p == NOBODY_SWITCHED] == sorted(holes)
    assert [p for p in adjusted if p != NOBODY_SWITCHED] == method(p_values)


@unhurried
@given(families)
def test_adjusted_values_are_ordered(p_values):
    for p, by_holm, by_bh in zip(
        p_values, holm(p_values), benjamini_hochberg(p_values), strict=True
    ):
        assert p * (1 - 1e-12) <= by_bh <= 1
        assert by_bh <= by_holm * (1 + 1e-12) <= 1 + 1e-12


@pytest.mark.parametrize(("method", "name"), METHODS)
def test_the_input_is_left_alone_and_its_order_does_not_matter(method, name):
    p_values = THROMBOLYSIS.copy()
    expected = dict(zip(p_values, method(p_values), strict=True))
    assert p_values == THROMBOLYSIS
    random.Random(1).shuffle(p_values)
    assert method(p_values) == [expected[p] for p in p_values]


@pytest.mark.parametrize(("method", "name"), METHODS)
def test_families_without_a_test(method, name):
    assert method([]) == []
    assert method([NOBODY_SWITCHED]) == [NOBODY_SWITCHED]


def test_a_tiny_p_is_not_zero():
    assert holm([1e-300, 0.5]) == [2e-300, 0.5]
