"""CSV that a spreadsheet opens as it stands: numbers as numbers, and no text as a formula."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from ldn_spark.shown import escaped

FORMULA_SIGNS = "=+-@＝＋－＠"
"""What a spreadsheet takes for the beginning of a formula; the wide ones in East Asian settings."""
_SIGNS = tuple(FORMULA_SIGNS)
_REMEMBERED = 4096
"""Names and words come in row after row."""
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_MINUS = "\N{MINUS SIGN}"


def csv_cell(text: str) -> str:
    r"""A field that is no formula and holds nothing that a terminal obeys.

    A number stays as it is. A text that begins with a negative number gets a true minus sign, one
    that begins with another formula sign an apostrophe before it (OWASP: CSV injection).

    >>> csv_cell("-1.2"), csv_cell("-0.9 to 2.0"), csv_cell("=1+1"), csv_cell("a\x1b[31m")
    ('-1.2', '−0.9 to 2.0', "'=1+1", 'a\\x1b[31m')
    """
    text = escaped(text, keep="\n")
    if not text.startswith(_SIGNS) or _NUMBER.fullmatch(text):
        return text
    if text[0] == "-" and text[1:2].isdecimal():
        return _MINUS + text[1:]
    return "'" + text


@lru_cache(_REMEMBERED)
def _field(text: str) -> str:
    """A field as it stands in a file: by `csv_cell`, quoted only where needed."""
    cell = csv_cell(text)
    if "," in cell or '"' in cell or "\n" in cell:
        return '"' + cell.replace('"', '""') + '"'
    return cell


def csv_line(fields: Iterable[str]) -> str:
    """Fields as a line of a CSV without its end, or as a part of one.

    The bytes are those of `csv.writer`, which looks at every character of every field again.

    >>> print(csv_line(["a,b", "", "=1", 'the "c" of', "d"]))
    "a,b",,'=1,"the ""c"" of",d
    """
    return ",".join(map(_field, fields))


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV with LF line ends, quoted only where needed, every field by `csv_cell`."""
    return csv_lines(header, (csv_line(row) or '""' for row in rows))


def csv_lines(header: Sequence[str], lines: Iterable[str]) -> str:
    """The same of rows that `csv_line` has made lines of."""
    return "\n".join([csv_line(header), *lines, ""])
