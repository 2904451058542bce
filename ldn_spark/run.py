"""One run of one study over one version of a lake: what it reads, and where it keeps its tables."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ldn_spark import schemas
from ldn_spark.io.lake import Lake, LakeVersion, read_run_table, write_run_table
from ldn_spark.study.load import Study

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True)
class Run:
    """One run of one study over one version of a lake.

    Attributes:
        spark: the session.
        study: what is asked.
        lake: where the registry lies.
        version: the version of the lake that is read, pinned for the whole run.
        run_id: names the run's tables in the lake and its folder of results.
    """

    spark: SparkSession
    study: Study
    lake: Lake
    version: LakeVersion
    run_id: str

    @property
    def tables(self) -> Path:
        """The folder of the run's tables in the lake."""
        return self.lake.root / "runs" / self.run_id

    def registry(self, table: schemas.Table) -> DataFrame:
        """A registry table at the pinned version."""
        return self.lake.read(table, self.version)

    def write(self, frame: DataFrame, table: schemas.Table) -> DataFrame:
        """Write a stage's table and hand back what was written."""
        write_run_table(frame, self.tables, table)
        return self.read(table)

    def read(self, table: schemas.Table) -> DataFrame:
        """A table that an earlier stage of this run left."""
        return read_run_table(self.spark, self.tables, table)


def run_key(study: Study, version: LakeVersion, software_version: str) -> str:
    """Eight characters that stand for study, data and software: same key, same numbers."""
    parts = [study.hash, software_version, *sorted(file.sha256 for file in version.files)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]
