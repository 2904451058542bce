"""An ingest under way: what it brings, and how its tables are written, still invisible.

Every table is built from the version that the last record names and the landed rows, never from
the latest version: what a killed ingest left behind is written over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ldn_spark.delivery.source.sources import Source
from ldn_spark.engine.sessions import read_parquet
from ldn_spark.errors import ConflictError, EngineError, Problem
from ldn_spark.ingest.arriving.replacing import Replacement
from ldn_spark.ingest.landing.landed import Arrivals
from ldn_spark.lake.delta_log import commits_after, delta_version
from ldn_spark.lake.sums import FileSum
from ldn_spark.lake.versions import FileRecord, Lake, LakeVersion, append_rows, write_table
from ldn_spark.places.files import has_file
from ldn_spark.places.place import Place
from ldn_spark.schemas import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_MANY, _SMALL = 64, 1 << 20
"""Files of a table, and bytes of each of them, from which they are put together."""


@dataclass(frozen=True)
class Intake:
    """What an ingest brings to a lake.

    Attributes:
        lake: where to.
        landing: the folder of landed rows.
        source: their layout.
        before: the version to build on; None for an empty lake.
        files: the new files and their accounts, as parsed.
        arrivals: what the parsed dispensings are.
        replacement: what leaves the lake.
        token: marks the commits as those of this ingest.
        rows_at_once: how many dispensings are sorted in memory together.
        start: the Delta version that each table had when the writing began.
    """

    lake: Lake
    landing: Place
    source: Source
    before: LakeVersion | None
    files: tuple[FileRecord, ...]
    arrivals: Arrivals
    replacement: Replacement
    token: str
    rows_at_once: int
    start: dict[str, int | None] = field(default_factory=dict)

    def old(self, table: Table) -> DataFrame | None:
        """A registry table as it was before; None in an empty lake."""
        return None if self.before is None else self.lake.read(table, self.before)

    def path(self, table: Table) -> Place:
        """The folder of a registry table."""
        return self.lake.root / table.name

    def landed(self, kind: str) -> DataFrame | None:
        """The rows that are landed for the engine; None where no file of that kind is there."""
        if not has_file(self.landing / kind, "*.parquet"):
            return None
        return read_parquet(self.lake.spark, self.landing / kind)

    def pinned(self, table: Table) -> int | None:
        """The table's Delta version that the version record names."""
        return None if self.before is None else self.before.tables[table.name]

    def is_scattered(self, table: Table) -> bool:
        """Whether a table lies in many small files, so that it is better written whole."""
        held = {} if self.before is None else self.before.sums.get(table.name, {})
        small = sum(FileSum.parse(text).bytes for text in held.values()) < len(held) * _SMALL
        return len(held) > _MANY and small

    def is_as_recorded(self, table: Table) -> bool:
        """Whether the table ends with the recorded version, so that it may be appended to."""
        pinned = self.pinned(table)
        return pinned is not None and delta_version(self.path(table)) == pinned


def own_version(intake: Intake, table: Table) -> int:
    """The latest version of a table, when every commit since the start is this ingest's.

    Sail makes no commit where an empty table is replaced by no rows: then it is the first.
    """
    start = intake.start[table.name]
    commits = commits_after(intake.path(table), start)
    if any(commit.token != intake.token for commit in commits):
        what = f"another ingest wrote to {table.name} at the same time"
        raise ConflictError(Problem(str(intake.lake.root), what, "run this one again"))
    version = commits[-1].version if commits else start
    if version is None:
        raise EngineError(f"the table {table.name} was not written")
    return version


def write_whole(intake: Intake, table: Table, rows: DataFrame) -> int:
    """Replace what a table holds; its new Delta version."""
    write_table(rows, intake.path(table), table, token=intake.token)
    return own_version(intake, table)


def extend(intake: Intake, table: Table, new: DataFrame) -> int:
    """Add rows to what the recorded version holds: by appending where nothing else is there.

    After many small deliveries what they have left in a file each is put together.
    """
    old = intake.old(table)
    if intake.is_as_recorded(table) and not intake.is_scattered(table):
        append_rows(new, intake.path(table), table, token=intake.token)
        return own_version(intake, table)
    return write_whole(intake, table, new if old is None else old.unionByName(new))
