"""Columns and rows that differ between the cohorts of a run.

Where all cohorts agree nothing is asked of the column `set`, so that one study alone costs no more
than it would without it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import reduce
from typing import TypeVar

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ldn_spark.study.atc.translation import AskedCodes, Part
from ldn_spark.study.codes import shortest_prefixes
from ldn_spark.study.sets import StudySet
from ldn_spark.transforms.atc_versions import read_as, require_asked, require_delivered
from ldn_spark.transforms.cases import first_case

Value = TypeVar("Value", bound=Hashable)
KEY = ("set", "person_key")
"""A person in one cohort; a person may be in several."""


def by_set(
    sets: Sequence[StudySet], value: Callable[[StudySet], Value], column: Callable[[Value], Column]
) -> Column:
    """The column that belongs to a row's set.

    Args:
        sets: all that the rows can be of.
        value: what the column depends on; sets with equal values share an expression.
        column: the expression of a value.
    """
    return choose({one.number: value(one) for one in sets}, column)


def choose(values: Mapping[int, Value], column: Callable[[Value], Column]) -> Column:
    """As `by_set`, the values given by the numbers of the sets."""
    numbers: dict[Value, list[int]] = {}
    for number, value in values.items():
        numbers.setdefault(value, []).append(number)
    *others, last = numbers
    cases = ((F.col("set").isin(numbers[value]), column(value)) for value in others)
    return first_case(cases, column(last))


def is_of_any(some: Sequence[StudySet], sets: Sequence[StudySet]) -> Column:
    """Whether a row of any of `sets` is of some of them; true of every row where these are all."""
    if len(some) in (0, len(sets)):
        return F.lit(len(some) > 0)
    return F.col("set").isin([one.number for one in some])


def of_sets(frame: DataFrame, some: Sequence[StudySet], sets: Sequence[StudySet]) -> DataFrame:
    """The rows of some of the sets."""
    return frame if len(some) == len(sets) else frame.where(is_of_any(some, sets))


def together(frames: Sequence[DataFrame]) -> DataFrame:
    """The rows of all frames, which have the same columns."""
    return reduce(DataFrame.unionByName, frames)


def split_by_codes(dispensings: DataFrame, asked: Mapping[int, AskedCodes]) -> DataFrame:
    """One row per dispensing and set whose codes it falls under, read in the index of its study.

    A dispensing under several prefixes of a set counts once. The registry is looked at once,
    however many sets there are: codes are matched with sets by an equality join.

    Args:
        dispensings: one row per dispensing, with the columns that tell parts of the lake apart.
        asked: the codes by the number of the set.

    Returns:
        The columns of `dispensings`, `atc` as it is read, and `set`.
    """
    if len(asked) == 1:
        ((number, codes),) = asked.items()
        return require_asked(dispensings, codes).withColumn("set", F.lit(number))
    cut = require_delivered(dispensings, *asked.values())
    readings = list(dict.fromkeys(codes.parts for codes in asked.values()))
    pairs: dict[int, list[tuple[str, int]]] = {number: [] for number in range(len(readings))}
    for number, codes in asked.items():
        into = pairs[readings.index(codes.parts)]
        into += [(prefix, number) for prefix in shortest_prefixes(codes.asked)]
    return match_codes(_read_each(cut, readings), "reading", pairs, "set").drop("reading")


def _read_each(dispensings: DataFrame, readings: Sequence[tuple[Part, ...]]) -> DataFrame:
    """One row per dispensing and way of reading its code: reading, and `atc` as it is read."""
    others = [F.col(name) for name in dispensings.columns if name != "atc"]
    ways = [
        F.struct(F.lit(number).alias("reading"), read_as(parts).alias("atc"))
        for number, parts in enumerate(readings)
    ]
    if len(ways) == 1:
        return dispensings.select(
            *others, F.lit(0).alias("reading"), read_as(readings[0]).alias("atc")
        )
    return dispensings.select(*others, F.inline(F.array(*ways)))


def match_codes(
    dispensings: DataFrame,
    key: str,
    pairs: Mapping[int, Sequence[tuple[str, int | str]]],
    added: str,
) -> DataFrame:
    """One row per input row and pair of its key whose prefix its ATC code falls under.

    Every code is taken apart into those of its ATC levels that any pair names, so that the match
    is an equality join however many pairs there are. Prefixes of the same value never cover each
    other.

    Args:
        dispensings: any grain with the columns `atc` and `key`.
        key: the column that says which pairs a row is held against.
        pairs: by a value of the key, ATC prefixes and what each stands for. Where they are the
            same for all, the key is not asked.
        added: the column for what a prefix stands for.

    Returns:
        The columns of `dispensings` and `added`.
    """
    is_same = len({tuple(each) for each in pairs.values()}) == 1
    keys = [] if is_same else [key]
    rows = [
        F.struct(
            *[F.lit(value).alias(key) for _ in keys],
            F.lit(prefix).alias("atc_prefix"),
            F.lit(meaning).alias(added),
        )
        for value, each in list(pairs.items())[: 1 if is_same else None]
        for prefix, meaning in each
    ]
    mapping = dispensings.sparkSession.range(1).select(F.inline(F.array(*rows)))
    lengths = sorted({len(prefix) for each in pairs.values() for prefix, _ in each})
    levels = F.array(*[F.substring("atc", 1, length) for length in lengths])
    # a code shorter than seven characters repeats itself at the deeper levels
    exploded = dispensings.withColumn("atc_prefix", F.explode(F.array_distinct(levels)))
    return exploded.join(mapping, on=["atc_prefix", *keys], how="inner").drop("atc_prefix")
