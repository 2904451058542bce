"""Studies from the lake to their run folders: the stages in order.

The `ldn` command runs them all; the spark-submit jobs run them all or one alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ldn_spark.errors import LdnSparkError, StudiesError
from ldn_spark.lake.faults import translated_faults
from ldn_spark.lake.readers import reading
from ldn_spark.lake.versions import Lake, LakeVersion
from ldn_spark.progress import report
from ldn_spark.runs.batch import Batch
from ldn_spark.runs.bound import Bound, bind, bound_of, close, only_worker
from ldn_spark.runs.publish_step import publish_stage
from ldn_spark.runs.reading import begin_check
from ldn_spark.runs.run import Asked, Question, Run, Wanted, key_of
from ldn_spark.runs.steps import (
    check_stage,
    cohort_stage,
    divide,
    measure_stage,
    require_anybody,
    summarise_stage,
    together,
)
from ldn_spark.runs.telling import begun, ended
from ldn_spark.study.atc.stated_versions import NOTHING_STATED, StatedVersions
from ldn_spark.study.ids import STUDY
from ldn_spark.study.load import Study

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from ldn_spark.papers.values import Published
    from ldn_spark.reporting.aside import Aside


def run_study(
    spark: SparkSession,
    study: Study,
    lake_root: Path,
    out: Path,
    *,
    engine: str,
    as_of: int | None = None,
    stated: StatedVersions = NOTHING_STATED,
    published: Path | None = None,
    aside: Aside | None = None,
) -> Path:
    """Run one study from the lake to its folder of results; see `run_studies`."""
    (folder,) = run_studies(
        spark,
        [Wanted(study, published)],
        lake_root,
        out,
        engine=engine,
        as_of=as_of,
        stated=stated,
        aside=aside,
    )
    return folder


def run_studies(
    spark: SparkSession,
    wanted: Sequence[Wanted],
    lake_root: Path,
    out: Path,
    *,
    engine: str,
    as_of: int | None = None,
    stated: StatedVersions = NOTHING_STATED,
    aside: Aside | None = None,
    bound: Bound | None = None,
) -> list[Path]:
    """Run studies together, from one version of the lake to a folder of results for each.

    Args:
        spark: a session on `engine`.
        wanted: the studies, at least one.
        lake_root: the lake.
        out: results go to `out/<study>/<run_id>`.
        engine: its name, for the manifest.
        as_of: an earlier version of the lake.
        stated: in which ATC index the delivered codes are, where it is not as the files declare.
        aside: makes the files, where that is not done in this process; a fault that it has met
            ends the run at the next stage.
        bound: what the run is called and bound to, more studies perhaps than these; None for these
            studies under a name made up of the time and the key.

    Returns:
        The folders in the order of the studies, complete; each appears when it is whole.

    Raises:
        StudiesError: some of several studies cannot be run; the others have their folders.
        OutputExistsError: a run of that name is bound to something else, or published.
        ConflictError: another process works on it.
    """
    started = datetime.now(UTC)
    lake = Lake(spark, lake_root)
    with reading(lake_root, lake.version(as_of).number) as version:
        return _run_on(
            lake,
            version,
            wanted,
            out,
            engine=engine,
            started=started,
            stated=stated,
            aside=aside,
            bound=bound,
        )


def _run_on(
    lake: Lake,
    version: LakeVersion,
    wanted: Sequence[Wanted],
    out: Path,
    *,
    engine: str,
    started: datetime,
    stated: StatedVersions,
    aside: Aside | None,
    bound: Bound | None,
) -> list[Path]:
    """Run studies on a version that nobody prunes meanwhile; see `run_studies`."""
    spark, lake_root = lake.spark, lake.root
    values = [_read_values(one) for one in wanted]
    runs = []
    for one in wanted:
        name = bound.run_id if bound else new_run_id(Question(one.study, version, stated), started)
        runs.append(Run(spark, one.study, lake, version, name, stated))
    batch = Batch.of(spark, runs)

    def tell(stage: str) -> None:
        if aside is not None:
            aside.check()
        report(begun(stage))

    failures = _Failures(len(runs))
    folders = []
    with translated_faults("running the study", lake_root), ExitStack() as working:
        files = begin_check(lake_root, version, batch.sets)
        tell("check")
        checks = check_stage(batch)
        ready = [
            number
            for number, run in enumerate(runs)
            if failures.has_passed(run, checks[number].require_no_problem)
        ]
        working.enter_context(only_worker(lake_root, batch.run_id))
        bind(lake_root, bound or bound_of(batch.run_id, runs))
        batch = batch.only([runs[number] for number in ready])
        divide(batch, [checks[number] for number in ready])
        tell("cohort")
        steps = cohort_stage(batch)
        found_somebody = [
            failures.has_passed(run, partial(require_anybody, run.study, cohorts[STUDY]))
            for run, cohorts in zip(batch.runs, steps, strict=True)
        ]
        tell("measure")
        measure_stage(batch)
        tell("summarise")
        moments = summarise_stage(batch)
        tell("publish")
        files.wait()
        found = together(batch, [checks[number] for number in ready], steps, moments)
        for number, run, one, goes_on in zip(ready, batch.runs, found, found_somebody, strict=True):
            if not goes_on:
                continue
            folder = publish_stage(
                run,
                out,
                one,
                engine=engine,
                started=started,
                published=values[number],
                make=None if aside is None else aside.make,
            )
            folders.append(folder)
        if len(folders) == len(runs):
            close(lake_root, batch.run_id, {folder.parent.name: folder for folder in folders})
    report(ended())
    failures.tell(folders)
    return folders


class _Failures:
    """Studies that cannot be run, while those beside them can."""

    def __init__(self, studies: int) -> None:
        self._studies = studies
        self._found: list[tuple[str, LdnSparkError]] = []

    def has_passed(self, run: Run, check: Callable[[], None]) -> bool:
        """Whether a study passes a check; the fault of the last one that could is raised."""
        try:
            check()
        except LdnSparkError as error:
            self._found.append((run.study.definition.id, error))
            if len(self._found) == self._studies:
                self.tell([])
            return False
        return True

    def tell(self, folders: Sequence[Path]) -> None:
        """Raise what went wrong, if anything did.

        Raises:
            LdnSparkError: of one study alone its own error.
            StudiesError: of several all of them.
        """
        if self._studies == 1:
            for _, error in self._found:
                raise error
        if self._found:
            raise StudiesError(self._found, folders)


def _read_values(wanted: Wanted) -> Published | None:
    if wanted.published is None:
        return None
    from ldn_spark.papers.reading import read_published

    return read_published(wanted.published, wanted.study.definition)


def new_run_id(asked: Asked, started: datetime) -> str:
    """When the run began, and the key of what it computes."""
    return f"{started:%Y%m%dT%H%M%S%fZ}-{key_of(asked)}"
