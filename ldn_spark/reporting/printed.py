"""A table as it is printed, before it becomes CSV, Markdown, HTML or a terminal table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from ldn_spark.reporting.formats import UNDEFINED, pretty

Name = tuple[str, str]
"""A quantity: its table and its name there."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: the numbers in it and how they stand together.

    Attributes:
        parts: printed numbers in ASCII, one per CSV column; empty where undefined.
        pattern: the cell in print, with `{}` for each part.
        reason: why a part is undefined; empty when none is.
        of: the quantities in it, by table and name.
    """

    parts: tuple[str, ...]
    pattern: str = "{}"
    reason: str = ""
    of: tuple[Name, ...] = ()

    @property
    def text(self) -> str:
        """The cell in print; a dash for what is undefined, nothing for an empty cell.

        >>> Cell(("-0.9", "2.0"), "({} to {})").text
        '(−0.9 to 2.0)'
        """
        if not any(self.parts):
            return UNDEFINED if self.reason else ""
        return self.pattern.format(*(pretty(part) if part else UNDEFINED for part in self.parts))


@dataclass(frozen=True, slots=True)
class Column:
    """One printed column: its headers from the top down, and the CSV columns it becomes."""

    headers: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table; `key` names it in CSV, `label` in print."""

    key: str
    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a common heading; a section without a label prints no heading."""

    key: str
    label: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class HeaderCell:
    """One cell of the head with the columns and lines it covers, and the quantities of a leaf."""

    text: str
    columns: int
    lines: int
    of: tuple[Name, ...] = ()


@dataclass(frozen=True)
class PrintedTable:
    """A numbered table.

    Attributes:
        id: file name without its ending: `table2`, `did_users`.
        number: as it is cited: `Table 2`.
        title: one line.
        caption: the sentences after the title.
        stub: header of the first column.
        key_names: names of the CSV columns before the numbers: section, its label, row; or
            row, its label where there are no sections.
        columns: the columns after the stub.
        sections: the rows.
        notes: what stands below, before the reasons for undefined cells.
    """

    id: str
    number: str
    title: str
    caption: str
    stub: str
    key_names: tuple[str, ...]
    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = field(default=())

    def rows(self) -> Iterator[Row]:
        """Every row of every section."""
        for section in self.sections:
            yield from section.rows

    @cached_property
    def of_columns(self) -> tuple[tuple[Name, ...], ...]:
        """The quantities of each column; none of one whose rows differ in what they are of."""
        columns = ([row.cells[at].of for row in self.rows()] for at in range(len(self.columns)))
        kinds = ([of for of in dict.fromkeys(column) if of] for column in columns)
        return tuple(found[0] if len(found) == 1 else () for found in kinds)

    def of_row(self, row: Row) -> tuple[Name, ...]:
        """The quantities of a row that are not those of a whole column, each once."""
        pairs = zip(row.cells, self.of_columns, strict=True)
        return tuple(dict.fromkeys(name for cell, of in pairs if not of for name in cell.of))

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        """Reasons for undefined cells, in the order in which they are first met."""
        found = (cell.reason for row in self.rows() for cell in row.cells if cell.reason)
        return tuple(dict.fromkeys(found))

    def mark(self, cell: Cell) -> str:
        """The footnote letter of an undefined cell; empty for any other."""
        return letter(self.reasons.index(cell.reason)) if cell.reason else ""

    @property
    def footnotes(self) -> tuple[tuple[str, str], ...]:
        """Letter and text of each reason."""
        return tuple((letter(index), text) for index, text in enumerate(self.reasons))

    @property
    def head(self) -> tuple[tuple[HeaderCell, ...], ...]:
        """The head line by line, without the stub; equal neighbours are drawn as one cell."""
        depth = self.depth
        lines: list[list[HeaderCell]] = [[] for _ in range(depth)]
        for level in range(depth):
            previous: tuple[str, ...] | None = None
            for column, of in zip(self.columns, self.of_columns, strict=True):
                path = column.headers[: level + 1]
                if len(column.headers) <= level:
                    previous = None
                elif path == previous:
                    last = lines[level][-1]
                    lines[level][-1] = HeaderCell(last.text, last.columns + 1, last.lines)
                else:
                    leaf = len(column.headers) == level + 1
                    height, named = (depth - level, of) if leaf else (1, ())
                    lines[level].append(HeaderCell(path[-1], 1, height, named))
                    previous = None if leaf else path
        return tuple(tuple(line) for line in lines)

    @property
    def depth(self) -> int:
        """How many lines the head has."""
        return max(len(column.headers) for column in self.columns)


def letter(index: int) -> str:
    """a, b, ..., z, aa, ab, ...

    >>> letter(0), letter(25), letter(26)
    ('a', 'z', 'aa')
    """
    first, last = divmod(index, 26)
    return (letter(first - 1) if first else "") + "abcdefghijklmnopqrstuvwxyz"[last]
