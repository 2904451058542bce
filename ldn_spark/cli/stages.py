"""One stage of a run alone, for a job: it reads the tables of the stages before it.

A stage takes the options of `ldn run`, and `--run-id` in the place of a name that a run makes up.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldn_spark.cli.beginning import begin_in_lake
from ldn_spark.cli.finished import tell_of_runs
from ldn_spark.cli.named_files import named_files
from ldn_spark.cli.options import RunId
from ldn_spark.cli.reporters import progress_shown
from ldn_spark.cli.study import run_study
from ldn_spark.cli.wanted import require_one_study

if TYPE_CHECKING:
    from ldn_spark.runs.batch import Batch

ONLY_PUBLISHED = ("out", "published")
"""The options of `ldn run` that the last stage alone has a use for."""


def _takes(*left_out: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a stage the options of `ldn run`, but for those left out, and `--run-id`."""

    def with_options(stage: Callable[..., None]) -> Callable[..., None]:
        whole = inspect.signature(run_study, eval_str=True).parameters.values()
        options = [one.replace(kind=one.KEYWORD_ONLY) for one in whole if one.name not in left_out]
        run_id = inspect.Parameter("run_id", inspect.Parameter.KEYWORD_ONLY, annotation=RunId)
        signature = inspect.Signature([*options[:2], run_id, *options[2:]])  # studies, lake, …
        stage.__signature__ = signature  # type: ignore[attr-defined]
        stage.__annotations__ = {one.name: one.annotation for one in signature.parameters.values()}
        return stage

    return with_options


@_takes(*ONLY_PUBLISHED)
def cohort(**options: Any) -> None:
    """Find the cohort: persons + dispensings -> candidates, cohort."""
    with _open_run("cohort", **options) as (batch, _):
        from ldn_spark.runs.steps import check_stage, cohort_stage, divide, require_anybody
        from ldn_spark.study.ids import STUDY

        checks = check_stage(batch)
        for found in checks:
            found.require_no_problem()
        divide(batch, checks)
        for run, cohorts in zip(batch.runs, cohort_stage(batch), strict=True):
            require_anybody(run.study, cohorts[STUDY])


@_takes(*ONLY_PUBLISHED)
def measure(**options: Any) -> None:
    """Measure outcomes: dispensings + cohort -> cohort_dispensings, person_outcomes."""
    with _open_run("measure", **options) as (batch, _):
        from ldn_spark.runs.steps import measure_stage

        measure_stage(batch)


@_takes(*ONLY_PUBLISHED)
def summarise(**options: Any) -> None:
    """Sum groups: person_outcomes -> cohort_moments, design_moments, daily_moments."""
    with _open_run("summarise", **options) as (batch, _):
        from ldn_spark.runs.steps import summarise_stage

        summarise_stage(batch)


@_takes()
def publish(*, out: Path, published: str | None, **options: Any) -> None:
    """Publish a run: moments -> tables, figures, report, manifest; the last line is the folder."""
    from ldn_spark.papers.reading import find_published, read_published

    started = datetime.now(UTC)
    folders = []
    named = None if published is None else find_published(published)
    with _open_run("publish", out, **options) as (batch, engine):
        from ldn_spark.runs.publish_step import publish_stage
        from ldn_spark.runs.steps import read_found

        require_one_study(published, len(batch.runs))
        values = None
        if named is not None:
            values = read_published(named, batch.runs[0].study.definition)
        for run, found in zip(batch.runs, read_found(batch), strict=True):
            folder = publish_stage(
                run, out, found, engine=engine, started=started, published=values
            )
            folders.append(folder)
    tell_of_runs(folders, of_several=len(folders) > 1)


@contextmanager
def _open_run(
    stage: str,
    *places: Path,
    studies: list[str],
    lake: Path,
    run_id: str,
    engine: str | None,
    as_of: int | None,
    codelist: list[str] | None,
    atc_version: list[str] | None,
    share_group: bool,
    log_format: str,
) -> Iterator[tuple[Batch, str]]:
    """The run that a stage belongs to, on a session of its own; and the engine's name."""
    name = begin_in_lake(engine, lake, *places, share_group=share_group)

    from ldn_spark.runs.folder import require_place

    for folder in places:
        require_place(folder, lake)
    from ldn_spark.engine.sessions import open_engine
    from ldn_spark.lake.faults import translated_faults
    from ldn_spark.lake.versions import Lake, read_version
    from ldn_spark.progress import report
    from ldn_spark.runs.batch import Batch
    from ldn_spark.runs.run import Run
    from ldn_spark.runs.telling import begun
    from ldn_spark.study.atc.stated_versions import stated_versions
    from ldn_spark.study.load import load_studies

    wanted, stated = load_studies(studies, named_files(codelist)), stated_versions(atc_version)
    version = read_version(lake, as_of)
    with (
        progress_shown(log_format),
        open_engine(name, app_name=f"ldn: {stage}") as spark,
    ):
        report(begun(stage))
        place = Lake(spark, lake)
        runs = [Run(spark, study, place, version, run_id, stated) for study in wanted]
        with translated_faults("running a stage", lake):
            yield Batch(spark, runs, run_id), name
