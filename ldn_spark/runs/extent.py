"""Find the first and the last day of the dispensings of a lake, and months without any."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import functions as F

from ldn_spark import schemas
from ldn_spark.engine import collect
from ldn_spark.lake.versions import Lake, LakeVersion
from ldn_spark.quality.coverage import Extract
from ldn_spark.quality.volume import Month, months_of
from ldn_spark.transforms.quality import summarise_months


def find_extract(lake: Lake, version: LakeVersion) -> Extract | None:
    """What a version of a lake spans; None for no dispensing."""
    return extract_of(version, find_months(lake, version))


def find_months(lake: Lake, version: LakeVersion) -> tuple[Month, ...]:
    """Dispensings month by month, from the profile; where there is none, from the registry."""
    if schemas.DISPENSING_PROFILE.name in version.tables:
        profile = lake.read(schemas.DISPENSING_PROFILE, version)
    else:
        lines = lake.read(schemas.DISPENSINGS, version)
        month = F.month("dispensed_on").cast("int").alias("month")
        profile = lines.select("year", month, F.lit(1).cast("bigint").alias("dispensings"))
    rows = collect.rows(summarise_months(profile))
    return months_of({(row["year"], row["month"]): row["dispensings"] for row in rows})


def sums_fit(lake: Lake, version: LakeVersion) -> bool:
    """Whether no sum of DDDs of a version's lines can pass 64 bits, because that of all does not.

    Where lines may be negative, or there is no profile to tell, it is taken that one can.
    """
    if version.may_hold_returns:
        return False
    profile = lake.read(schemas.DISPENSING_PROFILE, version)
    total = collect.one(profile.agg(F.sum("ddd_micro").alias("ddd_micro")))["ddd_micro"]
    return int(total or 0) < 1 << 63


def extract_of(version: LakeVersion, months: Sequence[Month]) -> Extract | None:
    """What a version of a lake spans, its months being known; None for no dispensing."""
    if not version.first_dispensed_on:
        return None
    first, last = version.first_dispensed_on, version.last_dispensed_on
    gaps = frozenset((month.year, month.month) for month in months if month.flag == "gap")
    return Extract(date.fromisoformat(first), date.fromisoformat(last), gaps)
