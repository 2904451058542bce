"""What the cohort was dispensed around the index date, per person and outcome."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ldn_spark.schemas import MICRO
from ldn_spark.study.definition import Outcome, Windows
from ldn_spark.study.translation import UNTRANSLATED, Translation
from ldn_spark.study.windows import DayWindow
from ldn_spark.transforms.atc_versions import read_codes, require_delivered
from ldn_spark.transforms.codes import add_outcomes


def sum_cohort_dispensings(
    dispensings: DataFrame,
    cohort: DataFrame,
    *,
    prefixes: Sequence[str],
    windows: Windows,
    translation: Translation = UNTRANSLATED,
) -> DataFrame:
    """The cohort's dispensings of the examined medicines inside either window, day by day.

    This is the one look at the registry. Both ends of both windows are included. Codes are read in
    the study's index when only the cohort's rows are left; one that was cut out for its delivered
    code and turns out to be none of the asked ones stays, and belongs to no outcome.

    Args:
        dispensings: one row per dispensing.
        cohort: one row per person: person_key, index_date.
        prefixes: ATC prefixes of the examined medicines.
        windows: days relative to the index date.
        translation: how the lake's codes are read.

    Returns:
        One row per person_key, day and atc (of the study's index): ddd_micro (sum, unknown DDDs
        left out), dispenses, ddd_missing (dispenses with unknown DDD).
    """
    index = cohort.select("person_key", F.unix_date("index_date").alias("index_day"))
    day = (F.unix_date("dispensed_on") - F.col("index_day")).cast("int")
    codes = translation.asked_for(prefixes)
    mine = (
        require_delivered(dispensings, codes)
        .select("person_key", "atc", "dispensed_on", "ddd", *codes.needs)
        .join(F.broadcast(index), on="person_key", how="inner")
    )
    return (
        read_codes(mine, codes)
        .select("person_key", day.alias("day"), "atc", "ddd")
        .where(_is_in(windows.before) | _is_in(windows.after))
        .groupBy("person_key", "day", "atc")
        .agg(
            (F.coalesce(F.sum("ddd"), F.lit(0)) * F.lit(MICRO)).cast("bigint").alias("ddd_micro"),
            F.count(F.lit(1)).alias("dispenses"),
            F.count(F.when(F.col("ddd").isNull(), F.lit(1))).alias("ddd_missing"),
        )
    )


def _is_in(window: DayWindow) -> Column:
    return F.col("day").between(window.first, window.last)


def exact_sum(column: Column) -> Column:
    """A sum of 64-bit integers that fails instead of wrapping around, on every engine."""
    return F.sum(column.cast("decimal(18,0)")).cast("bigint")


def sum_person_outcomes(
    cohort_dispensings: DataFrame, *, outcomes: Sequence[Outcome], windows: Windows
) -> DataFrame:
    """DDDs and dispenses of each person and outcome, before and after.

    A person who was dispensed nothing of an outcome in either window has no row; the group
    moments count such persons as zeros.

    Returns:
        One row per person_key and outcome: ddd_micro_before, ddd_micro_after, dispenses_before,
        dispenses_after, ddd_missing.
    """
    before, after = _is_in(windows.before), _is_in(windows.after)

    def total(column: str, inside: Column) -> Column:
        return exact_sum(F.when(inside, F.col(column)).otherwise(F.lit(0)))

    return (
        add_outcomes(cohort_dispensings, outcomes)
        .groupBy("person_key", "outcome")
        .agg(
            total("ddd_micro", before).alias("ddd_micro_before"),
            total("ddd_micro", after).alias("ddd_micro_after"),
            total("dispenses", before).alias("dispenses_before"),
            total("dispenses", after).alias("dispenses_after"),
            exact_sum(F.col("ddd_missing")).alias("ddd_missing"),
        )
    )
