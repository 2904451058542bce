"""The stages of a run that ask the engine: each reads its input from tables and leaves tables.

So any of them can be run again alone. What a stage finds for the driver it also hands back, so
that one process does not read what it has just written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ldn_spark import schemas
from ldn_spark.engine import collect
from ldn_spark.engine.waiting import wait_for_all
from ldn_spark.errors import EmptyInputError, Problem
from ldn_spark.estimates.analysis import NEEDED_SUMS
from ldn_spark.estimates.attrition import attrition_steps
from ldn_spark.estimates.results import AttritionStep
from ldn_spark.runs.preflight import Preflight, preflight
from ldn_spark.runs.run import Run
from ldn_spark.shown import counted
from ldn_spark.study.selection import selection_steps
from ldn_spark.transforms import in_order
from ldn_spark.transforms.cohort import summarise_attrition
from ldn_spark.transforms.outcomes import summarise_returns

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Rows = list[dict[str, Any]]
MOMENTS = (schemas.COHORT_MOMENTS, schemas.DESIGN_MOMENTS, schemas.DAILY_MOMENTS)


def check_stage(run: Run) -> Preflight:
    """What the codes of the study find in the lake.

    Raises:
        EmptyInputError: the lake holds no dispensing.
        QualityGateError: the codes find nothing, or are of another ATC version; all at once.
    """
    found = preflight(run.lake, run.version, run.study, run.translation)
    found.require_no_problem()
    return found


def cohort_stage(run: Run) -> tuple[AttritionStep, ...]:
    """Registry -> index events, candidates and cohort.

    Returns:
        The attrition.

    Raises:
        EmptyInputError: nobody satisfies the study; the message says at which step the last fell.
    """
    dispensings = run.registry(schemas.DISPENSINGS)
    events = run.write(
        in_order.find_index_events(run.study, dispensings, run.translation, run.returns),
        schemas.INDEX_EVENTS,
    )
    candidates = run.write(
        in_order.find_candidates(
            run.study, events, run.registry, run.translation, run.returns, run.undelivered
        ),
        schemas.CANDIDATES,
    )
    steps = attrition(run)
    if steps[-1].number_subjects == 0:
        emptied = next(step for step in steps if step.number_subjects == 0)
        mends = {step.id: step.mend for step in selection_steps(run.study.definition)}
        raise EmptyInputError(
            Problem(
                f"study {run.study.definition.id}",
                f"nobody is left after the step '{emptied.reason}'",
                mends.get(emptied.step, ""),
            )
        )
    run.write(in_order.find_cohort(run.study, candidates), schemas.COHORT)
    return steps


def measure_stage(run: Run) -> None:
    """Registry and cohort -> the cohort's dispensings -> person outcomes."""
    dispensings, cohort = run.registry(schemas.DISPENSINGS), run.read(schemas.COHORT)
    cut = run.write(
        in_order.measure(run.study, dispensings, cohort, run.translation, run.returns),
        schemas.COHORT_DISPENSINGS,
    )
    run.write(in_order.sum_outcomes(run.study, cut), schemas.PERSON_OUTCOMES)


def summarise_stage(run: Run) -> dict[str, Rows]:
    """Cohort and person outcomes -> moments of groups and days. No person from here on.

    Returns:
        The rows of the three tables by name.
    """
    frames = in_order.summarise(
        run.study,
        run.read(schemas.COHORT),
        run.read(schemas.COHORT_DISPENSINGS),
        run.read(schemas.PERSON_OUTCOMES),
        NEEDED_SUMS,
    )
    found: dict[str, Rows] = {}

    def keep(frame: DataFrame, table: schemas.Table) -> None:
        found[table.name] = run.keep(frame, table)

    works = [partial(keep, *pair) for pair in zip(frames, MOMENTS, strict=True)]
    wait_for_all(works, at_once=len(works))
    return found


def returned_outcomes(run: Run) -> tuple[Problem, ...]:
    """What a person should know of the returns among the cohort's examined medicines."""
    if run.returns == "as_dispense":
        return ()
    found = collect.one(summarise_returns(run.read(schemas.COHORT_DISPENSINGS)))
    if not found["returns"]:
        return ()
    one = found["returns"] == 1
    what = (
        f"{counted(found['returns'])} {'line' if one else 'lines'} of the examined medicines in "
        f"the cohort's windows {'is a return' if one else 'are returns'} (`returns: {run.returns}`)"
    )
    if run.returns == "cancel":
        unmatched = counted(found["returns_unmatched"])
        what += f"; for {unmatched} not all was found that a return takes back"
    return (Problem("returns", what),)


@dataclass(frozen=True, slots=True)
class Found:
    """What the stages before `publish` hand over.

    Attributes:
        checked: what the codes of the study find.
        attrition: persons and records after every step.
        moments: rows of the tables of moments, by name.
        returned: what should be known of returns among the cohort's examined medicines.
    """

    checked: Preflight
    attrition: Sequence[AttritionStep]
    moments: Mapping[str, Rows]
    returned: tuple[Problem, ...] = ()

    @classmethod
    def read(cls, run: Run) -> Found:
        """What earlier stages of a run left in its tables."""
        moments = {table.name: run.rows(table) for table in MOMENTS}
        return cls(check_stage(run), attrition(run), moments, returned_outcomes(run))


def attrition(run: Run) -> tuple[AttritionStep, ...]:
    """Persons and records after every step, from the delivered lines to the cohort."""
    steps = collect.rows(summarise_attrition(run.read(schemas.CANDIDATES)))
    return attrition_steps(
        run.study.definition,
        delivered=run.version.lines,
        accepted=run.version.dispensings,
        persons=run.version.persons,
        counted=steps,
        undelivered=run.undelivered,
    )
