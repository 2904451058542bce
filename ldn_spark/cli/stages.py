"""One stage of a run alone, for a job: it reads the tables of the stages before it.

A stage takes the options of `ldn run`; `--run-id` must be given. The first one binds the run, the
others are told by it what they read: whatever of that is said again must be the same.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldn_spark.cli.beginning import begin_in_lake
from ldn_spark.cli.drift_check import require_no_drift, thresholds_of
from ldn_spark.cli.finished import runs_told
from ldn_spark.cli.named_files import named_files
from ldn_spark.cli.options import RunId, StudyNamesOfRun
from ldn_spark.cli.recording import Call, in_ledger
from ldn_spark.cli.reporters import progress_shown
from ldn_spark.cli.study import run_study
from ldn_spark.cli.there import find_there
from ldn_spark.cli.wanted import require_one_study
from ldn_spark.errors import Problem, UsageError

if TYPE_CHECKING:
    from ldn_spark.engine.waiting import Started
    from ldn_spark.runs.batch import Batch
    from ldn_spark.runs.bound import Bound
    from ldn_spark.runs.run import Question

ONLY_PUBLISHED = ("out", "published", "drift")
"""The options of `ldn run` that the last stage alone has a use for."""


def _takes(
    *left_out: str, begins: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a stage the options of `ldn run`, but for those left out, and `--run-id`.

    The stage that begins a run is told the studies; the others need not be.
    """
    otherwise = {"run_id": RunId} | ({} if begins else {"studies": StudyNamesOfRun})

    def with_options(stage: Callable[..., None]) -> Callable[..., None]:
        whole = inspect.signature(run_study, eval_str=True).parameters.values()
        options = [
            one.replace(kind=one.KEYWORD_ONLY, annotation=otherwise.get(one.name, one.annotation))
            for one in whole
            if one.name not in (*left_out, "again")
        ]
        signature = inspect.Signature(options)
        stage.__signature__ = signature  # type: ignore[attr-defined]
        stage.__annotations__ = {one.name: one.annotation for one in signature.parameters.values()}
        return stage

    return with_options


@_takes(*ONLY_PUBLISHED, begins=True)
def cohort(**options: Any) -> None:
    """Find the cohort: persons + dispensings -> candidates, cohort."""
    with (
        _recorded("cohort", **options, begins=True) as (found_run, _),
        _open_run("cohort", found_run) as (batch, _),
    ):
        from ldn_spark.runs.bound import bind
        from ldn_spark.runs.steps import check_stage, cohort_stage, divide, require_anybody
        from ldn_spark.study.ids import STUDY

        checks = check_stage(batch)
        for found in checks:
            found.require_no_problem()
        bind(found_run.lake, found_run.bound)
        divide(batch, checks)
        for run, cohorts in zip(batch.runs, cohort_stage(batch), strict=True):
            require_anybody(run.study, cohorts[STUDY])


@_takes(*ONLY_PUBLISHED)
def measure(**options: Any) -> None:
    """Measure outcomes: dispensings + cohort -> cohort_dispensings, person_outcomes."""
    with (
        _recorded("measure", **options) as (found_run, _),
        _open_run("measure", found_run) as (batch, _),
    ):
        from ldn_spark.runs.steps import measure_stage

        measure_stage(batch)


@_takes(*ONLY_PUBLISHED)
def summarise(**options: Any) -> None:
    """Sum groups: person_outcomes -> cohort_moments, design_moments, daily_moments."""
    with (
        _recorded("summarise", **options) as (found_run, _),
        _open_run("summarise", found_run) as (batch, _),
    ):
        from ldn_spark.runs.steps import summarise_stage

        summarise_stage(batch)


@_takes()
def publish(*, out: Path, published: str | None, drift: str | None, **options: Any) -> None:
    """Publish a run: moments -> tables, figures, report, manifest; the last line is the folder."""
    started = datetime.now(UTC)
    with runs_told() as folders, _recorded("publish", out, **options) as (found_run, call):
        limits = thresholds_of(drift)

        from ldn_spark.papers.reading import find_published
        from ldn_spark.runs.run import Wanted

        require_one_study(published, len(found_run.asked))
        values = None if published is None else find_published(published)
        wanted = [Wanted(one.study, values) for one in found_run.asked]
        run_id = found_run.bound.run_id
        call.there = find_there(out, wanted, found_run.asked, run_id, others=False)
        if len(call.there) < len(wanted):
            _publish(found_run, call, out, values, started)
        there = {**call.there, **call.made}
        folders += [there[one.study.definition.id] for one in wanted]
        if limits is not None:
            require_no_drift(limits, call.made.values(), call.there.values())


def _publish(
    found_run: _Found, call: Call, out: Path, values: Path | None, started: datetime
) -> None:
    """Publish the studies of a run that are not there yet, and close it."""
    from ldn_spark.papers.reading import read_published
    from ldn_spark.runs.bound import close

    with _open_run("publish", found_run) as (batch, files):
        from ldn_spark.runs.publish_step import publish_stage
        from ldn_spark.runs.steps import read_found

        results = read_found(batch)
        files.wait()
        for run, found in zip(batch.runs, results, strict=True):
            study = run.study.definition
            if study.id not in call.there:
                folder = publish_stage(
                    run,
                    out,
                    found,
                    engine=found_run.engine,
                    started=started,
                    published=None if values is None else read_published(values, study),
                )
                call.made = {**call.made, study.id: folder}
        close(found_run.lake, found_run.bound.run_id, {**call.there, **call.made})


@dataclass(frozen=True, slots=True)
class _Found:
    """A run that a stage is to work on.

    Attributes:
        engine: the engine's name.
        lake: holds its tables.
        asked: what it computes, study by study.
        bound: what it is bound to.
        log_format: how its progress is shown.
    """

    engine: str
    lake: Path
    asked: tuple[Question, ...]
    bound: Bound
    log_format: str


@contextmanager
def _recorded(
    stage: str, *places: Path, begins: bool = False, **options: Any
) -> Iterator[tuple[_Found, Call]]:
    """The run of a name, and what the ledger is told of the stage.

    A run ends with its last stage; of the others only those that fail are written down.
    """
    known = (options[name] for name in ("lake", "studies", "run_id"))
    with in_ledger(stage, *known, ends_run=stage == "publish") as call:
        found = _find_run(*places, begins=begins, call=call, **options)
        yield found, call


def _find_run(
    *places: Path,
    studies: list[str] | None,
    lake: Path,
    run_id: str,
    engine: str | None,
    as_of: int | None,
    codelist: list[str] | None,
    atc_version: list[str] | None,
    share_group: bool,
    log_format: str,
    begins: bool,
    call: Call,
) -> _Found:
    """The run of a name; what is not said of it is as it was when it began.

    Raises:
        UsageError: it has not begun.
        OutputExistsError: it is bound to something else.
    """
    name = call.engine = begin_in_lake(engine, lake, *places, share_group=share_group)

    from ldn_spark.runs.folder import require_place

    for folder in places:
        require_place(folder, lake)
    from ldn_spark.lake.versions import read_version
    from ldn_spark.runs.bound import bound_of, read_bound, require_same
    from ldn_spark.runs.run import Question
    from ldn_spark.study.atc.stated_versions import stated_versions
    from ldn_spark.study.load import load_studies

    version, lists = read_version(lake, as_of), named_files(codelist)
    there = read_bound(lake, run_id)
    if there is not None:
        studies = studies or [study.file for study in there.studies]
        call.named = call.named or [study.id for study in there.studies]
        given = {list_name: Path(file) for list_name, file in there.given_codelists.items()}
        lists = lists or given
        version = version if as_of is not None else read_version(lake, there.lake_version)
        atc_version = there.atc_versions if atc_version is None else atc_version
    elif not begins:
        what, mend = "it has not begun in this lake", "run the earlier stages first"
        raise UsageError(Problem(f"run {run_id}", what, mend))
    stated = stated_versions(atc_version)
    asked = tuple(Question(one, version, stated) for one in load_studies(studies or (), lists))
    call.asked = asked
    bound = bound_of(run_id, asked)
    if there is not None:
        require_same(there, bound)
    return _Found(name, lake, asked, bound, log_format)


@contextmanager
def _open_run(stage: str, found: _Found) -> Iterator[tuple[Batch, Started[None]]]:
    """The run as the engine sees it, on a session of its own, held for this process.

    Yields:
        The run, and the look at the files that it reads, which goes on beside it; the stage ends
        with it at the latest.
    """
    from ldn_spark.engine.sessions import open_engine
    from ldn_spark.lake.faults import translated_faults
    from ldn_spark.lake.readers import reading
    from ldn_spark.lake.versions import Lake
    from ldn_spark.progress import report
    from ldn_spark.runs.batch import Batch
    from ldn_spark.runs.bound import only_worker, require_open
    from ldn_spark.runs.reading import begin_check
    from ldn_spark.runs.run import Run
    from ldn_spark.runs.telling import begun

    lake, run_id = found.lake, found.bound.run_id
    require_open(lake, run_id)
    with (
        progress_shown(found.log_format),
        open_engine(found.engine, app_name=f"ldn: {stage}") as spark,
    ):
        report(begun(stage))
        number = found.bound.lake_version
        with (
            translated_faults("running a stage", lake),
            reading(lake, number) as version,
            only_worker(lake, run_id),
        ):
            require_open(lake, run_id)
            place = Lake(spark, lake)
            runs = [
                Run(spark, one.study, place, version, run_id, one.stated) for one in found.asked
            ]
            batch = Batch(spark, runs, run_id)
            files = begin_check(lake, runs[0].version, batch.sets)
            yield batch, files
            files.wait()
