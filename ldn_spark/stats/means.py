"""Means: paired t, two samples, differences in differences. All from exact moments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from ldn_spark.stats.distributions import t_quantile, t_two_sided
from ldn_spark.stats.moments import Moments, root_of_ratio, square_root
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


def _t_result(centre: float, se: float, df: float, level: float) -> TResult:
    """Test and interval of an estimate and its standard error above 0, each rounded once."""
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
    se = square_root(variance / difference.n)
    return _t_result(float(difference.exact_mean), se, float(difference.n - 1), level)


def welch(first: Moments, second: Moments, level: float) -> TResult:
    """Mean of `first` minus mean of `second`, unequal variances (Welch 1947, Satterthwaite 1946).

    One group may have no variance; both without leave test and interval undefined.
    """
    if undefined := _undefined(first, second):
        return undefined
    k1, k2 = first.n - 1, second.n - 1
    # the squared standard errors over one denominator, which cancels in Satterthwaite's fraction;
    # no common divisors are looked for: curves ask for this on every day
    d1, d2 = first.scale * first.n**2 * k1, second.scale * second.n**2 * k2
    n1, n2 = first.spread * d2, second.spread * d1
    df = (n1 + n2) ** 2 * k1 * k2 / (n1**2 * k2 + n2**2 * k1)
    se = root_of_ratio(n1 + n2, d1 * d2)
    return _t_result(_difference(first, second), se, df, level)


def pooled(first: Moments, second: Moments, level: float) -> TResult:
    """Mean of `first` minus mean of `second`, one common variance (Student 1908)."""
    if undefined := _undefined(first, second):
        return undefined
    df = first.n + second.n - 2
    v1, v2 = (Fraction(one.spread, one.scale * one.n) for one in (first, second))
    variance = (v1 + v2) / df * (Fraction(1, first.n) + Fraction(1, second.n))
    return _t_result(_difference(first, second), square_root(variance), float(df), level)


def _difference(first: Moments, second: Moments) -> float:
    """The difference of two means, rounded once."""
    d1, d2 = first.total.denominator * first.n, second.total.denominator * second.n
    return (first.total.numerator * d2 - second.total.numerator * d1) / (d1 * d2)


def _undefined(first: Moments, second: Moments) -> TResult | None:
    """What two groups have where a group is too small or neither varies."""
    if first.n == 0 or second.n == 0:
        return TResult.undefined(A_GROUP_IS_EMPTY, A_GROUP_IS_EMPTY)
    if first.n == 1 or second.n == 1:
        return TResult.undefined(_difference(first, second), A_GROUP_OF_ONE)
    if not first.spread and not second.spread:
        return TResult.undefined(_difference(first, second), NO_VARIANCE, se=0.0)
    return None


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
