"""Small tables of what a lake's data are like: counts and exact sums, no shares and no means."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ldn_spark.schemas import DISPENSINGS
from ldn_spark.study.atc.translation import Translation
from ldn_spark.study.definition import Exposure
from ldn_spark.study.reach import index_reach
from ldn_spark.study.sets import StudySet
from ldn_spark.transforms.atc_versions import require_codes
from ldn_spark.transforms.days import require_days
from ldn_spark.transforms.exposure import find_candidates, is_washed_out, select_exposures
from ldn_spark.transforms.sets import KEY

COUNTED = ("dispensings", "ddd_missing", "ddd_zero", "ddd_negative", "ddd_huge")
_SAME = tuple(name for name in DISPENSINGS.names if name not in ("file_id", "year"))


def summarise_codes(profile: DataFrame) -> DataFrame:
    """Dispensings and DDDs of every ATC code and year.

    Args:
        profile: as in `schemas.DISPENSING_PROFILE`.

    Returns:
        One row per atc and year: the counts and sums of the profile, smallest and largest DDD of
        one line, first_month and last_month with a dispensing.
    """
    return profile.groupBy("atc", "year").agg(
        *[F.sum(name).cast("bigint").alias(name) for name in COUNTED],
        F.sum("ddd_micro").cast("decimal(38,0)").alias("ddd_micro"),
        F.min("ddd_micro_low").alias("ddd_micro_low"),
        F.max("ddd_micro_high").alias("ddd_micro_high"),
        F.min("month").alias("first_month"),
        F.max("month").alias("last_month"),
    )


def summarise_months(profile: DataFrame) -> DataFrame:
    """One row per year and month with a dispensing: dispensings."""
    return profile.groupBy("year", "month").agg(
        F.sum("dispensings").cast("bigint").alias("dispensings")
    )


def summarise_persons(persons: DataFrame) -> DataFrame:
    """One row: persons without a delivered sex and birth year, and those with a day of death.

    A contradictory attribute was delivered, though it is kept as unknown.
    """

    def count(condition: Column) -> Column:
        return F.count(F.when(condition, F.lit(1)))

    return persons.agg(
        count(F.col("sex").isNull() & ~F.col("sex_conflict")).alias("sex_missing"),
        count(F.col("birth_year").isNull() & ~F.col("birth_year_conflict")).alias(
            "birth_year_missing"
        ),
        count(F.col("died_on").isNotNull()).alias("died"),
    )


def count_exposures(
    dispensings: DataFrame, exposure: Exposure, translation: Translation
) -> DataFrame:
    """Lines under the exposure's ATC codes in the index period, whatever the product.

    Returns:
        One row per atc and product_number (null = not delivered): dispensings.
    """
    in_period = require_days(dispensings, index_reach(exposure.index_event))
    exposures = require_codes(in_period, exposure.atc, translation)
    return exposures.groupBy("atc", "product_number").agg(F.count(F.lit(1)).alias("dispensings"))


def find_index_days(dispensings: DataFrame, one: StudySet) -> DataFrame:
    """The index day of everyone who has one, before any condition of eligibility.

    Args:
        dispensings: of the years that exposures are looked for in.
        one: the cohort.

    Returns:
        One row per person: set, person_key, index_day (days since 1970-01-01).
    """
    exposures = select_exposures(dispensings, [one], returns=one.returns)
    found = find_candidates(exposures, [one])
    event = one.definition.exposure.index_event
    has_one = F.col("index_day").isNotNull() & is_washed_out(event)
    return found.where(has_one).select(*KEY, "index_day")


def count_index_days(index_days: DataFrame) -> DataFrame:
    """One row per index_day: persons."""
    return index_days.groupBy("index_day").agg(F.count(F.lit(1)).alias("persons"))


def count_repeated(dispensings: DataFrame) -> DataFrame:
    """How many dispensings are like another one in every stored column but the file.

    Unknown values are alike. Where a source declares a line key, lines of different keys are not.

    Args:
        dispensings: of one year, or of a part of its codes.

    Returns:
        One row: repeats (all but one of each kind), across_files (those of them whose kind stands
        in more than one file). Null for no repeats.
    """
    alike = dispensings.groupBy(*_SAME).agg(
        F.count(F.lit(1)).alias("lines"),
        F.min("file_id").alias("first_file"),
        F.max("file_id").alias("last_file"),
    )
    repeats = F.col("lines") - F.lit(1)
    across = F.when(F.col("first_file") != F.col("last_file"), repeats)
    return alike.where(F.col("lines") > 1).agg(
        F.sum(repeats).alias("repeats"), F.sum(across).alias("across_files")
    )
