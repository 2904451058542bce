"""The finished run that a command is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ldn_spark.estimates.results import Results
    from ldn_spark.runs.finished import FinishedRun


def open_finished(place: Path) -> tuple[FinishedRun, Results]:
    """The run that a place means, and what it found; says which one, where that is a choice.

    Raises:
        ResultsError: there is no finished run, or a file is not as the run wrote it.
    """
    from ldn_spark.estimates.results import TurnedAway
    from ldn_spark.reporting.result_files import load_results
    from ldn_spark.runs.finished import find_run, read_run

    folder = find_run(place)
    run = read_run(folder)
    results = load_results(folder, run.study, run.read)
    known = run.manifest.input
    reasons = tuple(TurnedAway(**one.model_dump()) for one in known.turned_away)
    results = results.of_lake(invented=known.invented, turned_away=reasons)
    if folder != place:
        typer.echo(f"the newest run: {folder}", err=True)
    return run, results


def tell_of_run(folder: Path) -> None:
    """The warnings of a run that has just ended, and where its results are."""
    from ldn_spark.cli.logs import log_warnings
    from ldn_spark.runs.manifest_file import read_manifest

    log_warnings(read_manifest(folder).warnings)
    typer.echo(str(folder))
