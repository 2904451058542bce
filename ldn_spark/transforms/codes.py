"""Conditions on ATC and reimbursement codes that an engine can push down to its files."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ldn_spark.study.codes import prefix_ranges
from ldn_spark.study.definition import Outcome


def begins_with_any(column: str, prefixes: Sequence[str]) -> Column:
    """Whether a code falls under one of the prefixes, as ranges that skip row groups.

    A null code falls under none (the condition is null and a filter drops the row).
    """
    ranges = [
        (F.col(column) >= F.lit(first)) & (F.col(column) < F.lit(end))
        for first, end in prefix_ranges(prefixes)
    ]
    return _any_of(ranges)


def _any_of(conditions: Sequence[Column]) -> Column:
    """One or more conditions joined by `or` as a balanced tree.

    A chain of a hundred is deeper than Spark Connect takes apart, and a study may name more codes.
    """
    if len(conditions) == 1:
        return conditions[0]
    half = len(conditions) // 2
    return _any_of(conditions[:half]) | _any_of(conditions[half:])


def add_outcomes(dispensings: DataFrame, outcomes: Sequence[Outcome]) -> DataFrame:
    """One row per input row and outcome its ATC code belongs to; rows of no outcome fall away.

    An outcome counts a row once: its prefixes never cover each other (`shortest_prefixes`). Every
    code is taken apart into those of its ATC levels that any outcome names, so the match is an
    equality join however many outcomes there are.

    Args:
        dispensings: any grain with a column `atc`.
        outcomes: the study's outcomes.

    Returns:
        The columns of `dispensings` and `outcome`.
    """
    pairs = [
        F.struct(F.lit(code).alias("atc_prefix"), F.lit(outcome.id).alias("outcome"))
        for outcome in outcomes
        for code in outcome.atc
    ]
    mapping = dispensings.sparkSession.range(1).select(F.inline(F.array(*pairs)))
    lengths = sorted({len(code) for outcome in outcomes for code in outcome.atc})
    levels = F.array(*[F.substring("atc", 1, length) for length in lengths])
    # a code shorter than seven characters repeats itself at the deeper levels
    exploded = dispensings.withColumn("atc_prefix", F.explode(F.array_distinct(levels)))
    return exploded.join(mapping, on="atc_prefix", how="inner").drop("atc_prefix")
