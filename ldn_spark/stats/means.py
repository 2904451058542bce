"""Means: paired t, two samples, differences in differences. All from exact moments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from ldn_spark.stats.distributions import t_quantile, t_two_sided
from ldn_spark.stats.moments import Moments, square_root
from ldn_spark.stats.not_estimable import (
    A_GROUP_IS_EMPTY,
    A_GROUP_OF_ONE,
    ALL_CHANGED_ALIKE,
    NO_CHANGE,
    NO_VARIANCE,
    NOBODY,
    NotEstimable,
    Number,
)


@dataclass(frozen=True, slots=True)
class TResult:
    """An estimated mean or difference of means with its t test.

    Attributes:
        estimate: in the unit of the variable.
        se: standard error of the estimate.
        df: degrees of freedom.
        t: estimate / se.
        p: two-sided.
        ci_low, ci_high: confidence limits.
    """

    estimate: Number
    se: Number
    df: Number
    t: Number
    p: Number
    ci_low: Number
    ci_high: Number

    @classmethod
    def undefined(cls, estimate: Number, reason: NotEstimable, se: Number | None = None) -> TResult:
        """An estimate whose precision cannot be judged."""
        return cls(estimate, reason if se is None else se, *[reason] * 5)


def _t_result(estimate: Fraction, variance: Fraction, df: float, level: float) -> TResult:
    """Test and interval of an exact estimate with an exact, positive variance."""
    centre, se = float(estimate), square_root(variance)
    t = centre / se
    half = t_quantile(level, df) * se
    return TResult(centre, se, df, t, t_two_sided(t, df), centre - half, centre + half)


def paired_t(difference: Moments, level: float) -> TResult:
    """Paired t test of within-person differences (Student 1908): df = n - 1.

    Not estimable of fewer than two persons, or when every difference is the same (sd = 0); the
    mean is given as long as there is a person.
    """
    variance = difference.exact_variance
    if isinstance(variance, NotEstimable):
        return TResult.undefined(difference.mean, NOBODY if difference.n == 0 else variance)
    if variance == 0:
        reason = ALL_CHANGED_ALIKE if difference.total else NO_CHANGE
        return TResult.undefined(difference.mean, reason, se=0.0)
    return _t_result(difference.exact_mean, variance / difference.n, float(difference.n - 1), level)


def welch(first: Moments, second: Moments, level: float) -> TResult:
    """Mean of `first` minus mean of `second`, unequal variances (Welch 1947, Satterthwaite 1946).

    One group may have no variance; both without leave test and interval undefined.
    """
    both = _two_variances(first, second)
    if isinstance(both, TResult):
        return both
    v1, v2 = both[0] / first.n, both[1] / second.n
    # both over one denominator, which cancels in Satterthwaite's fraction
    n1, n2, denominator = (
        v1.numerator * v2.denominator,
        v2.numerator * v1.denominator,
        v1.denominator * v2.denominator,
    )
    k1, k2 = first.n - 1, second.n - 1
    df = (n1 + n2) ** 2 * k1 * k2 / (n1**2 * k2 + n2**2 * k1)
    variance = Fraction(n1 + n2, denominator)
    return _t_result(first.exact_mean - second.exact_mean, variance, df, level)


def pooled(first: Moments, second: Moments, level: float) -> TResult:
    """Mean of `first` minus mean of `second`, one common variance (Student 1908)."""
    both = _two_variances(first, second)
    if isinstance(both, TResult):
        return both
    df = first.n + second.n - 2
    common = (both[0] * (first.n - 1) + both[1] * (second.n - 1)) / df
    variance = common * (Fraction(1, first.n) + Fraction(1, second.n))
    return _t_result(first.exact_mean - second.exact_mean, variance, float(df), level)


def _two_variances(first: Moments, second: Moments) -> tuple[Fraction, Fraction] | TResult:
    if first.n == 0 or second.n == 0:
        return TResult.undefined(A_GROUP_IS_EMPTY, A_GROUP_IS_EMPTY)
    v1, v2 = first.exact_variance, second.exact_variance
    known = not (isinstance(v1, NotEstimable) or isinstance(v2, NotEstimable))
    if known and (v1 or v2):
        return v1, v2
    estimate = float(first.exact_mean - second.exact_mean)
    if known:
        return TResult.undefined(estimate, NO_VARIANCE, se=0.0)
    return TResult.undefined(estimate, A_GROUP_OF_ONE)


VARIANCES: dict[str, Callable[[Moments, Moments, float], TResult]] = {
    "welch": welch,
    "pooled": pooled,
}


def did_of_means(comparator: Moments, exposed: Moments, level: float, *, variance: str) -> TResult:
    """Difference-in-differences: mean change of the comparator minus that of the exposed.

    Args:
        comparator: moments of the within-person changes (after - before).
        exposed: the same of the exposed group.
        level: confidence level.
        variance: a name in `VARIANCES`.

    Positive: the exposed group fell more (or rose less).
    """
    return VARIANCES[variance](comparator, exposed, level)
