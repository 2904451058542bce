"""The CSV files of our own: codelists, lookups, published values, concepts, results.

One reader for all of them. It knows no longest field, keeps the line of every row, and tells
whatever is wrong with a file as ours. Delivered files are read by `io/lines.py`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ldn_spark.errors import ConfigError, Problem
from ldn_spark.text_files import read_text

_LONGEST_FIELD = (1 << 31) - 1
csv.field_size_limit(_LONGEST_FIELD)  # 131,072 characters otherwise, for the whole process

DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is not blank.

    Attributes:
        line: the line of the file that it begins on, counted from 1.
        fields: its fields without the blanks around them.
    """

    line: int
    fields: tuple[str, ...]


def delimiter_of(header: str, among: str = DELIMITERS) -> str:
    """The delimiter that a header line uses: the one that occurs most, the first of equals.

    >>> delimiter_of("code;term"), delimiter_of("code"), delimiter_of("code,term,a;b")
    (';', ',', ',')
    """
    return max(among, key=header.count)


def read_rows(
    path: Path,
    *,
    among: str = DELIMITERS,
    comments: bool = False,
    missing: Problem | None = None,
) -> list[Row]:
    """The rows of a CSV that are not blank, the header first; its delimiter is the header's.

    Args:
        path: the file.
        among: the delimiters that it may have.
        comments: pass over lines that begin with `#`.
        missing: what to say when there is no file.

    Raises:
        ConfigError: as `read_text` and `split_rows`.
    """
    text = read_text(path, missing)
    lines = io.StringIO(text, newline="")
    header = next((n for n in lines if n.strip() and not (comments and n.startswith("#"))), "")
    return list(split_rows(path, text, delimiter_of(header, among), comments=comments))


def split_rows(path: Path, text: str, delimiter: str, *, comments: bool = False) -> Iterator[Row]:
    """The rows of a CSV that are not blank; a quoted field may hold line ends.

    Args:
        path: of the file, for what is said of it.
        text: its text.
        delimiter: between its fields.
        comments: pass over lines that begin with `#`.

    Raises:
        ConfigError: a quotation mark is not closed, or something stands behind it.
    """
    lines = io.StringIO(text, newline="")
    kept = ("\n" if comments and line.startswith("#") else line for line in lines)
    rows, first = csv.reader(kept, delimiter=delimiter, strict=True), 1
    try:
        for cells in rows:
            fields = tuple(cell.strip() for cell in cells)
            if any(fields):
                yield Row(first, fields)
            first = rows.line_num + 1
    except csv.Error as error:
        where = f"{path} line {first}"
        raise ConfigError(Problem(where, f"is no CSV: {error}", "mend the line")) from None


def split_line(text: str, delimiter: str, quote: str | None) -> list[str]:
    """The fields of one line without its end; a quoted field may hold the delimiter."""
    if not quote:
        return text.split(delimiter)
    return next(csv.reader([text], delimiter=delimiter, quotechar=quote), [])
