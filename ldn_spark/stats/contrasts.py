"""Between groups: difference-in-differences of proportions, trend, balance, detectable change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

from ldn_spark.stats.distributions import z_quantile, z_two_sided
from ldn_spark.stats.moments import Moments, square_root
from ldn_spark.stats.not_estimable import (
    A_GROUP_IS_EMPTY,
    A_GROUP_OF_ONE,
    NO_VARIANCE,
    NOBODY,
    NOTHING_BEFORE,
    NotEstimable,
    Number,
)
from ldn_spark.stats.proportions import PairedCounts


@dataclass(frozen=True, slots=True)
class ZResult:
    """An estimate with a normal test: standard error, two-sided p, confidence limits."""

    estimate: Number
    se: Number
    p: Number
    ci_low: Number
    ci_high: Number


def _z_result(estimate: Fraction, variance: Fraction, level: float) -> ZResult:
    centre = float(estimate)
    if variance == 0:
        return ZResult(centre, 0.0, NO_VARIANCE, NO_VARIANCE, NO_VARIANCE)
    se = square_root(variance)
    half = z_quantile(level) * se
    return ZResult(centre, se, z_two_sided(centre / se), centre - half, centre + half)


def change_variance(counts: PairedCounts) -> Fraction:
    """Variance of the paired difference of proportions: (S - (c - b)^2 / n) / n^2."""
    n = counts.n
    return (counts.discordant - Fraction(counts.gain**2, n)) / n**2


def did_of_proportions(comparator: PairedCounts, exposed: PairedCounts, level: float) -> ZResult:
    """Change in the share of users, comparator minus exposed; the sum of both paired variances."""
    if comparator.n == 0 or exposed.n == 0:
        return ZResult(*[A_GROUP_IS_EMPTY] * 5)
    estimate = Fraction(comparator.gain, comparator.n) - Fraction(exposed.gain, exposed.n)
    return _z_result(estimate, change_variance(comparator) + change_variance(exposed), level)


def trend(changes: Sequence[Fraction], variances: Sequence[Fraction], level: float) -> ZResult:
    """Change per step along ordered, equally spaced strata: a linear contrast of their changes.

    slope = sum (s_i - mean s) change_i / sum (s_i - mean s)^2 with scores s_i = 1 .. k and the
    variance of that sum (Fleiss, Levin and Paik 2003, section 9.3, for independent groups).
    Negative: the more exposure, the larger the fall or the smaller the rise.
    """
    if len(changes) < 2:
        return ZResult(*[NotEstimable("fewer than two strata")] * 5)
    centre = Fraction(len(changes) + 1, 2)
    scores = [number - centre for number in range(1, len(changes) + 1)]
    scale = sum(score**2 for score in scores)
    slope = sum((s * c for s, c in zip(scores, changes, strict=True)), Fraction()) / scale
    variance = sum((s**2 * v for s, v in zip(scores, variances, strict=True)), Fraction())
    return _z_result(slope, variance / scale**2, level)


def trend_of_means(groups: Sequence[Moments], level: float) -> ZResult:
    """Trend of mean change over ordered strata, from moments of within-person changes."""
    per_mean = []
    for group in groups:
        variance = group.exact_variance
        if isinstance(variance, NotEstimable):
            return ZResult(*[A_GROUP_OF_ONE] * 5)
        per_mean.append(variance / group.n)
    return trend([group.exact_mean for group in groups], per_mean, level)


def trend_of_proportions(groups: Sequence[PairedCounts], level: float) -> ZResult:
    """Trend of the change in the share of users over ordered strata."""
    if any(group.n == 0 for group in groups):
        return ZResult(*[A_GROUP_IS_EMPTY] * 5)
    changes = [Fraction(group.gain, group.n) for group in groups]
    return trend(changes, [change_variance(group) for group in groups], level)


def relative_change(before: Fraction | int, after: Fraction | int) -> Number:
    """(after - before) / before; not estimable when it was not above 0 before."""
    return float(Fraction(after - before) / before) if before > 0 else NOTHING_BEFORE


def smd_of_means(first: Moments, second: Moments) -> Number:
    """Standardised difference of means: (m1 - m2) / sqrt((s1^2 + s2^2) / 2) (Austin 2009)."""
    v1, v2 = first.exact_variance, second.exact_variance
    if isinstance(v1, NotEstimable) or isinstance(v2, NotEstimable):
        return A_GROUP_OF_ONE
    if v1 + v2 == 0:
        return NO_VARIANCE
    return float(first.exact_mean - second.exact_mean) / square_root((v1 + v2) / 2)


def smd_of_proportions(k1: int, n1: int, k2: int, n2: int) -> Number:
    """Standardised difference of proportions, p (1 - p) as the variances (Austin 2009)."""
    if n1 == 0 or n2 == 0:
        return A_GROUP_IS_EMPTY
    p1, p2 = Fraction(k1, n1), Fraction(k2, n2)
    variance = (p1 * (1 - p1) + p2 * (1 - p2)) / 2
    return float(p1 - p2) / square_root(variance) if variance else NO_VARIANCE


def minimal_detectable_difference(se: Number, level: float, power: float) -> Number:
    """The true difference that a two-sided test at 1 - level finds with this power.

    (z_{1 - alpha/2} + z_power) * se, the normal approximation (Bloom 1995).
    """
    if isinstance(se, NotEstimable):
        return se
    if se == 0:
        return NO_VARIANCE
    return (z_quantile(level) + z_quantile(2 * power - 1)) * se


def paired_se(counts: PairedCounts) -> Number:
    """Standard error of the paired difference of proportions (the Wald variance)."""
    return sqrt(float(change_variance(counts))) if counts.n else NOBODY
