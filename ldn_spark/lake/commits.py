"""One commit that exchanges data files of a Delta table, by the library that keeps its log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ldn_spark.errors import ConflictError, Problem
from ldn_spark.lake.arrow import arrow_schema
from ldn_spark.lake.versions import table_properties
from ldn_spark.places.place import Place
from ldn_spark.schemas import Table

if TYPE_CHECKING:
    from deltalake import DeltaTable


@dataclass(frozen=True, slots=True)
class DataFile:
    """A Parquet file of a table.

    Attributes:
        path: from the table's folder.
        bytes: its size.
        rows: how many it holds.
        partition: value of each partition column, as text.
        low, high: minima and maxima by column, as they stand in the log.
    """

    path: str
    bytes: int
    rows: int
    partition: Mapping[str, str] = field(default_factory=dict)
    low: Mapping[str, str] = field(default_factory=dict)
    high: Mapping[str, str] = field(default_factory=dict)


Partition = Mapping[str, str]


def everything(partition: Partition) -> bool:
    """Partition filter: remove every file."""
    return True


def nothing(partition: Partition) -> bool:
    """Partition filter: remove no file."""
    return False


def exchange_files(
    folder: Place,
    table: Table,
    *,
    base: int | None,
    goes: Callable[[Partition], bool],
    files: Sequence[DataFile],
    token: str,
    names: Collection[str] = (),
) -> None:
    """Put files in the place of a part of what a version holds; the other parts stay.

    What was committed after that version, by an ingest that was killed, is taken back first. A
    table that is not there is made.

    Args:
        folder: the table's.
        table: its definition.
        base: the version to build on; None for an empty table.
        goes: which partitions of it go.
        files: what comes.
        token: stands in the log, to tell the writer by.
        names: further files that go, by their paths.

    Raises:
        ConflictError: another ingest exchanged the same files.
    """
    from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties
    from deltalake.exceptions import CommitFailedError
    from deltalake.transaction import AddAction, RemoveAction

    marked: dict[str, Any] = {
        "commit_properties": CommitProperties(custom_metadata={"userMetadata": token}),
        "post_commithook_properties": PostCommitHookProperties(
            create_checkpoint=False, cleanup_expired_logs=False
        ),
    }
    now = int(time.time() * 1000)
    comes = [
        AddAction(
            file.path,
            file.bytes,
            dict(file.partition),
            now,
            True,
            json.dumps(_statistics(file)),
        )
        for file in files
    ]
    try:
        if not DeltaTable.is_deltatable(str(folder)):
            _make(folder, table, marked)
        lake = DeltaTable(str(folder))
        if base is not None and lake.version() != base:
            lake.restore(base, **marked)
            lake = DeltaTable(str(folder))
        leaves = [
            RemoveAction(path, True, now, size, dict(partition))
            for path, size, partition in _held(lake, table)
            if base is None or goes(partition) or path in names
        ]
        if actions := [*leaves, *comes]:
            lake.create_write_transaction(
                actions, "append", lake.schema(), partition_by=list(table.partition_by), **marked
            )
    except CommitFailedError:
        what = f"another ingest wrote to {table.name} at the same time"
        raise ConflictError(Problem(str(folder.parent), what, "run this one again")) from None


def forget_files(folder: Place, token: str) -> None:
    """Make a commit from which on a checkpoint names no file that went before."""
    from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties

    DeltaTable(str(folder)).alter.set_table_properties(
        {"delta.deletedFileRetentionDuration": "interval 0 days"},
        commit_properties=CommitProperties(custom_metadata={"userMetadata": token}),
        post_commithook_properties=PostCommitHookProperties(
            create_checkpoint=False, cleanup_expired_logs=False
        ),
    )


def _statistics(file: DataFile) -> dict[str, Any]:
    ends = {"minValues": dict(file.low), "maxValues": dict(file.high)} if file.low else {}
    return {"numRecords": file.rows, **ends}


def _make(folder: Place, table: Table, marked: dict[str, Any]) -> None:
    from deltalake import DeltaTable, Schema

    DeltaTable.create(
        str(folder),
        Schema.from_arrow(arrow_schema(table)),
        partition_by=list(table.partition_by),
        configuration=table_properties(table),
        **marked,
    )


def _held(lake: DeltaTable, table: Table) -> list[tuple[str, int, Partition]]:
    """Path, size and partition of the files of the latest version."""
    held = pa.table(lake.get_add_actions(flatten=True)).to_pylist()
    return [
        (
            row["path"],
            row["size_bytes"],
            {name: str(row[f"partition.{name}"]) for name in table.partition_by},
        )
        for row in held
    ]
