"""How much was dispensed of what in which month: the registry without its persons."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ldn_spark.schemas import DISPENSING_PROFILE, HUGE_DDD, MICRO


def summarise_dispensings(dispensings: DataFrame) -> DataFrame:
    """Volume and DDD completeness per month and ATC code.

    Args:
        dispensings: one row per dispensing: year, dispensed_on, atc, ddd.

    Returns:
        One row per year, month and atc, as in `schemas.DISPENSING_PROFILE`.
    """
    ddd = F.col("ddd")
    micro = (ddd * F.lit(MICRO)).cast("bigint")
    return (
        dispensings.groupBy("year", F.month("dispensed_on").cast("int").alias("month"), "atc")
        .agg(
            F.count(F.lit(1)).alias("dispensings"),
            _lines(ddd.isNull()).alias("ddd_missing"),
            _lines(ddd == 0).alias("ddd_zero"),
            _lines(ddd < 0).alias("ddd_negative"),
            _lines(ddd > HUGE_DDD).alias("ddd_huge"),
            F.coalesce(F.sum(micro.cast("decimal(18,0)")), F.lit(0))
            .cast("decimal(38,0)")
            .alias("ddd_micro"),
            F.min(micro).alias("ddd_micro_low"),
            F.max(micro).alias("ddd_micro_high"),
        )
        .select(*DISPENSING_PROFILE.names)
    )


def _lines(condition: Column) -> Column:
    return F.count(F.when(condition, F.lit(1)))
