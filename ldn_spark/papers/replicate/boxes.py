"""The values of an estimate that print exactly as published."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ldn_spark.catalogue.quantity import Kind
from ldn_spark.papers.quantities import SCALE
from ldn_spark.papers.values import Published, PublishedValue, decimals
from ldn_spark.stats.distributions import t_quantile, z_quantile

Range = tuple[float, float]


def printing(value: PublishedValue) -> Range:
    """What must be computed to print this value again; halves are rounded away from zero.

    Unlike `PublishedValue.box`, `<0.001` means that p rounds to 0.000: p below 0.0005.
    """
    if value.kind is Kind.P and value.text[0] in "<>":
        bound = float(value.text[1:])
        if value.text[0] == ">":
            return bound, 1.0
        return 0.0, bound / 2 if bound == 0.001 else bound
    if value.kind is Kind.COUNT:
        return float(value.text), float(value.text)
    half = 0.5 * 10.0 ** -decimals(value.text)
    scale = SCALE.get(value.kind, 1)
    return (float(value.text) - half) / scale, (float(value.text) + half) / scale


def ratio(p: Range, df: float | None) -> Range:
    """|estimate| / se of the p-values in a range: Student's t, or normal without df."""

    def quantile(level: float) -> float:
        return z_quantile(level) if df is None else t_quantile(level, df)

    low = quantile(1 - p[1]) if p[1] < 1 else 0.0
    high = quantile(1 - p[0]) if p[0] > 0 else np.inf
    return low, high


def cells(
    published: Published, table: str, stratum: str, outcome: str
) -> dict[str, PublishedValue]:
    """The printed values of one row by quantity."""
    return {value.quantity: value for value in published.row(table, stratum, outcome)}


def inside(number: np.ndarray | float, box: Range) -> np.ndarray:
    """Whether computed numbers print right; limits that are halves may round either way."""
    return (np.asarray(number) > box[0] - 1e-12) & (np.asarray(number) < box[1] + 1e-12)


def first_of(values: Iterable[PublishedValue]) -> tuple[PublishedValue, ...]:
    """Each name once: a value may be printed in several places."""
    return tuple({value.key: value for value in values}.values())
