"""Blocks of delivered files parsed by the engine's tasks into a folder of Parquet files.

A task writes its own files under a name of its own and renames them when they are whole, so that
a task that is run twice leaves the same content once.
"""

from __future__ import annotations

import os
import traceback
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from ldn_spark.errors import Problem
from ldn_spark.io.delivery import Block
from ldn_spark.io.engines import tasks_at_once
from ldn_spark.io.fields import Rule, rules_of
from ldn_spark.io.parsing import ParsedBlock, parse_block
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
    """Parse the blocks when the returned frame is collected.

    Returns:
        The account: one row per block, kind (`accepted`, `rejected`, `repaired`, `noted`) and
        reason, with the number of lines. `repaired` without a reason counts lines, with a reason
        mendings.
    """
    for kind in ("accepted", "rejected", "drafts"):
        (staging / kind).mkdir()
    _write_empty(source, staging)
    folder, everything = str(staging), list(tasks)
    width = min(tasks_at_once(spark) or len(tasks), len(tasks))

    def parse(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rules = rules_of(source)
        for batch in batches:
            for first in batch.column(0).to_pylist():
                for number in range(first, len(everything), width):
                    yield _parse_one(everything[number], number, source, rules, Path(folder))

    return spark.range(0, width, 1, max(width, 1)).mapInArrow(parse, _ACCOUNT)


def _write_empty(source: Source, staging: Path) -> None:
    """Files without rows, so that the folders have their columns whatever is delivered."""
    header = tuple(source.columns.values())
    parsed = parse_block(b"", 2, header, source, rules_of(source))
    _stage(parsed, 0, "", "empty", staging)


def _parse_one(
    task: BlockTask, number: int, source: Source, rules: Mapping[str, Rule], staging: Path
) -> pa.RecordBatch:
    block = task.block
    with open(task.path, "rb") as stream:
        stream.seek(block.start)
        data = stream.read(block.end - block.start)
    try:
        parsed = parse_block(data, block.first_line, task.header, source, rules)
    except Exception as error:  # noqa: BLE001
        # The message of a failing parser may quote a patient's row; its kind and place do not.
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise RuntimeError(
            f"{task.path}: parsing the lines from line {block.first_line} failed with "
            f"{type(error).__name__} at {place.name}:{place.lineno}"
        ) from None
    _stage(parsed, task.file_id, Path(task.path).name, f"{number:08d}", staging)
    account = [("accepted", "", parsed.accepted.num_rows), ("repaired", "", parsed.repaired_rows)]
    for pair in parsed.rejected["reason"].value_counts().to_pylist():
        account.append(("rejected", pair["values"], pair["counts"]))
    account.extend(("repaired", reason, lines) for reason, lines in parsed.repaired.items())
    account.extend(("noted", reason, lines) for reason, lines in parsed.noted.items())
    kinds, reasons, lines = zip(*account, strict=True)
    return pa.record_batch(
        [
            pa.array([task.file_id] * len(account), pa.int32()),
            pa.array(kinds, pa.string()),
            pa.array(reasons, pa.string()),
            pa.array(lines, pa.int64()),
        ],
        names=["file_id", "kind", "reason", "lines"],
    )


def _stage(parsed: ParsedBlock, file_id: int, file: str, name: str, staging: Path) -> None:
    """Write a block's rows; the accepted ones last, so that their file says the block is done."""
    names = pa.array([file] * parsed.rejected.num_rows, pa.string())
    rejected = parsed.rejected.append_column("file", names)
    for kind, table in (("rejected", rejected), ("accepted", parsed.accepted)):
        table = table.append_column("file_id", pa.array([file_id] * table.num_rows, pa.int32()))
        draft = staging / "drafts" / f"{kind}-{name}-{uuid.uuid4().hex}"
        pq.write_table(
            table,
            draft,
            compression="lz4",
            use_dictionary=[column for column in table.column_names if column != "pseudonym"],
            write_statistics=["year"],
            store_schema=False,
        )
        os.replace(draft, staging / kind / f"{name}.parquet")


def count_staged(staging: Path) -> int:
    """How many blocks are parsed so far."""
    return sum(1 for _ in (staging / "accepted").glob("[0-9]*.parquet"))


def first_rejections(staging: Path, names: Mapping[int, str]) -> list[Problem]:
    """The first rejected line of every file and reason: where, and why, but not what it said."""
    table = pq.read_table(staging / "rejected")
    first = table.group_by(["file_id", "reason", "column"])
    first = first.aggregate([("line", "min"), ("line", "count")])
    rows = sorted(first.to_pylist(), key=lambda row: (row["file_id"], row["line_min"]))
    return [
        Problem(
            f"{names[row['file_id']]} line {row['line_min']}"
            + (f", column {row['column']}" if row["column"] else ""),
            f"{row['reason']} ({row['line_count']} lines)",
        )
        for row in rows
    ]
