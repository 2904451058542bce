"""How much was dispensed of what in which month: the registry without its persons."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ldn_spark.schemas import DISPENSING_PROFILE, HUGE_DDD, MICRO

_KEYS = ("year", "month", "atc")
_LOW, _HIGH = "ddd_micro_low", "ddd_micro_high"


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


def add_up_profiles(parts: DataFrame) -> DataFrame:
    """Volume and DDD completeness per month and ATC code.

    Args:
        parts: as `schemas.DISPENSING_PROFILE`, but several rows per year, month and atc, each of
            other dispensings.

    Returns:
        One row per year, month and atc.
    """
    summed = [name for name in DISPENSING_PROFILE.names if name not in (*_KEYS, _LOW, _HIGH)]
    kinds = dict(DISPENSING_PROFILE.columns)
    return (
        parts.groupBy(*_KEYS)
        .agg(
            *[F.sum(name).cast(kinds[name]).alias(name) for name in summed],
            F.min(_LOW).alias(_LOW),
            F.max(_HIGH).alias(_HIGH),
        )
        .select(*DISPENSING_PROFILE.names)
    )


def _lines(condition: Column) -> Column:
    return F.count(F.when(condition, F.lit(1)))
