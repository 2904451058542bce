from fractions import Fraction

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from ldn_spark.stats.means import did_of_means, paired_t, pooled, welch
from ldn_spark.stats.moments import Moments
from ldn_spark.stats.not_estimable import (
    A_GROUP_IS_EMPTY,
    A_GROUP_OF_ONE,
    ALL_CHANGED_ALIKE,
    FEWER_THAN_TWO,
    NO_CHANGE,
    NO_VARIANCE,
    NOBODY,
    NotEstimable,
)

from .exact import LEVEL, moments, unhurried

# Student 1908, hours of sleep gained under two drugs; R documentation of `sleep` and `t.test`
SLEEP_1 = ["0.7", "-1.6", "-0.2", "-1.2", "-0.1", "3.4", "3.7", "0.8", "0.0", "2.0"]
SLEEP_2 = ["1.9", "0.8", "1.1", "0.1", "-0.1", "4.4", "5.5", "1.6", "4.6", "3.4"]

samples = st.lists(st.integers(-1000, 1000), min_size=2, max_size=12)


def from_summary(n, mean, sd):
    mean, sd = Fraction(mean), Fraction(sd)
    return Moments(n, n * mean, (n - 1) * sd**2 + n * mean**2)


def skewed(seed, n, scale=1.0):
    """Like consumption: most persons use nothing, a few use much."""
    rng = np.random.default_rng(seed)
    return rng.gamma(0.3, 50, n) * (rng.random(n) < 0.2) * scale


def test_sleep_paired():
    result = paired_t(
        moments(Fraction(a) - Fraction(b) for a, b in zip(SLEEP_1, SLEEP_2, strict=True)), LEVEL
    )
    assert result.estimate == -1.58
    assert result.df == 9
    assert result.t == pytest.approx(-4.0621, abs=5e-5)
    assert result.p == pytest.approx(0.002833, abs=5e-7)
    assert (result.ci_low, result.ci_high) == pytest.approx((-2.4598858, -0.7001142), abs=5e-8)


def test_sleep_welch():
    result = welch(moments(SLEEP_1), moments(SLEEP_2), LEVEL)
    assert result.t == pytest.approx(-1.8608, abs=5e-5)
    assert result.df == pytest.approx(17.776, abs=5e-4)
    assert result.p == pytest.approx(0.07939, abs=5e-6)
    assert (result.ci_low, result.ci_high) == pytest.approx((-3.3654832, 0.2054832), abs=5e-8)


def test_nist_auto83b():
    # NIST/SEMATECH e-Handbook 1.3.5.3: miles per gallon, from summaries of 5 decimals
    usa, japan = from_summary(249, "20.14458", "6.41470"), from_summary(79, "30.48101", "6.10771")
    equal, unequal = pooled(usa, japan, LEVEL), welch(usa, japan, LEVEL)
    assert equal.se / (1 / 249 + 1 / 79) ** 0.5 == pytest.approx(6.34260, abs=5e-6)
    assert (equal.t, equal.df) == (pytest.approx(-12.62059, abs=2e-5), 326)
    assert unequal.t == pytest.approx(-12.94627, abs=2e-5)
    assert unequal.df == pytest.approx(136.8750, abs=5e-4)


@pytest.mark.parametrize("n", [2, 3, 30, 2000])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_paired_agrees_with_scipy_on_raw_data(n, level):
    rng = np.random.default_rng(n)
    before, after = rng.normal(0.1, 1, n), rng.normal(0, 1, n)
    reference = stats.ttest_rel(after, before)
    result = paired_t(moments(after - before), level)
    assert result.t == pytest.approx(reference.statistic, rel=1e-10)
    assert result.p == pytest.approx(reference.pvalue, rel=1e-10)
    assert (result.ci_low, result.ci_high) == pytest.approx(
        tuple(reference.confidence_interval(level)), rel=1e-9
    )


@pytest.mark.parametrize(("method", "equal_var"), [(welch, False), (pooled, True)])
@pytest.mark.parametrize(("n1", "n2"), [(2, 2), (5, 40), (800, 300)])
def test_two_samples_agree_with_scipy_on_raw_data(method, equal_var, n1, n2):
    rng = np.random.default_rng(n1)
    first, second = rng.normal(0, 1, n1), rng.normal(0.2, 3, n2)
    reference = stats.ttest_ind(first, second, equal_var=equal_var)
    result = method(moments(first), moments(second), LEVEL)
    assert result.t == pytest.approx(reference.statistic, rel=1e-10)
    assert result.df == pytest.approx(reference.df, rel=1e-10)
    assert result.p == pytest.approx(reference.pvalue, rel=1e-10)
    assert (result.ci_low, result.ci_high) == pytest.approx(
        tuple(reference.confidence_interval(LEVEL)), rel=1e-9
    )


def test_did_is_the_interaction_of_a_regression_on_persons():
    # change ~ comparator: the coefficient is the DiD; its HC2 standard error is Welch's
    comparator = skewed(1, 400) - skewed(2, 400)
    exposed = skewed(3, 300, 2.0) - skewed(4, 300, 2.5)
    group = np.r_[np.ones(400), np.zeros(300)]
    model = sm.OLS(np.r_[comparator, exposed], sm.add_constant(group))
    pair = moments(comparator), moments(exposed)
    equal, unequal = (did_of_means(*pair, LEVEL, variance=name) for name in ("pooled", "welch"))
    ordinary, robust = model.fit(), model.fit(cov_type="HC2")
    assert unequal.estimate == equal.estimate == pytest.approx(ordinary.params[1], rel=1e-10)
    assert unequal.se == pytest.approx(robust.bse[1], rel=1e-10)
    assert equal.se == pytest.approx(ordinary.bse[1], rel=1e-10)
    assert equal.p == pytest.approx(ordinary.pvalues[1], rel=1e-9)
    assert (equal.ci_low, equal.ci_high) == pytest.approx(ordinary.conf_int()[1], rel=1e-9)


def test_positive_did_means_that_the_exposed_fell_more():
    # comparator -1, 0, 1: mean 0; exposed -11, -10, -9: mean -10
    result = did_of_means(moments([-1, 0, 1]), moments([-11, -10, -9]), LEVEL, variance="welch")
    assert result.estimate == 10.0
    assert result.df == 4.0
    assert result.se == pytest.approx((1 / 3 + 1 / 3) ** 0.5, rel=1e-15)


def test_a_tiny_p_is_not_zero():
    result = paired_t(moments([-1, 2] * 2500), LEVEL)  # mean 0.5, sd 1.5, t = 0.5 sqrt(4999) / 1.5
    assert result.t == pytest.approx(4999**0.5 / 3, rel=1e-12)
    assert 0 < result.p < 1e-100
    assert result.p == pytest.approx(2 * stats.t.sf(4999**0.5 / 3, 4999), rel=1e-9, abs=0)


class TestUndefined:
    def test_nobody(self):
        result = paired_t(moments([]), LEVEL)
        assert {getattr(result, name) for name in result.__slots__} == {NOBODY}

    def test_one_person_has_a_change_but_no_spread(self):
        result = paired_t(moments([-3]), LEVEL)
        assert result.estimate == -3.0
        assert result.se == result.t == result.p == result.ci_low == FEWER_THAN_TWO

    def test_nobody_changed(self):
        result = paired_t(moments([0, 0, 0]), LEVEL)
        assert (result.estimate, result.se) == (0.0, 0.0)
        assert result.t == result.p == result.ci_low == result.ci_high == NO_CHANGE

    def test_everybody_changed_alike_is_another_reason(self):
        result = paired_t(moments([2, 2, 2]), LEVEL)
        assert (result.estimate, result.se) == (2.0, 0.0)
        assert result.p == result.ci_high == ALL_CHANGED_ALIKE

    def test_one_group_without_variance_is_enough(self):
        # Welch: the constant group adds nothing, so df and se are those of the other group
        result = welch(moments([0] * 50), moments([1, 2, 3, 4]), LEVEL)
        alone = paired_t(moments([1, 2, 3, 4]), LEVEL)
        assert (result.estimate, result.se, result.df) == (-2.5, alone.se, 3.0)
        assert result.p == alone.p

    @pytest.mark.parametrize("variance", ["welch", "pooled"])
    def test_neither_group_varies(self, variance):
        result = did_of_means(moments([0, 0]), moments([-1, -1]), LEVEL, variance=variance)
        assert (result.estimate, result.se) == (1.0, 0.0)
        assert result.p == result.ci_low == result.df == NO_VARIANCE

    @pytest.mark.parametrize("method", [welch, pooled])
    def test_a_group_too_small(self, method):
        assert method(moments([]), moments([1, 2]), LEVEL).estimate == A_GROUP_IS_EMPTY
        single = method(moments([5]), moments([1, 2]), LEVEL)
        assert single.estimate == 3.5
        assert single.se == single.p == A_GROUP_OF_ONE


@unhurried
@given(samples, samples)
@pytest.mark.parametrize("method", [welch, pooled])
def test_exchanging_the_groups_changes_the_sign(method, first, second):
    one = method(moments(first), moments(second), LEVEL)
    other = method(moments(second), moments(first), LEVEL)
    assert one.estimate == -other.estimate
    assert (one.se, one.df, one.p) == (other.se, other.df, other.p)
    if not isinstance(one.p, NotEstimable):
        assert (one.ci_low, one.ci_high) == (-other.ci_high, -other.ci_low)


@unhurried
@given(samples, samples, st.integers(1, 10**6), st.integers(-(10**9), 10**9))
def test_unit_and_origin_do_not_matter(first, second, scale, shift):
    one = welch(moments(first), moments(second), LEVEL)
    other = welch(
        moments(scale * x + shift for x in first), moments(scale * x + shift for x in second), LEVEL
    )
    assume(not isinstance(one.p, NotEstimable))
    assert other.df == one.df
    assert other.p == pytest.approx(one.p, rel=1e-9)
    assert other.se == pytest.approx(scale * one.se, rel=1e-12)
    assert other.ci_low == pytest.approx(scale * one.ci_low, rel=1e-9, abs=scale * 1e-9)


@unhurried
@given(samples, st.sampled_from([0.5, 0.8, 0.95, 0.999]))
def test_interval_leaves_out_zero_exactly_when_p_is_small(values, level):
    result = paired_t(moments(values), level)
    assume(not isinstance(result.p, NotEstimable))
    assume(abs(result.p - (1 - level)) > 1e-9)
    assert result.ci_low < result.estimate < result.ci_high
    assert (result.ci_low <= 0 <= result.ci_high) == (result.p > 1 - level)


def test_welch_covers_and_pooled_does_not_when_the_small_group_varies_most():
    rng = np.random.default_rng(20130701)
    repeats, covered = 1500, {welch: 0, pooled: 0}
    for _ in range(repeats):
        small, large = rng.normal(0, 4, 8).round(6), rng.normal(0, 1, 40).round(6)
        pair = moments(small), moments(large)
        for method in covered:
            result = method(*pair, LEVEL)
            covered[method] += result.ci_low <= 0 <= result.ci_high
    assert 0.93 < covered[welch] / repeats < 0.97
    assert covered[pooled] / repeats < 0.80
