"""The tables of a run as one Excel workbook: a sheet a table, and one of notes.

Numbers are numbers and every text is stored as text: no cell is a formula, whatever it begins with.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from ldn_spark.reporting.formats import UNDEFINED
from ldn_spark.reporting.office.numbers import number_of
from ldn_spark.reporting.office.packed import CREATED
from ldn_spark.reporting.office.placing import placed_head
from ldn_spark.reporting.office.run_tables import Export, is_wide
from ldn_spark.reporting.printed import Cell, Column, PrintedTable
from ldn_spark.shown import escaped
from ldn_spark.texts.restricted import RESTRICTED

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

NOTES = "notes"
_LONGEST_NAME = 31
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\']")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_HALVES = {
    "low": "lower limit",
    "high": "upper limit",
    "value": "value",
    "bracket": "in brackets",
}
"""What a half of a cell is called: the last word of the name of its CSV column."""
_HEAD_FROM = 2  # after the mark and the title
_NARROW, _WIDEST, _LABELS = 9, 16, 46
_NOTE_WIDTH, _LINE = 110, 15


def workbook(export: Export) -> bytes:
    """An XLSX file of every table; the same run gives the same bytes, whenever it is written."""
    import xlsxwriter

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, _OPTIONS)
    book.set_properties({"title": export.study.title, "comments": RESTRICTED, "created": CREATED})
    styles = _Styles(book)
    tables = export.tables
    names = sheet_names([table.number for table in tables])
    for name, table in zip(names, tables, strict=True):
        _Sheet(book.add_worksheet(name), styles, table).write()
    _write_notes(book.add_worksheet(NOTES), styles, export, list(zip(names, tables, strict=True)))
    book.close()
    return stream.getvalue()


def sheet_names(numbers: Sequence[str]) -> list[str]:
    """A name for each sheet: 31 characters at most, none twice in whatever letters, none reserved.

    >>> sheet_names(["Table 1", "table 1", "Table 2, a/b", "notes"])
    ['Table 1', 'table 1 (2)', 'Table 2, a b', 'notes (2)']
    """
    names: list[str] = []
    taken = {NOTES, "history"}
    for number in numbers:
        plain = _NOT_IN_NAMES.sub(" ", escaped(number)).strip() or "Table"
        name, count = plain[:_LONGEST_NAME].rstrip(), 1
        while name.casefold() in taken:
            count += 1
            end = f" ({count})"
            name = plain[: _LONGEST_NAME - len(end)].rstrip() + end
        taken.add(name.casefold())
        names.append(name)
    return names


class _Styles:
    """The formats of a workbook, each made once."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Format] = {}

    def of(self, **properties: Any) -> Format:
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format({"valign": "top", **properties})
        return self._made[key]


def _text(sheet: Worksheet, styles: _Styles, row: int, column: int, text: str, **how: Any) -> None:
    """Text as text; what begins like a formula stays one when the cell is edited, too."""
    text = escaped(text)
    if text.startswith(_FORMULA):
        how["quote_prefix"] = True
    sheet.write_string(row, column, text, styles.of(**how))


@dataclass
class _Sheet:
    """One table on its sheet, written from the top down."""

    sheet: Worksheet
    styles: _Styles
    table: PrintedTable

    def write(self) -> None:
        table, sheet = self.table, self.sheet
        self._write(0, 0, RESTRICTED, bold=True, font_color="#B00020")
        self._write(1, 0, f"{table.number}. {table.title}", bold=True)
        below = self._head()
        last = self._notes(self._body(below) + 1)
        sheet.freeze_panes(below, 1)
        sheet.print_area(0, 0, last, self._width - 1)
        sheet.repeat_rows(0, below - 1)
        sheet.fit_to_pages(1, 0)
        sheet.set_paper(9)  # A4
        sheet.set_footer(f"&L{RESTRICTED}&R&P / &N")
        if is_wide(table):
            sheet.set_landscape()
        self._set_widths()

    def _write(self, row: int, column: int, text: str, **how: Any) -> None:
        _text(self.sheet, self.styles, row, column, text, **how)

    @property
    def _width(self) -> int:
        return 1 + sum(len(column.names) for column in self.table.columns)

    def _columns(self) -> Iterator[tuple[int, Column]]:
        """Where each printed column begins."""
        at = 1
        for column in self.table.columns:
            yield at, column
            at += len(column.names)

    def _head(self) -> int:
        """The lines of the head; cells that cover several are merged. The first row below."""
        depth, table = self.table.depth, self.table
        starts = [at for at, _ in self._columns()] + [self._width]
        for one in placed_head(table):
            top, left = _HEAD_FROM + one.line, starts[one.column]
            right = starts[one.column + one.columns] - 1
            self._merged(top, left, top + one.lines - 1, right, one.text)
        halves = any(len(column.names) > 1 for column in table.columns)
        last = _HEAD_FROM + depth - 1 + halves
        self._merged(_HEAD_FROM, 0, last, 0, table.stub, align="left")
        if halves:
            for at, column in self._columns():
                for more, name in enumerate(column.names):
                    half = _half(name) if len(column.names) > 1 else ""
                    self._write(last, at + more, half, italic=True, align="right", bottom=1)
        return last + 1

    def _merged(
        self, top: int, left: int, bottom: int, right: int, text: str, *, align: str = "center"
    ) -> None:
        how: dict[str, Any] = {"bold": True, "align": align, "text_wrap": True, "bottom": 1}
        if (top, left) != (bottom, right):
            self.sheet.merge_range(top, left, bottom, right, "", self.styles.of(**how))
        self._write(top, left, text, **how)

    def _body(self, row: int) -> int:
        """The rows, with the heading of each section; the first row below."""
        for section in self.table.sections:
            if section.label:
                self._write(row, 0, section.label, bold=True)
                row += 1
            for one in section.rows:
                indent = 1 if section.label else 0
                self._write(row, 0, one.label, indent=indent, text_wrap=True)
                for (at, _), cell in zip(self._columns(), one.cells, strict=True):
                    for part in range(len(cell.parts)):
                        self._part(row, at + part, cell, part)
                row += 1
        return row

    def _part(self, row: int, column: int, cell: Cell, part: int) -> None:
        number = number_of(cell, part)
        if number is not None:
            how = self.styles.of(num_format=number.form, align="right")
            self.sheet.write_number(row, column, number.value, how)
        elif text := cell.parts[part]:
            self._write(row, column, text, align="right")
        elif mark := self.table.mark(cell):
            raised = self.styles.of(font_script=1)
            pieces = (UNDEFINED, raised, mark)
            self.sheet.write_rich_string(row, column, *pieces, self.styles.of(align="right"))

    def _notes(self, row: int) -> int:
        """Caption, notes and reasons below the table; the last row."""
        reasons = [f"{mark}: {reason}" for mark, reason in self.table.footnotes]
        for note in filter(None, (self.table.caption.strip(), *self.table.notes, *reasons)):
            self.sheet.merge_range(row, 0, row, self._width - 1, "", self.styles.of(text_wrap=True))
            self._write(row, 0, note, text_wrap=True)
            self.sheet.set_row(row, _LINE * ceil(len(note) / self._letters()))
            row += 1
        return row - 1

    def _letters(self) -> int:
        """How many letters of a note stand on a line."""
        return int(sum(self._widths()) * 0.95)

    def _widths(self) -> list[int]:
        rows = list(self.table.rows())
        labels = max([len(row.label) + 2 for row in rows], default=0)
        widths = [min(max(labels, 18), _LABELS)]
        for index, (_, column) in enumerate(self._columns()):
            for part, name in enumerate(column.names):
                half = _half(name) if len(column.names) > 1 else column.headers[-1]
                longest = max([len(row.cells[index].parts[part]) for row in rows], default=0)
                widths.append(min(max(longest + 2, len(half) + 1, _NARROW), _WIDEST))
        return widths

    def _set_widths(self) -> None:
        for at, width in enumerate(self._widths()):
            self.sheet.set_column(at, at, width)


def _half(name: str) -> str:
    return _HALVES.get(name.rpartition("_")[2], name)


def _write_notes(
    sheet: Worksheet,
    styles: _Styles,
    export: Export,
    tables: Sequence[tuple[str, PrintedTable]],
) -> None:
    """What the workbook holds: the mark, the study, each sheet with its title."""
    _text(sheet, styles, 0, 0, RESTRICTED, bold=True, font_color="#B00020")
    row = 1
    for text in export.about:
        _text(sheet, styles, row, 0, text, bold=row == 1)
        row += 1
    row += 1
    for column, head in enumerate(("Sheet", "Title")):
        _text(sheet, styles, row, column, head, bold=True, bottom=1)
    for row, (name, table) in enumerate(tables, start=row + 1):  # noqa: B020
        _text(sheet, styles, row, 0, name)
        _text(sheet, styles, row, 1, f"{table.number}. {table.title}", text_wrap=True)
    sheet.set_column(0, 0, _LONGEST_NAME + 2)
    sheet.set_column(1, 1, _NOTE_WIDTH)
    sheet.print_area(0, 0, row, 1)
    sheet.fit_to_pages(1, 0)
    sheet.set_landscape()
    sheet.set_footer(f"&L{RESTRICTED}&R&P / &N")
