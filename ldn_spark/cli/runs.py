"""`ldn runs`: how the runs of a lake ended, and which studies are older than its data."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from ldn_spark.cli.options import AsCsv, AsJson, LakeArgument, OnlyStale, OnlyStudy

if TYPE_CHECKING:
    from ldn_spark.lake.ledger import Entry, Ledger, StudyEntry
    from ldn_spark.lake.stale import Stale

_COLUMNS = (
    "began",
    "command",
    "study",
    "study_hash",
    "key",
    "run_id",
    "lake_version",
    "software",
    "source_sha256",
    "engine",
    "seconds",
    "exit_code",
    "outcome",
    "why",
    "folder",
    "data_pruned",
)
_STALE_COLUMNS = ("study", "began", "run_id", "lake_version", "since", "replaced", "files")


def runs(
    lake: LakeArgument, study: OnlyStudy, stale: OnlyStale, as_json: AsJson, as_csv: AsCsv
) -> None:
    """List how the runs of a lake ended, the newest last; no engine is started.

    A line per study: when it began (UTC), the version that it read, its key, how long the call
    took, its exit code, how the study ended (and whether the data of that version were pruned), and
    below it the folder of results or what went wrong.
    With `--stale`: studies that were run, but not on the latest version, and what has come since.
    The exit code is 40 where entries are damaged; the others are listed.
    """
    from ldn_spark.errors import EngineError, Problem, UsageError
    from ldn_spark.lake.ledger import read_ledger
    from ldn_spark.lake.stale import find_stale
    from ldn_spark.lake.versions import known_versions
    from ldn_spark.places.stores import prepare_stores, require_stores, told_of_stores

    if as_json and as_csv:
        raise UsageError(Problem("--json, --csv", "both are given", "choose one of them"))
    prepare_stores([lake])
    require_stores([lake])
    with told_of_stores(str(lake)):
        ledger, versions = read_ledger(lake), set(known_versions(lake))
        behind = (
            [one for one in find_stale(lake, ledger) if study in (None, one.study)] if stale else []
        )
    if as_json or as_csv:
        found = list(map(_stale_record, behind)) if stale else _records(ledger, study, versions)
        typer.echo(_text(found, _STALE_COLUMNS if stale else _COLUMNS, as_csv=as_csv), nl=False)
    elif stale:
        _print_stale(behind)
    else:
        _print(list(ledger.studies(study)), versions)
    if ledger.problems:
        raise EngineError(ledger.problems)


def _records(ledger: Ledger, study: str | None, versions: Collection[int]) -> list[dict[str, Any]]:
    return [
        {
            "began": entry.began,
            "command": entry.command,
            "study": one.id,
            "study_hash": one.hash,
            "key": one.key,
            "run_id": one.run_id,
            "lake_version": entry.lake_version,
            "software": entry.ldn_spark,
            "source_sha256": entry.source_sha256,
            "engine": entry.engine,
            "seconds": entry.seconds,
            "exit_code": entry.exit_code,
            "outcome": one.outcome,
            "why": one.why,
            "folder": one.folder,
            "data_pruned": _is_pruned(entry, versions),
        }
        for entry, one in ledger.studies(study)
    ]


def _is_pruned(entry: Entry, versions: Collection[int]) -> bool:
    """Whether the version that was read is not in the lake any more."""
    return entry.lake_version is not None and entry.lake_version not in versions


def _stale_record(stale: Stale) -> dict[str, Any]:
    return {
        "study": stale.study,
        "began": stale.began,
        "run_id": stale.run_id,
        "lake_version": stale.lake_version,
        "since": [one.version for one in stale.since],
        "replaced": [one.replaced for one in stale.since if one.replaced],
        "files": [file.name for one in stale.since for file in one.files],
    }


def _text(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, as_csv: bool) -> str:
    if not as_csv:
        return json.dumps(list(rows), indent=2) + "\n"
    from ldn_spark.texts.csv_cells import csv_text

    return csv_text(columns, ([_cell(row[name]) for name in columns] for row in rows))


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


def _print(found: Sequence[tuple[Entry, StudyEntry]], versions: Collection[int]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from ldn_spark.cli.consoles import standard_output

    console = standard_output()
    if not found:
        console.print("No run is written down here.")
        return
    heads = ("Began (UTC)", "Study", "Lake", "Key", "Seconds", "Exit", "Outcome")
    rows = [
        (
            _minute(entry.began),
            one.id or "–",
            "–" if entry.lake_version is None else str(entry.lake_version),
            one.key or "–",
            f"{entry.seconds:.1f}",
            str(entry.exit_code),
            one.outcome
            + (f" ({entry.command})" if entry.command != "run" else "")
            + (", data pruned" if _is_pruned(entry, versions) else ""),
        )
        for entry, one in found
    ]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    console.print(Text(_line(heads, widths), style="bold"), soft_wrap=True)
    for row, (_, one) in zip(rows, found, strict=True):
        console.print(Text(_line(row, widths)), soft_wrap=True)
        below = one.folder or one.why
        console.print(Padding(Text(_plain(below), style="dim"), (0, 0, 0, 2), expand=False))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Words on the left of their columns, numbers on the right."""
    numbers = (2, 4, 5)
    fitted = (
        cell.rjust(width) if at in numbers else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return _plain("  ".join(fitted).rstrip())


def _print_stale(behind: Sequence[Stale]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from ldn_spark.cli.consoles import standard_output
    from ldn_spark.shown import numbered

    console = standard_output()
    if not behind:
        console.print("No study that was run is older than the lake.")
    for one in behind:
        latest = one.since[-1].version
        console.print(
            Text.assemble(
                (_plain(one.study), "bold"),
                f": last run {_minute(one.began)} UTC on version {one.lake_version}; "
                f"the lake is at {latest}",
            )
        )
        for arrived in one.since:
            lines = sum(file.lines for file in arrived.files)
            names = ", ".join(file.name for file in arrived.files)
            said = f"version {arrived.version}: {numbered(lines, 'line')} in {names}"
            if not arrived.files:
                said = f"version {arrived.version}: persons were erased"
            said += f"; replaces {arrived.replaced}" if arrived.replaced else ""
            console.print(Padding(Text(_plain(said), style="dim"), (0, 0, 0, 2), expand=False))


def _minute(began: str) -> str:
    """2026-11-28 15:10 of a time in ISO 8601."""
    return began[:16].replace("T", " ")


def _plain(text: str) -> str:
    from ldn_spark.shown import shown

    return shown(text)
