"""Take a delivery into the lake: every line accepted or rejected with a reason, or nothing at all.

Files are checked and cut into blocks, blocks are parsed by the engine's tasks into a staging
folder, and the staged rows become new versions of the registry tables. A version record, written
last, makes them visible. Whatever stops an ingest half-way, readers keep the version they had,
and the next ingest begins from there.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ldn_spark.errors import DeliveryError, EngineError, Problem
from ldn_spark.io import collect
from ldn_spark.io.delivery import BLOCK_BYTES, DeliveredFile, find_files, scan_files
from ldn_spark.io.lake import (
    FileRecord,
    Lake,
    LakeVersion,
    delta_version,
    known_versions,
    publish_version,
    read_version,
    write_table,
)
from ldn_spark.io.sources import Source
from ldn_spark.io.staging import BlockTask, count_staged, first_rejections, parse_into_staging
from ldn_spark.progress import Progress, Reporter, silent
from ldn_spark.schemas import DISPENSINGS, LAKE_TABLES, PERSONS, REJECTED_DISPENSINGS, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MAX_REJECTED_SHARE = 0.5
INGESTED, NOOP = "ingested", "noop"


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did.

    Attributes:
        status: `ingested`, or `noop` when every file was in the lake already.
        version: the lake's version afterwards.
        files: the files taken in now.
        known: names of files that were in the lake already and changed nothing.
        examples: the first rejected line of every file and reason.
        warnings: what a person should look at.
    """

    status: str
    version: LakeVersion
    files: tuple[FileRecord, ...]
    known: tuple[str, ...]
    examples: tuple[Problem, ...]
    warnings: tuple[str, ...]


def ingest(
    spark: SparkSession,
    lake_root: Path,
    delivery: Sequence[str | Path],
    source: Source,
    *,
    max_rejected_share: float = MAX_REJECTED_SHARE,
    block_bytes: int = BLOCK_BYTES,
    report: Reporter = silent,
) -> IngestReport:
    """Take files, folders or globs into a lake.

    Args:
        spark: a session whose tasks see the files and the lake under the same paths.
        lake_root: the lake's folder; made when it is not there.
        delivery: what was delivered.
        source: its declared layout.
        max_rejected_share: a larger share of rejected lines turns the delivery away whole.
        block_bytes: how much a task holds in memory at once.
        report: is told how far the work is.

    Raises:
        DeliveryError: the delivery cannot be read as declared; the lake is unchanged.
        ConflictError: another ingest was faster; the lake is what that one made.
    """
    paths, notes = find_files(delivery, source)
    scanned, warnings = scan_files(paths, source, block_bytes=block_bytes, report=report)
    warnings = [*notes, *warnings]
    before = read_version(lake_root) if known_versions(lake_root) else None
    files, known = _new_files(scanned, before)
    if not files and before is not None:
        return IngestReport(NOOP, before, (), known, (), tuple(warnings))
    staging = lake_root / "_staging" / uuid.uuid4().hex
    staging.mkdir(parents=True)
    try:
        records = _parse(spark, files, source, staging, before, report)
        names = {record.file_id: record.name for record in records}
        examples = first_rejections(staging, names)
        _require_enough_accepted(records, examples, max_rejected_share)
        version = _write(spark, lake_root, records, staging, before, report)
        publish_version(lake_root, version)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return IngestReport(INGESTED, version, tuple(records), known, tuple(examples), tuple(warnings))


def _new_files(
    scanned: Sequence[DeliveredFile], before: LakeVersion | None
) -> tuple[list[DeliveredFile], tuple[str, ...]]:
    """The files not in the lake yet, each content once; and the names of those that are."""
    seen = {file.sha256 for file in before.files} if before else set()
    new, known = [], []
    for file in scanned:
        (known if file.sha256 in seen else new).append(file)
        seen.add(file.sha256)
    return new, tuple(file.name for file in known)


def _parse(
    spark: SparkSession,
    files: Sequence[DeliveredFile],
    source: Source,
    staging: Path,
    before: LakeVersion | None,
    report: Reporter,
) -> list[FileRecord]:
    """Parse every block into the staging folder; account for every line."""
    first_id = 1 + max((file.file_id for file in before.files), default=0) if before else 1
    tasks = [
        BlockTask(file.path, first_id + number, file.header, block)
        for number, file in enumerate(files)
        for block in file.blocks
    ]
    accepted: Counter[int] = Counter()
    rejected: Counter[tuple[int, str]] = Counter()
    repaired: Counter[tuple[int, str]] = Counter()
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(lambda: collect.rows(parse_into_staging(spark, tasks, source, staging)))
        while not work.done():
            done = count_staged(staging)
            report(Progress("parsing lines", done, len(tasks), "blocks"))
            time.sleep(0.05 if done < 3 else 0.3)
        rows = work.result()
    for row in rows:
        if row["kind"] == "noted" or (row["kind"] == "repaired" and not row["reason"]):
            continue
        counter = {"accepted": accepted, "rejected": rejected, "repaired": repaired}[row["kind"]]
        key = row["file_id"] if row["kind"] == "accepted" else (row["file_id"], row["reason"])
        counter[key] += row["lines"]
    counts = {"rows": sum(accepted.values()), "rejected": sum(rejected.values())}
    report(Progress("parsing lines", len(tasks), len(tasks), "blocks", counts))
    return [
        _record(first_id + number, file, source, accepted, rejected, repaired)
        for number, file in enumerate(files)
    ]


def _record(
    file_id: int,
    file: DeliveredFile,
    source: Source,
    accepted: Counter[int],
    rejected: Counter[tuple[int, str]],
    repaired: Counter[tuple[int, str]],
) -> FileRecord:
    by_reason = {reason: n for (owner, reason), n in sorted(rejected.items()) if owner == file_id}
    mended = {reason: n for (owner, reason), n in sorted(repaired.items()) if owner == file_id}
    record = FileRecord(
        file_id=file_id,
        name=file.name,
        bytes=file.bytes,
        sha256=file.sha256,
        source=source.id,
        lines=file.lines,
        accepted=accepted[file_id],
        rejected=sum(by_reason.values()),
        rejected_by_reason=by_reason,
        repaired_by_reason=mended,
    )
    if record.accepted + record.rejected != record.lines:
        raise EngineError(
            f"{file.name}: {record.lines} lines were read but {record.accepted} accepted and "
            f"{record.rejected} rejected; nothing was changed"
        )
    return record


def _require_enough_accepted(
    records: Sequence[FileRecord], examples: Sequence[Problem], max_rejected_share: float
) -> None:
    """Turn the delivery away whole when too many lines were rejected."""
    lines, rejected = sum(r.lines for r in records), sum(r.rejected for r in records)
    if lines == 0 or (rejected / lines <= max_rejected_share and rejected < lines):
        return
    problems = [
        Problem(
            "the delivery",
            f"{rejected} of {lines} lines are rejected, more than {max_rejected_share:.0%}; "
            "it is turned away whole",
            "mend the file or its source file, or raise --max-rejected-share",
        ),
        *examples,
    ]
    raise DeliveryError(problems)


def _write(
    spark: SparkSession,
    root: Path,
    records: Sequence[FileRecord],
    staging: Path,
    before: LakeVersion | None,
    report: Reporter,
) -> LakeVersion:
    """New versions of the registry tables from the staged rows; not visible yet."""
    from pyspark.sql import functions as F

    lake = Lake(spark, root)
    staged = spark.read.parquet(str(staging / "accepted"))
    staged = staged.withColumn("person_key", F.xxhash64("pseudonym"))
    names = {record.file_id: record.name for record in records}
    years = _write_dispensings(lake, staged, records, before, report)
    report(Progress("writing persons", 0, 1, "tables"))
    _write_persons(lake, staged, before)
    rejected = spark.read.parquet(str(staging / "rejected"))
    rejected = rejected.select("file_id", _name_of(names).alias("file"), "line", "column", "reason")
    _write_whole(lake, REJECTED_DISPENSINGS, rejected, before)
    report(Progress("writing persons", 1, 1, "tables"))
    tables = {table.name: delta_version(root / table.name) for table in LAKE_TABLES}
    return _describe(lake, tables, records, before, years)


def _name_of(names: dict[int, str]):
    from pyspark.sql import functions as F

    chosen = F
    for file_id, name in names.items():
        chosen = chosen.when(F.col("file_id") == file_id, F.lit(name))
    return chosen


def _old(lake: Lake, table: Table, before: LakeVersion | None) -> DataFrame | None:
    return None if before is None else lake.read(table, before)


def _write_whole(lake: Lake, table: Table, new: DataFrame, before: LakeVersion | None) -> None:
    old = _old(lake, table, before)
    write_table(new if old is None else old.unionByName(new), lake.root / table.name, table)


def _write_dispensings(
    lake: Lake,
    staged: DataFrame,
    records: Sequence[FileRecord],
    before: LakeVersion | None,
    report: Reporter,
) -> dict[str, int]:
    """Rewrite the years that change, one after the other, clustered by code and person.

    Returns:
        Dispensings per year, of all years.
    """
    from pyspark.sql import functions as F

    counted = collect.rows(staged.groupBy("year").agg(F.count(F.lit(1)).alias("rows")))
    new = {row["year"]: row["rows"] for row in counted}
    expected = sum(record.accepted for record in records)
    if sum(new.values()) != expected:
        raise EngineError(f"{expected} rows were staged but {sum(new.values())} are read back")
    total = Counter({int(year): n for year, n in before.years.items()} if before else {})
    total.update(new)
    path, old = lake.root / DISPENSINGS.name, _old(lake, DISPENSINGS, before)
    rows = staged.select(*DISPENSINGS.names)
    if before is None:
        write_table(rows.where(F.lit(False)), path, DISPENSINGS)
    for number, year in enumerate(sorted(new)):
        report(Progress("writing dispensings", number, len(new), "years", {"year": year}))
        content = rows.where(F.col("year") == year)
        if old is not None:
            content = content.unionByName(old.where(F.col("year") == year))
        content = content.orderBy(*DISPENSINGS.sort_by)
        write_table(content, path, DISPENSINGS, replace_where=f"year = {year}")
    report(Progress("writing dispensings", len(new), len(new), "years"))
    return {str(year): total[year] for year in sorted(total)}


def _write_persons(lake: Lake, staged: DataFrame, before: LakeVersion | None) -> None:
    """Merge what the delivery says of persons into what is known.

    Minimum and maximum do not depend on the order in which rows or deliveries arrive: an attribute
    with two different values is unknown from then on, whatever comes later. Of two days of death
    the earlier one counts.
    """
    from pyspark.sql import functions as F

    new = staged.select(
        "person_key",
        "pseudonym",
        "sex",
        "birth_year",
        "died_on",
        F.lit(False).alias("sex_conflict"),
        F.lit(False).alias("birth_year_conflict"),
    )
    old = _old(lake, PERSONS, before)
    said = new if old is None else new.unionByName(old)
    merged = said.groupBy("person_key", "pseudonym").agg(
        F.min("died_on").alias("died_on"),
        *[
            expression
            for name in ("sex", "birth_year")
            for expression in (
                F.min(name).alias(f"{name}_low"),
                F.max(name).alias(f"{name}_high"),
                F.max(F.col(f"{name}_conflict").cast("int")).alias(f"{name}_known_conflict"),
            )
        ],
    )
    for name in ("sex", "birth_year"):
        differs = F.coalesce(F.col(f"{name}_low") != F.col(f"{name}_high"), F.lit(False))
        conflict = differs | (F.col(f"{name}_known_conflict") == 1)
        merged = merged.withColumn(f"{name}_conflict", conflict)
        merged = merged.withColumn(name, F.when(~conflict, F.col(f"{name}_low")))
    write_table(merged.orderBy(*PERSONS.sort_by), lake.root / PERSONS.name, PERSONS)


def _describe(
    lake: Lake,
    tables: dict[str, int],
    records: Sequence[FileRecord],
    before: LakeVersion | None,
    years: dict[str, int],
) -> LakeVersion:
    """The record of the new version, from the tables as they were written."""
    from pyspark.sql import functions as F

    files = (*(before.files if before else ()), *records)
    draft = LakeVersion(
        (before.number if before else 0) + 1, tables, files, 0, sum(years.values()), 0, 0, years
    )
    persons = collect.one(
        lake.read(PERSONS, draft).agg(
            F.count(F.lit(1)).alias("rows"),
            F.count_distinct("person_key").alias("keys"),
            F.count(F.when(F.col("sex_conflict"), F.lit(1))).alias("sexes"),
            F.count(F.when(F.col("birth_year_conflict"), F.lit(1))).alias("births"),
        )
    )
    if persons["rows"] != persons["keys"]:
        raise EngineError(
            f"{persons['rows'] - persons['keys']} pseudonyms share a key with another one"
        )
    span = collect.one(
        lake.read(DISPENSINGS, draft).agg(
            F.count(F.lit(1)).alias("rows"),
            F.min("dispensed_on").alias("first"),
            F.max("dispensed_on").alias("last"),
        )
    )
    if span["rows"] != draft.dispensings or span["rows"] != sum(file.accepted for file in files):
        raise EngineError(
            f"{draft.dispensings} dispensings were written but {span['rows']} are read back"
        )
    return LakeVersion(
        number=draft.number,
        tables=tables,
        files=files,
        persons=persons["rows"],
        dispensings=span["rows"],
        sex_conflicts=persons["sexes"],
        birth_year_conflicts=persons["births"],
        years=years,
        first_dispensed_on=span["first"].isoformat() if span["first"] else "",
        last_dispensed_on=span["last"].isoformat() if span["last"] else "",
    )
