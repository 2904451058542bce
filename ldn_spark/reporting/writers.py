"""A printed table as CSV, Markdown or an HTML fragment."""

from __future__ import annotations

from collections.abc import Iterable

from ldn_spark.csv_cells import csv_text
from ldn_spark.reporting.escaping import html_text as escape
from ldn_spark.reporting.escaping import markdown
from ldn_spark.reporting.printed import Cell, PrintedTable, Row, Section


def table_csv(table: PrintedTable) -> str:
    """The printed numbers, each in a column of its own, in ASCII.

    An undefined number is an empty field; the last column says why.
    """
    names = [name for column in table.columns for name in column.names]
    return csv_text([*table.key_names, *names, "not_estimable"], _csv_rows(table))


def _csv_rows(table: PrintedTable) -> Iterable[list[str]]:
    sectioned = len(table.key_names) > 2
    for section in table.sections:
        for row in section.rows:
            keys = [row.key, row.label]
            parts = [part for cell in row.cells for part in cell.parts]
            reasons = dict.fromkeys(cell.reason for cell in row.cells if cell.reason)
            before = [section.key, section.label] if sectioned else []
            yield [*before, *keys, *parts, "; ".join(reasons)]


def table_markdown(table: PrintedTable) -> str:
    """A GitHub pipe table with its caption above and its notes below."""
    heads = [
        markdown(table.stub),
        *(markdown(": ".join(column.headers)) for column in table.columns),
    ]
    lines = [
        f"**{markdown(table.number)}.** {markdown(table.title)} {markdown(table.caption)}".rstrip(),
        "",
        _pipes(heads),
        _pipes([":---", *("---:" for _ in table.columns)]),
    ]
    for section in table.sections:
        if section.label:
            lines.append(_pipes([f"**{markdown(section.label)}**", *("" for _ in table.columns)]))
        lines.extend(
            _pipes([markdown(row.label), *(_md_cell(table, cell) for cell in row.cells)])
            for row in section.rows
        )
    for note in table.notes:
        lines += ["", markdown(note)]
    for mark, reason in table.footnotes:
        lines += ["", f"<sup>{mark}</sup> {markdown(reason)}"]
    return "\n".join(lines) + "\n"


def _pipes(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _md_cell(table: PrintedTable, cell: Cell) -> str:
    mark = table.mark(cell)
    return markdown(cell.text) + (f"<sup>{mark}</sup>" if mark else "")


def table_html(table: PrintedTable, *, prefix: str = "") -> str:
    """A `<table>` with caption, head with spans, section rows and notes in the foot.

    Its id is `prefix` and the table's: several tables of one id can stand on one page.
    """
    lines = [
        f'<table class="printed" id="{escape(prefix + table.id)}">',
        f"<caption><strong>{escape(table.number)}.</strong> {escape(table.title)} "
        f"<span>{escape(table.caption)}</span></caption>",
        *_html_head(table),
    ]
    for section in table.sections:
        lines += ["<tbody>", *_html_section(table, section), "</tbody>"]
    lines += [*_html_foot(table), "</table>"]
    return "\n".join(lines) + "\n"


def _html_head(table: PrintedTable) -> Iterable[str]:
    yield "<thead>"
    for number, line in enumerate(table.head):
        cells = []
        if number == 0:
            span = f' rowspan="{table.depth}"' if table.depth > 1 else ""
            tag = "th" if table.stub else "td"
            scope = ' scope="col"' if table.stub else ""
            cells.append(f"<{tag}{scope}{span}>{escape(table.stub)}</{tag}>")
        for cell in line:
            scope = "colgroup" if cell.columns > 1 else "col"
            span = f' colspan="{cell.columns}"' if cell.columns > 1 else ""
            span += f' rowspan="{cell.lines}"' if cell.lines > 1 else ""
            cells.append(f'<th scope="{scope}"{span}>{escape(cell.text)}</th>')
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</thead>"


def _html_section(table: PrintedTable, section: Section) -> Iterable[str]:
    if section.label:
        width = len(table.columns) + 1
        yield (
            f'<tr class="section"><th scope="rowgroup" colspan="{width}">'
            f"{escape(section.label)}</th></tr>"
        )
    for row in section.rows:
        yield _html_row(table, row, indented=bool(section.label))


def _html_row(table: PrintedTable, row: Row, *, indented: bool) -> str:
    style = ' class="within"' if indented else ""
    cells = "".join(f"<td>{_html_cell(table, cell)}</td>" for cell in row.cells)
    return f'<tr><th scope="row"{style}>{escape(row.label)}</th>{cells}</tr>'


def _html_cell(table: PrintedTable, cell: Cell) -> str:
    mark = table.mark(cell)
    if not mark:
        return escape(cell.text)
    return f'<span title="{escape(cell.reason)}">{escape(cell.text)}<sup>{mark}</sup></span>'


def _html_foot(table: PrintedTable) -> Iterable[str]:
    notes = [escape(note) for note in table.notes]
    notes += [f"<sup>{mark}</sup> {escape(reason)}" for mark, reason in table.footnotes]
    if notes:
        width = len(table.columns) + 1
        body = "".join(f"<p>{note}</p>" for note in notes)
        yield f'<tfoot><tr><td colspan="{width}">{body}</td></tr></tfoot>'
