"""The stages of a batch of runs that ask the engine: each reads tables and leaves tables.

So any of them can be run again alone. What a stage finds for the driver it also hands back, so
that one process does not read what it has just written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ldn_spark import schemas
from ldn_spark.engine import collect
from ldn_spark.engine.waiting import wait_for_all
from ldn_spark.errors import EmptyInputError, Problem
from ldn_spark.estimates.analysis import NEEDED_SUMS
from ldn_spark.estimates.attrition import attrition_steps
from ldn_spark.estimates.results import AttritionStep, CohortFound
from ldn_spark.lake.versions import cast_to
from ldn_spark.runs.batch import PART_LINES, Batch, Part, Rows, split_by_set
from ldn_spark.runs.preflight import Preflight, preflights
from ldn_spark.runs.run import Run
from ldn_spark.runs.telling import told
from ldn_spark.shown import counted, numbered
from ldn_spark.study.ids import STUDY
from ldn_spark.study.load import Study
from ldn_spark.study.selection import selection_steps
from ldn_spark.study.sets import StudySet
from ldn_spark.transforms import in_order
from ldn_spark.transforms.cohort import summarise_attrition
from ldn_spark.transforms.outcomes import summarise_returns

if TYPE_CHECKING:
    import pyarrow as pa

MOMENTS = (schemas.COHORT_MOMENTS, schemas.DESIGN_MOMENTS, schemas.DAILY_MOMENTS)
Attrition = tuple[AttritionStep, ...]


def check_stage(batch: Batch) -> tuple[Preflight, ...]:
    """What the codes of every study find in the lake, and what speaks against running it.

    Raises:
        EmptyInputError: the lake holds no dispensing.
    """
    run = batch.runs[0]
    return preflights(run.lake, run.version, batch.sets_by_run)


def divide(batch: Batch, checked: Sequence[Preflight], at_most: int = PART_LINES) -> None:
    """Decide which cohorts are worked off together, by what `check_stage` found of each."""
    lines = {
        one.number: check.exposure if name == STUDY else check.others[name].atc
        for check, sets in zip(checked, batch.sets_by_run, strict=True)
        for name, one in sets.items()
    }
    batch.divide(lines, at_most)


def cohort_stage(batch: Batch) -> tuple[dict[str, Attrition], ...]:
    """Registry -> index events, candidates and cohorts.

    Returns:
        For every run the attrition of its cohorts, by exposure.
    """
    for part in told(batch.parts, "cohort"):
        events = batch.write(
            in_order.find_index_events(part.sets, batch.registry(schemas.DISPENSINGS)),
            schemas.INDEX_EVENTS,
            part,
        )
        candidates = batch.write(
            in_order.find_candidates(part.sets, events, batch.registry, batch.undelivered),
            schemas.CANDIDATES,
            part,
        )
        batch.write(in_order.find_cohort(part.sets, candidates), schemas.COHORT, part)
    return attrition(batch)


def require_anybody(study: Study, steps: Attrition) -> None:
    """Stop where nobody is left of a study's own exposure.

    Raises:
        EmptyInputError: the message says at which step the last fell.
    """
    if steps[-1].number_subjects == 0:
        emptied = next(step for step in steps if step.number_subjects == 0)
        mends = {step.id: step.mend for step in selection_steps(study.definition)}
        raise EmptyInputError(
            Problem(
                f"study {study.definition.id}",
                f"nobody is left after the step '{emptied.reason}'",
                mends.get(emptied.step, ""),
            )
        )


def measure_stage(batch: Batch) -> None:
    """Registry and cohorts -> the cohorts' dispensings -> person outcomes."""
    dispensings = batch.registry(schemas.DISPENSINGS)
    for part in told(batch.parts, "measure"):
        found = in_order.measure(part.sets, dispensings, batch.read(schemas.COHORT, part))
        cut = batch.write(found, schemas.COHORT_DISPENSINGS, part)
        summed = in_order.sum_outcomes(part.sets, cut, sums_fit=batch.sums_fit)
        batch.write(summed, schemas.PERSON_OUTCOMES, part)


def summarise_stage(batch: Batch) -> dict[str, Rows]:
    """Cohorts and person outcomes -> moments of groups and days. No person from here on.

    Returns:
        The rows of the three tables by name.
    """
    parts = [_summarise(batch, part) for part in told(batch.parts, "summarise")]
    found: dict[str, Rows] = {}

    def keep(table: schemas.Table) -> None:
        of_parts = [part[table.name] for part in parts if table.name in part]
        found[table.name] = batch.keep(of_parts, table)

    _for_each(keep, MOMENTS)
    return found


def _summarise(batch: Batch, part: Part) -> dict[str, pa.Table]:
    frames = in_order.summarise(
        part.sets,
        batch.read(schemas.COHORT, part),
        batch.read(schemas.COHORT_DISPENSINGS, part),
        batch.read(schemas.PERSON_OUTCOMES, part),
        NEEDED_SUMS,
    )
    found: dict[str, pa.Table] = {}

    def find(table: schemas.Table) -> None:
        found[table.name] = collect.table(cast_to(frames[table.name], table))

    _for_each(find, [table for table in MOMENTS if table.name in frames])
    return found


def _for_each(do: Callable[[schemas.Table], None], tables: Sequence[schemas.Table]) -> None:
    """Do it of all tables at the same time."""
    wait_for_all([partial(do, table) for table in tables], at_once=len(tables))


def returned_outcomes(batch: Batch) -> dict[int, tuple[Problem, ...]]:
    """What a person should know of the returns among a cohort's examined medicines, by set."""
    asking = {one.number: one for one in batch.sets if one.returns != "as_dispense"}
    found = [
        row
        for part in batch.parts
        if any(one.number in asking for one in part.sets)
        for row in collect.rows(summarise_returns(batch.read(schemas.COHORT_DISPENSINGS, part)))
    ]
    return {
        row["set"]: (_returned(asking[row["set"]], row),) for row in found if row["set"] in asking
    }


def _returned(one: StudySet, found: Mapping[str, Any]) -> Problem:
    are = "is a return" if found["returns"] == 1 else "are returns"
    what = (
        f"{numbered(found['returns'], 'line')} of the examined medicines in the cohort's windows "
        f"{are} (`returns: {one.returns}`)"
    )
    if one.returns == "cancel":
        unmatched = counted(found["returns_unmatched"])
        what += f"; for {unmatched} not all was found that a return takes back"
    return Problem("returns", what)


@dataclass(frozen=True, slots=True)
class Found:
    """What the stages before `publish` hand over of one study.

    Attributes:
        checked: what the codes of the study find.
        cohorts: by exposure, the study's own first.
        returned: what should be known of returns among the cohorts' examined medicines.
    """

    checked: Preflight
    cohorts: Mapping[str, CohortFound]
    returned: tuple[Problem, ...] = ()

    @property
    def own(self) -> CohortFound:
        """What was found of the study's own exposure."""
        return self.cohorts[STUDY]

    @property
    def others(self) -> dict[str, CohortFound]:
        """What was found of the further exposures."""
        return {name: found for name, found in self.cohorts.items() if name != STUDY}


def read_found(batch: Batch) -> tuple[Found, ...]:
    """What earlier stages of a batch left in its tables, run by run."""
    moments = {table.name: batch.kept(table) for table in MOMENTS}
    return together(batch, check_stage(batch), attrition(batch), moments)


def together(
    batch: Batch,
    checked: Sequence[Preflight],
    steps: Sequence[Mapping[str, Attrition]],
    moments: Mapping[str, Rows],
) -> tuple[Found, ...]:
    """What the stages found, run by run and cohort by cohort."""
    returned = returned_outcomes(batch)
    split = {name: split_by_set(rows) for name, rows in moments.items()}
    found = []
    for check, by_exposure, sets in zip(checked, steps, batch.sets_by_run, strict=True):
        cohorts = {
            name: CohortFound(
                {table: rows[one.number] for table, rows in split.items()}, by_exposure[name]
            )
            for name, one in sets.items()
        }
        found.append(Found(check, cohorts, tuple(_named(returned, sets))))
    return tuple(found)


def _named(
    returned: Mapping[int, Sequence[Problem]], sets: Mapping[str, StudySet]
) -> Iterator[Problem]:
    """What should be known of returns in the cohorts of a study, those of others by name."""
    for exposure, one in sets.items():
        for problem in returned.get(one.number, ()):
            yield problem if exposure == STUDY else problem.within(f"exposure {exposure}")


def attrition(batch: Batch) -> tuple[dict[str, Attrition], ...]:
    """Persons and records after every step, from the delivered lines to the cohorts."""
    counts = split_by_set(
        [
            row
            for part in batch.parts
            for row in collect.rows(summarise_attrition(batch.read(schemas.CANDIDATES, part)))
        ]
    )
    return tuple(
        {name: _attrition(run, one, counts[one.number]) for name, one in sets.items()}
        for run, sets in zip(batch.runs, batch.sets_by_run, strict=True)
    )


def _attrition(run: Run, one: StudySet, counts: Rows) -> Attrition:
    return attrition_steps(
        one.definition,
        delivered=run.version.lines,
        accepted=run.version.dispensings,
        persons=run.version.persons,
        counted=counts,
        undelivered=run.undelivered,
    )
