"""Blocks of delivered files parsed by the engine's tasks into a folder of Parquet files.

A task writes its own files under a name of its own and renames them when they are whole, so that
a task that is run twice leaves the same content once. Dispensings are landed with the keys of
their persons; what lines say of persons is summed up and landed beside them.
"""

from __future__ import annotations

import time
import traceback
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ldn_spark.delivery.files.blocks import DISPENSINGS, PARQUET, Block
from ldn_spark.delivery.files.lines import SplitLines, split_lines, wanted_columns
from ldn_spark.delivery.files.tabular import is_damage, read_rows
from ldn_spark.delivery.reasons import mend_of
from ldn_spark.delivery.source.sources import Source
from ldn_spark.delivery.values.accepted import OBSERVATION_PERIODS
from ldn_spark.delivery.values.erased import Erased
from ldn_spark.delivery.values.lookups import LookupTable
from ldn_spark.delivery.values.parsing import ParsedBlock, parse_block, parse_rows
from ldn_spark.delivery.values.rules import Rules, rules_of
from ldn_spark.engine.sessions import in_tasks, tasks_at_once
from ldn_spark.errors import Problem
from ldn_spark.ingest.landing.landed import SUFFIX, stage_by_code
from ldn_spark.ingest.landing.person_keys import person_keys
from ldn_spark.ingest.landing.statements import Statements
from ldn_spark.ingest.unread import KNOWN_COLUMNS
from ldn_spark.lake.drafts import read_parquet, write_parquet
from ldn_spark.places.files import make_folder, read_range, readable
from ldn_spark.places.place import Place, back, is_url
from ldn_spark.shown import numbered

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

ACCEPTED, REJECTED, STATEMENTS = "accepted", "rejected", "statements"
_ACCOUNT = pa.schema(
    [
        ("file_id", pa.int32()),
        ("kind", pa.string()),
        ("reason", pa.string()),
        ("year", pa.int32()),
        ("atc", pa.string()),
        ("first", pa.date32()),
        ("last", pa.date32()),
        ("lines", pa.int64()),
    ]
)
_ACCOUNT_DDL = (
    "file_id int, kind string, reason string, year int, atc string, first date, last date, "
    "lines bigint"
)
_BLOCKS_PER_TASK = 16
_TAKEN_IN = b"accepted"
_SECONDS_BETWEEN_LOOKS = 3.0
"""How often a store is asked what the tasks have landed; a disk is asked at every look."""
MARKER_SEPARATOR = "\x1f"


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


def land_blocks(
    spark: SparkSession,
    tasks: Sequence[BlockTask],
    source: Source,
    landing: Place,
    *,
    lookups: Mapping[str, LookupTable] | None = None,
    keep_accepted: bool = True,
    today: date | None = None,
    erased: Erased | None = None,
) -> DataFrame:
    """Parse the blocks when the returned frame is collected.

    Args:
        spark: a session whose tasks see the files and the landing folder.
        tasks: the blocks.
        source: the declared layout.
        landing: an empty folder.
        lookups: the content of the source's lookups.
        keep_accepted: False only counts the accepted dispensings, for a check of a file that has
            nothing beside it.
        today: later days are noted; None for no such note.
        erased: persons whose lines are left out.

    Returns:
        The account: one row per block, kind (`accepted`, `rejected`, `repaired`, `noted`,
        `left_out`, `marker`, `nobody`, `further`) and reason, with the number of lines. Accepted
        dispensings are told by year and ATC code, with the first and the last day. `repaired`
        without a reason counts lines, with a reason mendings. Of `left_out` the reason is the
        column that tells, of a `marker` the column and the text, of `nobody` the pseudonym (see
        `markers`); `further` counts records that are lost with lines that hold several. Of a block
        without rows the kind says why: `missing`, `changed` or `damaged`.
    """
    kinds = (DISPENSINGS, *source.companions)
    for folder in (ACCEPTED, REJECTED, STATEMENTS, OBSERVATION_PERIODS, "drafts"):
        make_folder(landing / folder)
    for kind in kinds:
        _write_empty(kind, source, landing)
    root, everything = str(landing), list(tasks)

    def parse(numbers: range) -> Iterator[pa.RecordBatch]:
        rules = {kind: rules_of(source, lookups, kind) for kind in kinds}
        said = Statements(back(root) / STATEMENTS)
        for number in numbers:
            task = everything[number]
            block = _Landing(
                task, f"{number:08d}", back(root), source, keep_accepted, today, erased
            )
            yield block.parse(rules[task.kind], said)
        said.land()

    blocks = len(everything)
    return in_tasks(spark, blocks, parse, _ACCOUNT_DDL, tasks=_tasks(spark, blocks))


def _tasks(spark: SparkSession, blocks: int) -> int | None:
    """In how many tasks Spark parses: each sums up what several blocks say of persons."""
    if tasks_at_once(spark) is not None:
        return None
    cores = spark.sparkContext.defaultParallelism
    return cores * -(-blocks // (cores * _BLOCKS_PER_TASK))


def _write_empty(kind: str, source: Source, landing: Place) -> None:
    """Files without rows, so that the folders have their columns whatever is delivered."""
    if kind == DISPENSINGS:
        header = tuple(dict.fromkeys([*source.columns.values(), *source.line_key]))
    else:
        header = tuple(source.companions[kind].columns.values())
    parsed = parse_block(b"", 2, header, source, rules_of(source, None, kind))
    task = BlockTask("", "", 0, header, Block(0, 0, 2), kind)
    _Landing(task, f"empty-{kind}", landing, source).write(parsed, Statements(landing / STATEMENTS))


@dataclass(frozen=True, slots=True)
class _Landing:
    """A block on its way into the landing folder.

    Attributes:
        task: the block.
        name: of its files.
        landing: the folder.
        source: the declared layout.
        keep_accepted: False only counts the accepted dispensings.
        today: later days are noted.
        erased: persons whose lines are left out.
    """

    task: BlockTask
    name: str
    landing: Place
    source: Source
    keep_accepted: bool = True
    today: date | None = None
    erased: Erased | None = None

    def parse(self, rules: Rules, said: Statements) -> pa.RecordBatch:
        """Parse and land the block; its account."""
        task = self.task
        try:
            lines = read_lines(
                task, wanted_columns(task.header, self.source, rules.kind), self.source
            )
            parsed = parse_rows(
                lines,
                task.block.first_line,
                task.header,
                self.source,
                rules,
                today=self.today,
                erased=self.erased,
            )
        except UnreadError as error:
            return self._account([(str(error), "", 0)])
        except Exception as error:  # noqa: BLE001
            # The message of a failing parser may quote a patient's row; its kind and place do not.
            place = traceback.extract_tb(error.__traceback__)[-1]
            raise RuntimeError(
                f"{task.name}: parsing the lines from line {task.block.first_line} failed with "
                f"{type(error).__name__} at {place.name}:{place.lineno}"
            ) from None
        taken_in = self.write(parsed, said)
        account = [("repaired", "", parsed.repaired_rows), ("further", "", parsed.further)]
        for pair in parsed.rejected["reason"].value_counts().to_pylist():
            account.append(("rejected", pair["values"], pair["counts"]))
        account.extend(("repaired", reason, lines) for reason, lines in parsed.repaired.items())
        account.extend(("noted", reason, lines) for reason, lines in parsed.noted.items())
        markers = {MARKER_SEPARATOR.join(place): n for place, n in parsed.markers.items()}
        account.extend(("marker", place, fields) for place, fields in markers.items())
        account.extend(("nobody", text, lines) for text, lines in parsed.nobodies.items())
        account.extend(("known", column, lines) for column, lines in _known(parsed.accepted))
        account.extend(("left_out", column, lines) for column, lines in parsed.left_out.items())
        return self._account(account, taken_in)

    def write(self, parsed: ParsedBlock, said: Statements) -> pa.Table:
        """Land the rows; the rejected ones last, so that their file says the block is done.

        Returns:
            What is accepted, as a part of the account.
        """
        kind, accepted = self.task.kind, parsed.accepted
        file_ids = pa.array([self.task.file_id] * len(accepted), pa.int32())
        taken_in = _told(self.task.file_id, [("accepted", "", len(accepted))])
        if kind == OBSERVATION_PERIODS:
            rows = _keyed(accepted).append_column("pseudonym", accepted["pseudonym"])
            self._write(OBSERVATION_PERIODS, rows.append_column("file_id", file_ids))
        else:
            slack = self.source.birth_year_slack if kind == DISPENSINGS else 0
            said.add(accepted, self.task.file_id, slack, self.name)
        if self.keep_accepted and kind == DISPENSINGS:
            rows = _keyed(accepted.drop_columns(["sex", "birth_year", "died_on"]))
            rows = rows.append_column("file_id", file_ids)
            path = self.landing / ACCEPTED / f"{self.name}{SUFFIX}"
            found = pa.Table.from_batches([stage_by_code(rows, self._draft(ACCEPTED), path)])
            taken_in = _in_account(found.rename_columns({"rows": "lines"}), "accepted")
        rejected = parsed.rejected
        files = pa.array([self.task.name] * len(rejected), pa.string())
        rejected = rejected.append_column("file", files)
        rejected = rejected.append_column(
            "file_id", pa.array([self.task.file_id] * len(rejected), pa.int32())
        )
        rejected = rejected.replace_schema_metadata({_TAKEN_IN: str(len(accepted))})
        self._write(REJECTED, rejected)
        return taken_in

    def _write(self, folder: str, rows: pa.Table) -> None:
        path = self.landing / folder / f"{self.name}.parquet"
        write_parquet(rows, self._draft(folder), path)

    def _draft(self, folder: str) -> Place:
        return self.landing / "drafts" / f"{folder}-{self.name}-{uuid.uuid4().hex}"

    def _account(
        self, account: Sequence[tuple[str, str, int]], taken_in: pa.Table | None = None
    ) -> pa.RecordBatch:
        tables = [_told(self.task.file_id, account), taken_in]
        whole = pa.concat_tables([one for one in tables if one is not None]).combine_chunks()
        return whole.to_batches()[0]


def _known(accepted: pa.Table) -> Iterator[tuple[str, int]]:
    """Of each column, how many accepted lines know its value."""
    for name in KNOWN_COLUMNS:
        if name in accepted.column_names:
            yield name, len(accepted) - accepted[name].null_count


def _told(file_id: int, account: Sequence[tuple[str, str, int]]) -> pa.Table:
    """Kind, reason and lines as rows of the account."""
    kinds, reasons, lines = zip(*account, strict=True)
    told = {"file_id": [file_id] * len(account), "kind": kinds, "reason": reasons, "lines": lines}
    return pa.table(
        {one.name: told.get(one.name, [None] * len(account)) for one in _ACCOUNT}, _ACCOUNT
    )


def _in_account(found: pa.Table, kind: str) -> pa.Table:
    """Rows by year and code as rows of the account."""
    told = {"kind": kind, "reason": ""}
    columns = [
        found[one.name] if one.name in found.column_names else pa.repeat(told[one.name], len(found))
        for one in _ACCOUNT
    ]
    return pa.table(columns, schema=_ACCOUNT)


def _keyed(rows: pa.Table) -> pa.Table:
    """Rows with their person's key in place of the pseudonym."""
    at = rows.schema.get_field_index("pseudonym")
    return rows.set_column(at, "person_key", person_keys(rows["pseudonym"]))


class UnreadError(Exception):
    """A block cannot be read, or is not what it was when its file was scanned; says which."""


def read_lines(task: BlockTask, wanted: Sequence[str], source: Source) -> SplitLines:
    """The rows of a block, split into fields.

    Raises:
        UnreadError: the file is `missing` here, its bytes are `changed`, or its Parquet `damaged`.
    """
    try:
        if task.reader == PARQUET:
            return read_rows(task.path, task.block, wanted)
        data = read_range(back(task.path), task.block.start, task.block.end)
    except FileNotFoundError:
        raise UnreadError("missing") from None
    except (OSError, pa.ArrowException) as error:
        if is_damage(error):
            raise UnreadError("damaged") from None
        raise
    if crc32(data) != task.block.checksum:
        raise UnreadError("changed")
    return split_lines(data, task.header, wanted, source)


class LandedSoFar:
    """What the tasks have landed until now; every file is looked into once."""

    def __init__(self, landing: Place) -> None:
        self._seconds_between = _SECONDS_BETWEEN_LOOKS if is_url(landing) else 0.0
        self._next_look = 0.0
        self._landing = landing
        self._seen: set[str] = set()
        self._rows = {"rows": 0, "rejected": 0}

    def look(self) -> tuple[int, dict[str, int]]:
        """Blocks that are parsed, and their accepted (`rows`) and `rejected` rows."""
        if (now := time.monotonic()) < self._next_look:
            return len(self._seen), dict(self._rows)
        self._next_look = now + self._seconds_between
        for path in (self._landing / REJECTED).glob("[0-9]*.parquet"):
            if path.name not in self._seen:
                self._seen.add(path.name)
                metadata = pq.read_metadata(readable(path))
                self._rows["rows"] += int(metadata.metadata[_TAKEN_IN])
                self._rows["rejected"] += metadata.num_rows
        return len(self._seen), dict(self._rows)


def first_rejections(
    landing: Place, names: Mapping[int, str], markers: Mapping[int, Collection[str]] | None = None
) -> list[Problem]:
    """The first rejected line of every file and reason: where, and why, but not what it said.

    Args:
        landing: the folder.
        names: of the files.
        markers: the columns of each file with texts that look like missing values.
    """
    table = read_parquet(landing / REJECTED)
    table = table.filter(pc.is_in(table["file_id"], pa.array(names, pa.int32())))
    first = table.group_by(["file_id", "reason", "column"])
    first = first.aggregate([("line", "min"), ("line", "count")])
    rows = sorted(first.to_pylist(), key=lambda row: (row["file_id"], row["line_min"]))
    return [
        Problem(
            f"{names[row['file_id']]} line {row['line_min']}"
            + (f", column {row['column']}" if row["column"] else ""),
            f"{row['reason']} ({numbered(row['line_count'], 'line')})",
            mend_of(row["reason"], row["column"] in (markers or {}).get(row["file_id"], ())),
        )
        for row in rows
    ]
