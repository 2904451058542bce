"""Who started the exposure drug, when, and how often they collected it afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ldn_spark.study.atc.translation import Translation
from ldn_spark.study.definition import Exposure, IndexEvent, Level, Returns, Strata
from ldn_spark.transforms.atc_versions import require_codes
from ldn_spark.transforms.returns import require_dispensings


def select_exposures(
    dispensings: DataFrame,
    exposure: Exposure,
    products: Sequence[str] | None,
    translation: Translation,
    *,
    returns: Returns,
) -> DataFrame:
    """Every dispensing of the exposure's ATC codes, marked where its product belongs to it.

    Args:
        dispensings: one row per line of the registry.
        exposure: ATC codes of the exposure.
        products: product numbers of the exposure; None = every product. A dispensing without a
            product number belongs to none of a list.
        translation: how the lake's codes are read.
        returns: what a returned package does.

    Returns:
        One row per dispensing: person_key, exposed_on (days since 1970-01-01), is_exposure.
    """
    lines = require_codes(dispensings, exposure.atc, translation)
    return require_dispensings(lines, returns).select(
        "person_key",
        F.unix_date("dispensed_on").alias("exposed_on"),
        is_of(products).alias("is_exposure"),
    )


def is_of(products: Sequence[str] | None) -> Column:
    """Whether a line is of one of the products; None = every product."""
    if products is None:
        return F.lit(True)
    return F.coalesce(F.col("product_number").isin(list(products)), F.lit(False))


def find_candidates(exposures: DataFrame, index_event: IndexEvent, strata: Strata) -> DataFrame:
    """Index day, wash-out and exposure dispenses of everyone with the ATC codes in the period.

    The index day is the first exposure in the index period (`first_in_period`) or the first one
    there with no exposure in the `washout_days` before it (`first_after_washout`). Exposure
    dispenses are those of the counting window, both ends included; with `one_a_day` a day counts
    once; with `not_counted` the index dispense itself is left out (of several on the index day,
    one).

    Args:
        exposures: one row per dispensing of the exposure's ATC codes, from `select_exposures`.

    Returns:
        One row per person with at least one row in the index period: person_key, index_day (null
        without an exposure that qualifies), previous_day (the last exposure before it, null for
        none), exposure_dispenses, atc_records and product_records (in the index period).
    """
    person = Window.partitionBy("person_key")
    in_period = F.col("exposed_on").between(*_period_days(index_event))
    marked = exposures.select(
        "person_key",
        "exposed_on",
        in_period.alias("in_period"),
        F.when(F.col("is_exposure"), F.col("exposed_on")).alias("exposure_day"),
    )
    qualifies = F.col("in_period") & F.col("exposure_day").isNotNull()
    if index_event.rule == "first_after_washout":
        earlier = person.orderBy("exposed_on").rangeBetween(Window.unboundedPreceding, -1)
        marked = marked.withColumn("last_before", F.max("exposure_day").over(earlier))
        clean = F.col("exposure_day") - F.col("last_before") > F.lit(index_event.washout_days)
        qualifies = qualifies & F.coalesce(clean, F.lit(True))
    index_day = F.min(F.when(qualifies, F.col("exposure_day"))).over(person)
    day = F.col("exposure_day") - F.col("index_day")
    window = strata.counting_window
    counted = F.when(day.between(window.first, window.last), F.col("exposure_day"))
    return (
        marked.withColumn("index_day", index_day)
        .groupBy("person_key")
        .agg(
            F.max("index_day").alias("index_day"),
            F.max(F.when(day < 0, F.col("exposure_day"))).alias("previous_day"),
            _exposure_dispenses(counted, strata).alias("exposure_dispenses"),
            F.count(F.when(F.col("in_period"), F.lit(1))).alias("atc_records"),
            F.count(F.when(F.col("in_period"), F.col("exposure_day"))).alias("product_records"),
        )
        .where(F.col("atc_records") > 0)
    )


def _exposure_dispenses(counted: Column, strata: Strata) -> Column:
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
    chain = F
    for level in levels:
        inside = number >= level.at_least
        if level.at_most is not None:
            inside = inside & (number <= level.at_most)
        chain = chain.when(inside, F.lit(level.id))
    return chain
