"""A printed table as CSV, Markdown or an HTML fragment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ldn_spark.reporting.escaping import markdown
from ldn_spark.reporting.printed import Cell, Name, PrintedTable
from ldn_spark.texts.csv_cells import csv_text
from ldn_spark.texts.pages import fill

if TYPE_CHECKING:
    from markupsafe import Markup

    from ldn_spark.reporting.formulas import Formulas

TABLE = "reporting/table.html.j2"


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


def table_html(
    table: PrintedTable, *, prefix: str = "", formulas: Formulas | None = None
) -> Markup:
    """A `<table>` with caption, head with spans, section rows and notes in the foot.

    Args:
        table: what is printed.
        prefix: stands before the table's id: several tables of one id can stand on one page.
        formulas: those on the page, to which the heads of columns and rows link; None where they
            do not stand there.
    """
    width = len(table.columns) + 1
    links = formulas.links if formulas else _no_links
    return fill(TABLE, table=table, prefix=prefix, width=width, links=links)


def _no_links(names: tuple[Name, ...]) -> tuple[str, ...]:
    return ()
