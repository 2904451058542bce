"""Dispensings landed for the lake: Arrow files of some 200,000 rows, by year and ATC code.

Their order lets a batch of codes be read without the others: a file is mapped into memory, and of
its rows only those are touched. Files are written by the engine's tasks, from parsed lines or from
rows of the lake, with an account of what they hold.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ldn_spark.engine import collect
from ldn_spark.engine.rights import with_umask
from ldn_spark.engine.sessions import in_tasks
from ldn_spark.ingest.landing.batches import CODE_BITS, code_number
from ldn_spark.lake.arrow import arrow_schema
from ldn_spark.lake.drafts import ends_of, mapped, mapped_between, write_arrow
from ldn_spark.places.files import make_folder
from ldn_spark.places.place import Place, back
from ldn_spark.schemas import DISPENSINGS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SUFFIX = ".arrow"
_CODES = (1 << CODE_BITS) - 1
_BATCH_ROWS = 65_536
_ROWS_PER_FILE = 262_144
_LOOKS_AT_ONCE = 8
_MAY_BE_LEFT_OUT = (
    "product_number",
    "packages",
    "reimbursement_icd",
    "reimbursement_icpc",
    "line_key",
    "line",
)
"""A file has these columns only where it knows them of any row."""
_TEXTS = ("atc", "product_number", "reimbursement_icd", "reimbursement_icpc")
_ACCOUNT = "file_id int, year int, atc string, first date, last date, rows bigint"


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What landed dispensings hold.

    Attributes:
        rows: how many by file_id, year and ATC code.
        spans: first and last day of dispensing by file_id.
    """

    rows: Counter[tuple[int, int, str]]
    spans: Mapping[int, tuple[date, date]]

    @property
    def by_code(self) -> Counter[tuple[int, str]]:
        """Rows by year and ATC code."""
        found = Counter[tuple[int, str]]()
        for (_, year, atc), rows in self.rows.items():
            found[year, atc] += rows
        return found


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A landed file with rows.

    Attributes:
        path: where it is.
        first, last: the places of its first and its last row, see `code_place`.
    """

    path: str
    first: int
    last: int


def code_place(year: int, number: int) -> int:
    """The place of a year's code, see `code_number`, among all years' codes."""
    return year << CODE_BITS | number


def stage_by_code(rows: pa.Table, draft: Place, path: Place) -> pa.RecordBatch:
    """Write a block's dispensings by year and ATC code; where there are none, no file.

    Args:
        rows: the columns of the dispensings; `atc` as a dictionary.
        draft: where it is written.
        path: where it is put when it is whole.

    Returns:
        The account: file_id, year, atc, first, last, rows; one row per value of the first three.
    """
    unknown = [name for name in _MAY_BE_LEFT_OUT if _is_unknown(rows, name)]
    rows = rows.drop_columns(unknown)
    codes = rows["atc"].combine_chunks()
    numbers = np.array([code_number(code) for code in codes.dictionary.to_pylist()], np.int32)
    rank = np.argsort(np.argsort(numbers))
    years, index = rows["year"].to_numpy(), codes.indices.to_numpy()
    rows = rows.append_column("code_number", pa.array(numbers[index], pa.int32()))
    key = np.zeros(0, np.int64)
    if len(rows):
        key = (years - years.min()) * len(rank) + rank[index]
        small = key.astype(np.uint16) if key.max() < 1 << 16 else key  # numpy sorts it by radix
        order = np.argsort(small, kind="stable")
        rows, key = rows.take(pa.array(order)), key[order]
        places = years[order].astype(np.int64) << CODE_BITS | rows["code_number"].to_numpy()
        write_arrow(rows, draft, path, places)
    return _account(rows, key)


def _is_unknown(rows: pa.Table, name: str) -> bool:
    return name in rows.column_names and rows[name].null_count == len(rows)


def _account(rows: pa.Table, key: np.ndarray) -> pa.RecordBatch:
    """Rows and days by file, year and code of rows in the order of year and code."""
    file_ids = rows["file_id"].to_numpy()
    if len(key) and file_ids.min() != file_ids.max():
        order = np.lexsort((file_ids, key))
        rows, key, file_ids = rows.take(pa.array(order)), key[order], file_ids[order]
    new = np.ones(len(key), bool)
    new[1:] = (key[1:] != key[:-1]) | (file_ids[1:] != file_ids[:-1])
    starts = np.flatnonzero(new)
    days = rows["dispensed_on"].cast(pa.int32()).to_numpy()
    first = np.minimum.reduceat(days, starts) if len(starts) else days
    last = np.maximum.reduceat(days, starts) if len(starts) else days
    at = pa.array(starts)
    return pa.record_batch(
        {
            "file_id": pa.array(file_ids[starts], pa.int32()),
            "year": pa.array(rows["year"].to_numpy()[starts], pa.int32()),
            "atc": rows["atc"].cast(pa.string()).take(at).combine_chunks(),
            "first": pa.array(first, pa.int32()).cast(pa.date32()),
            "last": pa.array(last, pa.int32()).cast(pa.date32()),
            "rows": pa.array(np.diff(np.append(starts, len(key))), pa.int64()),
        }
    )


def read_account(account: pa.Table) -> Arrivals:
    """The accounts of all landed files together."""
    by_code = account.group_by(["file_id", "year", "atc"]).aggregate([("rows", "sum")])
    rows = {
        (row["file_id"], row["year"], row["atc"]): row["rows_sum"] for row in by_code.to_pylist()
    }
    by_file = account.group_by("file_id").aggregate([("first", "min"), ("last", "max")])
    spans = {row["file_id"]: (row["first_min"], row["last_max"]) for row in by_file.to_pylist()}
    return Arrivals(Counter(rows), spans)


def land_anew(rows: DataFrame, folder: Place) -> tuple[list[Place], Arrivals]:
    """Land rows of the engine anew.

    Args:
        rows: the columns of the dispensings.
        folder: is made.

    Returns:
        The files written, and what they hold.
    """
    make_folder(folder)
    root = str(folder)

    def land(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for table in map(_encoded, gathered(batches, _ROWS_PER_FILE)):
            name = f"{uuid.uuid4().hex}{SUFFIX}"
            account = stage_by_code(table, back(root) / f".{name}", back(root) / name)
            yield account.append_column("name", pa.array([name] * len(account), pa.string()))

    account = collect.table(
        rows.select(*DISPENSINGS.names).mapInArrow(with_umask(land), f"{_ACCOUNT}, name string")
    )
    names = sorted(pc.unique(account["name"]).to_pylist())
    return [folder / name for name in names], read_account(account)


def gathered(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """Batches as tables of about as many rows, none of them without any."""
    some: list[pa.RecordBatch] = []
    for batch in batches:
        some.append(batch)
        if sum(map(len, some)) >= rows:
            yield pa.Table.from_batches(some)
            some = []
    if any(map(len, some)):
        yield pa.Table.from_batches(some)


def _encoded(rows: pa.Table) -> pa.Table:
    """The columns of the dispensings, texts as dictionaries."""
    table = rows.cast(arrow_schema(DISPENSINGS)).combine_chunks()
    for name in _TEXTS:
        at, texts = table.schema.get_field_index(name), table[name].combine_chunks()
        table = table.set_column(at, name, texts.dictionary_encode())
    return table


def look_into(paths: Collection[Place]) -> list[LandedFile]:
    """What the landed files hold, by name."""
    ordered = sorted(paths)
    with ThreadPoolExecutor(_LOOKS_AT_ONCE) as pool:
        ends = pool.map(_ends, ordered)
        return [LandedFile(str(path), *two) for path, two in zip(ordered, ends, strict=True)]


def _ends(path: Place) -> tuple[int, int]:
    if (known := ends_of(path)) is not None:
        return known
    rows = mapped(path)
    years, codes = rows["year"], rows["code_number"]
    first, last = (code_place(years[at].as_py(), codes[at].as_py()) for at in (0, -1))
    return first, last


def read_range(
    files: Sequence[LandedFile], first: int, last: int, columns: Sequence[str]
) -> pa.Table:
    """The rows of landed files whose place is in a range, file by file.

    Args:
        files: as `look_into` gives them; some of them hold such rows.
        first: the smallest place, see `code_place`.
        last: the largest one, included.
        columns: the columns to read where files have them, `year` and `code_number` among them.
    """
    tables = []
    for file in files:
        if file.first <= last and file.last >= first:
            rows = mapped_between(file.path, first, last)
            low, high = _find(rows, first, "left"), _find(rows, last, "right")
            there = [name for name in columns if name in rows.column_names]
            tables.append(rows.select(there).slice(low, high - low))
    return pa.concat_tables(tables, promote_options="default").unify_dictionaries().combine_chunks()


def _find(rows: pa.Table, place: int, side: Literal["left", "right"]) -> int:
    """Where a place is among rows in their order, before or behind those that have it."""
    years, codes = rows["year"].to_numpy(), rows["code_number"].to_numpy()
    begin, end = np.searchsorted(years, (place >> CODE_BITS, (place >> CODE_BITS) + 1))
    return int(begin + np.searchsorted(codes[begin:end], place & _CODES, side))


def read_landed(spark: SparkSession, paths: Sequence[Place]) -> DataFrame:
    """Landed files for the engine: the columns of the dispensings, and `line`."""
    files, schema = [str(path) for path in paths], arrow_schema(DISPENSINGS)
    schema = schema.append(pa.field("line", pa.int64()))

    def read(numbers: range) -> Iterator[pa.RecordBatch]:
        for number in numbers:
            rows = in_types(mapped(files[number]), schema)
            yield from rows.to_batches(max_chunksize=_BATCH_ROWS)

    return in_tasks(spark, len(files), read, f"{DISPENSINGS.ddl}, line bigint")


def in_types(rows: pa.Table, schema: pa.Schema, *, encoded: bool = False) -> pa.Table:
    """Columns in the types of a schema; those that are left out as nulls.

    Args:
        rows: the rows.
        schema: the columns.
        encoded: leave texts as they are encoded.
    """
    columns = []
    for field in schema:
        if field.name not in rows.column_names:
            columns.append(pa.nulls(len(rows), field.type))
        elif encoded and pa.types.is_dictionary(rows[field.name].type):
            columns.append(rows[field.name])
        else:
            columns.append(rows[field.name].cast(field.type))
    return pa.table(columns, names=schema.names)
