"""CSV that a spreadsheet opens as it stands: numbers as numbers, and no text as a formula."""

from __future__ import annotations

import csv
import io
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


@lru_cache(_REMEMBERED)
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


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV with LF line ends, quoted only where needed, every field by `csv_cell`."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(map(csv_cell, header))
    writer.writerows(map(csv_cell, row) for row in rows)
    return stream.getvalue()
