"""One study from the lake to its run folder: read, call, write.

The `ldn` command and the spark-submit jobs both compose these steps. Every step reads its input
from a table and leaves a table, so any of them can be run again alone.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ldn_spark import __version__, analysis, schemas, stages
from ldn_spark.attrition import attrition_steps
from ldn_spark.errors import EmptyInputError, Problem
from ldn_spark.io import collect
from ldn_spark.io.lake import Lake, LakeVersion
from ldn_spark.io.run_folder import new_run_folder, write_manifest
from ldn_spark.manifest import manifest, provenance
from ldn_spark.plan import coverage_warnings
from ldn_spark.preflight import Preflight, preflight
from ldn_spark.progress import Progress, Reporter, silent
from ldn_spark.published.comparison import compare
from ldn_spark.published.files import COMPARE_CSV, compare_csv, compare_html
from ldn_spark.published.reading import read_published
from ldn_spark.published.values import Published
from ldn_spark.reporting.publish import publish
from ldn_spark.reporting.units import unknown_doses
from ldn_spark.results import AttritionStep, Results
from ldn_spark.run import Run, run_key, translation_of
from ldn_spark.study.load import Study
from ldn_spark.study.stated_versions import NOTHING_STATED, StatedVersions
from ldn_spark.study.translation import UNTRANSLATED, Translation
from ldn_spark.transforms.cohort import summarise_attrition

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

STAGES = ("check", "cohort", "measure", "summarise", "publish")


def check_stage(run: Run) -> Preflight:
    """What the codes of the study find in the lake.

    Raises:
        EmptyInputError: the lake holds no dispensing.
        QualityGateError: the codes find nothing, or are of another ATC version; all at once.
    """
    found = preflight(run.lake, run.version, run.study, run.translation)
    found.require_no_problem()
    return found


def cohort_stage(run: Run) -> None:
    """Registry -> candidates and cohort.

    Raises:
        EmptyInputError: nobody satisfies the study; the message says at which step the last fell.
    """
    persons, dispensings = run.registry(schemas.PERSONS), run.registry(schemas.DISPENSINGS)
    candidates = run.write(
        stages.find_candidates(run.study, dispensings, persons, run.translation),
        schemas.CANDIDATES,
    )
    steps = attrition(run)
    if steps[-1].number_subjects == 0:
        emptied = next(step for step in steps if step.number_subjects == 0)
        raise EmptyInputError(
            Problem(
                f"study {run.study.definition.id}",
                f"nobody is left after the step '{emptied.reason}'",
                "check the exposure's ATC codes, its codelist (--codelist) and the index period",
            )
        )
    run.write(stages.find_cohort(run.study, candidates), schemas.COHORT)


def measure_stage(run: Run) -> None:
    """Registry and cohort -> the cohort's dispensings -> person outcomes."""
    dispensings, cohort = run.registry(schemas.DISPENSINGS), run.read(schemas.COHORT)
    cut = run.write(
        stages.measure(run.study, dispensings, cohort, run.translation), schemas.COHORT_DISPENSINGS
    )
    run.write(stages.sum_outcomes(run.study, cut), schemas.PERSON_OUTCOMES)


def summarise_stage(run: Run) -> None:
    """Cohort and person outcomes -> moments of groups and days. No person from here on."""
    frames = stages.summarise(
        run.study,
        run.read(schemas.COHORT),
        run.read(schemas.COHORT_DISPENSINGS),
        run.read(schemas.PERSON_OUTCOMES),
    )
    tables = (schemas.COHORT_MOMENTS, schemas.GROUP_MOMENTS, schemas.DAILY_MOMENTS)
    for frame, table in zip(frames, tables, strict=True):
        run.write(frame, table)


def analyse(run: Run) -> Results:
    """Moments -> estimates, curves and attrition, on the driver."""
    return analysis.analyse(
        run.study.definition,
        cohort_moments=collect.rows(run.read(schemas.COHORT_MOMENTS)),
        group_moments=collect.rows(run.read(schemas.GROUP_MOMENTS)),
        daily_moments=collect.rows(run.read(schemas.DAILY_MOMENTS)),
        attrition=attrition(run),
    )


def attrition(run: Run) -> tuple[AttritionStep, ...]:
    """Persons and records after every step, from the delivered lines to the cohort."""
    counted = collect.rows(summarise_attrition(run.read(schemas.CANDIDATES)))
    return attrition_steps(
        run.study.definition,
        step_ids=stages.step_ids(run.study.definition),
        delivered=run.version.lines,
        accepted=run.version.dispensings,
        persons=run.version.persons,
        counted=counted,
    )


_TITLES = {
    "check": "checking the codes",
    "cohort": "finding the cohort",
    "measure": "measuring outcomes",
    "summarise": "summing groups",
    "publish": "writing tables and figures",
}


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
    report: Reporter = silent,
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
        report: is told how far the work is.

    Returns:
        The folder, complete; nothing is visible before.
    """
    started = datetime.now(UTC)
    lake = Lake(spark, lake_root)
    version = lake.version(as_of)
    values = None if published is None else read_published(published, study.definition)
    translation = translation_of(study, version, stated)
    run_id = new_run_id(study, version, started, translation)
    run = Run(spark, study, lake, version, run_id, stated)

    def tell(stage: str) -> None:
        report(Progress(_TITLES[stage], STAGES.index(stage), len(STAGES), "stages"))

    tell("check")
    checked = check_stage(run)
    for name, step in zip(STAGES[1:], (cohort_stage, measure_stage, summarise_stage), strict=False):
        tell(name)
        step(run)
    tell("publish")
    folder = publish_stage(
        run, out, engine=engine, started=started, published=values, checked=checked
    )
    report(Progress(_TITLES["publish"], len(STAGES), len(STAGES), "stages"))
    return folder


def new_run_id(
    study: Study,
    version: LakeVersion,
    started: datetime,
    translation: Translation = UNTRANSLATED,
) -> str:
    """When the run began, and the key of what it computes."""
    return f"{started:%Y%m%dT%H%M%S%fZ}-{run_key(study, version, __version__, translation)}"


def publish_stage(
    run: Run,
    out: Path,
    *,
    engine: str,
    started: datetime,
    published: Published | None = None,
    checked: Preflight | None = None,
) -> Path:
    """Moments -> tables, figures, report and manifest, in one folder that appears when whole.

    `checked` is what `check_stage` found; it is looked up again where it is not given.
    """
    definition = run.study.definition
    checked = check_stage(run) if checked is None else checked
    results = analyse(run)
    warnings = [*coverage_warnings(run.version, run.study), *map(str, checked.warnings)]
    warnings += filter(None, [unknown_doses(definition, results)])
    with new_run_folder(out / definition.id, run.run_id) as (draft, final):
        section = ""
        if published is not None:
            section = _compare(published, results, run, draft)
        publish(
            results,
            definition,
            draft,
            comparison=section,
            provenance=provenance(run, warnings, checked.read_as),
            study_hash=run.study.hash,
            software_version=__version__,
        )
        write_manifest(draft, manifest(run, draft, engine, started, warnings, checked.read_as))
    return final


def _compare(published: Published, results: Results, run: Run, folder: Path) -> str:
    """Write compare.csv; the section of the report that shows it."""
    found = compare(published, results, run.study.definition)
    (folder / COMPARE_CSV).write_text(compare_csv(found), encoding="utf-8")
    return compare_html(found, f"Published and computed: {run.study.definition.reference}")
