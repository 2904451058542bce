"""A finished run beside the one before it: what moved, why, and what is too much."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ldn_spark.drift.found import Drift, compare
from ldn_spark.drift.snapshot import Key, Snapshot
from ldn_spark.drift.thresholds import Thresholds
from ldn_spark.errors import Problem, ResultsError, UsageError
from ldn_spark.places.place import Place
from ldn_spark.runs.history import History, KnownRun, find_history, known_run
from ldn_spark.runs.made_of import made_otherwise
from ldn_spark.runs.snapshots import read_snapshot

MOST_RUNS = 400
"""Of a study with more runs the newest so many are read for the page of all runs."""


@dataclass(frozen=True, slots=True)
class FoundDrift:
    """What is found of a run.

    Attributes:
        drift: beside the earlier one.
        run: the run.
        history: the runs of its study.
        problems: runs that would have been the earlier one, were they not damaged.
    """

    drift: Drift
    run: KnownRun
    history: History
    problems: tuple[Problem, ...]


def find_drift(
    folder: Place,
    previous: Place | None = None,
    *,
    lake: Place | None = None,
    thresholds: Thresholds | None = None,
) -> FoundDrift:
    """Hold a run against an earlier one of the same study.

    Args:
        folder: of the run.
        previous: of the earlier run; when not given, the last of its study that ended before it
            and is not damaged.
        lake: whose ledger names further runs of the study.
        thresholds: how far numbers may move.

    Raises:
        ResultsError: a manifest or a file is missing, or not as the run wrote it.
        UsageError: the runs are of two studies.
    """
    run = known_run(folder)
    new = read_snapshot(folder, run.manifest)
    if previous is not None:
        earlier = known_run(previous)
        _require_one_study(run, earlier)
        history, problems = find_history(run, lake), ()
        old = read_snapshot(previous, earlier.manifest)
    else:
        history = find_history(run, lake)
        earlier, old, problems = _last_before(run, history)
        problems = (*history.problems, *problems)
    changes = () if earlier is None else made_otherwise(earlier.manifest, run.manifest)
    return FoundDrift(compare(new, old, changes, thresholds), run, history, problems)


def _require_one_study(run: KnownRun, earlier: KnownRun) -> None:
    ids = earlier.manifest.study.id, run.manifest.study.id
    if ids[0] != ids[1]:
        what = f"the runs are of two studies, {ids[0]} and {ids[1]}"
        mend = "give two runs of one study, or compare what both have with `ldn diff`"
        raise UsageError(Problem(str(earlier.folder), what, mend))


def _last_before(
    run: KnownRun, history: History
) -> tuple[KnownRun | None, Snapshot | None, tuple[Problem, ...]]:
    problems: list[Problem] = []
    for one in history.before(run):
        try:
            return one, read_snapshot(one.folder, one.manifest), tuple(problems)
        except ResultsError as error:
            problems += error.problems
    return None, None, tuple(problems)


def read_snapshots(
    history: History, only: Iterable[Key], most: int = MOST_RUNS
) -> tuple[list[Snapshot], list[Problem]]:
    """What the newest runs of a study say, the oldest of them first, and what is damaged.

    Args:
        history: the runs.
        only: the estimates that are wanted.
        most: so many runs at most.
    """
    found: list[Snapshot] = []
    problems: list[Problem] = []
    wanted = frozenset(only)
    for one in history.runs[-most:]:
        try:
            found.append(read_snapshot(one.folder, one.manifest, wanted))
        except ResultsError as error:
            problems += error.problems
    return found, problems
