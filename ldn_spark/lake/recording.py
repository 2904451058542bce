"""The checksums that a version record keeps: of every data file, and of the log of every table.

Files that an earlier record knows are not read again: none is ever written to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ldn_spark.engine import collect
from ldn_spark.engine.sessions import in_tasks
from ldn_spark.lake.contents import contents_of
from ldn_spark.lake.sums import FileSum, sum_file
from ldn_spark.lake.versions import Lake, LakeVersion
from ldn_spark.places.place import Place, back

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

_IN_THE_DRIVER = 64 << 20
"""Bytes up to which the driver reads new files itself."""
_SUM = "number int, sum string"


def with_sums(lake: Lake, draft: LakeVersion, before: LakeVersion | None) -> LakeVersion:
    """A record with the checksums of its files.

    Args:
        lake: holds the tables; without an engine the driver reads all new files itself.
        draft: the record, complete but for the checksums.
        before: the record before it; None for the first.
    """
    known = {} if before is None else before.sums
    bases = {} if before is None else dict(before.bases)
    held = {
        table: contents_of(lake.root / table, version, bases.get(table))
        for table, version in sorted(draft.tables.items())
    }
    new = [
        (table, file)
        for table, contents in held.items()
        for file in contents.files
        if file.name not in known.get(table, {})
    ]
    places = [lake.root / table / file.name for table, file in new]
    is_little = sum(file.bytes for _, file in new) <= _IN_THE_DRIVER
    read = _sum if lake.spark is None or is_little else _sum_in_tasks
    found = {
        (table, file.name): str(one)
        for (table, file), one in zip(new, read(lake.spark, places), strict=True)
    }
    sums = {
        table: {
            file.name: found.get((table, file.name)) or known[table][file.name]
            for file in contents.files
        }
        for table, contents in held.items()
    }
    commits = {table: one.commits for table, one in held.items()}
    return replace(draft, sums=sums, commits=commits, bases=bases)


def _sum(_: SparkSession | None, places: Sequence[Place]) -> list[FileSum]:
    return [sum_file(place) for place in places]


def _sum_in_tasks(spark: SparkSession, places: Sequence[Place]) -> list[FileSum]:
    """The sums of many files, each read by one of the tasks."""
    import pyarrow as pa

    texts = [str(place) for place in places]
    schema = pa.schema([("number", pa.int32()), ("sum", pa.string())])

    def work(numbers: range) -> Iterator[pa.RecordBatch]:
        for number in numbers:
            row = {"number": number, "sum": str(sum_file(back(texts[number])))}
            yield pa.RecordBatch.from_pylist([row], schema=schema)

    rows = collect.rows(in_tasks(spark, len(texts), work, _SUM))
    found = {row["number"]: FileSum.parse(row["sum"]) for row in rows}
    return [found[number] for number in range(len(texts))]
