"""What a run with `--drift` does at its end: new runs beside those before them, and the page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldn_spark.errors import DriftError, Problem

if TYPE_CHECKING:
    from ldn_spark.drift.thresholds import Thresholds
    from ldn_spark.places.place import Place
    from ldn_spark.runs.drift import FoundDrift

_NAMED = 5
"""Numbers above their thresholds that an error names; the page has all."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds, and how they were named."""

    name: str
    thresholds: Thresholds


def thresholds_of(name: str | None) -> Limits | None:
    """The thresholds of `--drift`; None where it is not given.

    Raises:
        ConfigError: the file is missing or wrong.
    """
    if name is None:
        return None
    from ldn_spark.drift.thresholds import read_thresholds

    return Limits(name, read_thresholds(name))


def require_no_drift(limits: Limits, made: Iterable[Place], there: Iterable[Place]) -> None:
    """Hold every new run against the one before it, and write the page of its study.

    Of results that were there already nothing moved; their page is written where it is missing.

    Raises:
        DriftError: numbers are above their thresholds; the runs are published.
    """
    from ldn_spark.cli.drift_page import PAGE, write_page
    from ldn_spark.runs.drift import find_drift

    for folder in there:
        page = folder.parent / PAGE
        if not page.is_file():
            write_page(find_drift(folder), page)
    if problems := tell_of_drift(limits, made):
        raise DriftError(problems)


def tell_of_drift(limits: Limits, made: Iterable[Place]) -> list[Problem]:
    """Say how new runs moved, and write their pages.

    Returns:
        What is above a threshold, study by study.
    """
    from ldn_spark.cli.drift import left_out
    from ldn_spark.cli.drift_page import PAGE, write_page
    from ldn_spark.cli.logs import log_notes, log_warnings
    from ldn_spark.runs.drift import find_drift

    problems = []
    for folder in made:
        found = find_drift(folder, thresholds=limits.thresholds)
        log_warnings(left_out(found.problems))
        page = folder.parent / PAGE
        write_page(found, page)
        log_notes([_said(found, page)])
        if found.drift.exceeds:
            problems.append(_problem(found, limits, page))
    return problems


def _said(found: FoundDrift, page: Place) -> str:
    from ldn_spark.cli.drift import first_run
    from ldn_spark.shown import numbered

    drift = found.drift
    if drift.old is None:
        return f"{first_run(drift)} {page}"
    changed = sorted({change.kind for change in drift.changes})
    why = f"{', '.join(changed)} changed" if changed else "made of the same"
    moved = numbered(len(drift.moves), "number moved", "numbers moved")
    return f"drift of {drift.new.study}: {moved} since run {drift.old.run_id} ({why}): {page}"


def _problem(found: FoundDrift, limits: Limits, page: Place) -> Problem:
    from ldn_spark.reporting.drift.rows import row_of
    from ldn_spark.shown import counted, numbered

    drift = found.drift
    above = drift.above or ()
    rows = [(row_of(drift, one.move), one.threshold) for one in above[:_NAMED]]
    named = [f"{row.label} {row.old} → {row.new} ({words})" for row, words in rows]
    more = f" and {counted(len(above) - _NAMED)} more" if len(above) > _NAMED else ""
    are = numbered(len(above), "number is", "numbers are")
    what = f"{are} above the thresholds of {limits.name}: {'; '.join(named)}{more}"
    mend = f"the run is published; look at {page}, or at `ldn drift {found.run.folder}`"
    return Problem(f"study {drift.new.study}", what, mend)
