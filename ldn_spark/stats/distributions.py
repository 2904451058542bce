"""Tails and quantiles, from scipy.special: the same functions as scipy.stats, loaded faster."""

from __future__ import annotations

from functools import cache
from types import ModuleType


@cache
def _special() -> ModuleType:
    """scipy.special, loaded at the first tail: what only adds up moments does without."""
    import scipy.special

    special: ModuleType = scipy.special
    return special


def t_two_sided(t: float, df: float) -> float:
    """P(|T| >= |t|) for Student's t, accurate in the far tail."""
    return float(2 * _special().stdtr(df, -abs(t)))


def t_quantile(level: float, df: float) -> float:
    """The t that leaves (1 - level) / 2 in each tail."""
    return float(-_special().stdtrit(df, (1 - level) / 2))


def z_two_sided(z: float) -> float:
    """P(|Z| >= |z|) for the standard normal, accurate in the far tail."""
    return float(2 * _special().ndtr(-abs(z)))


@cache
def z_quantile(level: float) -> float:
    """The z that leaves (1 - level) / 2 in each tail."""
    return float(-_special().ndtri((1 - level) / 2))


def chi2_tail(x: float) -> float:
    """P(X >= x) for chi-square with one degree of freedom."""
    return float(_special().chdtrc(1, x))


def binomial_at_most(k: int, n: int) -> float:
    """P(X <= k) for n tosses of a fair coin."""
    return float(_special().bdtr(k, n, 0.5)) if k >= 0 else 0.0
