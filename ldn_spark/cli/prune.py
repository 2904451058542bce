"""`ldn prune`: what a lake need not hold any more."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import typer

from ldn_spark.cli.options import (
    AbandonedAfter,
    Apply,
    AsJson,
    KeepRuns,
    KeepVersions,
    LakeArgument,
    LogFormat,
)
from ldn_spark.cli.reporters import progress_shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ldn_spark.lake.retention import Plan


def prune(
    lake: LakeArgument,
    keep_versions: KeepVersions,
    keep_runs: KeepRuns,
    abandoned_after: AbandonedAfter,
    apply: Apply,
    as_json: AsJson,
    log_format: LogFormat,
) -> None:
    """Say what a lake need not hold any more; with `--apply`, remove it. No engine is started.

    Versions before the newest N with their data, logs and quality reports; the lake's tables of
    published runs before the newest N of their study; always: abandoned runs, rests of killed
    processes, data of no version. Folders of results are never touched. A version stays while
    somebody reads it or an unfinished run may go on with it. Exit code 0 also where nothing goes,
    20 while another process writes to the lake or verifies it, 40 where it is damaged.
    """
    from ldn_spark.engine.rights import keep_as
    from ldn_spark.lake.faults import translated_faults
    from ldn_spark.lake.pruning import prune as remove
    from ldn_spark.lake.pruning import told_of
    from ldn_spark.lake.retention import Keep, plan_prune
    from ldn_spark.places.stores import prepare_stores, require_stores, told_of_stores

    keep_as(lake)
    keep = Keep(keep_versions, keep_runs, abandoned_after)
    prepare_stores([lake])
    require_stores([lake])
    with (
        told_of_stores(str(lake)),
        progress_shown(log_format),
        translated_faults("pruning the lake"),
    ):
        plan = (remove if apply else plan_prune)(lake, keep, time.time())
    if as_json:
        typer.echo(json.dumps({"applied": apply, **told_of(plan)}, indent=2))
    else:
        _print(plan, done=apply)


def _print(plan: Plan, *, done: bool) -> None:
    from ldn_spark.cli.consoles import standard_output
    from ldn_spark.lake.retention import spans
    from ldn_spark.shown import counted, numbered, shown

    console = standard_output()
    rows = [
        (one.kind, one.what, str(len(one.files)), counted(one.bytes), one.why) for one in plan.going
    ]
    for line in _lines(("What", "Of", "Files", "Bytes", "Why"), rows) if rows else ():
        console.print(shown(line), markup=False, highlight=False, soft_wrap=True)
    for line in plan.stays:
        console.print(f"note: {shown(line)}", markup=False, soft_wrap=True)
    files = f"{numbered(plan.files, 'file')}, {numbered(plan.bytes, 'byte')}"
    one = len(plan.records) == 1
    kept = f"version{'' if one else 's'} {spans(sorted(plan.records))} stay{'s' if one else ''}"
    if not rows:
        said = f"Nothing to remove: {kept}."
    elif done:
        said = f"Removed: {files}; {kept}."
    else:
        said = f"Would remove: {files}; {kept}. Nothing is changed; do it with --apply."
    console.print(said, markup=False, highlight=False, soft_wrap=True)


def _lines(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows below their heads, numbers on the right."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if at in (2, 3) else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (heads, *rows)
    ]
