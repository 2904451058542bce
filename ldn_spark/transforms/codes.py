"""Conditions on ATC and reimbursement codes that an engine can push down to its files."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

from ldn_spark.study.codes import prefix_ranges


def begins_with_any(column: str, prefixes: Sequence[str]) -> Column:
    """Whether a code falls under one of the prefixes, as ranges that skip row groups.

    A null code falls under none (the condition is null and a filter drops the row).
    """
    ranges = [
        (F.col(column) >= F.lit(first)) & (F.col(column) < F.lit(end))
        for first, end in prefix_ranges(prefixes)
    ]
    return any_of(ranges)


def any_of(conditions: Sequence[Column]) -> Column:
    """One or more conditions joined by `or` as a balanced tree.

    A chain of a hundred is deeper than Spark Connect takes apart, and a study may name more codes.
    """
    if len(conditions) == 1:
        return conditions[0]
    half = len(conditions) // 2
    return any_of(conditions[:half]) | any_of(conditions[half:])
