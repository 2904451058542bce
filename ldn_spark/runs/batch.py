"""Runs of several studies over one version of a lake that are computed together.

All their cohorts are found and measured in the same looks at the registry, and lie in the same
tables, told apart by the column `set`. A run of one study is a batch of one. Cohorts too large to
be held in memory at once are worked off part by part, each with tables of its own.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ldn_spark import schemas
from ldn_spark.lake.faults import translated_faults
from ldn_spark.lake.run_tables import (
    is_run_table,
    read_run_rows,
    read_run_table,
    write_run_rows,
    write_run_table,
)
from ldn_spark.runs.extent import sums_fit
from ldn_spark.runs.run import Run, sets_of
from ldn_spark.study.criteria import Delivered
from ldn_spark.study.sets import StudySet

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Rows = list[dict[str, Any]]

PART_LINES = 3_000_000
"""Dispensings of their exposures that cohorts which are worked off together may have."""


@dataclass(frozen=True, slots=True)
class Part:
    """Cohorts of a batch that are worked off together: they share every look at the registry.

    Attributes:
        number: from 0.
        sets: the cohorts.
        folder: where their tables lie in the batch's folder; empty where there is one part. The
            moments of all parts lie together.
    """

    number: int
    sets: tuple[StudySet, ...]
    folder: str


@dataclass(frozen=True)
class Batch:
    """Runs that are computed together, and their tables in the lake.

    Attributes:
        spark: the session.
        runs: one for every study, all over one version of one lake.
        run_id: names the tables.
    """

    spark: SparkSession
    runs: Sequence[Run]
    run_id: str

    @classmethod
    def of(cls, spark: SparkSession, runs: Sequence[Run]) -> Batch:
        """Runs together; the tables of a name have it, those of several names one of theirs."""
        first = runs[0].run_id
        if len({run.run_id for run in runs}) == 1:
            return cls(spark, runs, first)
        began, _, _ = first.rpartition("-")
        key = hashlib.sha256("\n".join(run.run_id for run in runs).encode()).hexdigest()[:8]
        return cls(spark, runs, f"{began}-{key}")

    def only(self, runs: Sequence[Run]) -> Batch:
        """These of its runs, under its name."""
        return replace(self, runs=runs)

    @cached_property
    def sets_by_run(self) -> tuple[dict[str, StudySet], ...]:
        """For every run its cohorts, by exposure."""
        found: list[dict[str, StudySet]] = []
        for run in self.runs:
            number = sum(map(len, found))
            found.append(sets_of(run.study, run.version, run.stated, number))
        return tuple(found)

    @cached_property
    def sets(self) -> tuple[StudySet, ...]:
        """The cohorts of all runs, in the order of their numbers."""
        return tuple(one for cohorts in self.sets_by_run for one in cohorts.values())

    def divide(self, lines: Mapping[int, int], at_most: int = PART_LINES) -> None:
        """Decide which cohorts are worked off together; once, before `parts` is asked for.

        One after the other goes into a part until the next would be too much for it. Most runs are
        one part, of which nothing is written down.

        Args:
            lines: dispensings of the exposure of every set, by its number.
            at_most: of the sets of a part, if it has more than one.
        """
        part, inside, rows = 0, 0, []
        for one in self.sets:
            if inside and inside + lines[one.number] > at_most:
                part, inside = part + 1, 0
            inside += lines[one.number]
            rows.append({"set": one.number, "part": part})
        if part or self._is_there(schemas.PARTS):
            self._write_rows(pa.Table.from_pylist(rows), schemas.PARTS)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The cohorts as `divide` left them: all together, or part by part."""
        if not self._is_there(schemas.PARTS):
            return (Part(0, self.sets, ""),)
        numbers = {row["set"]: row["part"] for row in self.kept(schemas.PARTS)}
        parts = sorted(set(numbers.values()))
        return tuple(
            Part(
                number,
                tuple(one for one in self.sets if numbers[one.number] == number),
                f"part-{number}" if len(parts) > 1 else "",
            )
            for number in parts
        )

    @cached_property
    def undelivered(self) -> frozenset[Delivered]:
        """What the conditions of any study ask for and the lake does not hold."""
        return frozenset(kind for run in self.runs for kind in run.undelivered)

    @cached_property
    def sums_fit(self) -> bool:
        """Whether no sum of DDDs can pass 64 bits; see `extent.sums_fit`."""
        return sums_fit(self.runs[0].lake, self.runs[0].version)

    @property
    def tables(self) -> Path:
        """The folder of the tables in the lake."""
        return self.runs[0].lake.root / "runs" / self.run_id

    def registry(self, table: schemas.Table) -> DataFrame:
        """A registry table at the pinned version."""
        return self.runs[0].lake.read(table, self.runs[0].version)

    def write(self, frame: DataFrame, table: schemas.Table, part: Part) -> DataFrame:
        """Write a stage's table and hand back what was written."""
        folder = self.tables / part.folder
        with translated_faults(str(folder / table.name), self.runs[0].lake.root):
            write_run_table(frame, folder, table)
        self._own.add((part.folder, table.name))
        return self.read(table, part)

    def read(self, table: schemas.Table, part: Part) -> DataFrame:
        """A table that an earlier stage left."""
        is_own = (part.folder, table.name) in self._own
        return read_run_table(self.spark, self.tables / part.folder, table, is_own=is_own)

    def keep(self, found: Sequence[pa.Table], table: schemas.Table) -> Rows:
        """Write what was found of each part for a group-level table, and hand its rows back."""
        together = pa.concat_tables(found)
        self._write_rows(together, table)
        return together.to_pylist()

    def kept(self, table: schemas.Table) -> Rows:
        """The rows of a group-level table that an earlier stage left, of all parts."""
        return read_run_rows(self.tables, table)

    @cached_property
    def _own(self) -> set[tuple[str, str]]:
        """The tables that this process wrote, by folder and name; the others are looked at."""
        return set()

    def _is_there(self, table: schemas.Table) -> bool:
        return is_run_table(self.tables, table)

    def _write_rows(self, rows: pa.Table, table: schemas.Table) -> None:
        with translated_faults(str(self.tables / table.name), self.runs[0].lake.root):
            write_run_rows(rows, self.tables, table)


def split_by_set(rows: Sequence[dict[str, Any]]) -> dict[int, Rows]:
    """Rows of a group-level table by their cohort."""
    found: dict[int, Rows] = defaultdict(list)
    for row in rows:
        found[row["set"]].append(row)
    return found
