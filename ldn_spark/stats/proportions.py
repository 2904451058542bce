"""Paired proportions: McNemar's tests and intervals for the difference after - before.

With b users before only and c users after only of n persons, theta = (c - b) / n.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

from ldn_spark.stats.distributions import (
    binomial_at_most,
    chi2_tail,
    z_quantile,
)
from ldn_spark.stats.not_estimable import (
    ALL_SWITCHED_ALIKE,
    NOBODY,
    NOBODY_SWITCHED,
    NotEstimable,
    Number,
)


@dataclass(frozen=True, slots=True)
class PairedCounts:
    """Persons by their use before and after; adds over groups.

    Raises:
        ValueError: a count is negative.
    """

    both: int
    before_only: int
    after_only: int
    neither: int

    def __post_init__(self) -> None:
        if min(self.both, self.before_only, self.after_only, self.neither) < 0:
            raise ValueError("a count of persons cannot be negative")

    def __add__(self, other: PairedCounts) -> PairedCounts:
        """The two groups taken together."""
        return PairedCounts(
            self.both + other.both,
            self.before_only + other.before_only,
            self.after_only + other.after_only,
            self.neither + other.neither,
        )

    @property
    def n(self) -> int:
        """All persons."""
        return self.both + self.before_only + self.after_only + self.neither

    @property
    def users_before(self) -> int:
        """Persons with a dispense before."""
        return self.both + self.before_only

    @property
    def users_after(self) -> int:
        """Persons with a dispense after."""
        return self.both + self.after_only

    @property
    def discordant(self) -> int:
        """Persons whose use changed."""
        return self.before_only + self.after_only

    @property
    def gain(self) -> int:
        """Net change in users."""
        return self.after_only - self.before_only

    @property
    def difference(self) -> Number:
        """Share of users after minus before."""
        return self.gain / self.n if self.n else NOBODY


def _nothing_to_test(counts: PairedCounts) -> NotEstimable:
    """Why there is no test of persons who all were users in both periods or in neither."""
    return NOBODY_SWITCHED if counts.n else NOBODY


def mcnemar_uncorrected(counts: PairedCounts) -> Number:
    """Chi-square without continuity correction, 1 df (McNemar 1947)."""
    if counts.discordant == 0:
        return _nothing_to_test(counts)
    return chi2_tail(counts.gain**2 / counts.discordant)


def mcnemar_corrected(counts: PairedCounts) -> Number:
    """Chi-square with continuity correction (|b - c| - 1)^2 / (b + c) (Edwards 1948)."""
    if counts.discordant == 0:
        return _nothing_to_test(counts)
    return chi2_tail(max(abs(counts.gain) - 1, 0) ** 2 / counts.discordant)


def mcnemar_exact(counts: PairedCounts) -> Number:
    """Exact binomial test, twice the smaller tail (Fagerland, Lydersen and Laake 2013)."""
    if counts.discordant == 0:
        return _nothing_to_test(counts)
    smaller = min(counts.before_only, counts.after_only)
    return min(1.0, 2 * binomial_at_most(smaller, counts.discordant))


def mcnemar_mid_p(counts: PairedCounts) -> Number:
    """Mid-p of the exact test (Fagerland, Lydersen and Laake 2013).

    The exact p less the point probability P(X = m) of the smaller count m, that is
    P(X <= m) + P(X < m); for b = c it is 1 - P(X = m) / 2, where P(X <= m) = (1 + P(X = m)) / 2.
    """
    if counts.discordant == 0:
        return _nothing_to_test(counts)
    smaller = min(counts.before_only, counts.after_only)
    up_to = binomial_at_most(smaller, counts.discordant)
    if counts.gain == 0:
        return 1.5 - up_to
    return up_to + binomial_at_most(smaller - 1, counts.discordant)


MCNEMAR: dict[str, Callable[[PairedCounts], Number]] = {
    "uncorrected": mcnemar_uncorrected,
    "corrected": mcnemar_corrected,
    "exact": mcnemar_exact,
    "mid_p": mcnemar_mid_p,
}

Interval = tuple[float, float]


def wald(counts: PairedCounts, level: float) -> Interval:
    """theta +- z sqrt(b + c - (c - b)^2 / n) / n."""
    return _around(counts.gain, counts.discordant, counts.n, level)


def wald_corrected(counts: PairedCounts, level: float) -> Interval:
    """Wald with the continuity correction inside the root (Fleiss, Levin and Paik 2003, 13.1)."""
    gain, n = max(abs(counts.gain) - 1, 0), counts.n
    half = z_quantile(level) * sqrt(max(counts.discordant - gain**2 / n, 0.0)) / n
    return max(counts.gain / n - half, -1.0), min(counts.gain / n + half, 1.0)


def agresti_min(counts: PairedCounts, level: float) -> Interval:
    """Wald after adding one half to every cell (Agresti and Min 2005)."""
    return _around(counts.gain, counts.discordant + 1, counts.n + 2, level)


def _around(gain: float, discordant: float, n: float, level: float) -> Interval:
    half = z_quantile(level) * sqrt(max(discordant - gain**2 / n, 0.0)) / n
    return max(gain / n - half, -1.0), min(gain / n + half, 1.0)


def bonett_price(counts: PairedCounts, level: float) -> Interval:
    """Laplace-adjusted Wald: (b + 1) / (n + 2) and (c + 1) / (n + 2) (Bonett and Price 2012)."""
    b, c = (counts.before_only + 1) / (counts.n + 2), (counts.after_only + 1) / (counts.n + 2)
    half = z_quantile(level) * sqrt((b + c - (c - b) ** 2) / (counts.n + 2))
    return max(c - b - half, -1.0), min(c - b + half, 1.0)


def newcombe10(counts: PairedCounts, level: float) -> Interval:
    """Two Wilson intervals joined with a corrected correlation (Newcombe 1998, method 10)."""
    n = counts.n
    before, after = counts.users_before / n, counts.users_after / n
    low1, high1 = _wilson(counts.users_before, n, level)
    low2, high2 = _wilson(counts.users_after, n, level)
    phi = _correlation(counts)
    theta = counts.gain / n

    def reach(one: float, other: float) -> float:
        return sqrt(max(one**2 - 2 * phi * one * other + other**2, 0.0))

    low = theta - reach(after - low2, high1 - before)
    high = theta + reach(high2 - after, before - low1)
    return max(low, -1.0), min(high, 1.0)  # beyond by rounding only


def _wilson(k: int, n: int, level: float) -> Interval:
    """Score interval of one proportion (Wilson 1927)."""
    z = z_quantile(level)
    centre = (k + z**2 / 2) / (n + z**2)
    half = z * sqrt(k * (n - k) / n + z**2 / 4) / (n + z**2)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def _correlation(counts: PairedCounts) -> float:
    a, b, c, d = counts.both, counts.before_only, counts.after_only, counts.neither
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if margins == 0:
        return 0.0
    excess: float = a * d - b * c
    if excess > 0:
        excess = max(excess - counts.n / 2, 0.0)
    return excess / sqrt(margins)


def tango(counts: PairedCounts, level: float) -> Interval:
    """Score interval: the differences that the score test does not reject (Tango 1998).

    Each limit is the root of the score statistic on its side of theta, found by bisection to the
    last bits of a float; -1 or 1 where even that is not rejected.
    """
    z = z_quantile(level)
    theta, score = counts.gain / counts.n, _score(counts)
    lower = _root(lambda d: score(d) - z, -1.0, theta)
    upper = _root(lambda d: score(d) + z, theta, 1.0)
    return lower, upper


def _score(counts: PairedCounts) -> Callable[[float], float]:
    """Tango's statistic (1998, eq. 8) for c - b by theta; falls as theta grows."""
    n, b, c = counts.n, counts.before_only, counts.after_only
    constant, slope, gain = -b - c, 2 * n - b + c, c - b

    def score(theta: float) -> float:
        delta = -theta
        # q: restricted maximum likelihood of the probability of `after only`
        quadratic_b = constant + slope * delta
        quadratic_c = -c * delta * (1 - delta)
        root = sqrt(max(quadratic_b**2 - 8 * n * quadratic_c, 0.0))
        q = (root - quadratic_b) / (4 * n)
        variance = n * (2 * q + delta * (1 - delta))
        numerator = gain - n * theta
        if variance <= 0:
            return 0.0 if numerator == 0 else float("inf") if numerator > 0 else float("-inf")
        return numerator / sqrt(variance)

    return score


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function crosses zero; the end it does not reach otherwise."""
    if function(low) <= 0:
        return low
    if function(high) >= 0:
        return high
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if function(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


INTERVALS: dict[str, Callable[[PairedCounts, float], Interval]] = {
    "wald": wald,
    "wald_corrected": wald_corrected,
    "agresti_min": agresti_min,
    "bonett_price": bonett_price,
    "newcombe10": newcombe10,
    "tango": tango,
}
_COLLAPSING = frozenset({"wald", "wald_corrected"})


def paired_interval(
    counts: PairedCounts, level: float, method: str
) -> Interval | tuple[NotEstimable, NotEstimable]:
    """The interval of the named method; not estimable of no persons.

    When nobody was a user in one period alone, or everybody in the same one, Wald's intervals
    collapse to a point that says nothing; they are not estimable then. The others stay proper.
    """
    if counts.n == 0:
        return NOBODY, NOBODY
    if method in _COLLAPSING and counts.discordant == 0:
        return NOBODY_SWITCHED, NOBODY_SWITCHED
    if method in _COLLAPSING and abs(counts.gain) == counts.n:
        return ALL_SWITCHED_ALIKE, ALL_SWITCHED_ALIKE
    return INTERVALS[method](counts, level)
