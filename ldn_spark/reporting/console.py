"""Tables in the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from ldn_spark.errors import Problem, UsageError
from ldn_spark.estimates.results import Results
from ldn_spark.reporting.captions import NUMBERS
from ldn_spark.reporting.exposure_tables import exposure_tables
from ldn_spark.reporting.formats import UNDEFINED
from ldn_spark.reporting.printed import Cell, PrintedTable, Row, Section
from ldn_spark.reporting.tables import all_tables, design_tables
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.texts.restricted import RESTRICTED

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

DEFAULT_TABLES = ("table1", "table2", "table3", "table4", "dispenses", "exposures")
_GAP, _LEAST_LABEL = 2, 10
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
    tables = list(all_tables(definition, results, subgroup=subgroup))
    if not subgroup:
        tables += [t for one in definition.designs for t in design_tables(definition, results, one)]
        tables += exposure_tables(definition, results)
    for table in tables:
        if table.id in which:
            _print(console, table)


def _print(console: Console, table: PrintedTable) -> None:
    from rich.padding import Padding
    from rich.text import Text

    console.print()
    console.print(Text(RESTRICTED, style="bold"))
    console.print(Text.assemble((f"{table.number}. ", "bold"), (table.title, "bold")))
    for part in table_parts(table, console.width):
        console.print(part)
    for note in (table.caption, *table.notes):
        console.print(Padding(Text(note, style="dim"), (0, 1)))
    for mark, reason in table.footnotes:
        console.print(Padding(Text(f"{mark.translate(_RAISED)} {reason}", style="dim"), (0, 1)))


def table_parts(table: PrintedTable, width: int) -> Iterator[RenderableType]:
    """A table in the parts that are printed one below the other, whole in any usual terminal.

    The head, then every section: its label over the full width, its rows below. All have the same
    column widths, so that the labels of sections, which are long, do not widen the first column.
    Where the columns have no room side by side, some of them follow below with the labels again.
    Lines are broken between words only.
    """
    heads = _heads(table)
    widths = [_column_width(table, *column) for column in enumerate(heads)]
    least = max(_longest_word(table), _LEAST_LABEL)
    gap = _GAP if _room(width, widths, _GAP) >= least else 1
    for block in _blocks(table, widths, width - least - 1, gap):
        chosen = [widths[position] for position in block]
        label = min(_longest_label(table), max(_room(width, chosen, gap), least))
        yield from _block_parts(table, heads, block, [label, *chosen], gap)


def _block_parts(
    table: PrintedTable,
    heads: Sequence[Sequence[str]],
    block: Sequence[int],
    widths: Sequence[int],
    gap: int,
) -> Iterator[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    def part(rows: Iterable[Sequence[Text]]) -> RenderableType:
        return Padding(_grid(widths, gap, rows), (0, 0, 0, 1))

    wrapped = [_wrap(heads[at], room) for at, room in zip(block, widths[1:], strict=True)]
    yield part([[Text(table.stub), *wrapped]])
    yield Text(f" {'─' * (sum(widths) + gap * (len(widths) - 1))}")
    for section in table.sections:
        if section.label:
            yield Text(f" {section.label}", style="bold")
        yield part(
            [Text(label), *(_text(table, row.cells[at]) for at in block)]
            for row, label in _labelled(section)
        )


def _blocks(
    table: PrintedTable, widths: Sequence[int], room: int, gap: int
) -> Iterator[Sequence[int]]:
    """Columns that have room side by side; those under one header stay together if they can."""
    block: list[int] = []
    for _, group in groupby(range(len(widths)), key=lambda at: table.columns[at].headers[0]):
        together = list(group)
        if block and sum(widths[at] + gap for at in [*block, *together]) > room:
            yield block
            block = []
        for at in together:
            if block and sum(widths[one] + gap for one in [*block, at]) > room:
                yield block
                block = []
            block.append(at)
    yield block


def _labelled(section: Section) -> Iterator[tuple[Row, str]]:
    for row in section.rows:
        yield row, f"  {row.label}" if section.label else row.label


def _longest_label(table: PrintedTable) -> int:
    labels = (label for section in table.sections for _, label in _labelled(section))
    return max(len(text) for text in (table.stub, *labels))


def _longest_word(table: PrintedTable) -> int:
    labels = (label for section in table.sections for _, label in _labelled(section))
    # with what stands before it on a line: the indent of a row below a section's label
    indent = 2 if any(section.label for section in table.sections) else 0
    return indent + max(len(word) for text in (table.stub, *labels) for word in text.split())


def _room(width: int, widths: Sequence[int], gap: int) -> int:
    """What the columns of numbers leave for the labels."""
    return width - 1 - sum(widths) - gap * len(widths)


def _column_width(table: PrintedTable, position: int, head: Sequence[str]) -> int:
    """The widest cell, or the longest word of the head."""
    cells = (_text(table, row.cells[position]).plain for row in table.rows())
    return max(len(text) for text in (*" ".join(head).split(), *cells))


def _grid(widths: Sequence[int], gap: int, rows: Iterable[Sequence[Text]]) -> Table:
    """Labels on the left, numbers on the right of their columns; no lines around them."""
    from rich.table import Table

    made = Table.grid(padding=(0, gap, 0, 0))
    for position, room in enumerate(widths):
        justify = "right" if position else "left"
        made.add_column(justify=justify, width=room, no_wrap=position > 0, vertical="bottom")
    for row in rows:
        made.add_row(*row)
    return made


def _text(table: PrintedTable, cell: Cell) -> Text:
    from rich.text import Text

    mark = table.mark(cell).translate(_RAISED)
    return Text(f"{cell.text}{mark}", style="dim" if cell.text == UNDEFINED else "")


def _heads(table: PrintedTable) -> list[tuple[str, ...]]:
    """The headers of every column; one over several columns stands over the first of them."""
    heads = []
    previous: tuple[str, ...] = ()
    for column in table.columns:
        names = column.headers
        shown = (
            level == len(names) - 1 or names[: level + 1] != previous[: level + 1]
            for level in range(len(names))
        )
        heads.append(tuple(name for name, is_new in zip(names, shown, strict=True) if is_new))
        previous = names
    return heads


def _wrap(names: Sequence[str], width: int) -> Text:
    from rich.text import Text

    return Text("\n".join(line for name in names for line in textwrap.wrap(name, width)))
