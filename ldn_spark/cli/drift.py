"""`ldn drift`: what moved between two runs of a study, why, and what is too much."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import typer

from ldn_spark.cli.options import (
    DriftFormat,
    DriftLedger,
    DriftPage,
    FinishedRun,
    PreviousRun,
    ThresholdsFile,
)

if TYPE_CHECKING:
    from rich.console import Console

    from ldn_spark.drift.found import Drift
    from ldn_spark.errors import Problem
    from ldn_spark.reporting.drift.rows import Section

ABOVE = 12
"""The exit code where numbers are above their thresholds."""
_MOST_ROWS = 8
_WIDE = 100
"""Columns of a terminal in which numbers need not be broken."""


def drift(
    run: FinishedRun,
    previous: PreviousRun,
    thresholds: ThresholdsFile,
    ledger: DriftLedger,
    page: DriftPage,
    format: DriftFormat,
) -> None:
    """Say what moved between a run and the one of its study before it, and why.

    Lines, persons, DDDs by year and code, the cohort and its steps, every estimate with its
    interval; what moved furthest is shown, all of it with `--format csv` or `json`. The exit code
    is 12 where anything is above a threshold, else 0: also of a study's first run.
    """
    from ldn_spark.cli.logs import log_warnings
    from ldn_spark.drift.records import drift_csv, drift_json
    from ldn_spark.drift.thresholds import read_thresholds
    from ldn_spark.places.stores import prepare_stores, require_stores, told_of_stores
    from ldn_spark.runs.drift import find_drift
    from ldn_spark.runs.finished import find_run

    limits = None if thresholds is None else read_thresholds(thresholds)
    places = [place for place in (run, previous, ledger, page) if place is not None]
    prepare_stores(places)
    require_stores(places)
    with told_of_stores(str(run)):
        earlier = None if previous is None else find_run(previous)
        found = find_drift(find_run(run), earlier, lake=ledger, thresholds=limits)
    log_warnings(left_out(found.problems))
    if format == "text":
        _print(found.drift)
        _tell_of_gone(found.history.gone)
    else:
        text = drift_json(found.drift) if format == "json" else drift_csv(found.drift)
        typer.echo(text, nl=False)
        if found.drift.old is None:
            typer.echo(first_run(found.drift), err=True)
    if page is not None:
        from ldn_spark.cli.drift_page import write_page

        write_page(found, page)
        typer.echo(str(page), err=format != "text")
    if found.drift.exceeds:
        raise typer.Exit(ABOVE)


def left_out(problems: Sequence[Problem]) -> Iterator[str]:
    """What is said of damaged runs that are not looked at."""
    return (f"{one.where}: {one.what}; the run is left out" for one in problems)


def first_run(drift: Drift) -> str:
    """That there is nothing to compare a run with."""
    return (
        f"No earlier run of {drift.new.study} is there: nothing to compare {drift.new.run_id} with."
    )


def _tell_of_gone(gone: Sequence[str]) -> None:
    from ldn_spark.cli.logs import log_notes
    from ldn_spark.shown import numbered

    if gone:
        are = numbered(len(gone), "run that the ledger names is", "runs that the ledger names are")
        log_notes([f"{are} not there any more: {', '.join(gone[:3])}{' …' * (len(gone) > 3)}"])


def _print(drift: Drift) -> None:
    from rich.text import Text

    from ldn_spark.cli.consoles import standard_output
    from ldn_spark.cli.diff import changed
    from ldn_spark.invented import SENTENCE
    from ldn_spark.reporting.drift.rows import sections
    from ldn_spark.shown import numbered, shown

    console, new, old = standard_output(), drift.new, drift.old
    if old is None:
        console.print(first_run(drift), markup=False)
        return
    console.print(Text(shown(new.study), style="bold"))
    for word, one in (("earlier", old), ("now", new)):
        said = f"  {word:8}{_minute(one.ended)} UTC  {one.run_id}"
        console.print(Text(shown(said)), soft_wrap=True)
    console.print(Text("Why", style="bold"))
    for change in drift.changes:
        console.print(Text(shown(f"  {changed(change)}")), soft_wrap=True)
    if not drift.changes:
        console.print("  Study, data and software are the same.")
    for text in drift.not_compared:
        console.print(Text(shown(f"  not compared: {text}")), soft_wrap=True)
    found = list(sections(drift, _MOST_ROWS))
    if found:
        _print_moves(console, found, has_thresholds=drift.above is not None)
    else:
        console.print("Nothing moved.")
    if drift.above is not None:
        number = len(drift.above)
        are = "Nothing is above its threshold."
        if number:
            are = f"{numbered(number, 'number is', 'numbers are')} above the thresholds."
        console.print(are)
    if new.invented:
        console.print(SENTENCE)


def _print_moves(console: Console, found: Sequence[Section], *, has_thresholds: bool) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from ldn_spark.shown import counted, shown

    for section in found:
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)
        table.add_column(section.title)
        for name in ("Earlier", "Now", "Change"):
            table.add_column(name, justify="right", no_wrap=console.width >= _WIDE)
        if has_thresholds:
            table.add_column("Above")
        for row in section.rows:
            style = "bold" if row.threshold else ""
            cells = [row.label, row.old, row.new, row.change]
            cells += [row.threshold.partition(": ")[2]] if has_thresholds else []
            table.add_row(*(Text(shown(cell), style=style) for cell in cells))
        console.print()
        console.print(table)
        if section.more:
            console.print(Text(f"… and {counted(section.more)} more: --format csv", style="dim"))
    console.print()


def _minute(when: str) -> str:
    """2026-11-28 15:10 of a time in ISO 8601."""
    return when[:16].replace("T", " ")
