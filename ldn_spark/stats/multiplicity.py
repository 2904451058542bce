"""Adjusted p-values for a family of tests; undefined ones take no part in it."""

from __future__ import annotations

from collections.abc import Sequence

from ldn_spark.stats.not_estimable import NotEstimable, Number


def holm(p_values: Sequence[Number]) -> list[Number]:
    """Holm's step-down adjustment (Holm 1979): controls the family-wise error.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    defined = _in_order(p_values)
    adjusted = list(p_values)
    largest = 0.0
    for rank, (p, index) in enumerate(defined):
        largest = max(largest, min(1.0, (len(defined) - rank) * p))
        adjusted[index] = largest
    return adjusted


def benjamini_hochberg(p_values: Sequence[Number]) -> list[Number]:
    """Benjamini and Hochberg's step-up adjustment (1995): controls the false discovery rate.

    >>> benjamini_hochberg([0.01, 0.04, 0.03])
    [0.03, 0.04, 0.04]
    """
    defined = _in_order(p_values)
    adjusted = list(p_values)
    smallest = 1.0
    for rank, (p, index) in reversed(list(enumerate(defined, start=1))):
        smallest = min(smallest, p * len(defined) / rank)
        adjusted[index] = smallest
    return adjusted


def _in_order(p_values: Sequence[Number]) -> list[tuple[float, int]]:
    """The defined ones with their places, the smallest first; of equal ones the first."""
    return sorted((p, i) for i, p in enumerate(p_values) if not isinstance(p, NotEstimable))
