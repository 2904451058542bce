"""Conditions on ATC and reimbursement codes that an engine can push down to its files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ldn_spark.study.codes import ATC_LENGTHS, prefix_end
from ldn_spark.study.definition import Outcome


def begins_with_any(column: str, prefixes: Sequence[str]) -> Column:
    """Whether a code falls under one of the prefixes, as ranges that skip row groups.

    A null code falls under none (the condition is null and a filter drops the row).
    """
    ranges = [
        (F.col(column) >= F.lit(p)) & (F.col(column) < F.lit(prefix_end(p))) for p in prefixes
    ]
    return reduce(or_, ranges)


def add_outcomes(dispensings: DataFrame, outcomes: Sequence[Outcome]) -> DataFrame:
    """One row per input row and outcome its ATC code belongs to; rows of no outcome fall away.

    An outcome counts a row once: its prefixes never cover each other (`shortest_prefixes`). Every
    code is taken apart into its five ATC levels, so the match is an equality join however many
    outcomes there are.

    Args:
        dispensings: any grain with a column `atc`.
        outcomes: the study's outcomes.

    Returns:
        The columns of `dispensings` and `outcome`.
    """
    pairs = [(code, outcome.id) for outcome in outcomes for code in outcome.atc]
    mapping = dispensings.sparkSession.createDataFrame(pairs, "atc_prefix string, outcome string")
    levels = F.array(*[F.substring("atc", 1, length) for length in ATC_LENGTHS])
    # a code shorter than seven characters repeats itself at the deeper levels
    exploded = dispensings.withColumn("atc_prefix", F.explode(F.array_distinct(levels)))
    return exploded.join(mapping, on="atc_prefix", how="inner").drop("atc_prefix")
