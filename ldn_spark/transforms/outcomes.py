"""What the cohort was dispensed around the index date, per person and outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ldn_spark.schemas import MICRO
from ldn_spark.study.atc.translation import Translation
from ldn_spark.study.definition import Outcome, Returns, Windows
from ldn_spark.study.windows import DayWindow
from ldn_spark.transforms.atc_versions import read_codes, require_delivered
from ldn_spark.transforms.codes import add_outcomes
from ldn_spark.transforms.returns import (
    NEEDS,
    WHOLE,
    add_matched,
    is_return,
    subtracted_ddd,
)


def sum_cohort_dispensings(
    dispensings: DataFrame,
    cohort: DataFrame,
    *,
    prefixes: Sequence[str],
    windows: Sequence[Windows],
    translation: Translation,
    returns: Returns,
) -> DataFrame:
    """The cohort's dispensings of the examined medicines inside any window, day by day.

    This is the one look at the registry. Both ends of every window are included. Codes are read in
    the study's index when only the cohort's rows are left; one that was cut out for its delivered
    code and turns out to be none of the asked ones stays, and belongs to no outcome.

    Args:
        dispensings: one row per line of the registry.
        cohort: one row per person: person_key, index_date.
        prefixes: ATC prefixes of the examined medicines.
        windows: pairs of days relative to the index date.
        translation: how the lake's codes are read.
        returns: what a returned package does. A return in a window that takes back a dispensing,
            or has none to take back, is counted on its day beside no dispense and no DDD.

    Returns:
        One row per person_key, day and atc (of the study's index): ddd_micro (sum, unknown DDDs
        left out), dispenses, ddd_missing (dispenses with unknown DDD), returns (0 where they count
        as dispenses) and returns_unmatched (those that did not find all that they take back).
    """
    index = cohort.select("person_key", F.unix_date("index_date").alias("index_day"))
    day = (F.unix_date("dispensed_on") - F.col("index_day")).cast("int")
    codes = translation.asked_for(prefixes)
    needs = () if returns == "as_dispense" else NEEDS
    columns = ("person_key", "atc", "dispensed_on", "ddd", *needs, *codes.needs)
    mine = (
        require_delivered(dispensings, codes)
        .select(*dict.fromkeys(columns))
        .join(F.broadcast(index), on="person_key", how="inner")
    )
    lines = read_codes(mine, codes).withColumn("day", day)
    return (
        _settled(lines, returns)
        .where(reduce(or_, [is_in_either(pair) for pair in windows]))
        .groupBy("person_key", "day", "atc")
        .agg(
            (F.coalesce(F.sum("ddd"), F.lit(0)) * F.lit(MICRO)).cast("bigint").alias("ddd_micro"),
            _lines(F.col("is_dispense")).alias("dispenses"),
            _lines(F.col("is_dispense") & F.col("ddd").isNull()).alias("ddd_missing"),
            _lines(F.col("is_return")).alias("returns"),
            _lines(F.col("is_unmatched")).alias("returns_unmatched"),
        )
    )


def _settled(lines: DataFrame, returns: Returns) -> DataFrame:
    """The DDDs that every line adds, and whether it is a dispense, a return, an unmatched one.

    A dispensing that was taken back is gone.
    """
    ddd, no = F.col("ddd"), F.lit(False)
    is_dispense, returned, unmatched = F.lit(True), no, no
    if returns == "no_dispense":
        ddd, is_dispense, returned = subtracted_ddd(), ~is_return(), is_return()
    elif returns == "cancel":
        returned = F.col("is_return")
        lines = add_matched(lines).where(returned | (F.col("matched") != WHOLE))
        ddd, is_dispense = F.when(~returned, ddd), ~returned
        unmatched = returned & (F.col("matched") != WHOLE)
    return lines.select(
        "person_key",
        "atc",
        "day",
        ddd.alias("ddd"),
        is_dispense.alias("is_dispense"),
        returned.alias("is_return"),
        unmatched.alias("is_unmatched"),
    )


def _lines(condition: Column) -> Column:
    return F.count(F.when(condition, F.lit(1)))


def summarise_returns(cohort_dispensings: DataFrame) -> DataFrame:
    """One row: returns and returns_unmatched of the cohort inside the windows; 0 for none."""
    return cohort_dispensings.agg(
        *[
            F.coalesce(F.sum(name), F.lit(0)).cast("bigint").alias(name)
            for name in ("returns", "returns_unmatched")
        ]
    )


def _is_in(window: DayWindow) -> Column:
    return F.col("day").between(window.first, window.last)


def is_in_either(windows: Windows) -> Column:
    """Whether a row's day is in the window before or in the window after."""
    return _is_in(windows.before) | _is_in(windows.after)


def exact_sum(column: Column) -> Column:
    """A sum of 64-bit integers that fails instead of wrapping around, on every engine."""
    return F.sum(column.cast("decimal(18,0)")).cast("bigint")


def sum_person_outcomes(
    cohort_dispensings: DataFrame,
    *,
    outcomes: Sequence[Outcome],
    designs: Mapping[str, Windows],
) -> DataFrame:
    """DDDs and dispenses of each person and outcome, before and after, by every design.

    A person who was dispensed nothing of an outcome in either window has no row, unless the DDDs
    of a return were subtracted there; the group moments count such persons as zeros.

    Returns:
        One row per design, person_key and outcome: ddd_micro_before, ddd_micro_after,
        dispenses_before, dispenses_after, ddd_missing_before, ddd_missing_after (dispenses with
        unknown DDD).
    """
    before = _by_design({name: _is_in(pair.before) for name, pair in designs.items()})
    after = _by_design({name: _is_in(pair.after) for name, pair in designs.items()})

    def total(column: str, inside: Column) -> Column:
        return exact_sum(F.when(inside, F.col(column)).otherwise(F.lit(0)))

    return (
        _add_designs(add_outcomes(cohort_dispensings, outcomes), designs)
        .groupBy("design", "person_key", "outcome")
        .agg(
            total("ddd_micro", before).alias("ddd_micro_before"),
            total("ddd_micro", after).alias("ddd_micro_after"),
            total("dispenses", before).alias("dispenses_before"),
            total("dispenses", after).alias("dispenses_after"),
            total("ddd_missing", before).alias("ddd_missing_before"),
            total("ddd_missing", after).alias("ddd_missing_after"),
        )
        .where(_any_but_0("dispenses") | _any_but_0("ddd_micro"))
    )


def _add_designs(frame: DataFrame, designs: Mapping[str, Windows]) -> DataFrame:
    """One row per row and design that has a window with its day."""
    if len(designs) == 1:  # the frame holds the days of its windows alone
        return frame.withColumn("design", F.lit(*designs))
    names = [F.when(is_in_either(pair), F.lit(name)) for name, pair in designs.items()]
    inside = F.filter(F.array(*names), lambda name: name.isNotNull())
    return frame.withColumn("design", F.explode(inside))


def _by_design(conditions: Mapping[str, Column]) -> Column:
    """The condition of the design that a row belongs to."""
    if len(conditions) == 1:
        return next(iter(conditions.values()))
    chain = F
    for name, condition in conditions.items():
        chain = chain.when(F.col("design") == name, condition)
    return chain


def _any_but_0(what: str) -> Column:
    return (F.col(f"{what}_before") != 0) | (F.col(f"{what}_after") != 0)
