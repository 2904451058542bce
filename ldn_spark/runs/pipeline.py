"""One study from the lake to its run folder: the stages in order.

The `ldn` command runs them all; the spark-submit jobs run them all or one alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldn_spark import __version__
from ldn_spark.lake.faults import translated_faults
from ldn_spark.lake.versions import Lake, LakeVersion
from ldn_spark.progress import Progress, report
from ldn_spark.runs.publish_step import publish_stage
from ldn_spark.runs.run import Run, run_key, translation_of
from ldn_spark.runs.steps import (
    Found,
    check_stage,
    cohort_stage,
    measure_stage,
    returned_outcomes,
    summarise_stage,
)
from ldn_spark.study.atc.stated_versions import NOTHING_STATED, StatedVersions
from ldn_spark.study.atc.translation import Translation
from ldn_spark.study.load import Study

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from ldn_spark.reporting.aside import Aside

_TITLES = {
    "check": "checking the codes",
    "cohort": "finding the cohort",
    "measure": "measuring outcomes",
    "summarise": "summing groups",
    "publish": "writing tables and figures",
}
STAGES = tuple(_TITLES)


def begun(stage: str) -> Progress:
    """That a stage of a run begins, the stages before it being done."""
    return Progress(_TITLES[stage], STAGES.index(stage), len(STAGES), "stages")


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
    """Run a study from the lake to its folder of results.

    Args:
        spark: a session on `engine`.
        study: what is asked.
        lake_root: the lake.
        out: results go to `out/<study>/<run_id>`.
        engine: its name, for the manifest.
        as_of: an earlier version of the lake.
        stated: in which ATC index the delivered codes are, where it is not as the files declare.
        published: values to hold against the computed ones, in the report and in compare.csv.
        aside: makes the files, where that is not done in this process; a fault that it has met
            ends the run at the next stage.

    Returns:
        The folder, complete; nothing is visible before.
    """
    started = datetime.now(UTC)
    lake = Lake(spark, lake_root)
    version = lake.version(as_of)
    values = None
    if published is not None:
        from ldn_spark.papers.reading import read_published

        values = read_published(published, study.definition)
    translation = translation_of(study, version, stated)
    run_id = new_run_id(study, version, started, translation)
    run = Run(spark, study, lake, version, run_id, stated)

    def tell(stage: str) -> None:
        if aside is not None:
            aside.check()
        report(begun(stage))

    def step(stage: str, work: Callable[[Run], Any]) -> Any:
        tell(stage)
        return work(run)

    with translated_faults("running the study", lake_root):
        checked, steps = step("check", check_stage), step("cohort", cohort_stage)
        step("measure", measure_stage)
        moments = step("summarise", summarise_stage)
        found = Found(checked, steps, moments, returned_outcomes(run))
        tell("publish")
        folder = publish_stage(
            run,
            out,
            engine=engine,
            started=started,
            published=values,
            found=found,
            make=None if aside is None else aside.make,
        )
    report(Progress(_TITLES["publish"], len(STAGES), len(STAGES), "stages"))
    return folder


def new_run_id(
    study: Study,
    version: LakeVersion,
    started: datetime,
    translation: Translation,
) -> str:
    """When the run began, and the key of what it computes."""
    return f"{started:%Y%m%dT%H%M%S%fZ}-{run_key(study, version, __version__, translation)}"
