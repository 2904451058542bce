"""Bytes of a delivered file into columns of bytes, line by line: nothing swallows its neighbour.

A row is a line that ends with a line feed; a quoted field never reaches over it. Lines are split
by pyarrow's CSV reader. A block with anything the reader would read differently (quotes, NUL,
stray carriage returns, blank lines, a line of another width, bytes outside the encoding) first
loses the lines at fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from ldn_spark.io.blocks import DISPENSINGS
from ldn_spark.io.sources import Source

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
    further = _further_records(data, len(header), source)
    data, positions, faults = _set_faulty_lines_aside(data, len(header), source)
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
        csv.ParseOptions(delimiter=delimiter, quote_char=quote, ignore_empty_lines=False),
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


def _set_faulty_lines_aside(
    data: bytes, fields: int, source: Source
) -> tuple[bytes, np.ndarray, dict[int, str]]:
    """The lines that split cleanly, their positions, and the faults of the others."""
    check_text = not is_text(data, source.codec)
    data = data.replace(b"\r\n", b"\n")
    lines = pc.split_pattern(pa.array([data.removesuffix(b"\n")], pa.binary()), "\n").values
    if not data:
        lines = lines.slice(0, 0)
    faults: dict[int, str] = {}
    for reason, found in _faults(lines, fields, source, check_text=check_text):
        for position in np.flatnonzero(found):
            faults.setdefault(int(position), reason)
    positions = np.delete(np.arange(len(lines)), list(faults))
    good = lines.take(pa.array(positions)) if faults else lines
    return b"\n".join(good.to_pylist()) + b"\n", positions, faults


def _further_records(data: bytes, fields: int, source: Source) -> int:
    """How many records stand behind the first one of their line, after a stray carriage return.

    Only what has the fields of a whole record is one: a carriage return within a text is none.
    """
    if data.count(b"\r") == data.count(b"\r\n"):
        return 0
    delimiter, found = source.delimiter.encode(), 0
    quoted = re.compile(_quoted_field(source.quote).encode()) if source.quote else None
    for line in data.replace(b"\r\n", b"\n").split(b"\n"):
        if b"\r" in line:
            bare = quoted.sub(b"", line) if quoted else line
            whole = (part.count(delimiter) + 1 == fields for part in bare.split(b"\r") if part)
            found += max(0, sum(whole) - 1)
    return found


def _faults(
    lines: pa.Array, fields: int, source: Source, *, check_text: bool
) -> Iterator[tuple[str, np.ndarray]]:
    """Which lines have which fault, the more serious ones first."""
    yield "nul_byte", _mask(pc.match_substring(lines, "\0"))
    yield "stray_carriage_return", _mask(pc.match_substring(lines, "\r"))
    yield "blank_line", _mask(pc.equal(pc.binary_length(lines), 0))
    if check_text:
        texts = (is_text(line, source.codec) for line in lines.to_pylist())
        yield "encoding", ~np.fromiter(texts, bool, len(lines))
    quote, delimiter = source.quote, source.delimiter
    if quote:
        quoted = pc.match_substring(lines, quote)
        if pc.any(quoted).as_py():
            well = pc.match_substring_regex(lines, _well_quoted(quote, delimiter))
            yield "unbalanced_quote", _mask(pc.and_not(quoted, well))
            opened = f"(^|{re.escape(delimiter)})" + _quoted_field(quote)
            bare = pc.replace_substring_regex(lines, opened, r"\1")
            lines = pc.if_else(quoted, bare, lines)
    width = _mask(pc.add(pc.count_substring(lines, delimiter), 1))
    yield "too_few_fields", width < fields
    yield "too_many_fields", width > fields


def _mask(found: pa.Array) -> np.ndarray:
    return found.to_numpy(zero_copy_only=False)


def _quoted_field(quote: str) -> str:
    q = re.escape(quote)
    return f"{q}(?:[^{q}]|{q}{q})*{q}"


def _well_quoted(quote: str, delimiter: str) -> str:
    """A pattern of a whole line whose quoted fields end before a delimiter or the line's end.

    A quote inside an unquoted field is an ordinary character.
    """
    q, d = re.escape(quote), re.escape(delimiter)
    field = f"(?:{_quoted_field(quote)}|[^{q}{d}][^{d}]*|)"
    return f"^{field}(?:{d}{field})*$"
