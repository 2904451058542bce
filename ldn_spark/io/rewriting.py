"""The years that an ingest changes, rewritten in batches that fit into memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from ldn_spark.io import collect
from ldn_spark.io.batches import CODE_BITS, Batch, code_number, number_batches, plan_batches
from ldn_spark.io.delta_log import commits_after
from ldn_spark.io.engines import tasks_at_once
from ldn_spark.io.intake import Intake
from ldn_spark.io.lake import LakeVersion, append_rows, write_table
from ldn_spark.io.replacing import replaced, survivors
from ldn_spark.schemas import DISPENSING_PROFILE, DISPENSINGS

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

RowsWritten = Callable[[int, int], None]
WRITERS = 2
"""Batches written at the same time: the end of a sort keeps one core busy only."""


@dataclass(frozen=True, slots=True)
class Rewriting:
    """How the dispensings are rewritten.

    Attributes:
        changed: the years that change.
        stale: the years to take out before they are written; None = the whole table is made anew.
        batches: what is sorted and written together.
        codes: every year and ATC code that is written.
    """

    changed: frozenset[int]
    stale: set[int] | None
    batches: tuple[Batch, ...]
    codes: frozenset[tuple[int, str]]


def count_replaced(intake: Intake, arriving: DataFrame) -> Counter[tuple[int, int]]:
    """Rows that leave the lake, by file_id and year."""
    from pyspark.sql import functions as F

    old = intake.old(DISPENSINGS)
    if old is None or not intake.replacement.file_ids:
        return Counter()
    gone = replaced(old, intake.replacement, arriving)
    counted = collect.rows(gone.groupBy("file_id", "year").agg(F.count(F.lit(1)).alias("rows")))
    return Counter({(row["file_id"], row["year"]): row["rows"] for row in counted})


def years_after(
    intake: Intake, new: Counter[tuple[int, str]], gone: Counter[tuple[int, int]]
) -> Counter[int]:
    """Dispensings per year when the ingest is done."""
    before = intake.before.years if intake.before else {}
    years = Counter({int(year): rows for year, rows in before.items()})
    for (year, _), rows in new.items():
        years[year] += rows
    for (_, year), rows in gone.items():
        years[year] -= rows
    return +years


def plan_rewriting(
    intake: Intake, new: Counter[tuple[int, str]], gone: Counter[tuple[int, int]]
) -> Rewriting:
    """Which years change, and in which batches they are written.

    Args:
        intake: what comes and what goes.
        new: arriving rows by year and ATC code.
        gone: replaced rows by file_id and year.
    """
    before = intake.before
    had = {int(year) for year in before.years} if before else set()
    left = _left_behind(intake.path(DISPENSINGS), before) if before else None
    changed = {year for year, _ in new} | {year for _, year in gone}
    changed |= had if left is None else left
    held = _held_by_code(intake, changed & had)
    batches = plan_batches(new + held, intake.rows_at_once // WRITERS)
    stale = None if left is None else changed & (had | left)
    return Rewriting(frozenset(changed), stale, tuple(batches), frozenset(new.keys() | held.keys()))


def clear_years(intake: Intake, plan: Rewriting, arriving: DataFrame) -> None:
    """Take the years that change out of the table, which is made where it is not there."""
    from pyspark.sql import functions as F

    nothing = arriving.select(*DISPENSINGS.names).where(F.lit(False))
    path = intake.path(DISPENSINGS)
    if plan.stale is None:
        write_table(nothing, path, DISPENSINGS, token=intake.token)
    elif plan.stale:
        where = f"year in ({', '.join(map(str, sorted(plan.stale)))})"
        write_table(nothing, path, DISPENSINGS, replace_where=where, token=intake.token)


def write_batches(
    intake: Intake, plan: Rewriting, arriving: DataFrame, written: RowsWritten
) -> Iterator[Callable[[], None]]:
    """Works that write the batches, each clustered by code and person.

    Sail sorts a batch with all its tasks, so a batch is a work. Spark sorts every batch in a task
    of its own, so a year is a work: the rows are shuffled once, to where their batch is.
    """
    done, total = [0], sum(batch.rows for batch in plan.batches)
    codes = _codes(intake, plan)
    written(0, total)

    def write(step: Callable[[], None], rows: int) -> None:
        step()
        done[0] += rows
        written(done[0], total)

    if tasks_at_once(intake.lake.spark):
        for batch in plan.batches:
            yield partial(write, partial(_write_batch, intake, batch, arriving, codes), batch.rows)
        return
    numbered = enumerate(plan.batches)
    for years, group in groupby(numbered, lambda pair: pair[1].years):
        numbers, batches = zip(*group, strict=True)
        step = partial(_write_years, intake, years, numbers, arriving, codes)
        yield partial(write, step, sum(batch.rows for batch in batches))


def _write_batch(intake: Intake, batch: Batch, arriving: DataFrame, codes: DataFrame) -> None:
    content = _among(arriving.select(*DISPENSINGS.names, "code_number"), batch)
    if (old := intake.old(DISPENSINGS)) is not None:
        stays = survivors(_among(old, batch), intake.replacement, arriving)
        content = content.unionByName(stays.join(_numbers(codes), on="atc", how="left"))
    # Beginning with the partition column, or Sail forgets the order when it writes.
    content = content.withColumn("place", _place()).orderBy("year", "place")
    append_rows(content, intake.path(DISPENSINGS), DISPENSINGS, token=intake.token)


def _write_years(
    intake: Intake,
    years: Sequence[int],
    numbers: Sequence[int],
    arriving: DataFrame,
    codes: DataFrame,
) -> None:
    from pyspark.sql import functions as F

    among = F.col("year").isin(*years)
    content = arriving.select(*DISPENSINGS.names).where(among)
    if (old := intake.old(DISPENSINGS)) is not None:
        content = content.unionByName(
            survivors(old.where(among), intake.replacement, arriving).select(*DISPENSINGS.names)
        )
    content = content.join(F.broadcast(codes), on=["year", "atc"], how="inner")
    number = (F.col("first_batch") + _part(F.col("parts")) - F.lit(numbers[0])).cast("int")
    content = content.withColumn("place", _place())
    # By one whole number, or Spark compares rows; the years part when they are written.
    content = content.repartitionById(len(numbers), number).sortWithinPartitions("place")
    append_rows(content, intake.path(DISPENSINGS), DISPENSINGS, token=intake.token)


def _codes(intake: Intake, plan: Rewriting) -> DataFrame:
    """One row per year and ATC code: its number, its first batch, and among how many it is."""
    rows = [
        (year, atc, code_number(atc), first, parts)
        for year, atc, first, parts in number_batches(plan.codes, plan.batches)
    ]
    ddl = "year int, atc string, code_number int, first_batch int, parts int"
    return intake.lake.spark.createDataFrame(rows, ddl)


def _numbers(codes: DataFrame) -> DataFrame:
    """One row per ATC code: atc, code_number."""
    from pyspark.sql import functions as F

    return codes.groupBy("atc").agg(F.min("code_number").alias("code_number"))


def _unsigned() -> Column:
    """The person key with its sign turned, so that its bits are in its order."""
    from pyspark.sql import functions as F

    return F.col("person_key").bitwiseXOR(F.lit(-(1 << 63)))


def _place() -> Column:
    """One whole number to sort by: the code, then the leading bits of the person key."""
    from pyspark.sql import functions as F

    leading = F.shiftrightunsigned(_unsigned(), 1 + CODE_BITS)
    return F.shiftleft(F.col("code_number").cast("bigint"), 63 - CODE_BITS).bitwiseOR(leading)


def _part(parts: Column) -> Column:
    """Which of equal parts of all person keys a row is in, counted from 0."""
    from pyspark.sql import functions as F

    return F.shiftright(F.shiftrightunsigned(_unsigned(), 33) * parts.cast("bigint"), 31)


def _held_by_code(intake: Intake, years: set[int]) -> Counter[tuple[int, str]]:
    """Dispensings in the lake by year and ATC code, those that will be replaced included."""
    from pyspark.sql import functions as F

    if not years or (profile := intake.old(DISPENSING_PROFILE)) is None:
        return Counter()
    counted = collect.rows(
        profile.where(F.col("year").isin(*years))
        .groupBy("year", "atc")
        .agg(F.sum("dispensings").alias("rows"))
    )
    return Counter({(row["year"], row["atc"]): row["rows"] for row in counted})


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


def _among(rows: DataFrame, batch: Batch) -> DataFrame:
    from pyspark.sql import functions as F

    rows = rows.where(F.col("year").isin(*batch.years))
    if batch.first_atc:
        rows = rows.where(F.col("atc") >= batch.first_atc)
    if batch.next_atc:
        rows = rows.where(F.col("atc") < batch.next_atc)
    if batch.keys:
        rows = rows.where(F.col("person_key").between(*batch.keys))
    return rows
