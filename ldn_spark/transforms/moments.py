"""Group-level counts and sums: all that leaves the cluster."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ldn_spark.study.definition import OVERALL, Outcome
from ldn_spark.transforms.codes import add_outcomes
from ldn_spark.transforms.outcomes import exact_sum

_GROUP = ("subgroup", "stratum")


def list_memberships(cohort: DataFrame) -> DataFrame:
    """One row per person and subgroup, the whole cohort (`overall`) being one of them."""
    groups = F.explode(F.concat(F.array(F.lit(OVERALL)), F.col("subgroups")))
    return cohort.withColumn("subgroup", groups).drop("subgroups")


def summarise_cohort(cohort: DataFrame) -> DataFrame:
    """Persons, sexes, age sums and exposure dispenses of every subgroup and stratum."""
    age = F.col("age").cast("decimal(18,0)")
    return (
        list_memberships(cohort)
        .groupBy(*_GROUP)
        .agg(
            F.count(F.lit(1)).alias("persons"),
            F.count(F.when(F.col("sex") == "F", F.lit(1))).alias("women"),
            F.count(F.when(F.col("sex") == "M", F.lit(1))).alias("men"),
            F.count("age").alias("age_known"),
            _big_sum(age).alias("age_sum"),
            _big_sum(age * age).alias("age_sum_squares"),
            exact_sum(F.col("exposure_dispenses")).alias("exposure_dispenses"),
        )
    )


def _big_sum(column: Column) -> Column:
    """An exact sum of decimals as decimal(38,0); 0 when there is nothing to add."""
    return F.coalesce(F.sum(column), F.lit(0)).cast("decimal(38,0)")


def summarise_outcomes(person_outcomes: DataFrame, cohort: DataFrame) -> DataFrame:
    """Users, dispenses, sums and sums of squares of every subgroup, stratum and outcome.

    A user has at least one dispense in the window, whatever its DDD. Persons without any row are
    users in neither window and add zeros, so they need no row: their number follows from the size
    of the group.

    Returns:
        One row per subgroup, stratum and outcome with at least one user; units as in
        `schemas.GROUP_MOMENTS`.
    """
    groups = list_memberships(cohort).select("person_key", *_GROUP)
    before = F.col("ddd_micro_before").cast("decimal(18,0)")
    after = F.col("ddd_micro_after").cast("decimal(18,0)")
    difference = (F.col("ddd_micro_after") - F.col("ddd_micro_before")).cast("decimal(18,0)")
    earlier = F.col("dispenses_before").cast("decimal(18,0)")
    later = F.col("dispenses_after").cast("decimal(18,0)")
    change = (F.col("dispenses_after") - F.col("dispenses_before")).cast("decimal(18,0)")
    used_before, used_after = F.col("dispenses_before") > 0, F.col("dispenses_after") > 0

    def persons(condition: Column) -> Column:
        return F.count(F.when(condition, F.lit(1)))

    return (
        person_outcomes.join(groups, on="person_key", how="inner")
        .groupBy(*_GROUP, "outcome")
        .agg(
            persons(used_before & used_after).alias("both"),
            persons(used_before & ~used_after).alias("before_only"),
            persons(~used_before & used_after).alias("after_only"),
            exact_sum(F.col("dispenses_before")).alias("dispenses_before"),
            exact_sum(F.col("dispenses_after")).alias("dispenses_after"),
            _big_sum(earlier * earlier).alias("dispenses_before_sum_squares"),
            _big_sum(later * later).alias("dispenses_after_sum_squares"),
            _big_sum(change * change).alias("dispenses_difference_sum_squares"),
            exact_sum(F.col("ddd_missing_before")).alias("ddd_missing_before"),
            exact_sum(F.col("ddd_missing_after")).alias("ddd_missing_after"),
            _big_sum(before).alias("sum_before"),
            _big_sum(after).alias("sum_after"),
            _big_sum(before * before).alias("sum_squares_before"),
            _big_sum(after * after).alias("sum_squares_after"),
            _big_sum(difference * difference).alias("sum_squares_difference"),
            F.max(F.greatest(F.abs("ddd_micro_before"), F.abs("ddd_micro_after"))).alias("largest"),
        )
    )


def summarise_days(
    cohort_dispensings: DataFrame, cohort: DataFrame, outcomes: Sequence[Outcome], *, after: int
) -> DataFrame:
    """Day by day, how the running sums of a group and the sum of their squares change.

    A person's running sum C(t) is cumulated outwards from where the two windows face each other,
    the index date as a rule: over the days of the window after from its first to t, over the days
    of the window before from t to its last. It changes only on days with a dispense, so the daily
    totals of C and C squared of a group are running sums of these changes, taken outwards; no grid
    of persons and days is ever made.

    Args:
        cohort_dispensings: one row per person, day and ATC code inside either window.
        cohort: one row per person.
        outcomes: what is summed.
        after: the first day of the window after.

    Returns:
        One row per subgroup, stratum, outcome and day with a dispense: step_sum (micro-DDD),
        step_sum_squares.
    """
    groups = list_memberships(cohort).select("person_key", *_GROUP)
    daily = (
        add_outcomes(cohort_dispensings, outcomes)
        .groupBy("person_key", "outcome", "day")
        .agg(exact_sum(F.col("ddd_micro")).alias("ddd_micro"))
        .withColumn("is_after", F.col("day") >= after)
        .withColumn(
            "distance", F.when(F.col("day") >= after, F.col("day")).otherwise(-F.col("day"))
        )
    )
    outwards = (
        Window.partitionBy("person_key", "outcome", "is_after")
        .orderBy("distance")
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    step = F.col("ddd_micro").cast("decimal(18,0)")
    now = F.col("running").cast("decimal(18,0)")
    earlier = (F.col("running") - F.col("ddd_micro")).cast("decimal(18,0)")
    return (
        daily.withColumn("running", _running(outwards))
        .join(groups, on="person_key", how="inner")
        .groupBy(*_GROUP, "outcome", "day")
        .agg(
            _big_sum(step).alias("step_sum"),
            _big_sum(now * now - earlier * earlier).alias("step_sum_squares"),
        )
    )


def _running(outwards) -> Column:
    return F.sum(F.col("ddd_micro").cast("decimal(18,0)")).over(outwards).cast("bigint")
