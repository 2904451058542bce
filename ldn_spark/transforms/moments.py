"""Group-level counts and sums: all that leaves the cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from ldn_spark.schemas import DESIGN_MOMENTS
from ldn_spark.stats.measures import PARTS, PARTS_OF_ANY, PERIODS, SUMS, Measure, Needs, Part, Sum
from ldn_spark.study.definition import OVERALL, Outcome, StudyDefinition
from ldn_spark.study.sets import StudySet
from ldn_spark.transforms.outcomes import SIDES, exact_sum, is_in_either, outcomes_of_codes
from ldn_spark.transforms.sets import KEY, by_set

_GROUP = ("set", "subgroup", "fills")
_FILLS_APART = 12
_PLACES = {"largest": 1, "second": 2}
_KEPT: Mapping[Measure, tuple[str, ...]] = {
    "users": (),
    "ddd": ("x_top", "y_top", "x_negative", "y_negative", "changed"),
    "dispenses": ("x_largest", "y_largest", "changed"),
}
"""What `PARTS` are made of: `top` are the two largest amounts of a window."""
_AND = ","
"""Between the ids of subgroups, which hold letters, digits, `_`, `+` and `-`."""


def most_fills(study: StudyDefinition) -> int:
    """From how many exposure dispenses on moments are not kept apart: 12, or more if strata ask.

    A stratum is a sum of groups of persons with as many dispenses, so any other strata that end
    below are sums of the same moments.
    """
    return max(_FILLS_APART, study.strata.levels[-1].at_least)


def list_memberships(cohort: DataFrame) -> DataFrame:
    """One row per person and subgroup, the whole cohort (`overall`) being one of them."""
    groups = F.explode(F.concat(F.array(F.lit(OVERALL)), F.col("subgroups")))
    return cohort.withColumn("subgroup", groups).drop("subgroups")


def _with_fills(cohort: DataFrame, sets: Sequence[StudySet]) -> DataFrame:
    """Add the number of exposure dispenses that moments are grouped by, the largest group open."""
    most = by_set(sets, lambda one: most_fills(one.definition), F.lit)
    return cohort.withColumn("fills", F.least("exposure_dispenses", most).cast("int"))


def summarise_cohort(cohort: DataFrame, sets: Sequence[StudySet]) -> DataFrame:
    """Persons, sexes, age sums and exposure dispenses of every subgroup and number of dispenses.

    Args:
        cohort: one row per set and person.
        sets: the cohorts; persons with `most_fills` exposure dispenses or more are one group.

    Returns:
        One row per set, subgroup and number of exposure dispenses, as in `schemas.COHORT_MOMENTS`.
    """
    age = F.col("age").cast("decimal(18,0)")
    return (
        list_memberships(_with_fills(cohort, sets))
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


def summarise_outcomes(
    person_outcomes: DataFrame, cohort: DataFrame, sets: Sequence[StudySet], needs: Needs
) -> DataFrame:
    """The sums that are needed of every subgroup, number of exposure dispenses and outcome.

    A user has at least one dispense in the window, whatever its DDD. Persons without any row are
    users in neither window and add zeros, so they need no row: their number follows from the size
    of the group.

    Args:
        person_outcomes: one row per set, person and outcome.
        cohort: one row per set and person.
        sets: as in `summarise_cohort`.
        needs: the sums of each measure; the others are null.

    Returns:
        One row per set, design, subgroup, number of exposure dispenses, outcome and measure, as in
        `schemas.DESIGN_MOMENTS`.
    """
    sums = {
        f"{measure}_{name}": _sum(measure, name)
        for measure, names in needs.items()
        for name in names
    }
    parts = [(measure, name) for measure in needs for name in _KEPT[measure]]
    subgroups = F.array_join(F.concat(F.array(F.lit(OVERALL)), F.col("subgroups")), _AND)
    groups = _with_fills(cohort, sets).select(*KEY, "fills", subgroups.alias("subgroups"))
    # a person is in several subgroups, but there are few combinations of them
    apart = (
        person_outcomes.join(groups, on=list(KEY), how="inner")
        .groupBy("design", "set", "subgroups", "fills", "outcome")
        .agg(
            *[column.alias(name) for name, column in sums.items()],
            *[_of_persons(*part).alias("_".join(part)) for part in parts],
        )
    )
    wide = (
        apart.withColumn("subgroup", F.explode(F.split("subgroups", _AND)))
        .groupBy("design", *_GROUP, "outcome")
        .agg(
            *[_big_sum(F.col(name).cast("decimal(38,0)")).alias(name) for name in sums],
            *[_of_groups("_".join(part)).alias("_".join(part)) for part in parts],
        )
    )
    rows = F.array(*[_row_of(measure, names) for measure, names in needs.items()])
    return wide.select("design", *_GROUP, "outcome", F.inline(rows)).select(*DESIGN_MOMENTS.names)


def _row_of(measure: Measure, sums: Sequence[Sum]) -> Column:
    """One measure's sums of a group as a row of the table of moments."""
    kinds = dict(DESIGN_MOMENTS.columns)
    fields = [
        (F.col(f"{measure}_{name}") if name in sums else F.lit(None)).cast(kinds[name])
        for name in SUMS
    ]
    named = [field.alias(name) for field, name in zip(fields, SUMS, strict=True)]
    parts = [
        (_part(measure, name) if name in PARTS[measure] else F.lit(None))
        .cast(kinds[name])
        .alias(name)
        for name in PARTS_OF_ANY
    ]
    return F.struct(F.lit(measure).alias("measure"), *named, *parts)


def _values(measure: Measure) -> tuple[Column, Column]:
    """What a person has of a measure, before and after, as 64-bit integers."""
    if measure == "users":
        before, after = (F.col(f"dispenses_{side}") > 0 for side in SIDES)
        return before.cast("bigint"), after.cast("bigint")
    name = {"ddd": "ddd_micro", "dispenses": "dispenses"}[measure]
    return F.col(f"{name}_before"), F.col(f"{name}_after")


def _sum(measure: Measure, name: Sum) -> Column:
    if name in ("x_missing", "y_missing"):
        return exact_sum(F.col(f"{measure}_missing_{SIDES[name == 'y_missing']}"))
    kind = "bigint" if measure == "users" else "decimal(18,0)"  # users are 0 or 1
    x, y = (value.cast(kind) for value in _values(measure))
    factors = {"x": x, "y": y}
    return _big_sum(reduce(lambda one, other: one * other, [factors[each] for each in name]))


def _of_persons(measure: Measure, kept: str) -> Column:
    """What is kept of single persons while they are summed."""
    x, y = _values(measure)
    side, _, what = kept.rpartition("_")
    value = y if side == "y" else x
    if what == "changed":
        return F.count(F.when(x != y, F.lit(1)))
    if what == "negative":
        return F.count(F.when(value < 0, F.lit(1)))
    if what == "largest":
        return F.max(F.abs(value))
    return _two_largest(F.collect_list(F.when(value != 0, F.abs(value))))


def _of_groups(kept: str) -> Column:
    """The same of several groups together."""
    if kept.endswith("_top"):
        return _two_largest(F.flatten(F.collect_list(kept)))
    return F.max(kept) if kept.endswith("_largest") else F.sum(kept)


def _two_largest(values: Column) -> Column:
    return F.slice(F.sort_array(values, asc=False), 1, 2)


def _part(measure: Measure, name: Part) -> Column:
    """A field of a row of moments, from what was kept; 0 for the amount of nobody."""
    side, _, what = name.rpartition("_")
    if f"{side}_top" in _KEPT[measure] and what in _PLACES:
        place = F.try_element_at(f"{measure}_{side}_top", F.lit(_PLACES[what]))
        return F.coalesce(place, F.lit(0))
    return F.col(f"{measure}_{name}")


def summarise_days(
    cohort_dispensings: DataFrame, cohort: DataFrame, sets: Sequence[StudySet]
) -> DataFrame:
    """Day by day, how the running sums of a group and the sum of their squares change.

    A person's running sum C(t) is cumulated outwards from where the two windows face each other,
    the index date as a rule: over the days of the window after from its first to t, over the days
    of the window before from t to its last. It changes only on days with a dispense, so the daily
    totals of C and C squared of a group are running sums of these changes, taken outwards; no grid
    of persons and days is ever made.

    Args:
        cohort_dispensings: one row per set and line, from `outcomes.find_cohort_dispensings`, of
            these cohorts alone.
        cohort: one row per set and person.
        sets: the cohorts that have curves: the outcomes that are drawn, the study's own windows.

    Returns:
        One row per set, subgroup, stratum, outcome and day on which anybody was dispensed DDDs, as
        in `schemas.DAILY_MOMENTS`: step_sum (micro-DDD), step_sum_squares, and persons who have
        their first such day of a period (`new_7`, ..., `new_all`), periods being counted outwards.
    """
    groups = list_memberships(cohort).select(*KEY, "subgroup", "stratum")
    inside = by_set(sets, lambda one: one.definition.windows, is_in_either)
    after = by_set(sets, lambda one: one.definition.windows.after.first, F.lit)
    before = by_set(sets, lambda one: one.definition.windows.before.last, F.lit)
    codes, matched = outcomes_of_codes(cohort_dispensings, sets, _drawn)
    daily = (
        cohort_dispensings.where(inside)
        .join(codes, on=matched, how="inner")
        .groupBy(*KEY, "outcome", "day")
        .agg(exact_sum(F.col("ddd_micro")).alias("ddd_micro"))
        .where(F.col("ddd_micro") != 0)
        .withColumn("is_after", F.col("day") >= after)
        .withColumn(
            "distance",
            F.when(F.col("day") >= after, F.col("day") - after).otherwise(before - F.col("day")),
        )
    )
    outwards = (
        Window.partitionBy(*KEY, "outcome", "is_after")
        .orderBy("distance")
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    step = F.col("ddd_micro").cast("decimal(18,0)")
    now = F.col("running").cast("decimal(18,0)")
    earlier = (F.col("running") - F.col("ddd_micro")).cast("decimal(18,0)")
    order = Window.partitionBy(*KEY, "outcome", "is_after").orderBy("distance")
    return (
        daily.withColumn("running", _running(outwards))
        .withColumn("previous", F.lag("distance").over(order))
        .join(groups, on=list(KEY), how="inner")
        .groupBy("set", "subgroup", "stratum", "outcome", "day")
        .agg(
            _big_sum(step).alias("step_sum"),
            _big_sum(now * now - earlier * earlier).alias("step_sum_squares"),
            *[
                F.count(F.when(_is_first_in(days), F.lit(1))).alias(f"new_{days}")
                for days in PERIODS
            ],
            F.count(F.when(F.col("previous").isNull(), F.lit(1))).alias("new_all"),
        )
    )


def _is_first_in(days: int) -> Column:
    """Whether a person has no earlier day, outwards, in the period of as many days."""
    now, previous = F.col("distance"), F.col("previous")
    begins, began = (each - each % days for each in (now, previous))
    return previous.isNull() | (begins != began)


def _drawn(one: StudySet) -> tuple[Outcome, ...]:
    """The outcomes whose curves are drawn."""
    wanted = one.definition.figures.curve_outcomes
    return tuple(outcome for outcome in one.definition.outcomes if outcome.id in wanted)


def _running(outwards: WindowSpec) -> Column:
    return F.sum(F.col("ddd_micro").cast("decimal(18,0)")).over(outwards).cast("bigint")
