"""A generated study through the stages of a run, its tables in memory instead of a lake.

This is the only place that knows how a run is put together: what is asked of it is what a lake
and a loaded study say, what it hands back are its public tables, its attrition and its results.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ldn_spark import schemas
from ldn_spark.engine import collect
from ldn_spark.errors import Problem
from ldn_spark.estimates.analysis import analyse
from ldn_spark.estimates.results import Results
from ldn_spark.lake.versions import FileRecord, LakeVersion, cast_to
from ldn_spark.runs.batch import Batch, Rows, split_by_set
from ldn_spark.runs.run import Run
from ldn_spark.runs.steps import (
    Attrition,
    check_stage,
    cohort_stage,
    divide,
    measure_stage,
    summarise_stage,
)
from ldn_spark.study.atc.stated_versions import StatedVersions
from ldn_spark.study.load import Study
from ldn_spark.study.sets import StudySet
from ldn_spark.transforms.periods import merge_periods
from ldn_spark.transforms.profile import summarise_dispensings
from tests.generative.worlds import World
from tests.reference_model import NOT_DELIVERED
from tests.registers import dispensings, frame, persons

_KEPT = (
    schemas.CANDIDATES,
    schemas.COHORT,
    schemas.PERSON_OUTCOMES,
    schemas.COHORT_MOMENTS,
    schemas.DESIGN_MOMENTS,
    schemas.DAILY_MOMENTS,
)


@dataclass
class Computed:
    """What a run found.

    Attributes:
        tables: rows by table.
        attrition: (step, persons, records) from the exposure's codes on; the last one may be 0.
        results: estimates and curves; None where nobody is left.
        has_curves: whether the day-by-day sums were asked for.
    """

    tables: dict[str, list[dict[str, Any]]]
    attrition: list[tuple[str, int, int]]
    results: Results | None
    has_curves: bool


class _Lake:
    """A lake in memory."""

    root = Path("generated")

    def __init__(self, spark, world: World) -> None:
        lines, people = dispensings(spark, world.delivered), world.persons
        self._frames = {
            schemas.DISPENSINGS.name: lines,
            schemas.PERSONS.name: persons(
                spark, {key: row | {"died_on": _day_of_death(row)} for key, row in people.items()}
            ),
            schemas.OBSERVATION_PERIODS.name: merge_periods(
                frame(spark, schemas.OBSERVATION_PERIODS, list(_periods(people)))
            ),
            schemas.DISPENSING_PROFILE.name: summarise_dispensings(lines),
        }

    def read(self, table: schemas.Table, version: LakeVersion):
        return self._frames[table.name]


def _day_of_death(person):
    died = person.get("died_on")
    return None if died == NOT_DELIVERED else died


def _periods(people):
    for key, person in people.items():
        for first, last in person.get("periods") or ():
            yield {"person_key": key, "observed_from": first, "observed_to": last}


@dataclass(frozen=True)
class _MemoryBatch(Batch):
    """Runs that keep what their stages write, by folder and table."""

    content: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)

    def rows_of(self, table):
        """Of all parts, or of the table that all have together."""
        folders = dict.fromkeys(["", *[part.folder for part in self.parts]])
        return [row for each in folders for row in self.content.get((each, table.name), ())]

    def write(self, frame, table, part):
        self.content[part.folder, table.name] = collect.rows(cast_to(frame, table))
        return self.read(table, part)

    def read(self, table, part):
        return frame(self.spark, table, self.content[part.folder, table.name])

    def kept(self, table):
        return self.content["", table.name]

    def _is_there(self, table):
        return ("", table.name) in self.content

    def _write_rows(self, rows, table):
        self.content["", table.name] = rows.to_pylist()


def computed(
    spark, studies: Sequence[Study], world: World, part_lines: int | None = None
) -> list[dict[str, Computed]]:
    """Run studies together over a world; of each what was found by exposure.

    Cohorts are worked off in parts of so many lines of their exposures, if that is given.
    """
    batch = _batch(spark, studies, world)
    if part_lines is not None:
        divide(batch, check_stage(batch), part_lines)
    steps = cohort_stage(batch)
    measure_stage(batch)
    moments = summarise_stage(batch)
    found = []
    for sets, cohorts in zip(batch.sets_by_run, steps, strict=True):
        by_exposure = {
            name: _computed(batch, one, cohorts[name], moments) for name, one in sets.items()
        }
        found.append(by_exposure)
    return found


def _computed(
    batch: _MemoryBatch, one: StudySet, attrition: Attrition, moments: dict[str, Rows]
) -> Computed:
    tables = {table.name: split_by_set(batch.rows_of(table))[one.number] for table in _KEPT}
    results = None
    if attrition[-1].number_subjects:
        mine = {name: split_by_set(rows)[one.number] for name, rows in moments.items()}
        results = analyse(one.definition, **mine, attrition=attrition)
    return Computed(tables, _from_the_exposure_on(attrition), results, one.has_curves)


def refused(spark, study: Study, world: World) -> tuple[Problem, ...]:
    """What speaks against running a study over a world, before anything is run."""
    (found,) = check_stage(_batch(spark, [study], world))
    return found.problems


def _from_the_exposure_on(steps) -> list[tuple[str, int, int]]:
    return [(step.step, step.number_subjects, step.number_records) for step in steps[2:]]


def _batch(spark, studies: Sequence[Study], world: World) -> _MemoryBatch:
    lake, version, stated = _Lake(spark, world), _version(world), StatedVersions(*world.stated)
    runs = [Run(spark, study, lake, version, "run", stated) for study in studies]
    return _MemoryBatch(spark, runs, "run")


def _version(world: World) -> LakeVersion:
    days = sorted(row["dispensed_on"].isoformat() for row in world.delivered)
    returned = [row for row in world.delivered if any(_is_negative(row, "ddd", "packages"))]
    notes = {"ddd_negative": len(returned)} if returned else {}
    lines = Counter(row["file_id"] for row in world.delivered)
    return LakeVersion(
        number=1,
        tables={table.name: 0 for table in schemas.LAKE_TABLES},
        files=tuple(
            FileRecord(number, f"file{number}.csv", 1, str(number), "source", lines[number],
                       lines[number], 0, {}, {}, noted_by_reason=notes, atc_version=declared)
            for number, declared in world.declared.items()
        ),
        persons=len(world.persons),
        dispensings=lines.total(),
        sex_conflicts=0,
        birth_year_conflicts=0,
        first_dispensed_on=days[0],
        last_dispensed_on=days[-1],
        layout=2,
    )  # fmt: skip


def _is_negative(row, *names):
    return [row[name] is not None and row[name] < 0 for name in names]
