import numpy as np
import pytest
from scipy import stats

from ldn_spark.stats import distributions as d

STATISTICS = (0.0, 1e-9, 0.3, 1.96, -4.0621, 12.9, 30.0)


@pytest.mark.parametrize("df", [1.0, 2.5, 9.0, 17.776, 136.875, 3589.0, 1e6])
@pytest.mark.parametrize("t", STATISTICS)
def test_t_tail_is_that_of_scipy_stats(t, df):
    assert d.t_two_sided(t, df) == pytest.approx(2 * stats.t.sf(abs(t), df), rel=1e-11, abs=0)


@pytest.mark.parametrize("z", STATISTICS)
def test_normal_and_chi_square_tails_are_those_of_scipy_stats(z):
    assert d.z_two_sided(z) == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-11, abs=0)
    assert d.chi2_tail(z**2) == pytest.approx(stats.chi2.sf(z**2, 1), rel=1e-11, abs=0)


def test_tails_far_below_the_precision_of_one_minus_cdf_stay_above_zero():
    # ndtr(-37) = 5.7e-300 (scipy.stats.norm.sf(37))
    assert d.z_two_sided(37) == pytest.approx(2 * 5.725571222524577e-300, rel=1e-10, abs=0)
    assert 0 < d.t_two_sided(-40, 3589) < 1e-288
    assert 0 < d.binomial_at_most(10, 1000) < 1e-270


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_quantiles_leave_half_of_the_rest_in_each_tail(level):
    assert d.z_quantile(level) == pytest.approx(stats.norm.isf((1 - level) / 2), rel=1e-13)
    for df in (1.0, 2.2, 9.0, 17.776, 5102.0):
        assert d.t_quantile(level, df) == pytest.approx(stats.t.isf((1 - level) / 2, df), rel=1e-12)
        assert d.t_two_sided(d.t_quantile(level, df), df) == pytest.approx(1 - level, rel=1e-10)


@pytest.mark.parametrize("n", [1, 2, 17, 492, 20_000])
def test_binomial_is_that_of_scipy_stats(n):
    for k in np.unique(np.linspace(0, n, 7, dtype=int)):
        expected = stats.binom.cdf(k, n, 0.5)
        assert d.binomial_at_most(int(k), n) == pytest.approx(expected, rel=1e-9, abs=0)
    assert d.binomial_at_most(-1, n) == 0.0
