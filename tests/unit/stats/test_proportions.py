from decimal import Decimal, localcontext
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from ldn_spark.stats.distributions import z_quantile
from ldn_spark.stats.not_estimable import (
    ALL_SWITCHED_ALIKE,
    NOBODY,
    NOBODY_SWITCHED,
    NotEstimable,
)
from ldn_spark.stats.proportions import (
    INTERVALS,
    MCNEMAR,
    PairedCounts,
    mcnemar_corrected,
    mcnemar_exact,
    mcnemar_mid_p,
    mcnemar_uncorrected,
    paired_interval,
)

from .exact import LEVEL, individual_changes, swapped, tables, unhurried

# Complete response before and after consolidation, Cavo et al. 2012
CAVO = PairedCounts(59, 6, 16, 80)
# Airway hyper-responsiveness before and after transplantation, Bentur et al. 2009
BENTUR = PairedCounts(1, 1, 7, 12)

# The literature below gives before - after. Source, method, table, limits, tolerance:
CONTINGENCY_TABLES = "R contingencytables, tests of chapter 8; Fagerland, Lydersen & Laake 2017"
FAGERLAND_2014 = "Fagerland, Lydersen & Laake 2014, Stat Med 33:2850 (3 digits)"
PROPCIS = "R PropCIs, examples of its manual"
PUBLISHED_INTERVALS = [
    (CONTINGENCY_TABLES, "wald", CAVO, (-0.1184, -0.0058), 5e-5),
    (CONTINGENCY_TABLES, "agresti_min", CAVO, (-0.1182, -0.0045), 5e-5),
    (CONTINGENCY_TABLES, "bonett_price", CAVO, (-0.1195, -0.0032), 5e-5),
    (CONTINGENCY_TABLES, "newcombe10", CAVO, (-0.1186, -0.0046), 5e-5),
    (CONTINGENCY_TABLES, "tango", CAVO, (-0.1240, -0.0054), 5e-5),
    (CONTINGENCY_TABLES, "newcombe10", PairedCounts(1, 0, 0, 1), (-0.5734, 0.5734), 5e-5),
    (CONTINGENCY_TABLES, "tango", PairedCounts(0, 3, 0, 0), (-0.1230, 1.0), 5e-5),
    (CONTINGENCY_TABLES, "wald_corrected", CAVO, (-0.1186, -0.0057), 5e-5),
    (FAGERLAND_2014, "wald", BENTUR, (-0.520, -0.052), 6e-4),
    (FAGERLAND_2014, "bonett_price", BENTUR, (-0.508, -0.013), 6e-4),
    (FAGERLAND_2014, "newcombe10", BENTUR, (-0.507, -0.026), 6e-4),
    (FAGERLAND_2014, "tango", BENTUR, (-0.517, -0.026), 6e-4),
    # diffpropci.Wald.mp(b = 3, c = 9, n = 32) and diffpropci.mp(b = 40, c = 20, n = 160), whose
    # difference is (c - b) / n
    (PROPCIS, "wald", PairedCounts(20, 9, 3, 0), (-0.01448204, 0.38948204), 5e-9),
    (PROPCIS, "agresti_min", PairedCounts(0, 20, 40, 100), (-0.21601726, -0.03089632), 5e-9),
]


@pytest.mark.parametrize(("source", "method", "counts", "limits", "tolerance"), PUBLISHED_INTERVALS)
def test_published_intervals(source, method, counts, limits, tolerance):
    low, high = paired_interval(counts, LEVEL, method)
    assert (-high, -low) == pytest.approx(limits, abs=tolerance)


# statsmodels test_mcnemar, values of R mcnemar.test: b, c, p corrected, p uncorrected
R_MCNEMAR = [
    (121, 59, 5.450095e-06, 3.815136e-06),
    (70, 59, 0.3786151, 0.3327967),
    (80, 59, 0.08981434, 0.07488031),
]


@pytest.mark.parametrize(("b", "c", "corrected", "uncorrected"), R_MCNEMAR)
def test_published_chi_square_tests(b, c, corrected, uncorrected):
    counts = PairedCounts(10, b, c, 5)
    assert mcnemar_corrected(counts) == pytest.approx(corrected, rel=5e-7)
    assert mcnemar_uncorrected(counts) == pytest.approx(uncorrected, rel=5e-7)


def test_published_tests_of_cavo():
    found = [test(CAVO) for test in MCNEMAR.values()]
    assert list(MCNEMAR) == ["uncorrected", "corrected", "exact", "mid_p"]
    assert found == pytest.approx([0.033006, 0.055009, 0.052479, 0.034690], abs=5e-7)


def test_published_tests_of_armitage():
    # StatsDirect; Armitage & Berry 1994, p. 127: b = 12, c = 2
    counts = PairedCounts(3, 12, 2, 7)
    assert mcnemar_corrected(counts) == pytest.approx(0.0162, abs=5e-5)  # chi2 = 81 / 14
    assert mcnemar_exact(counts) == pytest.approx(0.0129, abs=5e-5)


@pytest.mark.parametrize(("b", "c"), [(0, 1), (6, 16), (30, 31), (500, 400), (9, 0), (25, 25)])
def test_tests_agree_with_statsmodels(b, c):
    counts, table = PairedCounts(40, b, c, 7), [[40, b], [c, 7]]
    plain = statsmodels_mcnemar(table, exact=False, correction=False)
    exact = statsmodels_mcnemar(table, exact=True)
    assert mcnemar_uncorrected(counts) == pytest.approx(plain.pvalue, rel=1e-10)
    assert mcnemar_exact(counts) == pytest.approx(exact.pvalue, rel=1e-10)
    if b != c:  # at b = c statsmodels lets the correction pass through 0
        edwards = statsmodels_mcnemar(table, exact=False, correction=True)
        assert mcnemar_corrected(counts) == pytest.approx(edwards.pvalue, rel=1e-10)


def test_correction_stops_at_no_difference():
    assert mcnemar_corrected(PairedCounts(0, 4, 4, 0)) == 1.0


@pytest.mark.parametrize(("b", "c"), [(0, 1), (1, 1), (6, 16), (2, 12), (25, 25), (300, 340)])
def test_exact_tests_by_counting_coin_tosses(b, c):
    s, m = b + c, min(b, c)
    up_to = Fraction(sum(comb(s, k) for k in range(m + 1)), 2**s)
    point = Fraction(comb(s, m), 2**s)
    mid = 2 * up_to - point if b != c else 1 - point / 2
    counts = PairedCounts(0, b, c, 3)
    assert mcnemar_exact(counts) == pytest.approx(float(min(2 * up_to, 1)), rel=1e-12)
    assert mcnemar_mid_p(counts) == pytest.approx(float(mid), rel=1e-12)


def test_a_tiny_p_is_not_zero():
    counts = PairedCounts(0, 1000, 0, 0)
    assert mcnemar_exact(counts) == pytest.approx(2.0**-999, rel=1e-9, abs=0)
    assert mcnemar_mid_p(counts) == pytest.approx(2.0**-1000, rel=1e-9, abs=0)
    assert 0 < mcnemar_uncorrected(counts) < 1e-200


class TestCounts:
    def test_margins(self):
        assert (CAVO.n, CAVO.users_before, CAVO.users_after) == (161, 59 + 6, 59 + 16)
        assert (CAVO.discordant, CAVO.gain, CAVO.difference) == (22, 10, 10 / 161)

    def test_addition_is_cell_by_cell(self):
        assert CAVO + PairedCounts(1, 10, 100, 1000) == PairedCounts(60, 16, 116, 1080)

    @pytest.mark.parametrize("cell", range(4))
    def test_negative_counts_are_refused(self, cell):
        with pytest.raises(ValueError, match="negative"):
            PairedCounts(*[-1 if i == cell else 5 for i in range(4)])


class TestUndefined:
    @pytest.mark.parametrize("method", INTERVALS)
    def test_no_persons(self, method):
        nobody = PairedCounts(0, 0, 0, 0)
        assert nobody.difference == NOBODY
        assert paired_interval(nobody, LEVEL, method) == (NOBODY, NOBODY)

    @pytest.mark.parametrize("test", MCNEMAR.values())
    def test_nothing_to_test_when_nobody_changed_not_even_exactly(self, test):
        assert test(PairedCounts(12, 0, 0, 30)) == NOBODY_SWITCHED

    @pytest.mark.parametrize("method", ["wald", "wald_corrected"])
    def test_wald_is_not_given_where_it_collapses_to_a_point(self, method):
        nobody, alike = PairedCounts(12, 0, 0, 30), PairedCounts(0, 0, 9, 0)
        assert paired_interval(nobody, LEVEL, method) == (NOBODY_SWITCHED, NOBODY_SWITCHED)
        assert paired_interval(alike, LEVEL, method) == (ALL_SWITCHED_ALIKE, ALL_SWITCHED_ALIKE)

    @pytest.mark.parametrize("method", sorted(set(INTERVALS) - {"wald", "wald_corrected"}))
    def test_the_others_stay_proper_intervals(self, method):
        low, high = paired_interval(PairedCounts(12, 0, 0, 30), LEVEL, method)
        assert -0.2 < low < 0 < high < 0.2
        low, high = paired_interval(PairedCounts(0, 0, 9, 0), LEVEL, method)
        assert 0 < low < high <= 1


@unhurried
@given(tables)
def test_wald_is_the_normal_interval_of_the_individual_changes(counts):
    low, high = paired_interval(counts, LEVEL, "wald")
    assume(not isinstance(low, NotEstimable))
    changes = np.array(individual_changes(counts))
    # standard error from the population standard deviation, as in a multinomial model
    limits = stats.norm.interval(LEVEL, changes.mean(), changes.std() / len(changes) ** 0.5)
    assert (low, high) == pytest.approx(tuple(np.clip(limits, -1, 1)), abs=1e-12)


@unhurried
@given(tables)
def test_agresti_min_is_wald_of_the_table_with_a_half_in_each_cell(counts):
    # in doubled counts: every cell 2x + 1; the standard error then is sqrt(2) times too small
    doubled = PairedCounts(*(2 * x + 1 for x in _cells(counts)))
    low, high = INTERVALS["wald"](doubled, LEVEL)
    centre, half = (low + high) / 2, (high - low) / 2 * 2**0.5
    assume(abs(low) < 1 > abs(high))
    expected = max(centre - half, -1), min(centre + half, 1)
    assert INTERVALS["agresti_min"](counts, LEVEL) == pytest.approx(expected, abs=1e-12)


@unhurried
@given(tables, st.sampled_from([0.9, 0.95, 0.99]))
@pytest.mark.parametrize("method", INTERVALS)
def test_intervals_hold_the_estimate_and_the_range(method, counts, level):
    low, high = paired_interval(counts, level, method)
    assume(not isinstance(low, NotEstimable))
    assert -1 <= low <= counts.difference <= high <= 1
    assert low < high


@unhurried
@given(tables)
@pytest.mark.parametrize("method", INTERVALS)
def test_exchanging_before_and_after_mirrors_the_interval(method, counts):
    low, high = paired_interval(counts, LEVEL, method)
    assume(not isinstance(low, NotEstimable))
    mirrored = paired_interval(swapped(counts), LEVEL, method)
    assert mirrored == pytest.approx((-high, -low), abs=1e-12)
    if counts.gain == 0:
        assert low == pytest.approx(-high, abs=1e-12)


@unhurried
@given(tables)
@pytest.mark.parametrize("method", INTERVALS)
def test_a_higher_level_gives_a_wider_interval(method, counts):
    narrow, wide = (paired_interval(counts, level, method) for level in (0.8, 0.99))
    assume(not isinstance(narrow[0], NotEstimable))
    assert wide[0] <= narrow[0] < narrow[1] <= wide[1]


@unhurried
@given(tables, st.sampled_from([0.8, 0.95, 0.99]))
def test_tango_leaves_out_zero_exactly_when_mcnemar_rejects(counts, level):
    p = mcnemar_uncorrected(counts)
    assume(not isinstance(p, NotEstimable))
    assume(abs(p - (1 - level)) > 1e-9)
    low, high = paired_interval(counts, level, "tango")
    assert (low <= 0 <= high) == (p > 1 - level)


def _cells(counts):
    return counts.both, counts.before_only, counts.after_only, counts.neither


def _score_excess(counts, theta, z):
    """Tango's score squared less z^2, times its variance, in 60 digits; negative inside."""
    n, b, c = counts.n, counts.before_only, counts.after_only
    with localcontext() as context:
        context.prec = 60
        d, z = -Decimal(theta), Decimal(z)
        linear = -b - c + (2 * n - b + c) * d
        root = (linear**2 + 8 * n * c * d * (1 - d)).sqrt()
        q = (root - linear) / (4 * n)
        return (c - b + n * d) ** 2 - z**2 * n * (2 * q + d * (1 - d))


LARGE_TABLES = [
    PairedCounts(700, 231, 261, 2398),
    PairedCounts(0, 5000, 1, 0),
    PairedCounts(0, 1, 2, 1_000_000),
    PairedCounts(1000, 0, 3, 2000),
    PairedCounts(0, 3, 3, 0),
]


@pytest.mark.parametrize("counts", [CAVO, BENTUR, *LARGE_TABLES])
def test_tango_limits_solve_the_score_equation_to_twelve_digits(counts):
    z = z_quantile(LEVEL)
    low, high = paired_interval(counts, LEVEL, "tango")
    for limit, outwards in ((low, -1), (high, 1)):
        inside, outside = limit - outwards * 2e-12, limit + outwards * 2e-12
        assert _score_excess(counts, inside, z) < 0
        assert _score_excess(counts, outside, z) > 0


@pytest.mark.parametrize("n", [1, 5, 161, 3590, 10**6])
def test_tango_without_changes_has_a_closed_form(n):
    # b = c = 0: the score is n theta^2 / (|theta| (1 - |theta|)), so theta = z^2 / (n + z^2)
    z2 = z_quantile(LEVEL) ** 2
    expected = z2 / (n + z2)
    low, high = paired_interval(PairedCounts(n - 1, 0, 0, 1), LEVEL, "tango")
    assert (low, high) == pytest.approx((-expected, expected), abs=1e-12)


@pytest.mark.parametrize("n", [1, 3, 1000])
def test_tango_reaches_the_ends_of_the_range(n):
    # all stopped: nothing below -1, and the upper limit is that of the mirrored table
    low, high = paired_interval(PairedCounts(0, n, 0, 0), LEVEL, "tango")
    assert low == -1.0
    assert -1.0 < high < 1.0
    assert paired_interval(PairedCounts(0, 0, n, 0), LEVEL, "tango") == pytest.approx((-high, 1.0))


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_newcombe_does_not_leave_the_range_by_rounding(level):
    limits = [paired_interval(PairedCounts(0, n, 0, 0), level, "newcombe10") for n in range(1, 300)]
    assert {low for low, _ in limits} == {-1.0}
    assert all(-1 < high < 1 for _, high in limits)


def test_coverage_of_the_intervals_in_small_groups():
    # 40 persons, 5 % stop and 20 % start: true difference 0.15
    rng = np.random.default_rng(15089)
    draws = rng.multinomial(40, [0.15, 0.05, 0.20, 0.60], size=4000)
    distinct, times = np.unique(draws, axis=0, return_counts=True)
    covered = dict.fromkeys(INTERVALS, 0)
    for cells, repeats in zip(distinct.tolist(), times.tolist(), strict=True):
        for method in INTERVALS:
            low, high = paired_interval(PairedCounts(*cells), LEVEL, method)
            if not isinstance(low, NotEstimable):
                covered[method] += repeats * (low <= 0.15 <= high)
    coverage = {method: count / 4000 for method, count in covered.items()}
    wald = coverage.pop("wald")  # known to be too narrow; standard error of a share: 0.0034
    assert 0.90 < wald <= coverage.pop("wald_corrected") < min(coverage.values())
    assert all(0.93 < share < 0.97 for share in coverage.values()), coverage
