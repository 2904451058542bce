"""What the cohort was dispensed around the index date, per person and outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ldn_spark.schemas import MICRO
from ldn_spark.study.atc.translation import AskedCodes
from ldn_spark.study.definition import Outcome, Returns, Windows
from ldn_spark.study.sets import StudySet
from ldn_spark.study.windows import DayWindow
from ldn_spark.transforms.atc_versions import read_as, require_delivered
from ldn_spark.transforms.codes import any_of, begins_with_any
from ldn_spark.transforms.returns import (
    NEEDS,
    WHOLE,
    add_matched,
    is_return,
    subtracted_ddd,
)
from ldn_spark.transforms.sets import KEY, by_set, choose, match_codes

SIDES = ("before", "after")
_AMOUNTS = ("ddd_micro", "dispenses", "ddd_missing")


def find_cohort_dispensings(
    dispensings: DataFrame, cohort: DataFrame, sets: Sequence[StudySet], *, returns: Returns
) -> DataFrame:
    """The cohorts' dispensings of the examined medicines inside any window.

    This is the one look at the registry, and keeps nothing in memory but the cohorts: many large
    ones have more dispensings than a sum by person and day could hold. Both ends of every window
    are included. Codes are read in the study's index when only the cohorts' rows are left.

    Args:
        dispensings: one row per line of the registry.
        cohort: one row per set and person: set, person_key, index_date.
        sets: the cohorts.
        returns: what a returned package does in all of them. A return in a window that takes back
            a dispensing, or has none to take back, is counted on its day beside no dispense and no
            DDD.

    Returns:
        One row per set and line: set, person_key, day, atc (of the study's index), ddd_micro (0
        where they are unknown), and 1 or 0 as dispenses, ddd_missing (a dispense with unknown
        DDD), returns (0 where they count as dispenses) and returns_unmatched (a return that did
        not find all that it takes back).
    """
    index = cohort.select(*KEY, F.unix_date("index_date").alias("index_day"))
    day = (F.unix_date("dispensed_on") - F.col("index_day")).cast("int")
    codes = {one.number: one.translation.asked_for(one.definition.outcome_prefixes) for one in sets}
    needs = () if returns == "as_dispense" else NEEDS
    told_apart = (name for each in codes.values() for name in each.needs)
    columns = ("person_key", "atc", "dispensed_on", "ddd", *needs, *told_apart)
    mine = (
        require_delivered(dispensings, *codes.values())
        .select(*dict.fromkeys(columns))
        .join(F.broadcast(index), on="person_key", how="inner")
    )
    windows = by_set(sets, _pairs, lambda pairs: any_of([is_in_either(pair) for pair in pairs]))
    return (
        _settled(_read_own(mine, codes).withColumn("day", day), returns)
        .where(windows)
        .select(
            *KEY,
            "day",
            "atc",
            (F.coalesce("ddd", F.lit(0)) * F.lit(MICRO)).cast("bigint").alias("ddd_micro"),
            F.col("is_dispense").cast("bigint").alias("dispenses"),
            (F.col("is_dispense") & F.col("ddd").isNull()).cast("bigint").alias("ddd_missing"),
            F.col("is_return").cast("bigint").alias("returns"),
            F.col("is_unmatched").cast("bigint").alias("returns_unmatched"),
        )
        .repartition(*KEY)  # few files, however many tasks look at the registry
    )


def _pairs(one: StudySet) -> tuple[Windows, ...]:
    return tuple(one.definition.windows_by_design.values())


def _read_own(lines: DataFrame, codes: Mapping[int, AskedCodes]) -> DataFrame:
    """Read every code as its set does, and leave out what its set does not ask for.

    Where all sets ask for the same codes as they are delivered, that is every line.
    """
    if any(each.parts for each in codes.values()):
        parts = {number: each.parts for number, each in codes.items()}
        lines = lines.withColumn("atc", choose(parts, read_as))
    elif len({each.asked for each in codes.values()}) == 1:
        return lines
    asked = {number: each.asked for number, each in codes.items()}
    return lines.where(choose(asked, lambda prefixes: begins_with_any("atc", prefixes)))


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
        *KEY,
        "atc",
        "day",
        ddd.alias("ddd"),
        is_dispense.alias("is_dispense"),
        returned.alias("is_return"),
        unmatched.alias("is_unmatched"),
    )


def summarise_returns(cohort_dispensings: DataFrame) -> DataFrame:
    """One row per set with any: returns and returns_unmatched of the cohort inside the windows."""
    return (
        cohort_dispensings.where(F.col("returns") > 0)
        .groupBy("set")
        .agg(*[F.sum(name).cast("bigint").alias(name) for name in ("returns", "returns_unmatched")])
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
    cohort_dispensings: DataFrame, sets: Sequence[StudySet], *, sums_fit: bool = False
) -> DataFrame:
    """DDDs and dispenses of each person and outcome, before and after, by every design.

    A person who was dispensed nothing of an outcome in either window has no row, unless the DDDs
    of a return were subtracted there; the group moments count such persons as zeros. Lines are
    summed by code first: a person collects few codes often, and a code is of several outcomes.

    Args:
        cohort_dispensings: from `find_cohort_dispensings`.
        sets: the cohorts.
        sums_fit: whether it is known that no sum passes 64 bits, and none need be looked at.

    Returns:
        One row per set, design, person_key and outcome: ddd_micro_before, ddd_micro_after,
        dispenses_before, dispenses_after, ddd_missing_before, ddd_missing_after (dispenses with
        unknown DDD).
    """
    sided, only_design = _add_designs(cohort_dispensings, sets)
    keys = (*KEY, "design") if only_design is None else KEY
    inside = [
        F.when(F.col(f"is_{side}"), F.col(name)).otherwise(F.lit(0)).alias(f"{name}_{side}")
        for name in _AMOUNTS
        for side in SIDES
    ]
    totals = _totals(F.sum if sums_fit else exact_sum)
    by_code = sided.select(*keys, "atc", *inside).groupBy(*keys, "atc").agg(*totals)
    codes, matched = outcomes_of_codes(
        cohort_dispensings, sets, lambda one: one.definition.outcomes
    )
    found = by_code.join(codes, on=matched, how="inner").groupBy(*keys, "outcome").agg(*totals)
    if only_design is not None:
        found = found.withColumn("design", F.lit(only_design))
    return found.where(_any_but_0("dispenses") | _any_but_0("ddd_micro"))


def _totals(sum_of_ddd: Callable[[Column], Column]) -> list[Column]:
    """The sums of all amounts on both sides; numbers of lines are far from 64 bits."""
    names = [f"{name}_{side}" for name in _AMOUNTS for side in SIDES]
    is_ddd = {name: name.startswith("ddd_micro") for name in names}
    return [(sum_of_ddd if is_ddd[name] else F.sum)(F.col(name)).alias(name) for name in names]


def outcomes_of_codes(
    cohort_dispensings: DataFrame,
    sets: Sequence[StudySet],
    of: Callable[[StudySet], Sequence[Outcome]],
) -> tuple[DataFrame, list[str]]:
    """What the ATC codes of the rows belong to; there are few codes, so it is found once for each.

    An outcome has a code once: its prefixes never cover each other (`shortest_prefixes`).

    Returns:
        One row per code, and set where sets differ, and outcome: small enough to be sent to every
        task; and the columns to join by. A code of no outcome has no row.
    """
    pairs = {
        one.number: [(code, outcome.id) for outcome in of(one) for code in outcome.atc]
        for one in sets
    }
    keys = ["atc"] if len(set(map(tuple, pairs.values()))) == 1 else ["set", "atc"]
    codes = match_codes(cohort_dispensings.select(*keys).distinct(), "set", pairs, "outcome")
    return F.broadcast(codes), keys


def _add_designs(frame: DataFrame, sets: Sequence[StudySet]) -> tuple[DataFrame, str | None]:
    """One row per row and design of its set that has a window with its day: is_before, is_after.

    Returns:
        The rows with `design`; or without it, and the only design, where there is one.
    """
    ways = {tuple(one.definition.windows_by_design.items()) for one in sets}
    if len(ways) == 1 and len(only := next(iter(ways))) == 1:  # no row lies outside its windows
        ((name, pair),) = only
        return frame.select("*", *_sides(pair)), name

    def inside(designs: tuple[tuple[str, Windows], ...]) -> Column:
        found = [
            F.when(is_in_either(pair), F.struct(F.lit(name).alias("design"), *_sides(pair)))
            for name, pair in designs
        ]
        return F.filter(F.array(*found), lambda one: one.isNotNull())

    designs = by_set(sets, lambda one: tuple(one.definition.windows_by_design.items()), inside)
    return frame.select("*", F.inline(designs)), None


def _sides(windows: Windows) -> tuple[Column, Column]:
    return _is_in(windows.before).alias("is_before"), _is_in(windows.after).alias("is_after")


def _any_but_0(what: str) -> Column:
    return (F.col(f"{what}_before") != 0) | (F.col(f"{what}_after") != 0)
