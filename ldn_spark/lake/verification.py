"""New versions of the registry tables, read back before they are made visible."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ldn_spark.engine import collect
from ldn_spark.errors import EngineError
from ldn_spark.invented import PSEUDONYM
from ldn_spark.lake.versions import Lake, LakeVersion
from ldn_spark.schemas import DISPENSINGS, PERSONS, REJECTED_DISPENSINGS
from ldn_spark.shown import numbered

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def describe_persons(lake: Lake, draft: LakeVersion) -> dict[str, int]:
    """Persons, their contradictions and the invented ones, from the table as it was written.

    Raises:
        EngineError: two pseudonyms have the same key.
    """
    from pyspark.sql import functions as F

    found = collect.one(
        lake.read(PERSONS, draft).agg(
            F.count(F.lit(1)).alias("persons"),
            F.count_distinct("person_key").alias("keys"),
            F.count(F.when(F.col("pseudonym").startswith(PSEUDONYM), F.lit(1))).alias("invented"),
            F.count(F.when(F.col("sex_conflict"), F.lit(1))).alias("sex_conflicts"),
            F.count(F.when(F.col("birth_year_conflict"), F.lit(1))).alias("birth_year_conflicts"),
        )
    )
    if shared := found["persons"] - found.pop("keys"):
        raise EngineError(
            f"{numbered(shared, 'pseudonym has', 'pseudonyms have')} the same 64-bit key as "
            "another one; nothing was changed"
        )
    return found


def describe_dispensings(
    lake: Lake, draft: LakeVersion, changed: Collection[int]
) -> dict[str, str]:
    """First and last day, from the table as it was written.

    Only the years that changed and the outermost ones are looked at.

    Raises:
        EngineError: a year holds other rows than it should, or rows without a person or a code.
    """
    from pyspark.sql import functions as F

    expected = {int(year): rows for year, rows in draft.years.items()}
    looked_at = {*changed, *list(expected)[:1], *list(expected)[-1:]}
    table = lake.read(DISPENSINGS, draft)
    by_year = collect.rows(_summary(table.where(F.col("year").isin(*looked_at))))
    held = {row["year"]: row["rows"] for row in by_year}
    wanted = {year: rows for year, rows in expected.items() if year in looked_at}
    whole = all(row["rows"] == row["persons"] == row["codes"] for row in by_year)
    stays = sum(f.accepted - f.superseded for f in draft.files if f.kind == DISPENSINGS.name)
    if held != wanted or not whole or stays != draft.dispensings:
        raise EngineError(
            f"of {numbered(sum(wanted.values()), 'dispensing')} that should be there "
            f"{numbered(sum(held.values()), 'is', 'are')} read "
            "back, or not all of them whole; nothing was changed"
        )
    days = [row[end] for row in by_year for end in ("first", "last")]
    first, last = min(days, default=None), max(days, default=None)
    return {
        "first_dispensed_on": first.isoformat() if first else "",
        "last_dispensed_on": last.isoformat() if last else "",
    }


def _summary(dispensings: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    return dispensings.groupBy("year").agg(
        F.count(F.lit(1)).alias("rows"),
        F.count("person_key").alias("persons"),
        F.count("atc").alias("codes"),
        F.min("dispensed_on").alias("first"),
        F.max("dispensed_on").alias("last"),
    )


def check_rejected(lake: Lake, draft: LakeVersion) -> None:
    """Every rejected line stands in the table as it was written.

    Raises:
        EngineError: it does not.
    """
    from pyspark.sql import functions as F

    held = collect.one(lake.read(REJECTED_DISPENSINGS, draft).agg(F.count(F.lit(1)).alias("rows")))
    if held["rows"] != draft.rejected:
        raise EngineError(
            f"of {numbered(draft.rejected, 'rejected line')} that should be there "
            f"{numbered(held['rows'], 'is', 'are')} read back; nothing was changed"
        )
