"""`ldn run` and `ldn plan`: a study on a lake, and what it would read there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldn_spark.cli.beginning import begin, begin_in_lake
from ldn_spark.cli.drift_check import require_no_drift, tell_of_drift, thresholds_of
from ldn_spark.cli.finished import runs_told, tell_of_runs
from ldn_spark.cli.named_files import named_files
from ldn_spark.cli.options import (
    Again,
    AsOf,
    AtcVersions,
    Codelists,
    DriftOfRun,
    Engine,
    LakeFolder,
    LogFormat,
    NewRunId,
    Published,
    ResultsFolder,
    ShareGroup,
    StudyName,
    StudyNames,
)
from ldn_spark.cli.recording import in_ledger
from ldn_spark.cli.reporters import progress_shown
from ldn_spark.cli.there import find_there
from ldn_spark.cli.wanted import wanted_studies

if TYPE_CHECKING:
    from ldn_spark.cli.drift_check import Limits
    from ldn_spark.reporting.aside import Aside
    from ldn_spark.runs.run import Wanted


def run_study(
    studies: StudyNames,
    lake: LakeFolder,
    out: ResultsFolder,
    engine: Engine,
    as_of: AsOf,
    codelist: Codelists,
    atc_version: AtcVersions,
    published: Published,
    run_id: NewRunId,
    drift: DriftOfRun,
    again: Again,
    share_group: ShareGroup,
    log_format: LogFormat,
) -> None:
    """Run studies together; the last line of each on standard output is the folder of its results.

    Several studies, or a folder of them, are found and measured in the same looks at the registry.
    One that the data contradict stops alone; the others are run, and the exit code is its own.
    Where OUT holds the results of the same study, data, software and options, nothing is done.
    The ledger of the lake says how it ended; see `ldn runs`. With `--drift` the exit code is 12
    where a run, which is published, moved above its thresholds; see `ldn drift`.
    """
    from ldn_spark.reporting.aside import making_aside

    with (
        runs_told() as folders,
        in_ledger("run", lake, studies, run_id) as call,
        making_aside() as aside,  # before the rest is loaded: it loads beside it
    ):
        name = call.engine = begin_in_lake(engine, lake, out, share_group=share_group)
        limits = thresholds_of(drift)

        from ldn_spark.lake.versions import read_version
        from ldn_spark.runs.bound import bound_of, require_begun_alike
        from ldn_spark.runs.folder import require_place
        from ldn_spark.runs.run import Question
        from ldn_spark.study.atc.stated_versions import stated_versions

        require_place(out, lake)
        wanted, stated = wanted_studies(studies, codelist, published), stated_versions(atc_version)
        version = read_version(lake, as_of)
        call.asked = asked = [Question(one.study, version, stated) for one in wanted]
        call.there = {} if again else find_there(out, wanted, asked, run_id)
        missing = [one for one in wanted if one.study.definition.id not in call.there]
        if missing:
            bound = None if run_id is None else bound_of(run_id, asked)
            if bound is not None:
                require_begun_alike(lake, bound)
            call.made = _run(
                missing,
                call.there,
                aside,
                name,
                log_format,
                limits,
                lake_root=lake,
                out=out,
                as_of=as_of,
                stated=stated,
                bound=bound,
            )
        there = {**call.there, **call.made}
        folders += [there[one.study.definition.id] for one in wanted]
        if limits is not None:
            require_no_drift(limits, call.made.values(), call.there.values())


def _run(
    wanted: Sequence[Wanted],
    there: Mapping[str, Path],
    aside: Aside,
    engine: str,
    log_format: str,
    limits: Limits | None,
    **options: Any,
) -> dict[str, Path]:
    """Run studies on an engine, and hand back the folders of their results by study.

    Raises:
        StudiesError: some could not be run; the results of the others have been told.
    """
    for one in wanted:
        aside.prepare(one.study.definition)

    from ldn_spark.cli.logs import log_warnings
    from ldn_spark.engine.sessions import open_engine
    from ldn_spark.errors import StudiesError
    from ldn_spark.runs.pipeline import run_studies

    ids = ", ".join(one.study.definition.id for one in wanted)
    try:
        with progress_shown(log_format), open_engine(engine, app_name=f"ldn: {ids}") as spark:
            folders = run_studies(spark, wanted, engine=engine, aside=aside, **options)
    except StudiesError as error:
        tell_of_runs([*there.values(), *error.folders], of_several=True)
        if limits is not None:
            log_warnings(map(str, tell_of_drift(limits, error.folders)))
        raise
    return {folder.parent.name: folder for folder in folders}


def plan(
    study: StudyName,
    lake: LakeFolder,
    engine: Engine,
    as_of: AsOf,
    codelist: Codelists,
    atc_version: AtcVersions,
) -> None:
    """Say what a run would read and what each outcome's codes find; run nothing."""
    name = begin(engine, lake)

    from ldn_spark.cli.views import show_plan
    from ldn_spark.engine.sessions import open_engine
    from ldn_spark.lake.readers import reading
    from ldn_spark.lake.versions import Lake, read_version
    from ldn_spark.runs.plan import plan_study
    from ldn_spark.runs.reading import begin_check
    from ldn_spark.runs.run import sets_of
    from ldn_spark.study.atc.stated_versions import stated_versions
    from ldn_spark.study.load import load_study

    wanted, stated = load_study(study, named_files(codelist)), stated_versions(atc_version)
    version = read_version(lake, as_of)
    cohorts = sets_of(wanted, version, stated)
    with open_engine(name) as spark, reading(lake, version.number) as version:
        files = begin_check(lake, version, cohorts.values())
        planned = plan_study(Lake(spark, lake), version, cohorts)
        files.wait()
    show_plan(wanted, version, planned)
    planned.found.require_no_problem()
