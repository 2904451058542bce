"""A comparison and an audit in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ldn_spark.papers.audit.findings import Finding
from ldn_spark.papers.compare.comparison import (
    DIFFERS,
    EQUAL,
    IMPOSSIBLE,
    VERDICTS,
    Compared,
    Comparison,
)
from ldn_spark.papers.compare.files import COMPARE_CSV, audit_summary, lost_text
from ldn_spark.shown import counted, numbered

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_SHOWN = 60
"""So many differing values fill two screens."""
_COLOURS = {"equal": "green", "differs": "yellow", "impossible": "red", "inconsistent": "yellow"}


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Totals by place, what differs, what is impossible, and what other intervals would lose.

    What is equal is counted. Of very many that differ the first are shown; all of them stand in
    the files of the comparison.
    """
    console.print(_totals(comparison))
    _print_differing(console, [row for row in comparison.rows if row.verdict == DIFFERS])
    _print_impossible(console, [row for row in comparison.rows if row.verdict == IMPOSSIBLE])
    for rival in comparison.rivals:
        if not rival.lost:
            console.print(f"The interval {rival.method} would lose no cell.")
            continue
        cells = numbered(len(rival.lost), "cell")
        text = f"The interval {rival.method} would lose {cells}: {lost_text(rival)}."
        console.print(text, markup=False)
    total = comparison.total
    equal = counted(total[EQUAL])
    values = numbered(len(comparison.rows), "published value is", "published values are")
    console.print(
        f"[bold]{equal} of {values} equal[/], "
        f"{numbered(total[DIFFERS], 'differs', 'differ')}, "
        f"{counted(total[IMPOSSIBLE])} cannot come from any data."
    )


def _totals(comparison: Comparison) -> Table:
    table = _table(("printed in", "left"), ("values", "right"), *((v, "right") for v in VERDICTS))
    for place, counts in comparison.totals().items():
        table.add_row(place, counted(sum(counts.values())), *(counted(counts[v]) for v in VERDICTS))
    total = comparison.total
    table.add_section()
    table.add_row("all", counted(len(comparison.rows)), *(counted(total[v]) for v in VERDICTS))
    return table


def _print_differing(console: Console, rows: Sequence[Compared]) -> None:
    from rich.text import Text

    if not rows:
        return
    table = _table(
        ("differs", "left"), ("printed in", "left"), ("published", "right"), ("computed", "right")
    )
    for row in rows[:_SHOWN]:
        value = row.published
        # where nothing could be computed, why; else the two numbers say it all
        computed = row.computed or row.reason
        table.add_row(Text(value.name), Text(value.place), Text(value.text), Text(computed))
    console.print(table)
    if len(rows) > _SHOWN:
        console.print(
            f"and {numbered(len(rows) - _SHOWN, 'more differs', 'more differ')}: "
            f"{COMPARE_CSV} has them all."
        )


def _print_impossible(console: Console, rows: Sequence[Compared]) -> None:
    """A reason that several values share stands once, above them."""
    from rich.padding import Padding
    from rich.text import Text

    by_reason: dict[str, list[Compared]] = {}
    for row in rows:
        by_reason.setdefault(row.reason, []).append(row)
    for reason, alike in by_reason.items():
        console.print(Text.assemble(("impossible: ", _COLOURS[IMPOSSIBLE]), reason))
        for row in alike:
            value = row.published
            computed = row.computed or "nothing"
            line = f"{value.name}: published {value.text}, computed {computed} ({value.place})"
            console.print(Padding(Text(line), (0, 0, 0, 2)))


def print_audit(console: Console, findings: Sequence[Finding]) -> None:
    """One line per finding, then a sentence on all of them."""
    from rich.text import Text

    if findings:
        columns = ("finding", "printed", "can be", "why")
        table = _table(*((name, "left") for name in columns))
        for found in findings:
            printed = f"{found.place}: {found.subject}: {found.printed}"
            table.add_row(
                Text(found.severity, style=_COLOURS.get(found.severity, "dim")),
                *map(Text, (printed, found.recomputed, found.explanation)),
            )
        console.print(table)
    console.print(audit_summary(findings))


def _table(*columns: tuple[str, str]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, justify in columns:
        table.add_column(name, justify=justify, overflow="fold")
    return table
