"""Bytes of a delivered file into columns of bytes, line by line: nothing swallows its neighbour.

A row is a line that ends with a line feed; a quoted field reaches over it only where the source
declares that it may (`records` says which lines are one record then). Lines are split by pyarrow's
CSV reader. A block with anything the reader would read differently (quotes, NUL, stray carriage
returns, blank lines, a line of another width, bytes outside the encoding) first loses the lines at
fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from ldn_spark.delivery.files.blocks import DISPENSINGS
from ldn_spark.delivery.files.records import find_records
from ldn_spark.delivery.source.quoting import Quoting
from ldn_spark.delivery.source.sources import Source

_UNDEFINED = {"cp1252": tuple(bytes([code]) for code in (0x81, 0x8D, 0x8F, 0x90, 0x9D))}


@dataclass(frozen=True)
class SplitLines:
    """The lines of a block.

    Attributes:
        columns: the wanted columns, one row per line that splits into the right fields; the first
            (the pseudonym) as bytes, the others as a dictionary of bytes.
        positions: the line of each row, counted from 0; None for all lines in order.
        faults: the lines turned away, with the reason.
        codec: the encoding of the bytes.
        further: records beyond the first of a line, in lines with stray carriage returns: they are
            lost with their line, and a file that loses many of them is turned away.
        typed: columns that were no text where they came from; they hold canonical text, whatever
            the source declares: decimals with a point, dates as yyyy-MM-dd, empty for null.
    """

    columns: pa.Table
    positions: np.ndarray | None
    faults: dict[int, str]
    codec: str = "utf-8"
    typed: frozenset[str] = frozenset()
    further: int = 0

    def line_of(self, rows: np.ndarray) -> np.ndarray:
        """The lines, counted from 0, of some rows."""
        return rows if self.positions is None else self.positions[rows]


def wanted_columns(header: Sequence[str], source: Source, kind: str = DISPENSINGS) -> list[str]:
    """The columns of a file of some kind that are read, each once, the pseudonym first."""
    used = source.used_columns if kind == DISPENSINGS else source.companions[kind].used_columns
    return [name for name in used if name in header]


def split_lines(
    data: bytes, header: Sequence[str], wanted: Sequence[str], source: Source
) -> SplitLines:
    """Split whole lines into fields.

    Args:
        data: the bytes of the lines.
        header: the file's column names.
        wanted: the columns to return, in this order, the pseudonym first.
        source: the declared layout.
    """
    if not _is_odd(data, source):
        try:
            columns = _read(data, header, wanted, source.delimiter, False)
        except pa.ArrowInvalid:  # a line with too few or too many fields
            columns = None
        if columns is not None and not _has_blank_line(data, columns[wanted[0]]):
            return SplitLines(columns, None, {}, source.codec)
    check_text = not is_text(data, source.codec)
    records, positions = _records(data, len(header), source)
    further = _further_records(records, len(header), source)
    faults = _faults_by_record(records, len(header), source, check_text=check_text)
    if faults:
        good = np.delete(np.arange(len(records)), list(faults))
        faults = {int(positions[record]): reason for record, reason in faults.items()}
        records, positions = records.take(pa.array(good)), positions[good]
    data = b"\n".join(records.to_pylist()) + b"\n"
    if not len(positions):
        columns = _no_rows(wanted)
    else:
        columns = _read(data, header, wanted, source.delimiter, source.quote or False)
    return SplitLines(columns, positions, faults, source.codec, further=further)


def _no_rows(wanted: Sequence[str]) -> pa.Table:
    return pa.table({name: pa.array([], kind) for name, kind in _types(wanted).items()})


def _types(wanted: Sequence[str]) -> dict[str, pa.DataType]:
    encoded = pa.dictionary(pa.int32(), pa.binary())
    return {name: encoded if name != wanted[0] else pa.binary() for name in wanted}


def _read(
    data: bytes, header: Sequence[str], wanted: Sequence[str], delimiter: str, quote: str | bool
) -> pa.Table:
    names = [name if name in wanted else f"{number}" for number, name in enumerate(header)]
    return csv.read_csv(
        pa.BufferReader(data),
        csv.ReadOptions(column_names=names, block_size=len(data) + 1, use_threads=False),
        csv.ParseOptions(
            delimiter=delimiter,
            quote_char=quote,
            ignore_empty_lines=False,
            newlines_in_values=bool(quote),
        ),
        csv.ConvertOptions(
            include_columns=list(wanted), column_types=_types(wanted), strings_can_be_null=False
        ),
    )


def _is_odd(data: bytes, source: Source) -> bool:
    """Whether a block holds anything that needs a look at its lines."""
    if not data or data[:1] in (b"\n", b"\r") or b"\x00" in data:
        return True
    if source.quote and source.quote.encode() in data:
        return True
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        return True
    return not is_text(data, source.codec)


def _has_blank_line(data: bytes, first: pa.ChunkedArray) -> bool:
    """Whether a line is empty; the reader takes it for a row of empty fields."""
    if pc.min(pc.binary_length(first)).as_py() != 0:
        return False
    return b"\n\n" in data or b"\n\r" in data


def is_text(data: bytes, codec: str) -> bool:
    """Whether bytes are text of an encoding."""
    if codec in ("iso8859-1", "cp1252"):
        return not any(code in data for code in _UNDEFINED.get(codec, ()))
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _records(data: bytes, fields: int, source: Source) -> tuple[pa.BinaryArray, np.ndarray]:
    """The records of a block without their line ends, and the line of each, counted from 0."""
    plain = data.replace(b"\r\n", b"\n").removesuffix(b"\n")
    lines = pc.split_pattern(pa.array([plain], pa.binary()), "\n").values
    lines = lines if data else lines.slice(0, 0)
    if not source.quoted_line_ends:
        return lines, np.arange(len(lines))
    found = find_records(data, fields, source.quoting, is_end=True)
    if len(found.first_lines) == len(lines):
        return lines, found.first_lines
    ends = np.append(found.first_lines[1:], len(lines))
    texts = lines.to_pylist()
    records = [
        b"\n".join(texts[first:end]) for first, end in zip(found.first_lines, ends, strict=True)
    ]
    return pa.array(records, pa.binary()), found.first_lines


def _faults_by_record(
    records: pa.BinaryArray, fields: int, source: Source, *, check_text: bool
) -> dict[int, str]:
    """The number of each record with a fault, and the reason."""
    faults: dict[int, str] = {}
    for reason, found in _faults(records, fields, source, check_text=check_text):
        for number in np.flatnonzero(found).tolist():
            faults.setdefault(number, reason)
    return faults


def _further_records(records: pa.BinaryArray, fields: int, source: Source) -> int:
    """How many records stand behind the first one of their line, after a stray carriage return.

    Only what has the fields of a whole record is one: a carriage return within a text is none.
    """
    stray = records.filter(pc.match_substring(records, "\r"))
    delimiter, quoting, found = source.delimiter.encode(), source.quoting, 0
    quoted = re.compile(quoting.quoted.encode()) if quoting else None
    for record in stray.to_pylist():
        bare = quoted.sub(b"", record) if quoted else record
        whole = (part.count(delimiter) + 1 == fields for part in bare.split(b"\r") if part)
        found += max(0, sum(whole) - 1)
    return found


def _faults(
    records: pa.BinaryArray, fields: int, source: Source, *, check_text: bool
) -> Iterator[tuple[str, np.ndarray]]:
    """Which records have which fault, the more serious ones first."""
    yield "nul_byte", _mask(pc.match_substring(records, "\0"))
    bare, quoting = records, source.quoting
    quoted = pc.match_substring(records, source.quote) if quoting else None
    is_quoted = quoting is not None and pc.any(quoted).as_py()
    if is_quoted:
        without = pc.replace_substring_regex(records, quoting.begun, r"\1")
        bare = pc.if_else(quoted, without, records)
    strays = bare if source.quoted_line_ends else records
    yield "stray_carriage_return", _mask(pc.match_substring(strays, "\r"))
    yield "blank_line", _mask(pc.equal(pc.binary_length(records), 0))
    if check_text:
        texts = (is_text(record, source.codec) for record in records.to_pylist())
        yield "encoding", ~np.fromiter(texts, bool, len(records))
    if is_quoted:
        ill = pc.and_not(quoted, pc.match_substring_regex(records, quoting.whole))
        if not source.quoted_line_ends:
            yield "quoted_line_end", _mask(pc.and_(ill, _goes_on(records, bare, fields, quoting)))
        yield "unbalanced_quote", _mask(ill)
    width = _mask(pc.add(pc.count_substring(bare, source.delimiter), 1))
    yield "too_few_fields", width < fields
    yield "too_many_fields", width > fields


def _goes_on(records: pa.Array, bare: pa.Array, fields: int, quoting: Quoting) -> pa.BooleanArray:
    """Which lines end within a quoted field, unless the quote alone keeps them from being whole."""
    whole = pc.equal(pc.add(pc.count_substring(bare, quoting.delimiter), 1), fields)
    stray = pc.and_(whole, pc.match_substring_regex(records, quoting.strayed))
    return pc.and_not(pc.match_substring_regex(records, quoting.opened), stray)


def _mask(found: pa.Array) -> np.ndarray:
    return found.to_numpy(zero_copy_only=False)
