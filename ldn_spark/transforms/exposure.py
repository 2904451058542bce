"""Who started the exposure drug, when, and how often they collected it afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ldn_spark.study.definition import IndexEvent, Level, Returns, Strata
from ldn_spark.study.sets import StudySet
from ldn_spark.transforms.cases import first_case
from ldn_spark.transforms.returns import require_dispensings
from ldn_spark.transforms.sets import KEY, by_set, split_by_codes


def select_exposures(
    dispensings: DataFrame, sets: Sequence[StudySet], *, returns: Returns
) -> DataFrame:
    """Every dispensing of the exposures' ATC codes, marked where its product belongs to it.

    Args:
        dispensings: one row per line of the registry.
        sets: the cohorts, whose exposures are looked for in one look. A dispensing without a
            product number belongs to none of a list of products.
        returns: what a returned package does in all of them.

    Returns:
        One row per set and dispensing: set, person_key, exposed_on (days since 1970-01-01),
        is_exposure.
    """
    asked = {one.number: one.translation.asked_for(one.definition.exposure.atc) for one in sets}
    lines = split_by_codes(dispensings, asked)
    return require_dispensings(lines, returns).select(
        *KEY,
        F.unix_date("dispensed_on").alias("exposed_on"),
        by_set(sets, lambda one: one.study.exposure_products, is_of).alias("is_exposure"),
    )


def is_of(products: Sequence[str] | None) -> Column:
    """Whether a line is of one of the products; None = every product."""
    if products is None:
        return F.lit(True)
    return F.coalesce(F.col("product_number").isin(list(products)), F.lit(False))


def find_candidates(exposures: DataFrame, sets: Sequence[StudySet]) -> DataFrame:
    """Index day, wash-out and exposure dispenses of everyone with the ATC codes in the period.

    The index day is the first exposure in the index period (`first_in_period`) or the first one
    there with no exposure in the `washout_days` before it (`first_after_washout`). Exposure
    dispenses are those of the counting window, both ends included; with `one_a_day` a day counts
    once; with `not_counted` the index dispense itself is left out (of several on the index day,
    one).

    Args:
        exposures: one row per set and dispensing of its exposure's ATC codes, from
            `select_exposures`.
        sets: the cohorts.

    Returns:
        One row per set and person with at least one row in the index period: set, person_key,
        index_day (null without an exposure that qualifies), previous_day (the last exposure before
        it, null for none), exposure_dispenses, atc_records and product_records (in the index
        period).
    """
    person = Window.partitionBy(*KEY)
    marked = exposures.select(
        *KEY,
        "exposed_on",
        by_set(sets, _index_event, _is_in_period).alias("in_period"),
        F.when(F.col("is_exposure"), F.col("exposed_on")).alias("exposure_day"),
    )
    if any(_index_event(one).rule == "first_after_washout" for one in sets):
        earlier = person.orderBy("exposed_on").rangeBetween(Window.unboundedPreceding, -1)
        marked = marked.withColumn("last_before", F.max("exposure_day").over(earlier))
    qualifies = by_set(sets, _index_event, _qualifies)
    index_day = F.min(F.when(qualifies, F.col("exposure_day"))).over(person)
    day = F.col("exposure_day") - F.col("index_day")
    counts = by_set(sets, _strata, lambda strata: _is_counted(day, strata))
    return (
        marked.withColumn("index_day", index_day)
        .withColumn("counted_day", F.when(counts, F.col("exposure_day")))
        .groupBy(*KEY)
        .agg(
            F.max("index_day").alias("index_day"),
            F.max(F.when(day < 0, F.col("exposure_day"))).alias("previous_day"),
            by_set(sets, _strata, _exposure_dispenses).alias("exposure_dispenses"),
            F.count(F.when(F.col("in_period"), F.lit(1))).alias("atc_records"),
            F.count(F.when(F.col("in_period"), F.col("exposure_day"))).alias("product_records"),
        )
        .where(F.col("atc_records") > 0)
    )


def _index_event(one: StudySet) -> IndexEvent:
    return one.definition.exposure.index_event


def _strata(one: StudySet) -> Strata:
    return one.definition.strata


def _is_in_period(event: IndexEvent) -> Column:
    return F.col("exposed_on").between(*_period_days(event))


def _qualifies(event: IndexEvent) -> Column:
    """Whether an exposure may be the index dispense."""
    found = F.col("in_period") & F.col("exposure_day").isNotNull()
    if event.rule != "first_after_washout":
        return found
    clean = F.col("exposure_day") - F.col("last_before") > F.lit(event.washout_days)
    return found & F.coalesce(clean, F.lit(True))


def _is_counted(day: Column, strata: Strata) -> Column:
    window = strata.counting_window
    return day.between(window.first, window.last)


def _exposure_dispenses(strata: Strata) -> Column:
    counted = F.col("counted_day")
    number = F.count(counted) if strata.same_day == "each_dispense" else F.count_distinct(counted)
    index_is_inside = strata.counting_window.first <= 0 <= strata.counting_window.last
    if strata.index_dispense == "not_counted" and index_is_inside:
        number = number - F.lit(1)
    return number.cast("int")


def _period_days(index_event: IndexEvent) -> tuple[int, int]:
    epoch = 719_163  # date.toordinal() of 1970-01-01
    return index_event.first.toordinal() - epoch, index_event.last.toordinal() - epoch


def is_washed_out(index_event: IndexEvent) -> Column:
    """Whether a candidate had no exposure in the wash-out before the index day.

    With `first_after_washout` this already decided which day is the index day and holds for all.
    """
    if index_event.washout_days == "none":
        return F.lit(True)
    if index_event.washout_days == "ever":
        return F.col("previous_day").isNull()
    gap = F.col("index_day") - F.col("previous_day")
    return F.coalesce(gap > F.lit(index_event.washout_days), F.lit(True))


def stratum_of(column: str, levels: Sequence[Level]) -> Column:
    """The id of the stratum that a number of exposure dispenses falls into."""
    number = F.col(column)

    def inside(level: Level) -> Column:
        reached = number >= level.at_least
        return reached if level.at_most is None else reached & (number <= level.at_most)

    cases = ((inside(level), F.lit(level.id)) for level in levels)
    return first_case(cases, F.lit(None).cast("string"))
