"""The first and the last day of what stays of a person's dispensings, file by file."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def with_spans(statements: DataFrame, dispensings: DataFrame, file_ids: Sequence[int]) -> DataFrame:
    """Statements of persons with the days of dispensing that some files have left.

    Args:
        statements: one row per person and file, as in `schemas.PERSON_STATEMENTS`.
        dispensings: one row per dispensing that stays of these files: person_key, file_id,
            dispensed_on.
        file_ids: the files. Statements of others stay as they are.

    Returns:
        The same rows. Where a person has no dispensing left of a file, both days are null.
    """
    spans = dispensings.groupBy("person_key", "file_id").agg(
        F.min("dispensed_on").alias("first_left"), F.max("dispensed_on").alias("last_left")
    )
    found = statements.join(spans, on=["person_key", "file_id"], how="left")
    changes = F.col("file_id").isin(*file_ids)
    days = {
        f"{end}_dispensed_on": F.when(changes, F.col(f"{end}_left"))
        .otherwise(F.col(f"{end}_dispensed_on"))
        .cast("date")
        for end in ("first", "last")
    }
    return found.withColumns(days).select(*statements.columns)
