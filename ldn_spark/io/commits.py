"""One commit that exchanges data files of a Delta table, by the library that keeps its log."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ldn_spark.errors import ConflictError, Problem
from ldn_spark.io.arrow import arrow_schema
from ldn_spark.io.lake import NEVER
from ldn_spark.schemas import Table

if TYPE_CHECKING:
    from deltalake import DeltaTable


@dataclass(frozen=True, slots=True)
class DataFile:
    """A Parquet file of a table partitioned by year.

    Attributes:
        path: from the table's folder.
        year: of all its rows.
        bytes: its size.
        rows: how many it holds.
        low, high: minima and maxima by column, as they stand in the log.
    """

    path: str
    year: int
    bytes: int
    rows: int
    low: dict[str, str]
    high: dict[str, str]


def exchange_years(
    folder: Path,
    table: Table,
    *,
    base: int | None,
    years: Collection[int],
    files: Sequence[DataFile],
    token: str,
) -> None:
    """Put files in the place of what a version holds of some years; the other years stay.

    What was committed after that version, by an ingest that was killed, is taken back first. A
    table that is not there is made.

    Args:
        folder: the table's.
        table: its definition, partitioned by year.
        base: the version to build on; None for an empty table.
        years: the years to exchange.
        files: what these years hold then.
        token: stands in the log, to tell the writer by.

    Raises:
        ConflictError: another ingest exchanged the same files.
    """
    from deltalake.exceptions import CommitFailedError

    try:
        _exchange(folder, table, base, years, files, token)
    except CommitFailedError:
        what = f"another ingest wrote to {table.name} at the same time"
        raise ConflictError(Problem(str(folder.parent), what, "run this one again")) from None


def _exchange(
    folder: Path,
    table: Table,
    base: int | None,
    years: Collection[int],
    files: Sequence[DataFile],
    token: str,
) -> None:
    from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties
    from deltalake.transaction import AddAction, RemoveAction

    marked: dict[str, Any] = {
        "commit_properties": CommitProperties(custom_metadata={"userMetadata": token}),
        "post_commithook_properties": PostCommitHookProperties(
            create_checkpoint=False, cleanup_expired_logs=False
        ),
    }
    if not DeltaTable.is_deltatable(str(folder)):
        _make(folder, table, marked)
    lake = DeltaTable(folder)
    if base is not None and lake.version() != base:
        lake.restore(base, **marked)
        lake = DeltaTable(folder)
    now = int(time.time() * 1000)
    actions = [
        RemoveAction(path, True, now, size, {"year": str(year)})
        for path, size, year in _held(lake)
        if base is None or year in years
    ]
    actions += [
        AddAction(
            file.path,
            file.bytes,
            {"year": str(file.year)},
            now,
            True,
            json.dumps({"numRecords": file.rows, "minValues": file.low, "maxValues": file.high}),
        )
        for file in files
    ]
    if actions:
        lake.create_write_transaction(
            actions, "append", lake.schema(), partition_by=list(table.partition_by), **marked
        )


def _make(folder: Path, table: Table, marked: dict[str, Any]) -> None:
    from deltalake import DeltaTable, Schema

    DeltaTable.create(
        folder,
        Schema.from_arrow(arrow_schema(table)),
        partition_by=list(table.partition_by),
        configuration={
            "delta.checkpointInterval": NEVER,
            "delta.dataSkippingStatsColumns": ",".join(table.statistics_on),
        },
        **marked,
    )


def _held(lake: DeltaTable) -> list[tuple[str, int, int]]:
    """Path, size and year of the files of the latest version."""
    held = pa.table(lake.get_add_actions(flatten=True)).to_pylist()
    return [(row["path"], row["size_bytes"], int(row["partition.year"])) for row in held]
