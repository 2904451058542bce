"""Which days of the registry are read: other years are never touched."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ldn_spark.study.reach import Reach


def require_years(dispensings: DataFrame, first: int | None, last: int) -> DataFrame:
    """Keep the dispensings of these years, both included; `first` None = from the beginning."""
    dispensings = dispensings.where(F.col("year") <= last)
    return dispensings if first is None else dispensings.where(F.col("year") >= first)


def is_within(reach: Reach) -> Column:
    """Whether a dispensing is of the days of a reach, both ends included."""
    day = F.col("dispensed_on")
    if reach.first is None:
        return day <= F.lit(reach.last)
    return day.between(F.lit(reach.first), F.lit(reach.last))


def require_days(dispensings: DataFrame, reach: Reach) -> DataFrame:
    """Keep the dispensings of the days of a reach, both ends included."""
    return require_years(dispensings, *reach.years).where(is_within(reach))
