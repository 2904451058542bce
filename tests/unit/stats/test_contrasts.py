from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import NormalIndPower, TTestPower

from ldn_spark.stats.contrasts import (
    did_of_proportions,
    minimal_detectable_difference,
    paired_se,
    relative_change,
    smd_of_means,
    smd_of_proportions,
    trend_of_means,
    trend_of_proportions,
)
from ldn_spark.stats.means import paired_t, welch
from ldn_spark.stats.not_estimable import (
    A_GROUP_IS_EMPTY,
    A_GROUP_OF_ONE,
    FEWER_THAN_TWO,
    NO_VARIANCE,
    NOBODY,
    NOTHING_BEFORE,
    NotEstimable,
)
from ldn_spark.stats.proportions import PairedCounts, paired_interval

from .exact import LEVEL, individual_changes, moments, tables, unhurried

COMPARATOR = PairedCounts(1200, 231, 261, 1898)
MIDDLE = PairedCounts(800, 160, 150, 1444)
EXPOSED = PairedCounts(1500, 480, 390, 2733)
STILL = PairedCounts(5, 0, 0, 20)
EMPTY = PairedCounts(0, 0, 0, 0)


def cell_means_model(groups):
    """Least squares with one mean per group; its HC2 variance of a mean is s^2 / n."""
    labels = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return sm.OLS(np.concatenate(groups), np.eye(len(groups))[labels])


class TestDidOfProportions:
    def test_against_a_regression_on_persons(self):
        # HC0 in a model of cell means: the sum of both groups' population variances / n
        groups = [np.array(individual_changes(x)) for x in (COMPARATOR, EXPOSED)]
        reference = cell_means_model(groups).fit(cov_type="HC0").t_test([1, -1])
        result = did_of_proportions(COMPARATOR, EXPOSED, LEVEL)
        assert result.estimate == pytest.approx(reference.effect.item(), rel=1e-10)
        assert result.se == pytest.approx(reference.sd.item(), rel=1e-10)
        assert result.p == pytest.approx(reference.pvalue.item(), rel=1e-8)
        assert (result.ci_low, result.ci_high) == pytest.approx(
            tuple(reference.conf_int()[0]), rel=1e-9
        )

    def test_by_hand(self):
        # comparator +1/10, exposed -3/20: S 3 and 5; variances (3 - 1/10)/100, (5 - 9/20)/400
        result = did_of_proportions(PairedCounts(4, 1, 2, 3), PairedCounts(5, 4, 1, 10), LEVEL)
        assert result.estimate == 0.25  # positive: the exposed fell more
        assert result.se == pytest.approx((0.029 + 0.011375) ** 0.5, rel=1e-14)

    def test_one_group_that_nobody_changed_in_is_enough(self):
        result = did_of_proportions(STILL, EXPOSED, LEVEL)
        assert result.estimate == -EXPOSED.difference
        assert (-result.ci_high, -result.ci_low) == pytest.approx(
            paired_interval(EXPOSED, LEVEL, "wald"), rel=1e-12
        )

    def test_nobody_changed_in_either_group(self):
        result = did_of_proportions(STILL, STILL, LEVEL)
        assert (result.estimate, result.se) == (0.0, 0.0)
        assert result.p == result.ci_low == result.ci_high == NO_VARIANCE

    @pytest.mark.parametrize("pair", [(EMPTY, EXPOSED), (EXPOSED, EMPTY)])
    def test_an_empty_group(self, pair):
        result = did_of_proportions(*pair, LEVEL)
        assert {getattr(result, name) for name in result.__slots__} == {A_GROUP_IS_EMPTY}

    @unhurried
    @given(tables, tables)
    def test_exchanging_the_groups_changes_the_sign(self, one, other):
        there, back = did_of_proportions(one, other, LEVEL), did_of_proportions(other, one, LEVEL)
        assert (there.estimate, there.se, there.p) == (-back.estimate, back.se, back.p)

    @unhurried
    @given(tables, tables)
    def test_interval_leaves_out_zero_exactly_when_p_is_small(self, one, other):
        result = did_of_proportions(one, other, LEVEL)
        assume(not isinstance(result.p, NotEstimable))
        assume(abs(result.p - 0.05) > 1e-9)
        assert (result.ci_low <= 0 <= result.ci_high) == (result.p > 0.05)


class TestTrend:
    def test_of_means_against_a_contrast_of_cell_means(self):
        rng = np.random.default_rng(3)
        groups = [rng.normal(-k, 5 * k, 40 * k) for k in (1, 2, 3, 4)]
        weights = np.array([-1.5, -0.5, 0.5, 1.5]) / 5
        reference = cell_means_model(groups).fit(cov_type="HC2", use_t=False).t_test(weights)
        result = trend_of_means([moments(group) for group in groups], LEVEL)
        assert result.estimate == pytest.approx(reference.effect.item(), rel=1e-9)
        assert result.se == pytest.approx(reference.sd.item(), rel=1e-9)
        assert result.p == pytest.approx(reference.pvalue.item(), rel=1e-8)

    def test_of_means_is_the_slope_through_the_strata(self):
        groups = [moments([x - 1, x + 1]) for x in (10, 7, 2)]  # means 10, 7, 2; slope (2 - 10) / 2
        assert trend_of_means(groups, LEVEL).estimate == -4.0

    def test_of_two_strata_is_their_difference(self):
        first, second = moments([1, 2, 6]), moments([0, 0, 5, 9])
        means, welch_result = trend_of_means([first, second], LEVEL), welch(second, first, LEVEL)
        assert (means.estimate, means.se) == (welch_result.estimate, welch_result.se)
        assert trend_of_proportions([COMPARATOR, EXPOSED], LEVEL) == did_of_proportions(
            EXPOSED, COMPARATOR, LEVEL
        )

    def test_of_proportions_against_a_contrast_of_cell_means(self):
        strata = [COMPARATOR, MIDDLE, EXPOSED]
        groups = [np.array(individual_changes(stratum)) for stratum in strata]
        reference = cell_means_model(groups).fit(cov_type="HC0").t_test([-0.5, 0, 0.5])
        result = trend_of_proportions(strata, LEVEL)
        assert result.estimate == pytest.approx(reference.effect.item(), rel=1e-9)
        assert result.p == pytest.approx(reference.pvalue.item(), rel=1e-8)

    def test_turned_round_the_strata_have_the_opposite_trend(self):
        there = trend_of_proportions([COMPARATOR, MIDDLE, EXPOSED], LEVEL)
        back = trend_of_proportions([EXPOSED, MIDDLE, COMPARATOR], LEVEL)
        assert (there.estimate, there.se, there.p) == (-back.estimate, back.se, back.p)

    def test_undefined(self):
        assert isinstance(trend_of_means([moments([1, 2])], LEVEL).estimate, NotEstimable)
        assert trend_of_means([moments([1]), moments([1, 2])], LEVEL).p == A_GROUP_OF_ONE
        assert trend_of_proportions([EMPTY, EXPOSED], LEVEL).p == A_GROUP_IS_EMPTY
        still = trend_of_proportions([STILL, STILL, STILL], LEVEL)
        assert (still.estimate, still.p) == (0.0, NO_VARIANCE)


class TestRelativeChange:
    def test_is_a_share_of_the_amount_before(self):
        assert relative_change(80, 60) == -0.25
        assert relative_change(Fraction(3, 10), Fraction(9, 10)) == 2.0
        assert relative_change(7, 0) == -1.0

    @pytest.mark.parametrize("after", [0, 5])
    def test_nothing_before_gives_no_number(self, after):
        assert relative_change(0, after) == NOTHING_BEFORE


class TestStandardisedDifference:
    def test_of_means_against_raw_data(self):
        rng = np.random.default_rng(5)
        first, second = rng.normal(50, 14, 90), rng.normal(46, 11, 70)
        expected = (first.mean() - second.mean()) / (
            (first.var(ddof=1) + second.var(ddof=1)) / 2
        ) ** 0.5
        assert smd_of_means(moments(first), moments(second)) == pytest.approx(expected, rel=1e-12)

    def test_of_proportions_by_hand(self):
        # 60 % and 40 %: 0.2 / sqrt(0.24) = 0.408
        assert smd_of_proportions(60, 100, 20, 50) == pytest.approx(0.2 / 0.24**0.5, rel=1e-14)
        assert smd_of_proportions(20, 50, 60, 100) == pytest.approx(-0.2 / 0.24**0.5, rel=1e-14)

    def test_needs_variation_somewhere(self):
        assert smd_of_proportions(0, 10, 9, 9) == NO_VARIANCE
        assert smd_of_proportions(0, 0, 4, 9) == A_GROUP_IS_EMPTY
        assert smd_of_means(moments([1, 1]), moments([2, 2])) == NO_VARIANCE
        assert smd_of_means(moments([1]), moments([2, 3])) == A_GROUP_OF_ONE
        assert smd_of_means(moments([1, 1]), moments([2, 4])) == -2.0  # -2 / sqrt((0 + 2) / 2)

    @unhurried
    @given(st.lists(st.decimals(-100, 100, places=2), min_size=2, max_size=8), st.integers(1, 1000))
    def test_does_not_depend_on_the_unit(self, values, unit):
        first, second = values, [value * 2 + Decimal(1) for value in values]
        one = smd_of_means(moments(first), moments(second))
        assume(not isinstance(one, NotEstimable))
        other = smd_of_means(*(moments(v * unit for v in group) for group in (first, second)))
        assert other == pytest.approx(one, rel=1e-13, abs=1e-15)


class TestMinimalDetectableDifference:
    @pytest.mark.parametrize("power", [0.5, 0.8, 0.9])
    @pytest.mark.parametrize("level", [0.95, 0.99])
    def test_has_the_power_it_promises(self, level, power):
        found = minimal_detectable_difference(2.5, level, power)
        critical = stats.norm.isf((1 - level) / 2)
        assert stats.norm.sf(critical - found / 2.5) == pytest.approx(power, rel=1e-12)

    def test_agrees_with_statsmodels(self):
        n, sd = 3590, 120.0
        effect = NormalIndPower().solve_power(nobs1=n, alpha=0.05, power=0.8, ratio=0)
        found = minimal_detectable_difference(sd / n**0.5, 0.95, 0.8)
        assert found == pytest.approx(effect * sd, rel=2e-6)  # it counts the far tail as well

    @pytest.mark.parametrize(("n", "error"), [(30, 0.037), (300, 0.0037), (3000, 0.00037)])
    def test_falls_short_of_the_noncentral_t_by_about_one_in_n(self, n, error):
        changes = moments([-1, 1] * (n // 2))
        exact = TTestPower().solve_power(nobs=n, alpha=0.05, power=0.8) * changes.sd
        found = minimal_detectable_difference(paired_t(changes, LEVEL).se, 0.95, 0.8)
        assert found == pytest.approx(exact, rel=error)
        assert found < exact

    def test_of_paired_proportions_uses_the_paired_standard_error(self):
        # S = 6, c - b = 2, n = 16: sqrt(6 - 4 / 16) / 16
        assert paired_se(PairedCounts(2, 2, 4, 8)) == pytest.approx(5.75**0.5 / 16, rel=1e-15)

    def test_undefined(self):
        assert paired_se(EMPTY) == NOBODY
        assert minimal_detectable_difference(paired_se(EMPTY), 0.95, 0.8) == NOBODY
        assert minimal_detectable_difference(paired_se(STILL), 0.95, 0.8) == NO_VARIANCE
        assert minimal_detectable_difference(FEWER_THAN_TWO, 0.95, 0.8) == FEWER_THAN_TWO


def test_did_of_proportions_covers_the_truth():
    # changes +0.05 and -0.10 in groups of 60 and 90: true difference 0.15
    rng = np.random.default_rng(36347)
    repeats, covered = 1500, 0
    comparators = rng.multinomial(60, [0.2, 0.10, 0.15, 0.55], size=repeats).tolist()
    exposed = rng.multinomial(90, [0.2, 0.20, 0.10, 0.50], size=repeats).tolist()
    for one, other in zip(comparators, exposed, strict=True):
        result = did_of_proportions(PairedCounts(*one), PairedCounts(*other), LEVEL)
        covered += result.ci_low <= 0.15 <= result.ci_high
    assert 0.93 < covered / repeats < 0.965
