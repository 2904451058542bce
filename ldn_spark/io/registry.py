"""Staged rows into new versions of the registry tables; nothing of it is visible yet.

Every table is built from the version that the last record names and the staged rows, never from
the latest version: what a killed ingest left behind is written over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ldn_spark.errors import ConflictError, DeliveryError, EngineError, Problem
from ldn_spark.io import collect
from ldn_spark.io.batches import CODE_BITS, Batch, code_number, plan_batches
from ldn_spark.io.delta_log import commits_after, delta_version
from ldn_spark.io.engines import engine_path
from ldn_spark.io.lake import FileRecord, Lake, LakeVersion, append_rows, write_table
from ldn_spark.io.replacing import Replacement
from ldn_spark.io.sources import Source
from ldn_spark.schemas import (
    DISPENSING_PROFILE,
    DISPENSINGS,
    OBSERVATION_PERIODS,
    PERSON_STATEMENTS,
    PERSONS,
    REJECTED_DISPENSINGS,
    Table,
)

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

RowsWritten = Callable[[int, int], None]

TURNED_AWAY = Table(
    name="turned_away",
    grain="one row per parsed line that repeats or contradicts another one",
    columns=(("file_id", "int"), ("line", "bigint"), ("reason", "string")),
)


@dataclass(frozen=True)
class Intake:
    """What an ingest brings to a lake.

    Attributes:
        lake: where to.
        staging: the folder of staged rows.
        source: their layout.
        before: the version to build on; None for an empty lake.
        files: the new files and their accounts, as parsed.
        replacement: what leaves the lake.
        token: marks the commits as those of this ingest.
        rows_at_once: how many dispensings are sorted in memory together.
    """

    lake: Lake
    staging: Path
    source: Source
    before: LakeVersion | None
    files: tuple[FileRecord, ...]
    replacement: Replacement
    token: str
    rows_at_once: int
    start: dict[str, int | None] = field(default_factory=dict)

    def old(self, table: Table) -> DataFrame | None:
        """A registry table as it was before; None in an empty lake."""
        return None if self.before is None else self.lake.read(table, self.before)

    def path(self, table: Table) -> Path:
        """The folder of a registry table."""
        return self.lake.root / table.name

    def staged(self, kind: str) -> DataFrame | None:
        """The staged rows of a kind with their person keys; None where nothing was staged."""
        from pyspark.sql import functions as F

        if not (self.staging / kind).is_dir():
            return None
        rows = self.lake.spark.read.parquet(engine_path(self.lake.spark, self.staging / kind))
        return rows.withColumn("person_key", F.xxhash64("pseudonym"))

    def pinned(self, table: Table) -> int | None:
        """The table's Delta version that the version record names."""
        return None if self.before is None else self.before.tables[table.name]

    def is_as_recorded(self, table: Table) -> bool:
        """Whether the table ends with the recorded version, so that it may be appended to."""
        pinned = self.pinned(table)
        return pinned is not None and delta_version(self.path(table)) == pinned


@dataclass(frozen=True)
class Written:
    """What an ingest wrote.

    Attributes:
        tables: the Delta version of each registry table.
        years: dispensings per year, of all years.
        changed: the years that were rewritten.
        superseded: dispensings per earlier file that were replaced.
        turned_away: parsed lines by (file_id, reason) that repeat or contradict others.
        spans: first and last day of dispensing by file_id, as ISO dates.
    """

    tables: dict[str, int]
    years: Counter[int]
    changed: frozenset[int]
    superseded: Counter[int]
    turned_away: dict[tuple[int, str], int]
    spans: dict[int, tuple[str, str]]


def write_registry(intake: Intake, written: RowsWritten) -> Written:
    """Write every registry table.

    Args:
        intake: what comes and what goes.
        written: is told how many rows of how many are written.

    Raises:
        EngineError: the engine reads other rows than were staged.
        ConflictError: another ingest wrote in between.
    """
    intake.start.update({table.name: delta_version(intake.path(table)) for table in _TABLES})
    turned_away = find_turned_away(intake)
    arriving = _arriving(intake, bool(turned_away))
    new, spans = _count_arriving(intake, arriving, sum(turned_away.values()))
    _require_within_period(intake, spans)
    gone = _count_replaced(intake, arriving)
    years = _years_after(intake, new, gone)
    changed = _write_dispensings(intake, arriving, new, gone, written)
    superseded = Counter[int]()
    for (file_id, _), rows in gone.items():
        superseded[file_id] += rows
    tables = {DISPENSINGS.name: _own(intake, DISPENSINGS)}
    tables[DISPENSING_PROFILE.name] = _write_profile(intake, tables[DISPENSINGS.name], changed)
    tables |= _write_persons(intake, superseded)
    tables[OBSERVATION_PERIODS.name] = _write_periods(intake)
    tables[REJECTED_DISPENSINGS.name] = _write_rejected(intake, bool(turned_away))
    return Written(tables, years, frozenset(changed), superseded, turned_away, spans)


_TABLES = (
    DISPENSINGS,
    DISPENSING_PROFILE,
    PERSON_STATEMENTS,
    PERSONS,
    OBSERVATION_PERIODS,
    REJECTED_DISPENSINGS,
)


def _own(intake: Intake, table: Table) -> int:
    """The latest version of a table, when every commit since the start is this ingest's.

    Sail makes no commit where an empty table is replaced by no rows: then it is the first.
    """
    start = intake.start[table.name]
    commits = commits_after(intake.path(table), start)
    if any(commit.token != intake.token for commit in commits):
        what = f"another ingest wrote to {table.name} at the same time"
        raise ConflictError(Problem(str(intake.lake.root), what, "run this one again"))
    version = commits[-1].version if commits else start
    if version is None:
        raise EngineError(f"the table {table.name} was not written")
    return version


def _write_whole(intake: Intake, table: Table, rows: DataFrame) -> int:
    write_table(rows, intake.path(table), table, token=intake.token)
    return _own(intake, table)


def _extend(intake: Intake, table: Table, new: DataFrame) -> int:
    """Add rows to what the recorded version holds: by appending where nothing else is there."""
    old = intake.old(table)
    if intake.is_as_recorded(table):
        append_rows(new, intake.path(table), table, token=intake.token)
        return _own(intake, table)
    return _write_whole(intake, table, new if old is None else old.unionByName(new))


def find_turned_away(intake: Intake) -> dict[tuple[int, str], int]:
    """Find lines that repeat or contradict others, and keep them in the staging folder.

    Returns:
        How many by (file_id, reason); nothing where the source does not tell lines apart.
    """
    from pyspark.sql import functions as F

    from ldn_spark.transforms.repeated import find_repeated_lines

    if not tells_lines_apart(intake.source):
        return {}
    lines = _keyed(intake)
    held = lines.where(F.lit(False))
    if (old := intake.old(DISPENSINGS)) is not None and not intake.replacement.by_line_key:
        of_source = [f.file_id for f in intake.before.files if f.source == intake.source.id]
        held = _survivors(intake, old, None).where(F.col("file_id").isin(of_source))
    repeated = find_repeated_lines(lines, held)
    path = intake.staging / TURNED_AWAY.name
    write_table(repeated, path, TURNED_AWAY)
    counted = collect.rows(
        _turned_away(intake).groupBy("file_id", "reason").agg(F.count(F.lit(1)).alias("lines"))
    )
    return {(row["file_id"], row["reason"]): row["lines"] for row in counted}


def tells_lines_apart(source: Source) -> bool:
    """Whether a line of the source can repeat or contradict another one."""
    return bool(source.line_key) or source.repeated_lines == "reject"


def _turned_away(intake: Intake) -> DataFrame:
    path = engine_path(intake.lake.spark, intake.staging / TURNED_AWAY.name)
    return intake.lake.spark.read.format("delta").load(path)


def _keyed(intake: Intake) -> DataFrame:
    """The staged dispensings with their line keys."""
    from ldn_spark.transforms.repeated import fingerprint

    rows = intake.staged("accepted")
    if rows is None:
        raise EngineError("no dispensing was staged")
    if not intake.source.line_key and tells_lines_apart(intake.source):
        rows = rows.withColumn("line_key", fingerprint())
    return rows


def _arriving(intake: Intake, some_turned_away: bool) -> DataFrame:
    """The staged dispensings that enter the lake."""
    rows = _keyed(intake)
    if some_turned_away:
        rows = rows.join(_turned_away(intake), on=["file_id", "line"], how="left_anti")
    return rows


def _count_arriving(
    intake: Intake, arriving: DataFrame, turned_away: int
) -> tuple[Counter[tuple[int, str]], dict[int, tuple[str, str]]]:
    """Rows by year and ATC code, and the first and last day of each file."""
    from pyspark.sql import functions as F

    counted = collect.rows(arriving.groupBy("year", "atc").agg(F.count(F.lit(1)).alias("rows")))
    new = Counter({(row["year"], row["atc"]): row["rows"] for row in counted})
    staged = sum(file.accepted for file in intake.files if file.kind == DISPENSINGS.name)
    if new.total() != staged - turned_away:
        raise EngineError(
            f"{staged - turned_away} rows were staged but {new.total()} are read back"
        )
    days = arriving.groupBy("file_id").agg(
        F.min("dispensed_on").alias("first"), F.max("dispensed_on").alias("last")
    )
    spans = {
        row["file_id"]: (row["first"].isoformat(), row["last"].isoformat())
        for row in collect.rows(days)
    }
    return new, spans


def _require_within_period(intake: Intake, spans: Mapping[int, tuple[str, str]]) -> None:
    """A delivery that replaces a period holds nothing else, or lines would count twice."""
    if not (period := intake.replacement.period):
        return
    first, last = (day.isoformat() for day in period)
    names = {file.file_id: file.name for file in intake.files}
    problems = [
        Problem(
            names[file_id],
            f"holds dispensings from {span[0]} to {span[1]}, but is to replace {first} to {last}",
            "declare the whole period it covers with --replaces, or ingest it in parts",
        )
        for file_id, span in sorted(spans.items())
        if span[0] < first or span[1] > last
    ]
    if problems:
        raise DeliveryError(problems)


def _survivors(intake: Intake, old: DataFrame, arriving: DataFrame | None) -> DataFrame:
    """What stays of the lake's dispensings."""
    from pyspark.sql import functions as F

    replacement = intake.replacement
    if not replacement.file_ids:
        return old
    theirs = F.col("file_id").isin(*replacement.file_ids)
    if replacement.by_line_key:
        return old.where(~theirs).unionByName(_by_key(old.where(theirs), arriving, "left_anti"))
    if replacement.period:
        theirs = theirs & F.col("dispensed_on").between(*map(F.lit, replacement.period))
    return old.where(~theirs)


def _replaced(intake: Intake, old: DataFrame, arriving: DataFrame) -> DataFrame:
    """What leaves the lake."""
    from pyspark.sql import functions as F

    replacement = intake.replacement
    theirs = old.where(F.col("file_id").isin(*replacement.file_ids))
    if replacement.by_line_key:
        return _by_key(theirs, arriving, "left_semi")
    if replacement.period:
        theirs = theirs.where(F.col("dispensed_on").between(*map(F.lit, replacement.period)))
    return theirs


def _by_key(old: DataFrame, arriving: DataFrame | None, how: str) -> DataFrame:
    if arriving is None:
        raise EngineError("a replacement by line key needs the arriving lines")
    return old.join(arriving.select("line_key"), on="line_key", how=how).select(*DISPENSINGS.names)


def _count_replaced(intake: Intake, arriving: DataFrame) -> Counter[tuple[int, int]]:
    """Rows that leave the lake, by file_id and year."""
    from pyspark.sql import functions as F

    old = intake.old(DISPENSINGS)
    if old is None or not intake.replacement.file_ids:
        return Counter()
    gone = _replaced(intake, old, arriving)
    counted = collect.rows(gone.groupBy("file_id", "year").agg(F.count(F.lit(1)).alias("rows")))
    return Counter({(row["file_id"], row["year"]): row["rows"] for row in counted})


def _years_after(
    intake: Intake, new: Counter[tuple[int, str]], gone: Counter[tuple[int, int]]
) -> Counter[int]:
    before = intake.before.years if intake.before else {}
    years = Counter({int(year): rows for year, rows in before.items()})
    for (year, _), rows in new.items():
        years[year] += rows
    for (_, year), rows in gone.items():
        years[year] -= rows
    return +years


def _write_dispensings(
    intake: Intake,
    arriving: DataFrame,
    new: Counter[tuple[int, str]],
    gone: Counter[tuple[int, int]],
    written: RowsWritten,
) -> set[int]:
    """Rewrite the years that change, clustered by code and person.

    Returns:
        The years that were rewritten.
    """
    from pyspark.sql import functions as F

    path, old = intake.path(DISPENSINGS), intake.old(DISPENSINGS)
    had = {int(year) for year in intake.before.years} if intake.before else set()
    left = _left_behind(path, intake.before) if intake.before else None
    changed = {year for year, _ in new} | {year for _, year in gone}
    changed |= had if left is None else left
    nothing = arriving.select(*DISPENSINGS.names).where(F.lit(False))
    if left is None:
        write_table(nothing, path, DISPENSINGS, token=intake.token)
    elif stale := changed & (had | left):
        where = f"year in ({', '.join(map(str, sorted(stale)))})"
        write_table(nothing, path, DISPENSINGS, replace_where=where, token=intake.token)
    held = _held_by_code(intake, changed & had)
    numbers = _numbers(intake, {atc for _, atc in held})
    batches = plan_batches(new + held, intake.rows_at_once)
    done, total = 0, sum(batch.rows for batch in batches)
    for batch in batches:
        written(done, total)
        content = _among(arriving.select(*DISPENSINGS.names, "code_number"), batch)
        if old is not None:
            stays = _survivors(intake, _among(old, batch), arriving)
            content = content.unionByName(stays.join(numbers, on="atc", how="left"))
        content = content.withColumn("place", _place())
        # Beginning with the partition column, or Sail forgets the order when it writes.
        content = content.orderBy("year", "place")
        append_rows(content, path, DISPENSINGS, token=intake.token)
        done += batch.rows
    written(done, total)
    return changed


def _numbers(intake: Intake, codes: set[str]) -> DataFrame:
    """One row per ATC code: atc, code_number."""
    rows = [(code, code_number(code)) for code in sorted(codes)]
    return intake.lake.spark.createDataFrame(rows, "atc string, code_number int")


def _place() -> Column:
    """One whole number to sort by: the code, then the leading bits of the person key."""
    from pyspark.sql import functions as F

    positive = F.col("person_key").bitwiseXOR(F.lit(-(1 << 63)))
    leading = F.shiftrightunsigned(positive, 1 + CODE_BITS)
    return F.shiftleft(F.col("code_number").cast("bigint"), 63 - CODE_BITS).bitwiseOR(leading)


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


def _write_profile(intake: Intake, dispensings_version: int, changed: set[int]) -> int:
    """Volume and completeness per month and code, counted from what was written."""
    from pyspark.sql import functions as F

    from ldn_spark.transforms.profile import summarise_dispensings

    written = intake.lake.read_at(DISPENSINGS, dispensings_version)
    profile = summarise_dispensings(written.where(F.col("year").isin(*changed)))
    if (old := intake.old(DISPENSING_PROFILE)) is not None:
        profile = profile.unionByName(old.where(~F.col("year").isin(*changed)))
    return _write_whole(intake, DISPENSING_PROFILE, profile)


def _write_persons(intake: Intake, superseded: Counter[int]) -> dict[str, int]:
    """What the delivery says of persons, and what is then known of each.

    What a file said is forgotten when all its dispensings are replaced.
    """
    from pyspark.sql import functions as F

    from ldn_spark.transforms.persons import merge_statements, summarise_statements

    ages = intake.source.computed.birth_year
    slack = 1 if ages and ages.counted_as == "completed_years" else 0
    said = _keyed(intake)
    new = summarise_statements(said, birth_year_slack=slack)
    if (people := intake.staged("persons")) is not None:
        new = new.unionByName(summarise_statements(people, birth_year_slack=0))
    forgotten = [
        file.file_id
        for file in (intake.before.files if intake.before else ())
        if 0 < file.accepted <= file.superseded + superseded[file.file_id]
    ]
    old = intake.old(PERSON_STATEMENTS)
    if old is not None and forgotten:
        stays = old.where(~F.col("file_id").isin(*forgotten))
        version = _write_whole(intake, PERSON_STATEMENTS, stays.unionByName(new))
    else:
        version = _extend(intake, PERSON_STATEMENTS, new)
    statements = intake.lake.read_at(PERSON_STATEMENTS, version)
    persons = _write_whole(intake, PERSONS, merge_statements(statements))
    return {PERSON_STATEMENTS.name: version, PERSONS.name: persons}


def _write_periods(intake: Intake) -> int:
    """Observation periods, merged with those known before."""
    from ldn_spark.transforms.periods import merge_periods

    new, pinned = intake.staged(OBSERVATION_PERIODS.name), intake.pinned(OBSERVATION_PERIODS)
    if new is None and pinned is not None:
        return pinned
    if new is None:
        nothing = intake.lake.spark.createDataFrame([], OBSERVATION_PERIODS.ddl)
        return _write_whole(intake, OBSERVATION_PERIODS, nothing)
    periods = new.select(*OBSERVATION_PERIODS.names)
    if (old := intake.old(OBSERVATION_PERIODS)) is not None:
        periods = periods.unionByName(old)
    return _write_whole(intake, OBSERVATION_PERIODS, merge_periods(periods))


def _write_rejected(intake: Intake, some_turned_away: bool) -> int:
    from pyspark.sql import functions as F

    spark = intake.lake.spark
    rows = spark.read.parquet(engine_path(spark, intake.staging / "rejected"))
    rows = rows.select(*REJECTED_DISPENSINGS.names)
    if some_turned_away:
        names = spark.createDataFrame(
            [(file.file_id, file.name) for file in intake.files], "file_id int, file string"
        )
        repeated = _turned_away(intake).join(names, on="file_id", how="inner")
        repeated = repeated.withColumn("column", F.lit(None).cast("string"))
        rows = rows.unionByName(repeated.select(*REJECTED_DISPENSINGS.names))
    return _extend(intake, REJECTED_DISPENSINGS, rows)
