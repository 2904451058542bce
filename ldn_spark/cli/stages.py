"""One stage of a run alone, for a job: it reads the tables of the stages before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ldn_spark.cli.beginning import begin_in_lake
from ldn_spark.cli.options import (
    AsOf,
    AtcVersions,
    Codelists,
    Engine,
    LakeFolder,
    LogFormat,
    Published,
    ResultsFolder,
    ShareGroup,
    StudyName,
)

if TYPE_CHECKING:
    from ldn_spark.run import Run

RunId = Annotated[str, typer.Option("--run-id", help="Names the tables of the run.")]


def cohort(
    study: StudyName,
    lake: LakeFolder,
    run_id: RunId,
    engine: Engine = None,
    as_of: AsOf = None,
    codelist: Codelists = None,
    atc_version: AtcVersions = None,
    share_group: ShareGroup = False,
    log_format: LogFormat = "auto",
) -> None:
    """Find the cohort: persons + dispensings -> candidates, cohort."""
    name = begin_in_lake(engine, lake, share_group=share_group)

    from ldn_spark.run_stages import check_stage, cohort_stage

    with _open_run("cohort", study, lake, run_id, name, as_of, codelist, atc_version) as run:
        check_stage(run)
        cohort_stage(run)


def measure(
    study: StudyName,
    lake: LakeFolder,
    run_id: RunId,
    engine: Engine = None,
    as_of: AsOf = None,
    codelist: Codelists = None,
    atc_version: AtcVersions = None,
    share_group: ShareGroup = False,
    log_format: LogFormat = "auto",
) -> None:
    """Measure outcomes: dispensings + cohort -> cohort_dispensings, person_outcomes."""
    name = begin_in_lake(engine, lake, share_group=share_group)

    from ldn_spark.run_stages import measure_stage

    with _open_run("measure", study, lake, run_id, name, as_of, codelist, atc_version) as run:
        measure_stage(run)


def summarise(
    study: StudyName,
    lake: LakeFolder,
    run_id: RunId,
    engine: Engine = None,
    as_of: AsOf = None,
    codelist: Codelists = None,
    atc_version: AtcVersions = None,
    share_group: ShareGroup = False,
    log_format: LogFormat = "auto",
) -> None:
    """Sum groups: person_outcomes -> cohort_moments, group_moments, daily_moments."""
    name = begin_in_lake(engine, lake, share_group=share_group)

    from ldn_spark.run_stages import summarise_stage

    with _open_run("summarise", study, lake, run_id, name, as_of, codelist, atc_version) as run:
        summarise_stage(run)


def publish(
    study: StudyName,
    lake: LakeFolder,
    run_id: RunId,
    out: ResultsFolder,
    engine: Engine = None,
    as_of: AsOf = None,
    codelist: Codelists = None,
    atc_version: AtcVersions = None,
    published: Published = None,
    share_group: ShareGroup = False,
    log_format: LogFormat = "auto",
) -> None:
    """Publish a run: moments -> tables, figures, report, manifest; the last line is the folder."""
    name = begin_in_lake(engine, lake, out, share_group=share_group)

    from datetime import UTC, datetime

    from ldn_spark.cli.finished import tell_of_run
    from ldn_spark.published.reading import find_published, read_published
    from ldn_spark.publishing import publish_stage

    started = datetime.now(UTC)
    with _open_run("publish", study, lake, run_id, name, as_of, codelist, atc_version) as run:
        values = None
        if published is not None:
            values = read_published(find_published(published), run.study.definition)
        folder = publish_stage(run, out, engine=name, started=started, published=values)
    tell_of_run(folder)


@contextmanager
def _open_run(
    stage: str,
    study: str,
    lake: Path,
    run_id: str,
    engine: str,
    as_of: int | None,
    codelist: Sequence[str] | None,
    atc_version: Sequence[str] | None,
) -> Iterator[Run]:
    """The run that a stage belongs to, on a session of its own."""
    from ldn_spark.cli.named_files import named_files
    from ldn_spark.io.engines import open_engine
    from ldn_spark.io.faults import translated_faults
    from ldn_spark.io.lake import Lake, read_version
    from ldn_spark.run import Run
    from ldn_spark.study.load import load_study
    from ldn_spark.study.stated_versions import stated_versions

    wanted, stated = load_study(study, named_files(codelist)), stated_versions(atc_version)
    version = read_version(lake, as_of)
    with open_engine(engine, app_name=f"ldn: {stage}") as spark:
        run = Run(spark, wanted, Lake(spark, lake), version, run_id, stated)
        with translated_faults("running a stage", lake):
            yield run
