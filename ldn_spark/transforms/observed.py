"""When the register sees a person: observation periods, until the day of death."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ldn_spark.schemas import OBSERVATION_PERIODS, PERSONS, Table
from ldn_spark.study.criteria import Alive, Delivered, Observed
from ldn_spark.transforms.sets import KEY

_LATER = 3_000_000
"""A day after every date there is (9999-12-31 is day 2,932,896 of unix_date)."""


_PLACES = {
    "observation periods": (OBSERVATION_PERIODS, "observed_from"),
    "days of death": (PERSONS, "died_on"),
}
"""The table and the column in which a lake holds what was delivered."""


def table_of(kind: Delivered) -> Table:
    """The table in which a lake holds it."""
    return _PLACES[kind][0]


def count_delivered(kind: Delivered, table: DataFrame) -> DataFrame:
    """How much of it a lake holds, counted in the table of it. One row: delivered."""
    return table.agg(F.count(_PLACES[kind][1]).alias("delivered"))


def find_observed(
    index_days: DataFrame, periods: DataFrame, persons: DataFrame, first: int, last: int
) -> DataFrame:
    """The persons whom the register sees on every day from `first` to `last`, both included.

    Periods of a person neither overlap nor touch, so the days that they have in common with those
    looked at add up: a person is observed throughout when the sum is all of them. The day of
    death is the last one that is seen.

    Args:
        index_days: one row per set and person: set, person_key, index_day (days since 1970-01-01;
            whoever has null is not observed).
        periods, persons: as in `schemas.OBSERVATION_PERIODS` and `schemas.PERSONS`.
        first, last: days from the index date.

    Returns:
        One row per set and person who is observed throughout: set, person_key.
    """
    mine = _with_index_day(index_days)
    died = persons.where(F.col("died_on").isNotNull()).select(
        "person_key", F.unix_date("died_on").alias("died")
    )
    died = died.join(mine.select("person_key"), on="person_key", how="left_semi")
    seen = periods.join(mine, on="person_key", how="inner").join(died, on="person_key", how="left")
    start, end = F.col("index_day") + F.lit(first), F.col("index_day") + F.lit(last)
    seen_from = F.greatest(F.unix_date("observed_from"), start)
    seen_to = F.least(
        F.coalesce(F.unix_date("observed_to"), F.lit(_LATER)),
        F.coalesce(F.col("died"), F.lit(_LATER)),
        end,
    )
    days = F.greatest(seen_to - seen_from + F.lit(1), F.lit(0))
    return (
        seen.select(*KEY, days.cast("bigint").alias("days"))
        .groupBy(*KEY)
        .agg(F.sum("days").alias("days"))
        .where(F.col("days") == F.lit(last - first + 1))
        .select(*KEY)
    )


def find_alive(index_days: DataFrame, persons: DataFrame, on_day: int) -> DataFrame:
    """The persons who do not die before a day from the index date; the arguments as above.

    Returns:
        One row per set and person who is alive: set, person_key.
    """
    mine = _with_index_day(index_days)
    died = persons.where(F.col("died_on").isNotNull()).join(mine, on="person_key", how="inner")
    before = F.unix_date("died_on") < F.col("index_day") + F.lit(on_day)
    return mine.join(died.where(before), on=list(KEY), how="left_anti").select(*KEY)


def find_those_of(
    look: Observed | Alive, index_days: DataFrame, registry: Callable[[Table], DataFrame]
) -> DataFrame:
    """One row per set and person who meets a look at observation: set, person_key."""
    match look:
        case Observed(days=days):
            periods, persons = registry(OBSERVATION_PERIODS), registry(PERSONS)
            return find_observed(index_days, periods, persons, days.first, days.last)
        case Alive(on_day=day):
            return find_alive(index_days, registry(PERSONS), day)
        case other:
            assert_never(other)


def _with_index_day(index_days: DataFrame) -> DataFrame:
    has_one = F.col("index_day").isNotNull()
    return F.broadcast(index_days.where(has_one).select(*KEY, "index_day"))
