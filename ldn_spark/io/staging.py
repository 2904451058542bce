"""Blocks of delivered files parsed by the engine's tasks into a folder of Parquet files.

A task writes its own files under a name of its own and renames them when they are whole, so that
a task that is run twice leaves the same content once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from ldn_spark.errors import Problem
from ldn_spark.io.delivery import Block
from ldn_spark.io.parsing import parse_block
from ldn_spark.io.sources import Source

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_ACCOUNT = "file_id int, kind string, reason string, lines bigint"


@dataclass(frozen=True, slots=True)
class BlockTask:
    """One block of one file."""

    path: str
    file_id: int
    header: tuple[str, ...]
    block: Block


def parse_into_staging(
    spark: SparkSession, tasks: Sequence[BlockTask], source: Source, staging: Path
) -> DataFrame:
    """Parse the blocks, one task each, when the returned frame is collected.

    Returns:
        The account: one row per block and kind (`accepted`, `rejected`, `repaired`) and reason,
        with the number of lines.
    """
    for kind in ("accepted", "rejected"):
        (staging / kind).mkdir()
    _write_empty(source, staging)
    folder, everything = str(staging), list(tasks)

    def parse(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield _parse_one(everything[number], number, source, Path(folder))

    numbers = spark.range(0, len(everything), 1, max(len(everything), 1))
    return numbers.mapInArrow(parse, _ACCOUNT)


def _write_empty(source: Source, staging: Path) -> None:
    """Files without rows, so that the folders have their columns whatever is delivered."""
    nothing = BlockTask("", 0, tuple(source.columns.values()), Block(0, 0, 2))
    _stage(parse_block(b"", 2, nothing.header, source), nothing, "empty", staging)


def _parse_one(task: BlockTask, number: int, source: Source, staging: Path) -> pa.RecordBatch:
    with open(task.path, "rb") as stream:
        stream.seek(task.block.start)
        data = stream.read(task.block.end - task.block.start)
    parsed = parse_block(data, task.block.first_line, task.header, source)
    _stage(parsed, task, f"{number:08d}", staging)
    account = [("accepted", "", parsed.accepted.num_rows)]
    for pair in parsed.rejected["reason"].value_counts().to_pylist():
        account.append(("rejected", pair["values"], pair["counts"]))
    account.extend(("repaired", reason, lines) for reason, lines in parsed.repaired.items())
    return pa.record_batch(
        [
            pa.array([task.file_id] * len(account), pa.int32()),
            pa.array([kind for kind, _, _ in account], pa.string()),
            pa.array([reason for _, reason, _ in account], pa.string()),
            pa.array([lines for _, _, lines in account], pa.int64()),
        ],
        names=["file_id", "kind", "reason", "lines"],
    )


def _stage(parsed, task: BlockTask, name: str, staging: Path) -> None:
    for kind, table in (("rejected", parsed.rejected), ("accepted", parsed.accepted)):
        file_ids = pa.array([task.file_id] * table.num_rows, pa.int32())
        table = table.append_column("file_id", file_ids)
        target = staging / kind / f"{name}.parquet"
        draft = target.with_name(f".{name}.{os.getpid()}")
        pq.write_table(table, draft, compression="snappy")
        os.replace(draft, target)


def count_staged(staging: Path) -> int:
    """How many blocks are parsed so far."""
    return sum(1 for _ in (staging / "accepted").glob("[0-9]*.parquet"))


def first_rejections(staging: Path, names: Mapping[int, str]) -> list[Problem]:
    """The first rejected line of every file and reason: where, and why, but not what it said."""
    table = pq.read_table(staging / "rejected")
    first = table.group_by(["file_id", "reason", "column"]).aggregate([("line", "min"), ("line", "count")])
    rows = sorted(first.to_pylist(), key=lambda row: (row["file_id"], row["line_min"]))
    return [
        Problem(
            f"{names[row['file_id']]} line {row['line_min']}"
            + (f", column {row['column']}" if row["column"] else ""),
            f"{row['reason']} ({row['line_count']} lines)",
        )
        for row in rows
    ]
