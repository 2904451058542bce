"""The account of delivered files: parsed by the engine's tasks, every line accepted or rejected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from ldn_spark.delivery.files.blocks import DeliveredFile
from ldn_spark.delivery.files.scanning import require_unchanged
from ldn_spark.delivery.files.tabular import damaged
from ldn_spark.delivery.source.sources import Source
from ldn_spark.delivery.values.erased import ERASED, Erased
from ldn_spark.delivery.values.lookups import LookupTable
from ldn_spark.engine import collect
from ldn_spark.engine.waiting import wait_for
from ldn_spark.errors import DeliveryError, EngineError, Problem
from ldn_spark.ingest.landing.landed import Arrivals, read_account
from ldn_spark.ingest.landing.tasks import (
    MARKER_SEPARATOR,
    BlockTask,
    LandedSoFar,
    first_rejections,
    land_blocks,
)
from ldn_spark.lake.versions import FileRecord, LakeVersion
from ldn_spark.places.place import Place
from ldn_spark.progress import Progress, report
from ldn_spark.shown import counted, numbered

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

_Told = Callable[[str], Problem]


def parse_files(
    spark: SparkSession,
    files: Sequence[DeliveredFile],
    source: Source,
    landing: Place,
    before: LakeVersion | None,
    *,
    lookups: Mapping[str, LookupTable] | None = None,
    keep_accepted: bool = True,
    today: date | None = None,
    erased: Erased | None = None,
) -> tuple[list[FileRecord], list[Problem], Arrivals]:
    """Parse every block into the landing folder; account for every line.

    Args:
        spark: a session whose tasks see the files and the landing folder.
        files: as `scan_files` gives them.
        source: the declared layout.
        landing: an empty folder.
        before: the lake's version, whose files keep their numbers.
        lookups: the content of the source's lookups.
        keep_accepted: False only counts the accepted dispensings.
        today: later days are noted; None for no such note.
        erased: persons whose lines are left out.

    Returns:
        The accounts, what keeps the other files from being read, and what the landed dispensings
        hold (nothing where they are only counted).

    Raises:
        ConflictError: a file is not what it was when it was scanned.
    """
    first_id = 1 + max((file.file_id for file in before.files), default=0) if before else 1
    tasks = list(_tasks(files, first_id))
    counts: defaultdict[int, defaultdict[str, dict[str, int]]]
    counts = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    account = land_blocks(
        spark,
        tasks,
        source,
        landing,
        lookups=lookups,
        keep_accepted=keep_accepted,
        today=today,
        erased=erased,
    )
    try:
        lines = _account_of_all(account, landing, len(tasks))
    except Exception:
        require_unchanged(files)  # which may be why it failed
        raise
    by_reason = lines.group_by(["file_id", "kind", "reason"]).aggregate([("lines", "sum")])
    for row in by_reason.to_pylist():
        counts[row["file_id"]][row["kind"]][row["reason"]] = row["lines_sum"]
    arrivals = read_account(
        lines.filter(pc.is_valid(lines["year"])).rename_columns({"lines": "rows"})
    )
    changed, unread = _unread(counts)
    require_unchanged(files, {file_id - first_id for file_id in changed})
    records = [
        _record(file_id, file, source, counts[file_id])
        for file_id, file in enumerate(files, first_id)
        if file_id not in unread
    ]
    totals = {
        "rows": sum(record.accepted for record in records),
        "rejected": sum(record.rejected for record in records),
    }
    report(Progress("parsing lines", len(tasks), len(tasks), "blocks", totals))
    problems = [told(files[file_id - first_id].origin) for file_id, told in unread.items()]
    return records, problems, arrivals


def _unread(counts: Mapping[int, Mapping[str, object]]) -> tuple[set[int], dict[int, _Told]]:
    """The files that are changed, and those that cannot be read, with how that is told."""
    changed = {file_id for file_id, kinds in counts.items() if "changed" in kinds}
    faults = {"missing": _unseen, "damaged": damaged}
    return changed, {
        file_id: told
        for file_id in sorted(counts)
        for kind, told in faults.items()
        if kind in counts[file_id]
    }


def _unseen(path: str) -> Problem:
    what = "is not seen by every node of the engine"
    return Problem(path, what, "put it where all of them see it under the same path")


def _tasks(files: Sequence[DeliveredFile], first_id: int) -> Iterator[BlockTask]:
    for file_id, file in enumerate(files, first_id):
        for block in file.blocks:
            yield BlockTask(
                file.path, file.name, file_id, file.header, block, file.kind, file.reader
            )


def _account_of_all(account: DataFrame, landing: Place, blocks: int) -> pa.Table:
    """The account of all blocks; meanwhile, the blocks landed so far are reported."""
    so_far = LandedSoFar(landing)

    def tell() -> None:
        done, counts = so_far.look()
        report(Progress("parsing lines", done, blocks, "blocks", counts))

    return wait_for(lambda: collect.table(account), tell)


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
        content=file.content,
        source=source.id,
        lines=file.lines,
        accepted=counts["accepted"].get("", 0),
        rejected=sum(by_reason["rejected"].values()),
        repaired=counts["repaired"].get("", 0),
        rejected_by_reason=by_reason["rejected"],
        repaired_by_reason=by_reason["repaired"],
        noted_by_reason=by_reason["noted"],
        kind=file.kind,
        atc_version=source.atc_version,
        further_records=counts["further"].get("", 0),
        markers=_markers(counts["marker"]),
        nobodies=dict(sorted(counts["nobody"].items())),
        left_out_by_column=dict(sorted(counts["left_out"].items())),
        known_by_column={name: lines for name, lines in sorted(counts["known"].items()) if lines},
    )
    told = record.accepted + record.rejected + record.left_out
    if told != record.lines or record.repaired > record.accepted:
        raise EngineError(
            f"{file.name}: {numbered(record.lines, 'line was', 'lines were')} read but "
            f"{counted(record.accepted)} accepted, {counted(record.rejected)} rejected and "
            f"{counted(record.left_out)} left out; nothing was changed"
        )
    return record


def _markers(fields: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Fields by column and text, from an account's."""
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for place, number in sorted(fields.items()):
        column, text = place.split(MARKER_SEPARATOR)
        found[column][text] = number
    return dict(found)


def rejection_examples(landing: Place, records: Sequence[FileRecord]) -> list[Problem]:
    """The first rejected line of every file and reason, and what may be done about it."""
    names = {one.file_id: one.name for one in records}
    return first_rejections(landing, names, {one.file_id: one.markers for one in records})


def require_enough_accepted(
    records: Sequence[FileRecord], examples: Sequence[Problem], max_rejected_share: float
) -> None:
    """Turn the delivery away whole when too many lines of any file were rejected.

    A line that holds several records, between stray carriage returns, counts as so many.
    """
    problems = []
    for record in records:
        judged = record.lines - record.left_out
        records_there = judged + record.further_records
        lost = record.rejected + record.further_records
        share = lost / records_there if records_there else 0.0
        if share > max_rejected_share or (record.rejected and not record.accepted):
            what = (
                f"{counted(record.rejected)} of {numbered(judged, 'line is', 'lines are')} rejected"
            )
            if record.further_records:
                what += f", which hold {counted(lost)} of {numbered(records_there, 'record')}"
            mend = "mend the file or its source file"
            if record.accepted:
                what += f", more than {max_rejected_share:.3g} of them"
                mend += ", or allow more with --max-rejected-share"
            if record.rejected_by_reason.get("encoding", 0) == record.rejected:
                mend = "declare the encoding that the file has in its source file"
            problems.append(Problem(record.name, what, mend))
    problems += _left_out_wholly(records)
    if problems:
        raise DeliveryError([*problems, *examples])


def _left_out_wholly(records: Sequence[FileRecord]) -> Iterator[Problem]:
    """The kinds of files of which no line is meant."""
    for kind in dict.fromkeys(record.kind for record in records):
        files = [record for record in records if record.kind == kind]
        lines = sum(record.lines for record in files)
        if lines and lines == sum(record.left_out for record in files):
            columns = sorted({name for record in files for name in record.left_out_by_column})
            if ERASED in columns:  # nothing is wrong with the source
                continue
            what = f"'where' leaves out all {numbered(lines, 'line')} of {kind}"
            mend = f"mend its values of {', '.join(columns)} in the source file"
            yield Problem(files[0].name, what, mend)


def with_turned_away(file: FileRecord, found: Mapping[tuple[int, str], int]) -> FileRecord:
    """The account of a file when repeated and contradicting lines are known too."""
    turned_away = {
        reason: lines for (file_id, reason), lines in found.items() if file_id == file.file_id
    }
    return replace(
        file,
        accepted=file.accepted - sum(turned_away.values()),
        rejected=file.rejected + sum(turned_away.values()),
        rejected_by_reason=dict(sorted({**file.rejected_by_reason, **turned_away}.items())),
    )
