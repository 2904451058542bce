"""`ldn check`: what an ingest would say of a delivery."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from ldn_spark.cli.beginning import begin
from ldn_spark.cli.options import (
    Delivery,
    Engine,
    LakeToCheck,
    LogFormat,
    Lookups,
    MaxRejectedShare,
    SourceName,
    WouldReplace,
)
from ldn_spark.shown import counted, numbered

if TYPE_CHECKING:
    from ldn_spark.ingest.check import CheckReport


def check(
    delivery: Delivery,
    source: SourceName,
    lake: LakeToCheck,
    max_rejected_share: MaxRejectedShare,
    lookup: Lookups,
    replaces: WouldReplace,
    engine: Engine,
    log_format: LogFormat,
) -> None:
    """Say everything that an ingest would say, and write nothing into any lake.

    Every file is looked at, and every line of every file that can be read. The exit code is 0 when
    an ingest would take the delivery and 10 when it would turn it away; the last line on standard
    output says which.
    """
    name = begin(engine, lake, *delivery)

    from ldn_spark.cli.named_files import named_files
    from ldn_spark.cli.reporters import progress_shown
    from ldn_spark.delivery.source.sources import load_source
    from ldn_spark.engine.sessions import open_engine
    from ldn_spark.errors import DeliveryError
    from ldn_spark.ingest.check import check as check_delivery
    from ldn_spark.ingest.ingest import MAX_REJECTED_SHARE

    layout = load_source(source)
    share = MAX_REJECTED_SHARE if max_rejected_share is None else max_rejected_share
    with progress_shown(log_format), open_engine(name) as spark:
        found = check_delivery(
            spark,
            delivery,
            layout,
            lake_root=lake,
            max_rejected_share=share,
            lookups=named_files(lookup, "--lookup"),
            replaces=replaces or (),
        )
    _log(found)
    _show(found)
    if not found.would_be_taken:
        raise typer.Exit(DeliveryError.exit_code)


def _show(found: CheckReport) -> None:
    """The account as an ingest gives it; what is wrong on standard error; the verdict last."""
    from ldn_spark.cli.consoles import standard_output
    from ldn_spark.cli.logs import log_error
    from ldn_spark.cli.views import print_accounting, print_noted
    from ldn_spark.errors import DeliveryError

    console = standard_output()
    for name in found.known:
        console.print(f"{name}: already in the lake", markup=False)
    if found.files:
        print_accounting(console, found.files)
    for problem in found.examples:
        console.print(f"  rejected: {problem}", markup=False)
    for warning in found.warnings:
        console.print(f"warning: {warning}", markup=False)
    print_noted(console, found.noted)
    sys.stdout.flush()
    if found.problems:
        messages = [str(problem) for problem in found.problems]
        log_error(DeliveryError.exit_code, DeliveryError.__name__, messages)
    typer.echo(verdict(found))


def verdict(found: CheckReport) -> str:
    """One sentence: what an ingest would do."""
    if not found.would_be_taken:
        problems = numbered(len(found.problems), "problem")
        return f"An ingest would turn this delivery away: {problems}."
    if not found.files:
        return "An ingest would change nothing: every file is in the lake already."
    lines, accepted, rejected, left_out = (
        sum(getattr(file, name) for file in found.files)
        for name in ("lines", "accepted", "rejected", "left_out")
    )
    left = f", {counted(left_out)} left out" if left_out else ""
    return (
        f"An ingest would take this delivery: {numbered(len(found.files), 'file')}, "
        f"{numbered(lines, 'line')}, "
        f"{counted(accepted)} accepted, {counted(rejected)} rejected{left}."
    )


def _log(found: CheckReport) -> None:
    """The whole report as one event, for machines."""
    from ldn_spark.cli.logs import log_event

    fields = {
        "would_be_taken": found.would_be_taken,
        "verdict": verdict(found),
        "files": [asdict(file) for file in found.files],
        "known": found.known,
        "rejected": [str(problem) for problem in found.examples],
        "warnings": found.warnings,
        "noted": found.noted,
        "problems": [str(problem) for problem in found.problems],
    }
    log_event("check", fields, is_error=not found.would_be_taken)
