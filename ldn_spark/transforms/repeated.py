"""Lines that were delivered before, told by their line key."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

REPEATED_LINE, LINE_KEY_CONFLICT = "repeated_line", "line_key_conflict"
_LINES_PER_FILE = 1 << 40
_CONTENT = (
    "person_key",
    "atc",
    "product_number",
    "dispensed_on",
    "ddd",
    "packages",
    "reimbursement_icd",
    "reimbursement_icpc",
)


def fingerprint(columns: Sequence[str] = _CONTENT) -> Column:
    """128 bits that are equal where the columns are; nulls are equal to nulls alone."""
    texts = [F.coalesce(F.concat(F.lit("="), F.col(c).cast("string")), F.lit("")) for c in columns]
    return F.md5(F.concat_ws("\x1f", *texts))


def find_repeated_lines(lines: DataFrame, held: DataFrame) -> DataFrame:
    """The lines that add nothing, and those that contradict what has the same key.

    A line is a repeated one when a line with its key and content is held already, or stands
    earlier in the delivery (smaller file_id, then smaller line). Where a key has different
    contents, nobody can say which is right: every delivered line with it is a conflict.

    Args:
        lines: one row per delivered line: file_id, line, line_key and the dispensing's columns.
            Lines without a key are never repeated.
        held: one row per dispensing that stays in the lake, of the same source.

    Returns:
        One row per line turned away: file_id, line, reason (`repeated_line`, `line_key_conflict`).
    """
    keyed = lines.where(F.col("line_key").isNotNull()).select(
        "file_id",
        "line",
        "line_key",
        fingerprint().alias("content"),
        (F.col("file_id").cast("bigint") * F.lit(_LINES_PER_FILE) + F.col("line")).alias("place"),
    )
    among = keyed.groupBy("line_key").agg(
        F.count(F.lit(1)).alias("lines"),
        F.min("place").alias("first_place"),
        F.min("content").alias("low"),
        F.max("content").alias("high"),
    )
    before = (
        held.where(F.col("line_key").isNotNull())
        .select("line_key", fingerprint().alias("content"))
        .groupBy("line_key")
        .agg(F.min("content").alias("held_low"), F.max("content").alias("held_high"))
    )
    keys = among.join(before, on="line_key", how="left").where(
        (F.col("lines") > 1) | F.col("held_low").isNotNull()
    )
    differs = F.least("low", F.coalesce("held_low", "low")) != F.greatest(
        "high", F.coalesce("held_high", "high")
    )
    keys = keys.select(
        "line_key",
        differs.alias("differs"),
        F.when(F.col("held_low").isNull(), F.col("first_place")).alias("kept_place"),
    )
    reason = F.when(F.col("differs"), F.lit(LINE_KEY_CONFLICT)).otherwise(F.lit(REPEATED_LINE))
    stays = ~F.col("differs") & (F.col("place") == F.coalesce("kept_place", F.lit(-1)))
    return (
        keyed.join(keys, on="line_key", how="inner")
        .where(~stays)
        .select("file_id", "line", reason.alias("reason"))
    )
