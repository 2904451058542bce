"""Where each cell of a table's head stands, for formats that place cells by row and column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ldn_spark.reporting.printed import PrintedTable


@dataclass(frozen=True, slots=True)
class Placed:
    """A cell of the head: its text, its first line and column after the stub, what it covers."""

    text: str
    line: int
    column: int
    lines: int
    columns: int


def placed_head(table: PrintedTable) -> Iterator[Placed]:
    """Every cell of the head, line by line, from 0 on."""
    covered = [0] * len(table.columns)  # how many lines are filled above each column
    for line, cells in enumerate(table.head):
        column = 0
        for cell in cells:
            while covered[column] > line:
                column += 1
            yield Placed(cell.text, line, column, cell.lines, cell.columns)
            for each in range(column, column + cell.columns):
                covered[each] = line + cell.lines
            column += cell.columns
