"""Staged rows into new versions of the registry tables; nothing of it is visible yet.

Every table is built from the version that the last record names and the staged rows, never from
the latest version: what a killed ingest left behind is written over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ldn_spark.errors import ConflictError, EngineError, Problem
from ldn_spark.io import collect
from ldn_spark.io.delta_log import commits_after, delta_version
from ldn_spark.io.engines import engine_path
from ldn_spark.io.lake import Lake, LakeVersion, append_rows, write_table
from ldn_spark.schemas import DISPENSINGS, LAKE_TABLES, PERSONS, REJECTED_DISPENSINGS, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

BATCH_ROWS = 1_000_000
"""Small years are written together up to this many rows; Sail sorts larger ones faster alone."""

YearsWritten = Callable[[int, int], None]


def write_registry(
    lake: Lake,
    staging: Path,
    before: LakeVersion | None,
    *,
    accepted: int,
    token: str,
    written: YearsWritten,
) -> tuple[dict[str, int], Counter[int]]:
    """Write the three registry tables.

    Args:
        lake: where to.
        staging: the folder of staged rows.
        before: the version to build on; None for an empty lake.
        accepted: staged rows, as the parsing tasks counted them.
        token: marks the commits as those of this ingest.
        written: is told how many rows of how many are written.

    Returns:
        The Delta version of each table, and dispensings per year, of all years.

    Raises:
        EngineError: the engine reads other rows than were staged.
        ConflictError: another ingest wrote in between.
    """
    from pyspark.sql import functions as F

    staged = lake.spark.read.parquet(engine_path(lake.spark, staging / "accepted"))
    staged = staged.withColumn("person_key", F.xxhash64("pseudonym"))
    start = {table.name: delta_version(lake.root / table.name) for table in LAKE_TABLES}
    years = _write_dispensings(lake, staged, before, accepted, token, written)
    _write_persons(lake, staged, before, token)
    rejected = lake.spark.read.parquet(engine_path(lake.spark, staging / "rejected"))
    rejected = rejected.select(*REJECTED_DISPENSINGS.names)
    _write_whole(lake, REJECTED_DISPENSINGS, rejected, before, token)
    return {table.name: _own(lake, table, start[table.name], token) for table in LAKE_TABLES}, years


def _own(lake: Lake, table: Table, start: int | None, token: str) -> int:
    """The latest version of a table, when every commit since `start` is this ingest's.

    Sail makes no commit where an empty table is replaced by no rows: then it is `start`.
    """
    commits = commits_after(lake.root / table.name, start)
    if any(commit.token != token for commit in commits):
        what = f"another ingest wrote to {table.name} at the same time"
        raise ConflictError(Problem(str(lake.root), what, "run this one again"))
    version = commits[-1].version if commits else start
    if version is None:
        raise EngineError(f"the table {table.name} was not written")
    return version


def _old(lake: Lake, table: Table, before: LakeVersion | None) -> DataFrame | None:
    return None if before is None else lake.read(table, before)


def _write_whole(
    lake: Lake, table: Table, new: DataFrame, before: LakeVersion | None, token: str
) -> None:
    old = _old(lake, table, before)
    rows = new if old is None else old.unionByName(new)
    write_table(rows, lake.root / table.name, table, token=token)


def _write_dispensings(
    lake: Lake,
    staged: DataFrame,
    before: LakeVersion | None,
    accepted: int,
    token: str,
    written: YearsWritten,
) -> Counter[int]:
    """Rewrite the years that change, clustered by code and person.

    Returns:
        Dispensings per year, of all years.
    """
    from pyspark.sql import functions as F

    path, old = lake.root / DISPENSINGS.name, _old(lake, DISPENSINGS, before)
    had = Counter({int(year): rows for year, rows in before.years.items()} if before else {})
    counted = collect.rows(staged.groupBy("year").agg(F.count(F.lit(1)).alias("rows")))
    new = Counter({row["year"]: row["rows"] for row in counted})
    if new.total() != accepted:
        raise EngineError(f"{accepted} rows were staged but {new.total()} are read back")
    total = had + new
    left = _left_behind(path, before) if before else None
    changed = new.keys() | (had.keys() if left is None else left)
    nothing = staged.select(*DISPENSINGS.names).where(F.lit(False))
    if left is None:
        write_table(nothing, path, DISPENSINGS, token=token)
    elif stale := changed & (had.keys() | left):
        where = f"year in ({', '.join(map(str, sorted(stale)))})"
        write_table(nothing, path, DISPENSINGS, replace_where=where, token=token)
    done, everything = 0, sum(total[year] for year in changed)
    for years in _batches({year: total[year] for year in changed if total[year]}):
        written(done, everything)
        among = F.col("year").isin(*years)
        content = staged.select(*DISPENSINGS.names).where(among)
        if old is not None:
            content = content.unionByName(old.where(among))
        # Beginning with the partition column, or Sail forgets the order when it writes.
        content = content.orderBy("year", *DISPENSINGS.sort_by)
        append_rows(content, path, DISPENSINGS, token=token)
        done += sum(total[year] for year in years)
    written(done, everything)
    return total


def _left_behind(path: Path, before: LakeVersion) -> set[int] | None:
    """The years that a killed ingest may have written after the version to build on.

    Returns:
        None where the log has been cleaned: any year, so the whole table is written anew.
    """
    try:
        commits = commits_after(path, before.tables[DISPENSINGS.name])
    except FileNotFoundError:
        return None
    return {int(part["year"]) for commit in commits for part in commit.partitions}


def _batches(rows_by_year: Mapping[int, int]) -> Iterable[list[int]]:
    """Years in order, together as long as they fit into one sort.

    >>> list(_batches({2014: 300_000, 2012: 800_000, 2013: 200_000}))
    [[2012, 2013], [2014]]
    """
    batch: list[int] = []
    size = 0
    for year, rows in sorted(rows_by_year.items()):
        if batch and size + rows > BATCH_ROWS:
            yield batch
            batch, size = [], 0
        batch.append(year)
        size += rows
    if batch:
        yield batch


def _write_persons(lake: Lake, staged: DataFrame, before: LakeVersion | None, token: str) -> None:
    """Merge what the delivery says of persons into what is known.

    Minimum and maximum do not depend on the order in which rows or deliveries arrive: an attribute
    with two different values is unknown from then on, whatever comes later. Of two days of death
    the earlier one counts.
    """
    from pyspark.sql import functions as F

    said = staged.select(
        "person_key",
        "pseudonym",
        "sex",
        "birth_year",
        "died_on",
        F.lit(False).alias("sex_conflict"),
        F.lit(False).alias("birth_year_conflict"),
    )
    if (old := _old(lake, PERSONS, before)) is not None:
        said = said.unionByName(old)
    measures = [F.min("died_on").alias("died_on")]
    for name in ("sex", "birth_year"):
        measures += [F.min(name).alias(f"{name}_low"), F.max(name).alias(f"{name}_high")]
        measures += [F.max(F.col(f"{name}_conflict").cast("int")).alias(f"{name}_before")]
    merged = said.groupBy("person_key", "pseudonym").agg(*measures)
    for name in ("sex", "birth_year"):
        differs = F.coalesce(F.col(f"{name}_low") != F.col(f"{name}_high"), F.lit(False))
        conflict = differs | (F.col(f"{name}_before") == 1)
        merged = merged.withColumn(f"{name}_conflict", conflict)
        merged = merged.withColumn(name, F.when(~conflict, F.col(f"{name}_low")))
    write_table(merged, lake.root / PERSONS.name, PERSONS, token=token)


def describe_persons(lake: Lake, draft: LakeVersion) -> dict[str, int]:
    """Persons and their contradictions, from the table as it was written.

    Raises:
        EngineError: two pseudonyms have the same key.
    """
    from pyspark.sql import functions as F

    found = collect.one(
        lake.read(PERSONS, draft).agg(
            F.count(F.lit(1)).alias("persons"),
            F.count_distinct("person_key").alias("keys"),
            F.count(F.when(F.col("sex_conflict"), F.lit(1))).alias("sex_conflicts"),
            F.count(F.when(F.col("birth_year_conflict"), F.lit(1))).alias("birth_year_conflicts"),
        )
    )
    if shared := found["persons"] - found.pop("keys"):
        raise EngineError(
            f"{shared} pseudonyms have the same 64-bit key as another one; nothing was changed"
        )
    return found


def describe_dispensings(lake: Lake, draft: LakeVersion) -> dict[str, str]:
    """First and last day of dispensing, from the table as it was written.

    Raises:
        EngineError: the table does not hold the rows that were accepted, or lacks values.
    """
    from pyspark.sql import functions as F

    by_year = collect.rows(
        lake.read(DISPENSINGS, draft)
        .groupBy("year")
        .agg(
            F.count(F.lit(1)).alias("rows"),
            F.count(F.when(F.col("person_key").isNotNull(), F.col("atc"))).alias("whole"),
            F.min("dispensed_on").alias("first"),
            F.max("dispensed_on").alias("last"),
        )
    )
    held = {str(row["year"]): row["rows"] for row in by_year}
    whole = sum(row["whole"] for row in by_year)
    if held != dict(draft.years) or whole != sum(file.accepted for file in draft.files):
        raise EngineError(
            f"{draft.dispensings} dispensings were written but {sum(held.values())} are read back, "
            f"{whole} of them whole; nothing was changed"
        )
    first = min((row["first"] for row in by_year), default=None)
    last = max((row["last"] for row in by_year), default=None)
    return {
        "first_dispensed_on": first.isoformat() if first else "",
        "last_dispensed_on": last.isoformat() if last else "",
    }


def check_rejected(lake: Lake, draft: LakeVersion) -> None:
    """Every rejected line stands in the table as it was written.

    Raises:
        EngineError: it does not.
    """
    from pyspark.sql import functions as F

    held = collect.one(lake.read(REJECTED_DISPENSINGS, draft).agg(F.count(F.lit(1)).alias("rows")))
    if held["rows"] != draft.rejected:
        raise EngineError(
            f"{draft.rejected} rejected lines were written but {held['rows']} are read back; "
            "nothing was changed"
        )
