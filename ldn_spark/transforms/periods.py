"""When a register saw a person: delivered periods into disjoint ones."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from ldn_spark.schemas import OBSERVATION_PERIODS

_NEVER = 3_000_000
"""A day after every date there is (9999-12-31 is day 2,932,896 of unix_date): the open end."""


def merge_periods(periods: DataFrame) -> DataFrame:
    """Merge a person's overlapping and adjacent periods, so that no two touch.

    Both ends are included, so a period that ends the day before another begins is adjacent to it.
    A period without an end holds every later one.

    Args:
        periods: One row per person and period, in any order and any number of times: person_key,
            observed_from, observed_to (null = open end); observed_from <= observed_to.

    Returns:
        One row per person and merged period, as in `schemas.OBSERVATION_PERIODS`; none for no
        rows.
    """
    days = periods.select(
        "person_key",
        F.unix_date("observed_from").alias("first_day"),
        F.coalesce(F.unix_date("observed_to"), F.lit(_NEVER)).alias("last_day"),
    )
    in_order = Window.partitionBy("person_key").orderBy("first_day", "last_day")
    earlier = in_order.rowsBetween(Window.unboundedPreceding, -1)
    so_far = in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    reached = F.max("last_day").over(earlier)
    apart = reached.isNull() | (F.col("first_day") > reached + F.lit(1))
    merged = (
        days.withColumn("begins", F.when(apart, F.lit(1)).otherwise(F.lit(0)))
        .withColumn("period", F.sum("begins").over(so_far))
        .groupBy("person_key", "period")
        .agg(F.min("first_day").alias("first_day"), F.max("last_day").alias("last_day"))
    )
    last_day = F.when(F.col("last_day") < F.lit(_NEVER), F.col("last_day"))
    return merged.select(
        "person_key",
        F.date_from_unix_date(F.col("first_day")).alias("observed_from"),
        F.date_from_unix_date(last_day).alias("observed_to"),
    ).select(*OBSERVATION_PERIODS.names)
