"""The formats of delivered files, a record each: what a source can declare, and how files tell it.

A further format is a record here and the reader that it names, in `delivery/files`. What a source
may declare, its JSON schema, the search for files, their inspection and the reading follow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple


class Mark(NamedTuple):
    """How files begin that are of a format.

    Attributes:
        begin: a pattern of the first bytes.
        words: what such a file is, for messages.
        suffix: how it is usually called.
    """

    begin: re.Pattern[bytes]
    words: str
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Format:
    """A format that a source can declare.

    Attributes:
        name: as the source declares it.
        words: what a file of it is, for messages.
        reader: module and class in `delivery/files` that read it.
        marks: how its files begin.
        suffixes: what its files may be called, where they are not told by a mark.
        has_integers: whether whole numbers have a type of their own, so that a pseudonym in
            another one has lost digits.
    """

    name: str
    words: str
    reader: str
    marks: tuple[Mark, ...] = ()
    suffixes: tuple[str, ...] = ()
    has_integers: bool = True

    def mark_of(self, begin: bytes) -> Mark | None:
        """The mark that a file of these first bytes bears; None for none of them."""
        return next((mark for mark in self.marks if mark.begin.match(begin)), None)


def _mark(begin: bytes, words: str, suffix: str = "") -> Mark:
    return Mark(re.compile(begin, re.DOTALL), words, suffix)


FORMATS = (
    Format("text", "a text file", "textfiles.TextFiles"),
    Format(
        "parquet", "a Parquet file", "tablefiles.ParquetFiles", (_mark(rb"PAR1", "a Parquet file"),)
    ),
    Format("delta", "a Delta table", "tablefiles.DeltaTables"),
    Format(
        "feather",
        "a Feather file",
        "featherfiles.FeatherFiles",
        (_mark(rb"ARROW1\x00\x00", "a Feather file"),),
    ),
    Format(
        "sas",
        "a SAS file",
        "statfiles.StatFiles",
        (
            _mark(rb"\x00{12}\xc2\xea\x81", "a SAS file", ".sas7bdat"),
            _mark(rb"HEADER RECORD\*{7}LIB", "a SAS transport file", ".xpt"),
        ),
        (".sas7bdat", ".xpt"),
        has_integers=False,
    ),
    Format(
        "spss",
        "an SPSS file",
        "statfiles.StatFiles",
        (
            _mark(rb"\$FL[23]", "an SPSS file", ".sav"),
            _mark(rb".{0,200}SPSS PORT FILE", "an SPSS portable file", ".por"),
        ),
        (".sav", ".zsav", ".por"),
        has_integers=False,
    ),
    Format(
        "stata",
        "a Stata file",
        "statfiles.StatFiles",
        (
            _mark(rb"<stata_dta>", "a Stata file", ".dta"),
            _mark(rb"[\x69-\x73][\x01\x02]\x01\x00", "a Stata file", ".dta"),
        ),
        (".dta",),
        has_integers=False,
    ),
)
_BY_NAME = {one.name: one for one in FORMATS}
FormatName = Literal[tuple(_BY_NAME)]
"""The formats by name, as a type."""


def format_named(name: str) -> Format:
    """A format by its name in a source."""
    return _BY_NAME[name]


def marked(begin: bytes) -> Mark | None:
    """The mark of any format that a file of these first bytes bears."""
    marks = (one.mark_of(begin) for one in FORMATS)
    return next((mark for mark in marks if mark), None)


def format_of(begin: bytes, suffix: str) -> Format | None:
    """The format of a file, by its first bytes, else by its name; None for what may be text.

    >>> format_of(b"PAR1", ".csv").name, format_of(b"", ".SAV").name, format_of(b"a;b", ".csv")
    ('parquet', 'spss', None)
    """
    told = (one for one in FORMATS if one.mark_of(begin))
    named = (one for one in FORMATS if suffix.lower() in one.suffixes)
    return next(told, None) or next(named, None)
