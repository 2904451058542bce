"""The finished run that a command is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ldn_spark.errors import DriftError

if TYPE_CHECKING:
    from ldn_spark.estimates.results import Results
    from ldn_spark.runs.finished import FinishedRun


def open_finished(place: Path) -> tuple[FinishedRun, Results]:
    """The run that a place means, and what it found; says which one, where that is a choice.

    Raises:
        ResultsError: there is no finished run, or a file is not as the run wrote it.
    """
    from ldn_spark.estimates.results import TurnedAway
    from ldn_spark.places.stores import prepare_stores, require_stores
    from ldn_spark.reporting.result_files import load_results
    from ldn_spark.runs.finished import find_run, read_run

    prepare_stores([place])
    require_stores([place])
    folder = find_run(place)
    run = read_run(folder)
    results = load_results(folder, run.study, run.read)
    known = run.manifest.input
    reasons = tuple(TurnedAway(**one.model_dump()) for one in known.turned_away)
    results = results.of_lake(invented=known.invented, turned_away=reasons)
    if folder != place:
        typer.echo(f"the newest run: {folder}", err=True)
    return run, results


@contextmanager
def runs_told() -> Iterator[list[Path]]:
    """Tell of runs when everything is done; what moved too far in them changes nothing of that.

    Yields:
        A list, to be filled with the folders of the runs.
    """
    folders: list[Path] = []
    try:
        yield folders
    except DriftError:
        tell_of_runs(folders, of_several=len(folders) > 1)
        raise
    tell_of_runs(folders, of_several=len(folders) > 1)


def tell_of_runs(folders: Sequence[Path], *, of_several: bool) -> None:
    """The warnings of runs that have just ended, and where their results are.

    Args:
        folders: of the results.
        of_several: whether more than one study was asked for, so that each is named.
    """
    from ldn_spark.cli.logs import log_warnings
    from ldn_spark.runs.manifest_file import read_manifest

    for folder in folders:
        known = read_manifest(folder).warnings
        study = folder.parent.name
        log_warnings([f"study {study}: {text}" for text in known] if of_several else known)
        typer.echo(str(folder))
