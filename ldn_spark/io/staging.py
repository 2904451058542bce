"""Blocks of delivered files parsed by the engine's tasks into a folder of Parquet files.

A task writes its own files under a name of its own and renames them when they are whole, so that
a task that is run twice leaves the same content once.
"""

from __future__ import annotations

import os
import traceback
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ldn_spark.errors import Problem
from ldn_spark.io.accepted import DEATHS, OBSERVATION_PERIODS, PERSONS
from ldn_spark.io.batches import code_number
from ldn_spark.io.blocks import DISPENSINGS, PARQUET, Block
from ldn_spark.io.engines import tasks_at_once
from ldn_spark.io.lines import SplitLines, split_lines, wanted_columns
from ldn_spark.io.lookups import LookupTable
from ldn_spark.io.parsing import ParsedBlock, parse_block, parse_rows
from ldn_spark.io.rules import Rules, rules_of
from ldn_spark.io.sources import Source
from ldn_spark.io.tabular import is_damage, read_rows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_ACCOUNT = "file_id int, kind string, reason string, lines bigint"
_ROW_GROUP_ROWS = 32_768
"""Small, so that a batch of a year's codes is read without the others."""
_FOLDERS = {
    DISPENSINGS: "accepted",
    PERSONS: "persons",
    DEATHS: "persons",
    OBSERVATION_PERIODS: OBSERVATION_PERIODS,
}
"""Where the accepted rows of each kind of file are staged."""


@dataclass(frozen=True, slots=True)
class BlockTask:
    """One block of one file.

    Attributes:
        path: the file to parse: the delivered one, or its unpacked copy.
        name: the delivered file's name.
        file_id: its number in the lake.
        header: its column names.
        block: the rows.
        kind: what its rows are, as `DeliveredFile.kind`.
        reader: how its rows are read, as `DeliveredFile.reader`.
    """

    path: str
    name: str
    file_id: int
    header: tuple[str, ...]
    block: Block
    kind: str = "dispensings"
    reader: str = "text"


def parse_into_staging(
    spark: SparkSession,
    tasks: Sequence[BlockTask],
    source: Source,
    staging: Path,
    *,
    lookups: Mapping[str, LookupTable] | None = None,
    keep_accepted: bool = True,
) -> DataFrame:
    """Parse the blocks when the returned frame is collected.

    Args:
        spark: a session whose tasks see the files and the staging folder.
        tasks: the blocks.
        source: the declared layout.
        staging: an empty folder.
        lookups: the content of the source's lookups.
        keep_accepted: False only counts the accepted rows, for a check that takes nothing in.

    Returns:
        The account: one row per block, kind (`accepted`, `rejected`, `repaired`, `noted`) and
        reason, with the number of lines. `repaired` without a reason counts lines, with a reason
        mendings. Of a block without rows the kind says why: `missing`, `changed` or `damaged`.
    """
    kinds = (DISPENSINGS, *source.companions)
    for folder in {"rejected", "drafts", *(_FOLDERS[kind] for kind in kinds)}:
        (staging / folder).mkdir()
    for kind in kinds:
        _write_empty(kind, source, staging)
    root, everything = str(staging), list(tasks)
    width = min(tasks_at_once(spark) or len(tasks), len(tasks))

    def parse(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rules = {kind: rules_of(source, lookups, kind) for kind in kinds}
        for batch in batches:
            for first in batch.column(0).to_pylist():
                for number in range(first, len(everything), width):
                    task = everything[number]
                    yield _parse_one(
                        task, number, source, rules[task.kind], Path(root), keep_accepted
                    )

    return spark.range(0, width, 1, max(width, 1)).mapInArrow(parse, _ACCOUNT)


def _write_empty(kind: str, source: Source, staging: Path) -> None:
    """Files without rows, so that the folders have their columns whatever is delivered."""
    if kind == DISPENSINGS:
        header = tuple(dict.fromkeys([*source.columns.values(), *source.line_key]))
    else:
        header = tuple(source.companions[kind].columns.values())
    parsed = parse_block(b"", 2, header, source, rules_of(source, None, kind))
    _stage(parsed, BlockTask("", "", 0, header, Block(0, 0, 2), kind), f"empty-{kind}", staging)


def _parse_one(
    task: BlockTask,
    number: int,
    source: Source,
    rules: Rules,
    staging: Path,
    keep_accepted: bool,
) -> pa.RecordBatch:
    block = task.block
    try:
        lines = _read_lines(task, wanted_columns(task.header, source, rules.kind), source)
        parsed = parse_rows(lines, block.first_line, task.header, source, rules)
    except _UnreadError as error:
        return _account(task, [(str(error), "", 0)])
    except Exception as error:  # noqa: BLE001
        # The message of a failing parser may quote a patient's row; its kind and place do not.
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise RuntimeError(
            f"{task.name}: parsing the lines from line {block.first_line} failed with "
            f"{type(error).__name__} at {place.name}:{place.lineno}"
        ) from None
    account = [("accepted", "", parsed.accepted.num_rows), ("repaired", "", parsed.repaired_rows)]
    if not keep_accepted:
        parsed = replace(parsed, accepted=parsed.accepted.slice(0, 0))
    _stage(parsed, task, f"{number:08d}", staging)
    for pair in parsed.rejected["reason"].value_counts().to_pylist():
        account.append(("rejected", pair["values"], pair["counts"]))
    account.extend(("repaired", reason, lines) for reason, lines in parsed.repaired.items())
    account.extend(("noted", reason, lines) for reason, lines in parsed.noted.items())
    return _account(task, account)


def _account(task: BlockTask, account: Sequence[tuple[str, str, int]]) -> pa.RecordBatch:
    """Kind, reason and lines as rows of the account."""
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


class _UnreadError(Exception):
    """A block cannot be read, or is not what it was when its file was scanned; says which."""


def _read_lines(task: BlockTask, wanted: Sequence[str], source: Source) -> SplitLines:
    """The rows of a block, split into fields.

    Raises:
        _UnreadError: the file is `missing` here, its bytes are `changed`, or its Parquet `damaged`.
    """
    try:
        if task.reader == PARQUET:
            return read_rows(task.path, task.block, wanted)
        with open(task.path, "rb") as stream:
            stream.seek(task.block.start)
            data = stream.read(task.block.end - task.block.start)
    except FileNotFoundError:
        raise _UnreadError("missing") from None
    except (OSError, pa.ArrowException) as error:
        if is_damage(error):
            raise _UnreadError("damaged") from None
        raise
    if crc32(data) != task.block.checksum:
        raise _UnreadError("changed")
    return split_lines(data, task.header, wanted, source)


def _stage(parsed: ParsedBlock, task: BlockTask, name: str, staging: Path) -> None:
    """Write a block's rows; the accepted ones last, so that their file says the block is done."""
    files = pa.array([task.name] * parsed.rejected.num_rows, pa.string())
    rejected = parsed.rejected.append_column("file", files)
    _write(rejected, task.file_id, staging, "rejected", name, ["reason"])
    accepted, statistics = parsed.accepted, []
    if task.kind == DISPENSINGS:
        accepted, statistics = _by_year_and_code(accepted), ["year", "atc"]
    _write(accepted, task.file_id, staging, _FOLDERS[task.kind], name, statistics)


def _write(
    table: pa.Table, file_id: int, staging: Path, kind: str, name: str, statistics: list[str]
) -> None:
    table = table.append_column("file_id", pa.array([file_id] * table.num_rows, pa.int32()))
    draft = staging / "drafts" / f"{kind}-{name}-{uuid.uuid4().hex}"
    pq.write_table(
        table,
        draft,
        row_group_size=_ROW_GROUP_ROWS,
        compression="none",  # read once or twice, soon: packing would cost more than it saves
        use_dictionary=[one.name for one in table.schema if pa.types.is_dictionary(one.type)],
        write_statistics=statistics,
        store_schema=False,
    )
    os.replace(draft, staging / kind / f"{name}.parquet")


def _by_year_and_code(table: pa.Table) -> pa.Table:
    """The rows by year and ATC code, so that a batch of codes is found by row groups.

    Their `code_number` is added.
    """
    codes = table["atc"].combine_chunks()
    numbers = np.array([code_number(code) for code in codes.dictionary.to_pylist()], np.int32)
    rank = np.argsort(np.argsort(numbers))
    years, index = table["year"].to_numpy(), codes.indices.to_numpy()
    table = table.append_column("code_number", pa.array(numbers[index], pa.int32()))
    if not table.num_rows:
        return table
    key = (years - years.min()) * len(rank) + rank[index]
    key = key.astype(np.uint16) if key.max() < 1 << 16 else key  # which numpy sorts by radix
    return table.take(pa.array(np.argsort(key, kind="stable")))


class StagedSoFar:
    """What the tasks have staged until now; every file is looked into once."""

    def __init__(self, staging: Path) -> None:
        self._staging = staging
        self._seen: set[str] = set()
        self._rows = {"rows": 0, "rejected": 0}

    def look(self) -> tuple[int, dict[str, int]]:
        """Blocks that are parsed, and their accepted (`rows`) and `rejected` rows."""
        for folder in set(_FOLDERS.values()):
            for path in (self._staging / folder).glob("[0-9]*.parquet"):
                if path.name not in self._seen:
                    self._seen.add(path.name)
                    rejected = self._staging / "rejected" / path.name
                    self._rows["rows"] += pq.read_metadata(path).num_rows
                    self._rows["rejected"] += pq.read_metadata(rejected).num_rows
        return len(self._seen), dict(self._rows)


def first_rejections(staging: Path, names: Mapping[int, str]) -> list[Problem]:
    """The first rejected line of every file and reason: where, and why, but not what it said."""
    table = pq.read_table(staging / "rejected")
    table = table.filter(pc.is_in(table["file_id"], pa.array(names, pa.int32())))
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
