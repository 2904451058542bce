"""Take a delivery into the lake: every line accepted or rejected with a reason, or nothing at all.

Files are checked and cut into blocks, blocks are parsed by the engine's tasks into a staging
folder, and the staged rows become new versions of the registry tables. A version record, written
last, makes them visible. Whatever stops an ingest half-way, readers keep the version they had,
and the next ingest begins from there.
"""

from __future__ import annotations

import shutil
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ldn_spark.errors import DeliveryError, EngineError, Problem
from ldn_spark.io import collect
from ldn_spark.io.delivery import BLOCK_BYTES, DeliveredFile, find_files, scan_files
from ldn_spark.io.faults import translated_faults
from ldn_spark.io.lake import (
    FileRecord,
    Lake,
    LakeVersion,
    known_versions,
    only_writer,
    publish_version,
    read_version,
)
from ldn_spark.io.registry import (
    check_rejected,
    describe_dispensings,
    describe_persons,
    write_registry,
)
from ldn_spark.io.sources import Source
from ldn_spark.io.staging import BlockTask, count_staged, first_rejections, parse_into_staging
from ldn_spark.progress import Progress, Reporter, silent

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MAX_REJECTED_SHARE = 0.5
INGESTED, NOOP = "ingested", "noop"
_POLL_SECONDS = 0.1


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
        DeliveryError: the delivery cannot be read as declared, or too much of a file is rejected;
            the lake is unchanged.
        ConflictError: another ingest is at work or was faster; the lake is what that one made.
        ResourceError: disk, memory or a permission is missing; the lake is unchanged.
    """
    paths, notes = find_files(delivery, source)
    scanned, warnings = scan_files(paths, source, block_bytes=block_bytes, report=report)
    warnings = [*notes, *warnings]
    with translated_faults("taking the delivery in"), only_writer(lake_root):
        before = read_version(lake_root) if known_versions(lake_root) else None
        files, known, same_name = _new_files(scanned, before)
        warnings += same_name
        if not files and before is not None:
            return IngestReport(NOOP, before, (), known, (), tuple(warnings))
        staging = _new_staging(lake_root)
        try:
            records = _parse(spark, files, source, staging, before, report)
            examples = first_rejections(staging, {one.file_id: one.name for one in records})
            _require_enough_accepted(records, examples, max_rejected_share)
            version = _write(Lake(spark, lake_root), records, staging, before, report)
            publish_version(lake_root, version)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return IngestReport(INGESTED, version, tuple(records), known, tuple(examples), tuple(warnings))


def _new_staging(root: Path) -> Path:
    """An empty folder for parsed rows; what killed ingests left there is removed."""
    shutil.rmtree(root / "_staging", ignore_errors=True)
    staging = root / "_staging" / uuid.uuid4().hex
    staging.mkdir(parents=True)
    return staging


def _new_files(
    scanned: Sequence[DeliveredFile], before: LakeVersion | None
) -> tuple[list[DeliveredFile], tuple[str, ...], list[str]]:
    """The files not in the lake yet, each content once; the names of the others; warnings."""
    seen = {file.sha256 for file in before.files} if before else set()
    names = {file.name for file in before.files} if before else set()
    new, known, warnings = [], [], []
    for file in scanned:
        (known if file.sha256 in seen else new).append(file)
        if file.sha256 not in seen and file.name in names:
            warnings.append(
                f"{file.name}: a file of this name with other content is in the lake already; "
                "lines that stand in both now count twice"
            )
        seen.add(file.sha256)
    return new, tuple(file.name for file in known), warnings


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
        BlockTask(file.path, file.name, first_id + number, file.header, block)
        for number, file in enumerate(files)
        for block in file.blocks
    ]
    counts: defaultdict[int, defaultdict[str, dict[str, int]]]
    counts = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for row in _run_tasks(spark, tasks, source, staging, report):
        counts[row["file_id"]][row["kind"]][row["reason"]] += row["lines"]
    records = [
        _record(first_id + number, file, source, counts[first_id + number])
        for number, file in enumerate(files)
    ]
    totals = {
        "rows": sum(record.accepted for record in records),
        "rejected": sum(record.rejected for record in records),
    }
    report(Progress("parsing lines", len(tasks), len(tasks), "blocks", totals))
    return records


def _run_tasks(
    spark: SparkSession,
    tasks: Sequence[BlockTask],
    source: Source,
    staging: Path,
    report: Reporter,
) -> list[dict]:
    """The account of all blocks; meanwhile, the blocks staged so far are reported."""
    account = parse_into_staging(spark, tasks, source, staging)
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(collect.rows, account)
        while wait([work], _POLL_SECONDS).not_done:
            report(Progress("parsing lines", count_staged(staging), len(tasks), "blocks"))
        return work.result()


def _record(
    file_id: int, file: DeliveredFile, source: Source, counts: Mapping[str, Mapping[str, int]]
) -> FileRecord:
    """The account of one file; its lines were counted before they were parsed."""
    by_reason = {
        kind: {reason: lines for reason, lines in sorted(counts[kind].items()) if reason}
        for kind in ("rejected", "repaired", "noted")
    }
    record = FileRecord(
        file_id=file_id,
        name=file.name,
        bytes=file.bytes,
        sha256=file.sha256,
        source=source.id,
        lines=file.lines,
        accepted=counts["accepted"].get("", 0),
        rejected=sum(by_reason["rejected"].values()),
        repaired=counts["repaired"].get("", 0),
        rejected_by_reason=by_reason["rejected"],
        repaired_by_reason=by_reason["repaired"],
        noted_by_reason=by_reason["noted"],
    )
    if record.accepted + record.rejected != record.lines or record.repaired > record.accepted:
        raise EngineError(
            f"{file.name}: {record.lines} lines were read but {record.accepted} accepted and "
            f"{record.rejected} rejected; nothing was changed"
        )
    return record


def _require_enough_accepted(
    records: Sequence[FileRecord], examples: Sequence[Problem], max_rejected_share: float
) -> None:
    """Turn the delivery away whole when too many lines of any file were rejected."""
    problems = []
    for record in records:
        share = record.rejected / record.lines if record.lines else 0.0
        if share > max_rejected_share or (record.rejected and not record.accepted):
            what = f"{record.rejected} of {record.lines} lines are rejected"
            if record.accepted:
                what += f", more than {max_rejected_share:.3g} of them"
            mend = "mend the file or its source file, or allow more with --max-rejected-share"
            if record.rejected_by_reason.get("encoding", 0) == record.rejected:
                mend = "declare the encoding that the file has in its source file"
            problems.append(Problem(record.name, what, mend))
    if problems:
        raise DeliveryError([*problems, *examples])


def _write(
    lake: Lake,
    records: Sequence[FileRecord],
    staging: Path,
    before: LakeVersion | None,
    report: Reporter,
) -> LakeVersion:
    """New versions of the registry tables, and the record that will make them visible."""

    def written(done: int, total: int) -> None:
        report(Progress("writing dispensings", done, total, "rows"))

    accepted = sum(record.accepted for record in records)
    tables, years = write_registry(
        lake, staging, before, accepted=accepted, token=staging.name, written=written
    )
    report(Progress("checking the lake", 0, 1, "versions"))
    draft = LakeVersion(
        number=(before.number if before else 0) + 1,
        tables=tables,
        files=(*(before.files if before else ()), *records),
        persons=0,
        dispensings=years.total(),
        sex_conflicts=0,
        birth_year_conflicts=0,
        years={str(year): years[year] for year in sorted(years)},
    )
    span, persons = describe_dispensings(lake, draft), describe_persons(lake, draft)
    check_rejected(lake, draft)
    report(Progress("checking the lake", 1, 1, "versions"))
    return replace(draft, **span, **persons)
