"""A printed table as a table of Word."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from ldn_spark.reporting.office.placing import placed_head
from ldn_spark.shown import escaped

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import Table, _Cell

    from ldn_spark.reporting.printed import PrintedTable

CELL = "Table Text"
_LABEL, _LONGEST, _SHORTEST = 30, 18, 6
"""Letters that the columns are given room for."""


def add_table(made: Document, table: PrintedTable, width: int) -> None:
    """Append a table: lines above, below and under its head, which is repeated on every page.

    Args:
        made: the document.
        table: what is printed.
        width: of the page between its margins.
    """
    from docx.table import _Cell

    depth = table.depth
    sections = [one for one in table.sections if one.rows]
    rows = depth + sum(len(one.rows) + bool(one.label) for one in sections)
    word = made.add_table(rows, len(table.columns) + 1)
    word.autofit = False
    grid = [[_Cell(tc, word) for tc in tr.tc_lst] for tr in word._tbl.tr_lst]
    style = made.styles[CELL].style_id  # by its id: a look-up for every cell would take seconds
    for cell in chain.from_iterable(grid):
        cell._tc.p_lst[0].style = style
    _set_widths(word, grid, table, width)
    _head(grid, table)
    at = depth
    for section in sections:
        if section.label:
            _write(grid[at][0].merge(grid[at][-1]), section.label, bold=True)
            at += 1
        for row in section.rows:
            _write(grid[at][0], row.label)
            for place, cell in zip(grid[at][1:], row.cells, strict=True):
                _write(place, cell.text, mark=table.mark(cell), right=True)
            at += 1
    for number, line in enumerate(word.rows):
        _set_row(line._tr, repeated=number < depth)
    _rule(grid[0], "top")
    _rule(grid[depth - 1], "bottom")
    _rule(grid[-1], "bottom")


def _head(grid: list[list[_Cell]], table: PrintedTable) -> None:
    _write(grid[0][0].merge(grid[table.depth - 1][0]), table.stub, bold=True)
    for one in placed_head(table):
        first = grid[one.line][one.column + 1]
        last = grid[one.line + one.lines - 1][one.column + one.columns]
        place = first.merge(last) if first is not last else first
        _write(place, one.text, bold=True, right=True, centred=one.columns > 1)


def _write(
    place: _Cell,
    text: str,
    *,
    mark: str = "",
    bold: bool = False,
    right: bool = False,
    centred: bool = False,
) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    paragraph = place.paragraphs[0]
    if right:
        at = WD_ALIGN_PARAGRAPH
        paragraph.alignment = at.CENTER if centred else at.RIGHT
    run = paragraph.add_run(escaped(text, keep="\u00a0\u202f"))
    run.bold = bold or None
    if mark:
        paragraph.add_run(mark).font.superscript = True


def _set_widths(word: Table, grid: list[list[_Cell]], table: PrintedTable, width: int) -> None:
    from docx.shared import Emu

    letters = list(_letters(table))
    for at, wide in enumerate(letters):
        each = Emu(width * wide // sum(letters))
        word.columns[at].width = each
        for row in grid:
            row[at].width = each


def _letters(table: PrintedTable) -> Iterator[int]:
    rows = list(table.rows())
    longest = max((len(row.label) for row in rows), default=0)
    yield min(max(longest, len(table.stub), _SHORTEST), _LABEL)
    for at, column in enumerate(table.columns):
        cells = max((len(row.cells[at].text) for row in rows), default=0)
        word = max(map(len, column.headers[-1].split()), default=0)
        yield min(max(cells, word, _SHORTEST), _LONGEST) + 1


def _set_row(line: object, *, repeated: bool) -> None:
    """A row stays on one page; one of the head is repeated on every page."""
    from docx.oxml import OxmlElement

    properties = line.get_or_add_trPr()  # type: ignore[attr-defined]
    properties.append(OxmlElement("w:cantSplit"))
    if repeated:
        properties.append(OxmlElement("w:tblHeader"))


def _rule(cells: list[_Cell], side: str) -> None:
    """A line at one side of a row of cells."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for tc in dict.fromkeys(cell._tc for cell in cells):
        properties = tc.get_or_add_tcPr()
        borders = properties.find(qn("w:tcBorders"))
        if borders is None:
            borders = OxmlElement("w:tcBorders")
            _insert_borders(properties, borders)
        line = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", "8"), ("space", "0"), ("color", "auto")):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)


def _insert_borders(properties: object, borders: object) -> None:
    """Put borders where the schema has them: after the width and the spans of a cell."""
    from docx.oxml.ns import qn

    before = {qn(f"w:{name}") for name in ("cnfStyle", "tcW", "gridSpan", "hMerge", "vMerge")}
    at = sum(child.tag in before for child in properties)  # type: ignore[attr-defined]
    properties.insert(at, borders)  # type: ignore[attr-defined]
