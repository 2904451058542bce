"""A comparison and an audit in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ldn_spark.published.comparison import EQUAL, VERDICTS, Comparison
from ldn_spark.published.files import audit_summary, lost_text
from ldn_spark.published.findings import Finding

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_COLOURS = {"equal": "green", "differs": "yellow", "impossible": "red", "inconsistent": "yellow"}


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Totals by place, each value that is not equal, and what other intervals would lose."""
    console.print(_totals(comparison))
    if comparison.unequal:
        _print_unequal(console, comparison)
    for rival in comparison.rivals:
        if not rival.lost:
            console.print(f"The interval {rival.method} would lose no cell.")
            continue
        cells = "1 cell" if len(rival.lost) == 1 else f"{len(rival.lost)} cells"
        text = f"The interval {rival.method} would lose {cells}: {lost_text(rival)}."
        console.print(text, markup=False)
    total = comparison.total
    console.print(
        f"[bold]{total[EQUAL]} of {len(comparison.rows)} published values are equal[/], "
        f"{total['differs']} differ, {total['impossible']} cannot come from any data."
    )


def _totals(comparison: Comparison) -> Table:
    table = _table(("printed in", "left"), ("values", "right"), *((v, "right") for v in VERDICTS))
    for place, counts in comparison.totals().items():
        table.add_row(place, str(sum(counts.values())), *(str(counts[v]) for v in VERDICTS))
    total = comparison.total
    table.add_section()
    table.add_row("all", str(len(comparison.rows)), *(str(total[v]) for v in VERDICTS))
    return table


def _print_unequal(console: Console, comparison: Comparison) -> None:
    """Every value that is not equal; a reason that several of them share stands once."""
    from rich.text import Text

    table = _table(
        ("not equal", "left"),
        ("published", "right"),
        ("computed", "right"),
        ("verdict", "left"),
        ("reason", "left"),
    )
    said = ""
    for row in comparison.unequal:
        reason = "the same" if row.reason == said else row.reason
        said = row.reason
        table.add_row(
            Text(row.published.name),
            Text(row.published.text),
            Text(row.computed or "–"),
            Text(row.verdict, style=_COLOURS[row.verdict]),
            Text(reason),
        )
    console.print(table)


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
