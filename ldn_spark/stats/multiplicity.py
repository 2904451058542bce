"""Adjusted p-values for a family of tests; undefined ones take no part in it."""

from __future__ import annotations

from collections.abc import Sequence

from ldn_spark.stats.not_estimable import NotEstimable, Number


def holm(p_values: Sequence[Number]) -> list[Number]:
    """Holm's step-down adjustment (Holm 1979): controls the family-wise error.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order, family = _ordered(p_values)
    adjusted = list(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (family - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def benjamini_hochberg(p_values: Sequence[Number]) -> list[Number]:
    """Benjamini and Hochberg's step-up adjustment (1995): controls the false discovery rate.

    >>> benjamini_hochberg([0.01, 0.04, 0.03])
    [0.03, 0.04, 0.04]
    """
    order, family = _ordered(p_values)
    adjusted = list(p_values)
    smallest = 1.0
    for rank, index in reversed(list(enumerate(order, start=1))):
        smallest = min(smallest, p_values[index] * family / rank)
        adjusted[index] = smallest
    return adjusted


def _ordered(p_values: Sequence[Number]) -> tuple[list[int], int]:
    defined = [i for i, p in enumerate(p_values) if not isinstance(p, NotEstimable)]
    return sorted(defined, key=lambda i: (p_values[i], i)), len(defined)
