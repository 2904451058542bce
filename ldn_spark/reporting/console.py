"""Tables in the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ldn_spark.errors import Problem, UsageError
from ldn_spark.reporting.captions import NUMBERS
from ldn_spark.reporting.formats import UNDEFINED
from ldn_spark.reporting.printed import Cell, PrintedTable
from ldn_spark.reporting.tables import all_tables
from ldn_spark.results import Results
from ldn_spark.study.definition import StudyDefinition

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

DEFAULT_TABLES = ("table1", "table2", "table3", "table4", "dispenses")
_HEADER_WIDTH = 12
_RAISED = str.maketrans("abcdefghijklmnoprstuvwxyz", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ")


def print_tables(
    console: Console,
    results: Results,
    definition: StudyDefinition,
    *,
    which: Sequence[str] = DEFAULT_TABLES,
    subgroup: str = "",
) -> None:
    """Print tables by id, in the order of the report: `table1` ... `table5`, `did_ddd`, ...

    Tables that the study does not have (no secondary outcomes, no contrasts) are passed over.

    Raises:
        UsageError: there is no table or no subgroup of that name.
    """
    unknown = [name for name in which if name not in NUMBERS]
    if unknown:
        known = f"known: {', '.join(NUMBERS)}"
        raise UsageError([Problem(name, "there is no such table", known) for name in unknown])
    subgroups = [group.id for group in definition.subgroups]
    if subgroup and subgroup not in subgroups:
        known = f"known: {', '.join(subgroups)}" if subgroups else "the study has none"
        raise UsageError(Problem(subgroup, "there is no such subgroup", known))
    for table in all_tables(definition, results, subgroup=subgroup):
        if table.id in which:
            _print(console, table)


def _print(console: Console, table: PrintedTable) -> None:
    from rich.padding import Padding
    from rich.text import Text

    console.print()
    console.print(Text.assemble((f"{table.number}. ", "bold"), (table.title, "bold")))
    console.print(rich_table(table))
    for note in (table.caption, *table.notes):
        console.print(Padding(Text(note, style="dim"), (0, 1)))
    for mark, reason in table.footnotes:
        console.print(Padding(Text(f"{mark.translate(_RAISED)} {reason}", style="dim"), (0, 1)))


def rich_table(table: PrintedTable) -> Table:
    """A table for a terminal of 100 columns: headers stacked, sections in bold."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, header_style="")
    made.add_column(Text(table.stub), overflow="fold", vertical="bottom")
    for header in _headers(table):
        made.add_column(header, justify="right", no_wrap=True, vertical="bottom")
    for section in table.sections:
        if section.label:
            made.add_row(Text(section.label, style="bold"))
        indent = "  " if section.label else ""
        for row in section.rows:
            made.add_row(Text(indent + row.label), *(_text(table, cell) for cell in row.cells))
    return made


def _text(table: PrintedTable, cell: Cell) -> Text:
    from rich.text import Text

    mark = table.mark(cell).translate(_RAISED)
    return Text(f"{cell.text}{mark}", style="dim" if cell.text == UNDEFINED else "")


def _headers(table: PrintedTable) -> list[Text]:
    """One stacked header per column; a header over several columns stands over the first."""
    from rich.text import Text

    headers = []
    previous: tuple[str, ...] = ()
    for column in table.columns:
        lines: list[str] = []
        for level, name in enumerate(column.headers):
            leaf = level == len(column.headers) - 1
            if leaf or column.headers[: level + 1] != previous[: level + 1]:
                lines += textwrap.wrap(name, _HEADER_WIDTH, break_long_words=False)
        previous = column.headers
        headers.append(Text("\n".join(lines)))
    return headers
