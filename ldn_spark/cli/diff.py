"""`ldn diff`: which numbers of two runs differ, and what they were made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ldn_spark.cli.options import AsCsv, FinishedRun, OtherRun

if TYPE_CHECKING:
    from ldn_spark.drift.snapshot import Change
    from ldn_spark.runs.diff import Changed, Difference

_SHOWN = 30
_DIFFERENT = 12
_COLUMNS = ("table", "stratum", "outcome", "quantity", "old", "new", "difference")


def diff(old: FinishedRun, new: OtherRun, as_csv: AsCsv) -> None:
    """Say which numbers of a run differ from those of an earlier one, and what differs otherwise.

    Numbers are compared in full precision, row by row of estimates.csv; the first 30 are shown, all
    of them with `--csv`. The exit code is 0 where every result file is the same, and 12 where one
    differs.
    """
    from ldn_spark.places.stores import prepare_stores, require_stores
    from ldn_spark.runs.diff import find_difference
    from ldn_spark.runs.finished import find_run
    from ldn_spark.shown import shown
    from ldn_spark.texts.csv_cells import csv_text

    prepare_stores([old, new])
    require_stores([old, new])
    found = find_difference(find_run(old), find_run(new))
    if as_csv:
        if found.studies:
            typer.echo(shown(_studies(found), keep="\n"), err=True)
        rows = ([getattr(one, name) for name in _COLUMNS] for one in found.numbers)
        typer.echo(csv_text(_COLUMNS, rows), nl=False)
    else:
        _print(found)
    if not found.is_none:
        raise typer.Exit(_DIFFERENT)


def _print(found: Difference) -> None:
    from rich.text import Text

    from ldn_spark.cli.consoles import standard_output
    from ldn_spark.shown import counted, numbered, shown

    console = standard_output()
    for one in found.made_of:
        console.print(Text(shown(changed(one))), soft_wrap=True)
    if found.is_none:
        console.print("Every result file is the same.")
        return
    if found.studies:
        console.print(Text(shown(_studies(found), keep="\n")), soft_wrap=True)
    many = numbered(len(found.numbers), "number differs", "numbers differ")
    files = "" if found.studies else f"; files that differ: {', '.join(found.files)}"
    console.print(f"{many}{files}")
    for one in found.numbers[:_SHOWN]:
        console.print(Text(shown(_line(one))), soft_wrap=True)
    if (more := len(found.numbers) - _SHOWN) > 0:
        console.print(f"… and {counted(more)} more: see --csv")


def changed(one: Change) -> str:
    """A thing that two runs were made of otherwise, on a line."""
    if not one.old:
        return f"{one.what}: {one.new}"
    return f"{one.what}: {one.old} → {one.new or 'none'}"


def _studies(found: Difference) -> str:
    """That the runs are of two studies, and what one of them alone has."""
    assert found.studies is not None
    from ldn_spark.runs.made_of import listed

    ids = " and ".join(found.studies)
    said = [f"The runs are of two studies, {ids}: rows that both have are compared."]
    for kind, sides in found.only.items():
        for study, names in zip(found.studies, sides, strict=True):
            if names:
                said.append(f"{kind} of {study} alone: {listed(names)}")
    return "\n".join(said)


def _line(one: Changed) -> str:
    where = " · ".join(part for part in (one.table, one.stratum, one.outcome) if part)
    less = f" ({float(one.difference):+.6g})" if one.difference else ""
    old, new = one.old or "not there", one.new or "not there"
    return f"  {where} · {one.quantity}: {_short(old)} → {_short(new)}{less}"


def _short(text: str) -> str:
    """A number in six digits, unless it is whole; a word as it is."""
    try:
        return text if text.lstrip("-").isdecimal() else f"{float(text):.6g}"
    except ValueError:
        return text
