"""Runs of several studies over one version of a lake that are computed together.

All their cohorts are found and measured in the same looks at the registry, and lie in the same
tables, told apart by the column `set`. A run of one study is a batch of one.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldn_spark import schemas
from ldn_spark.engine import collect
from ldn_spark.lake.versions import cast_to, read_run_table, write_run_table
from ldn_spark.runs.run import Run, sets_of
from ldn_spark.study.criteria import Delivered
from ldn_spark.study.sets import StudySet

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Rows = list[dict[str, Any]]


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
        """Runs together; the tables of one alone have its name, those of several one of theirs."""
        first = runs[0].run_id
        if len(runs) == 1:
            return cls(spark, runs, first)
        began, _, _ = first.rpartition("-")
        key = hashlib.sha256("\n".join(run.run_id for run in runs).encode()).hexdigest()[:8]
        return cls(spark, runs, f"{began}-{key}")

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

    @cached_property
    def undelivered(self) -> frozenset[Delivered]:
        """What the conditions of any study ask for and the lake does not hold."""
        return frozenset(kind for run in self.runs for kind in run.undelivered)

    @property
    def tables(self) -> Path:
        """The folder of the tables in the lake."""
        return self.runs[0].lake.root / "runs" / self.run_id

    def registry(self, table: schemas.Table) -> DataFrame:
        """A registry table at the pinned version."""
        return self.runs[0].lake.read(table, self.runs[0].version)

    def write(self, frame: DataFrame, table: schemas.Table) -> DataFrame:
        """Write a stage's table and hand back what was written."""
        write_run_table(frame, self.tables, table)
        return self.read(table)

    def keep(self, frame: DataFrame, table: schemas.Table) -> Rows:
        """Collect a stage's group-level table and write it; hand back its rows.

        Reading back what was written would cost another query.
        """
        found = collect.table(cast_to(frame, table))
        write_run_table(self.spark.createDataFrame(found, table.ddl), self.tables, table)
        return found.to_pylist()

    def rows(self, table: schemas.Table) -> Rows:
        """The rows of a group-level table that an earlier stage left."""
        return collect.rows(self.read(table))

    def read(self, table: schemas.Table) -> DataFrame:
        """A table that an earlier stage left."""
        return read_run_table(self.spark, self.tables, table)


def split_by_set(rows: Sequence[dict[str, Any]]) -> dict[int, Rows]:
    """Rows of a group-level table by their cohort."""
    found: dict[int, Rows] = defaultdict(list)
    for row in rows:
        found[row["set"]].append(row)
    return found
