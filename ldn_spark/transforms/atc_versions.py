"""Delivered ATC codes in the index that a study is written in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ldn_spark.study.atc.history import BEGINNING, FOR_EVER
from ldn_spark.study.atc.translation import AskedCodes, Move, Part, Translation
from ldn_spark.study.codes import ATC_LENGTHS, shortest_prefixes
from ldn_spark.transforms.cases import first_case
from ldn_spark.transforms.codes import begins_with_any


def require_codes(
    dispensings: DataFrame, prefixes: Sequence[str], translation: Translation
) -> DataFrame:
    """Keep the dispensings whose code, read in the study's index, falls under the prefixes.

    Without a translation this is the cut of `require_delivered` alone. A null code falls under
    none.

    Args:
        dispensings: one row per dispensing, with the columns that tell parts of the lake apart.
        prefixes: ATC codes of the study.
        translation: how the lake's codes are read.

    Returns:
        The columns of `dispensings`, `atc` in the study's index.
    """
    return require_asked(dispensings, translation.asked_for(prefixes))


def require_asked(dispensings: DataFrame, codes: AskedCodes) -> DataFrame:
    """As `require_codes`, of codes whose places in the lake are known."""
    cut = require_delivered(dispensings, codes)
    if not codes.parts:
        return cut
    return read_codes(cut, codes).where(begins_with_any("atc", codes.asked))


def require_delivered(dispensings: DataFrame, *codes: AskedCodes) -> DataFrame:
    """Keep what is delivered under codes that may be read as asked ones, at any of the places.

    These are ranges, which skip row groups, and no closer look at any row.
    """
    delivered = [prefix for one in codes for prefix in one.delivered]
    return dispensings.where(begins_with_any("atc", shortest_prefixes(delivered)))


def read_codes(dispensings: DataFrame, codes: AskedCodes) -> DataFrame:
    """Say `atc` in the study's index; the first move that fits decides."""
    if not codes.parts:
        return dispensings
    return dispensings.withColumn("atc", read_as(codes.parts))


def read_as(parts: Sequence[Part]) -> Column:
    """A row's `atc` in the study's index."""
    moves = ((part, move) for part in parts for move in part.moves)
    cases = ((_belongs(part) & _fits(move), _moved(move)) for part, move in moves)
    return first_case(cases, F.col("atc"))


def _belongs(part: Part) -> Column:
    conditions = [F.lit(True)]
    if part.file_ids is not None:
        conditions.append(F.col("file_id").isin(*part.file_ids))
    if part.first_year > BEGINNING:
        conditions.append(F.col("year") >= part.first_year)
    if part.last_year < FOR_EVER:
        conditions.append(F.col("year") <= part.last_year)
    return reduce(and_, conditions)


def _fits(move: Move) -> Column:
    if len(move.delivered) == ATC_LENGTHS[-1]:
        return F.col("atc") == F.lit(move.delivered)
    return begins_with_any("atc", [move.delivered])


def _moved(move: Move) -> Column:
    if len(move.delivered) == ATC_LENGTHS[-1]:
        return F.lit(move.read_as)
    ending = F.substring("atc", len(move.delivered) + 1, ATC_LENGTHS[-1])
    return F.concat(F.lit(move.read_as), ending)
