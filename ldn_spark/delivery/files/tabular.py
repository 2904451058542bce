"""Parquet: what is delivered so, or was turned into it; its rows as the parser takes them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ldn_spark.delivery.files.blocks import Block
from ldn_spark.delivery.files.canonical import (
    TimeOfDayError,
    canonical_texts,
    days_of,
    plain_texts,
    type_fault,
)
from ldn_spark.delivery.files.file_kinds import require_utf8_path
from ldn_spark.delivery.files.layouts import Layout
from ldn_spark.delivery.files.lines import SplitLines
from ldn_spark.errors import DeliveryError, Problem
from ldn_spark.places.files import make_folder, opened, readable, streamed, written
from ldn_spark.places.place import Place, back

_BATCH_ROWS = 1 << 16
_PIECE = 1 << 20


def open_parquet(path: str | Place) -> pq.ParquetFile:
    """A Parquet file, read as a stream, its pages checked where they carry a checksum.

    Raises:
        DeliveryError: it is no whole Parquet file.
    """
    require_utf8_path(path)
    place = back(path) if isinstance(path, str) else path
    if place.stat().st_size == 0:
        raise DeliveryError(Problem(str(path), "is empty: 0 bytes", "ask for the file again"))
    try:
        file = pq.ParquetFile(
            readable(place),
            buffer_size=_PIECE,
            pre_buffer=False,
            coerce_int96_timestamp_unit="us",
            page_checksum_verification=True,
        )
        if _agrees_with_itself(file):
            return file
        file.close()
        raise DeliveryError(damaged(path))
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        with opened(place) as stream:
            begin = stream.read(4)
    if begin == b"PARE":
        raise DeliveryError(Problem(str(path), "is encrypted", "ask for it without encryption"))
    what = "is no Parquet file"
    if begin == b"PAR1":
        what = "is a Parquet file without its end, or a damaged one"
    raise DeliveryError(Problem(str(path), what, "copy it or ask for it again"))


def _agrees_with_itself(file: pq.ParquetFile) -> bool:
    """Whether the end of a file has names that are text, and one number of rows.

    A number that a damage has made large would be believed, row by row.
    """
    try:
        file.reader.column_paths  # noqa: B018  # the library reads the names when they are asked for
        names = file.schema_arrow.names
        groups = row_groups(file)
    except (UnicodeDecodeError, OverflowError):
        return False
    whole = sum(groups) == file.metadata.num_rows and min(groups, default=0) >= 0
    return whole and all(isinstance(name, str) for name in names)


def is_damage(error: Exception) -> bool:
    """Whether a reader failed at what a file holds, rather than at the machine."""
    if isinstance(error, OSError):
        return error.errno is None
    return isinstance(error, pa.ArrowException) and not isinstance(error, MemoryError)


def damaged(path: Place | str) -> Problem:
    """A file whose end is whole and whose rows are not."""
    return Problem(str(path), "is damaged: its rows cannot be read", "copy it or ask for it again")


def sha256_of(path: Place, has_read: Callable[[int], None]) -> str:
    """The checksum of a file's bytes."""
    digest = hashlib.sha256()
    with streamed(path) as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
            has_read(len(piece))
    return digest.hexdigest()


def type_problems(where: str, schema: pa.Schema, layout: Layout) -> Iterator[Problem]:
    """The columns that are read and whose types cannot be."""
    mend = "have it delivered as text, a number or a date"
    for name in dict.fromkeys(layout.used):
        if name in schema.names and schema.names.count(name) == 1:
            fault = type_fault(schema.field(name).type, pseudonym=name == layout.identifiers[0])
            if fault:
                yield Problem(f"{where} column {name}", fault, mend)


def time_problems(path: Place, where: str, layout: Layout) -> Iterator[Problem]:
    """The columns that are read and hold a time of day."""
    with open_parquet(path) as file:
        fields = [field for field in file.schema_arrow if pa.types.is_timestamp(field.type)]
        names = [field.name for field in fields if field.name in layout.used]
        faulty: set[str] = set()
        for batch in file.iter_batches(_BATCH_ROWS, columns=names) if names else ():
            for name in names:
                try:
                    days_of(batch.column(batch.schema.get_field_index(name)))
                except TimeOfDayError:
                    faulty.add(name)
    for name in sorted(faulty):
        what = "holds times of day, or days that no calendar reaches"
        yield Problem(f"{where} column {name}", what, "have dates delivered")


def blocks_of(
    parts: Sequence[tuple[str, int, Sequence[int]]], block_rows: int
) -> tuple[Block, ...]:
    """Blocks of about as many rows as wanted, each within one file.

    Row groups are read from their beginning: a block holds whole ones, or a piece of one.

    Args:
        parts: path (empty for the delivered file itself), number of its first row, and the rows
            of each of its row groups.
        block_rows: how many rows a block may hold.
    """
    blocks: list[Block] = []
    for part, first_row, groups in parts:
        start = end = 0
        for rows in groups:
            if end - start + rows > block_rows and end > start:
                blocks.append(Block(start, end, first_row + start, part))
                start = end
            end += rows
            pieces = -(-(end - start) // block_rows) if end - start > block_rows else 0
            for piece in range(pieces):
                low, high = (start + rows * at // pieces for at in (piece, piece + 1))
                blocks.append(Block(low, high, first_row + low, part))
            start = end if pieces else start
        if end > start:
            blocks.append(Block(start, end, first_row + start, part))
    return tuple(blocks)


def row_groups(file: pq.ParquetFile) -> list[int]:
    """The number of rows of each row group."""
    metadata = file.metadata
    return [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]


def copy_rows(
    origin: Path,
    target: Path,
    columns: Mapping[str, str],
    constants: Mapping[str, pa.Scalar],
    kept: np.ndarray | None = None,
) -> None:
    """Write some columns of a Parquet file anew.

    Args:
        origin: the file.
        target: the new file.
        columns: new name: the name in the file.
        constants: new name: the value that it has in every row.
        kept: which rows are kept; None for all, and so are those beyond its end.
    """
    make_folder(target.parent)
    with open_parquet(origin) as file, written(target) as draft:
        fields = [pa.field(new, file.schema_arrow.field(old).type) for new, old in columns.items()]
        fields += [pa.field(name, value.type) for name, value in constants.items()]
        at, old = 0, list(columns.values())
        with pq.ParquetWriter(draft, pa.schema(fields), compression="lz4") as writer:
            for batch in file.iter_batches(_BATCH_ROWS * 4, columns=old):
                arrays = [batch.column(batch.schema.get_field_index(name)) for name in old]
                arrays += [pa.repeat(value, batch.num_rows) for value in constants.values()]
                rows = pa.record_batch(arrays, schema=pa.schema(fields))
                if kept is not None:
                    here = np.ones(batch.num_rows, bool)
                    mask = kept[at : at + batch.num_rows]
                    here[: len(mask)] = mask
                    rows = rows.filter(pa.array(here))
                at += batch.num_rows
                writer.write_batch(rows)


def read_rows(path: str, block: Block, wanted: Sequence[str]) -> SplitLines:
    """The rows of a block of Parquet as a parser of text wants them.

    Args:
        path: the file to parse, `DeliveredFile.path`.
        block: the rows.
        wanted: the columns to return, in this order, the pseudonym first. One that a part of the
            delivery does not have is empty there.
    """
    with open_parquet(block.part or path) as file:
        here = [name for name in wanted if name in file.schema_arrow.names]
        table = pa.Table.from_batches(
            _batches(file, block.start, block.end, here),
            pa.schema([file.schema_arrow.field(name) for name in here]),
        )
    return split_table(table, wanted, block.end - block.start)


def split_table(table: pa.Table, wanted: Sequence[str], rows: int) -> SplitLines:
    """Typed columns as a parser of text wants them; see `read_rows`."""
    typed, empty = set(), pa.repeat(pa.scalar(b"", pa.binary()), rows)
    columns: dict[str, pa.Array] = dict.fromkeys(wanted, empty.dictionary_encode())
    for name in wanted[1:]:
        if name in table.column_names:
            columns[name], is_typed = canonical_texts(table[name])
            typed |= {name} if is_typed else set()
    pseudonym = wanted[0]
    here = pseudonym in table.column_names
    columns[pseudonym] = plain_texts(table[pseudonym]) if here else empty
    faults = _faults(columns.values())
    found, positions = pa.table(columns), None
    if faults:
        positions = np.delete(np.arange(rows), list(faults))
        found = found.take(pa.array(positions))
        found = pa.table({name: _without_unused(found[name]) for name in found.column_names})
    return SplitLines(found, positions, faults, "utf-8", frozenset(typed))


def _without_unused(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column whose dictionary holds no text of a row that was turned away."""
    if not pa.types.is_dictionary(column.type):
        return column
    plain = column.cast(column.type.value_type)
    return pc.dictionary_encode(plain)


def _batches(
    file: pq.ParquetFile, start: int, end: int, columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """The rows from `start` to `end`; only the row groups that hold them are read."""
    first_rows = np.concatenate([[0], np.cumsum(row_groups(file))])
    first = int(np.searchsorted(first_rows, start, "right")) - 1
    last = int(np.searchsorted(first_rows, end, "left"))
    at = int(first_rows[first])
    groups = list(range(first, last))
    for batch in file.iter_batches(_BATCH_ROWS, row_groups=groups, columns=list(columns)):
        low, high = max(start - at, 0), min(end - at, batch.num_rows)
        if low < high:
            yield batch.select(columns).slice(low, high - low)
        at += batch.num_rows
        if at >= end:
            return


def _faults(columns: Iterable[pa.Array]) -> dict[int, str]:
    """The rows with a text that no text file could hold, the more serious reason first."""
    faults: dict[int, str] = {}
    for column in columns:
        encoded = pa.types.is_dictionary(column.type)
        texts = column.dictionary if encoded else column
        reasons = {"nul_byte": pc.match_substring(texts, "\0").to_numpy(zero_copy_only=False)}
        try:
            texts.cast(pa.string())
        except pa.ArrowInvalid:
            reasons["encoding"] = np.array([not _is_utf8(text) for text in texts.to_pylist()])
        for reason, found in reasons.items():
            if found.any():
                rows = found[column.indices.to_numpy()] if encoded else found
                faults |= {
                    row: reason for row in np.flatnonzero(rows).tolist() if row not in faults
                }
    return faults


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
