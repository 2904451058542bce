"""The beginning of a delivered file, whose layout nobody has declared."""

from __future__ import annotations

import codecs
import glob
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ldn_spark.delivery.files.canonical import TimeOfDayError, canonical_texts, is_text, type_fault
from ldn_spark.delivery.files.deltatables import is_delta
from ldn_spark.delivery.files.file_kinds import no_file
from ldn_spark.delivery.files.foreign import BEGIN
from ldn_spark.delivery.files.layouts import is_value
from ldn_spark.delivery.files.lines import SplitLines, split_lines
from ldn_spark.delivery.files.readers import reader_of
from ldn_spark.delivery.files.records import find_records
from ldn_spark.delivery.files.tablefiles import parquet_files
from ldn_spark.delivery.files.tabular import split_table
from ldn_spark.delivery.files.textfiles import LONGEST_HEADER, read_header
from ldn_spark.delivery.files.unpacking import PACKED_SUFFIXES, PlainStream
from ldn_spark.delivery.guess.guesses import (
    Guess,
    guess_delimiter,
    guess_encoding,
    guess_quote,
    whole_records,
)
from ldn_spark.delivery.source.checks import REQUIRED_COLUMNS
from ldn_spark.delivery.source.formats import format_named, format_of
from ldn_spark.delivery.source.sources import Source
from ldn_spark.delivery.values.columns import row_texts
from ldn_spark.delivery.values.markers import is_word
from ldn_spark.errors import DeliveryError, Problem
from ldn_spark.shown import counted, numbered

_BYTES = 4 << 20
_ROWS = 20_000
_FAULTY = {"\0", "\r"}


@dataclass(frozen=True)
class Sample:
    """The first rows of a file.

    Attributes:
        path: the file.
        format: as a source declares it.
        pattern: of the names of such files.
        header: its column names.
        rows: how many rows were looked at.
        texts: the trimmed texts of each column, one per row.
        types: the types of the columns that are no text.
        unread: why a column's type cannot be read.
        faults: how many lines cannot be split, by reason.
        encoding, delimiter, quote: of a text file.
        split: the wanted columns of the rows as a source declares them.
        line_ends: whether quoted fields of a text file hold line ends, and why.
        markers: rows by words that stand for nothing, of each column; they are empty in `texts`.
    """

    path: Path
    format: str
    pattern: str
    header: tuple[str, ...]
    rows: int
    texts: dict[str, list[str]]
    types: dict[str, str]
    unread: dict[str, str]
    split: Callable[[Source, Sequence[str]], SplitLines]
    faults: Mapping[str, int] = field(default_factory=dict)
    encoding: Guess | None = None
    delimiter: Guess | None = None
    quote: Guess | None = None
    line_ends: Guess | None = None
    markers: Mapping[str, Counter[str]] = field(default_factory=dict)


def read_sample(path: Path) -> Sample:
    """The first rows of a file of any kind that can be delivered.

    Raises:
        DeliveryError: it cannot be read, or its first line holds no column names.
    """
    sample = _read_sample(path)
    texts, markers = {}, {}
    for name, column in sample.texts.items():
        words = {text for text in {*column} if is_word(text)}
        markers[name] = Counter(text for text in column if text in words)
        texts[name] = ["" if text in words else text for text in column]
    return replace(sample, texts=texts, markers=markers)


def _read_sample(path: Path) -> Sample:
    if what := no_file(path):
        raise DeliveryError(Problem(str(path), what, "give a file"))
    if is_delta(path):
        return _of_table(path, path, "delta")
    if path.is_dir():
        return _of_folder(path)
    if not path.is_file():
        raise DeliveryError(Problem(str(path), "no such file", "check the path"))
    with path.open("rb") as stream:
        found = format_of(stream.read(BEGIN), path.suffix)
    return _of_table(path, path, found.name) if found else _of_text(path)


def _of_folder(path: Path) -> Sample:
    """The first file of a folder of Parquet."""
    for file in parquet_files(path):
        with file.open("rb") as stream:
            if format_named("parquet").mark_of(stream.read(BEGIN)):
                return _of_table(path, file, "parquet")
    raise DeliveryError(Problem(str(path), "is a folder without Parquet", "name one of its files"))


def _of_table(path: Path, file: Path, form: str) -> Sample:
    """A sample of typed columns, the rows being those of a file of what was delivered."""
    rows = reader_of(form).first_rows(file, _ROWS)
    pattern = _alone(path.name) if path.is_dir() else _pattern(path)
    texts, types, unread = {}, {}, {}
    for name in dict.fromkeys(rows.column_names):
        column = rows[rows.column_names.index(name)]
        fault = type_fault(column.type)
        try:
            found = [] if fault else canonical_texts(column)[0].to_pylist()
        except TimeOfDayError:
            fault, found = "holds times of day", []
        if fault:
            unread[name] = fault
        if not is_text(column.type):
            types[name] = str(column.type)
        texts[name] = [text.decode("utf-8", "replace").strip() for text in found]

    def split(source: Source, wanted: Sequence[str]) -> SplitLines:
        return split_table(rows, wanted, rows.num_rows)

    header = tuple(rows.column_names)
    return Sample(path, form, pattern, header, rows.num_rows, texts, types, unread, split)


def _of_text(path: Path) -> Sample:
    """A sample of a text file, packed or not; its lines are split as an ingest would split them."""
    data = _beginning(path)
    encoding = guess_encoding(data)
    data, codec = _one_byte_text(path, data, encoding)
    first, body = _whole_lines(data)
    source = _layout(codec, ";")
    read_header(path, first[:LONGEST_HEADER], source)
    lines = [first.rstrip(b"\r\n"), *body.split(b"\n")[:_ROWS]]
    texts = [line.rstrip(b"\r").decode(codec, "replace") for line in lines]
    texts = [text for text in texts if text and not _FAULTY & {*text}]
    delimiter = guess_delimiter(texts)
    if delimiter.value is None:
        what = f"is no table: {delimiter.why}"
        raise DeliveryError(Problem(str(path), what, "check what file this is"))
    source = _layout(codec, delimiter.value)
    header = read_header(path, first, source)
    if any(is_value(name) for name in header):
        what = "holds values instead of the names of columns"
        mend = "have the file delivered with a first line that names its columns"
        raise DeliveryError(Problem(f"{path} line 1", what, mend))
    names = [str(number) for number in range(len(header))]
    found = split_lines(body, names, names, source)
    line_ends = None
    if "quoted_line_end" in found.faults.values():
        body, source, line_ends = _with_line_ends(body, len(names), source)
        found = split_lines(body, names, names, source)
    columns = {name: row_texts(found, names[at]) for at, name in reversed([*enumerate(header)])}

    def split(source: Source, wanted: Sequence[str]) -> SplitLines:
        return split_lines(body, header, wanted, source)

    return Sample(
        path=path,
        format="text",
        pattern=_pattern(path),
        header=header,
        rows=found.columns.num_rows + len(found.faults),
        texts={name: [text.strip() for text in columns[name].to_pylist()] for name in header},
        types={},
        unread={},
        faults=Counter(found.faults.values()),
        encoding=encoding,
        delimiter=delimiter,
        quote=guess_quote(whole_records(texts, delimiter.value), delimiter.value),
        line_ends=line_ends,
        split=split,
    )


def _with_line_ends(body: bytes, fields: int, source: Source) -> tuple[bytes, Source, Guess | None]:
    """A layout with line ends in quoted fields, and whole records, where there are any."""
    is_cut = body.count(b"\n") >= _ROWS - 1
    found = find_records(body, fields, source.quoting, is_end=not is_cut)
    records = len(found.first_lines)
    lines = body[: found.end].count(b"\n") + (found.end > 0 and body[found.end - 1] != ord("\n"))
    if records == lines:
        return body, source, None
    several = int((np.diff(np.append(found.first_lines, lines)) > 1).sum())
    why = f"{counted(several)} of {numbered(records, 'record has', 'records have')} several lines"
    declared = source.model_copy(update={"quoted_line_ends": True})
    return body[: found.end], declared, Guess(True, why)


def _layout(codec: str, delimiter: str) -> Source:
    """As much of a source as splitting lines asks for."""
    columns = {name: name for name in REQUIRED_COLUMNS}
    return Source(
        id="inspected",
        title="inspected",
        format="text",
        files=("*",),
        encoding=codec,
        delimiter=delimiter,
        decimal_mark=".",
        date_format="yyyy-MM-dd",
        columns=columns,
        sex_codes={},
    )


def _pattern(path: Path) -> str:
    """The names of files like this one; what cannot be printed of a name may be anything."""
    name = path.name
    for suffix in PACKED_SUFFIXES:
        name = name.removesuffix(suffix)
    suffix = Path(name).suffix
    return f"*{suffix}" if suffix and suffix.isprintable() else _alone(name)


def _alone(name: str) -> str:
    """A pattern of one name."""
    return "".join(one if one.isprintable() else "?" for one in glob.escape(name))


def _beginning(path: Path) -> bytes:
    """The first bytes of the plain text."""
    with PlainStream(path, "as it is", lambda size: None) as stream:
        return stream.text.read(_BYTES)


def _one_byte_text(path: Path, data: bytes, encoding: Guess) -> tuple[bytes, str]:
    """Bytes in which a line end is one byte, and their encoding as Python calls it.

    Half a letter of UTF-16, and of half a pair, become bytes that are no UTF-8, as in an ingest.
    """
    if encoding.value != "utf-16":
        return data, {"windows-1252": "cp1252", "utf-8": "utf-8"}.get(encoding.value, "iso8859-1")
    marks = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
    codec = marks.get(data[:2]) or ("utf-16-be" if data[:1] == b"\0" else "utf-16-le")
    text = data[: len(data) & ~1].decode(codec, "surrogatepass").removeprefix("\ufeff")
    return text.encode("utf-8", "surrogatepass"), "utf-8"


def _whole_lines(data: bytes) -> tuple[bytes, bytes]:
    """The first line, and the lines behind it that are whole, at most so many."""
    if len(data) >= _BYTES:
        data = data[: data.rfind(b"\n") + 1] or data
    first, end, body = data.partition(b"\n")
    lines = body.split(b"\n")
    while lines and not lines[-1].strip(b"\r"):  # blank lines at the end are no rows
        lines.pop()
    return first + end, b"\n".join(lines[:_ROWS])
