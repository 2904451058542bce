"""Batches of landed dispensings, sorted by ATC code and person, as data files of the lake.

A batch is read, sorted, counted and written by one task in Arrow memory: the same work and the same
bytes on every engine, and nothing for the engine to shuffle. An engine only hands the batches out.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ldn_spark.engine import collect
from ldn_spark.engine.sessions import in_tasks
from ldn_spark.engine.waiting import wait_for
from ldn_spark.ingest.landing.batches import CODE_BITS, Batch, code_number
from ldn_spark.ingest.landing.landed import LandedFile, code_place, in_types, read_range
from ldn_spark.ingest.writing.profiles import count_profile
from ldn_spark.lake.arrow import arrow_schema
from ldn_spark.lake.commits import DataFile
from ldn_spark.lake.drafts import write_parquet, write_stored
from ldn_spark.places.files import make_folder
from ldn_spark.places.place import Place, back, is_url
from ldn_spark.schemas import DISPENSINGS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_STORED = pa.schema(
    [field for field in arrow_schema(DISPENSINGS) if field.name not in DISPENSINGS.partition_by]
)
_ENCODED = [name for name in _STORED.names if name != "person_key"]  # which packs better plain
_READ = [*DISPENSINGS.names, "code_number"]
_FILE = (
    "path string, year bigint, bytes bigint, rows bigint, low_atc string, high_atc string, "
    "low_day string, high_day string"
)
_SIGN = np.uint64(1 << 63)


def write_batches(
    spark: SparkSession,
    files: Sequence[LandedFile],
    batches: Sequence[Batch],
    folder: Place,
    profiles: Place,
    token: str,
    *,
    written: Callable[[int], None],
) -> list[DataFile]:
    """Write every batch; nothing of it is in the table's log yet.

    Args:
        spark: a session whose tasks see the landed files and the folder.
        files: all landed dispensings.
        batches: a part of them each, all of them together.
        folder: the table's.
        profiles: is made, for what each file adds to the dispensing profile.
        token: stands in the names of the files.
        written: is told how many batches are written.
    """
    make_folder(profiles)
    root, counts, works = str(folder), str(profiles), list(batches)

    def write(numbers: range) -> Iterator[pa.RecordBatch]:
        for number in numbers:
            name = f"{number:05d}-{token}"
            yield from _write_batch(files, works[number], back(root), back(counts), name)

    def tell() -> None:
        if is_url(folder):  # asking a store ten times a second would cost more than it tells
            return
        written(len({path.name for path in folder.glob(f"year=*/part-*-{token}.parquet")}))

    for year in {year for batch in batches for year in batch.years}:
        make_folder(folder / f"year={year}")
    frame = in_tasks(spark, len(works), write, _FILE)
    found = wait_for(lambda: collect.rows(frame), tell)
    data_files = [
        DataFile(
            row["path"],
            row["bytes"],
            row["rows"],
            {"year": str(row["year"])},
            {"atc": row["low_atc"], "dispensed_on": row["low_day"]},
            {"atc": row["high_atc"], "dispensed_on": row["high_day"]},
        )
        for row in found
    ]
    return sorted(data_files, key=lambda file: file.path)


def _write_batch(
    files: Sequence[LandedFile], batch: Batch, folder: Place, profiles: Place, name: str
) -> Iterator[pa.RecordBatch]:
    """Write a batch, a file for each of its years, and tell of each file."""
    rows = _read(files, batch)
    years = rows["year"].to_numpy()
    for year in batch.years:
        of_year = rows if len(batch.years) == 1 else rows.filter(pa.array(years == year))
        if len(of_year):
            content = of_year.take(pa.array(np.argsort(_places(of_year), kind="stable")))
            draft = profiles / f".{uuid.uuid4().hex}"
            counted = count_profile(content, year)
            write_parquet(counted, draft, profiles / f"{year}-{name}.parquet")
            stored = in_types(content, _STORED, encoded=True)
            yield _write(stored, folder, f"year={year}/part-{name}.parquet", year)


def _read(files: Sequence[LandedFile], batch: Batch) -> pa.Table:
    first, last = min(batch.years), max(batch.years)
    low = code_place(first, code_number(batch.first_atc) if batch.first_atc else 0)
    following = (last, code_number(batch.next_atc)) if batch.next_atc else (last + 1, 0)
    end = code_place(*following)
    rows = read_range(files, low, end - 1, _READ)
    if batch.keys:
        key = rows["person_key"]
        rows = rows.filter(
            pc.and_(pc.greater_equal(key, batch.keys[0]), pc.less_equal(key, batch.keys[1]))
        )
    return rows


def _places(rows: pa.Table) -> np.ndarray:
    """One whole number to sort by: the code, then the leading bits of the person key."""
    keys = rows["person_key"].to_numpy().view(np.uint64) ^ _SIGN
    codes = rows["code_number"].to_numpy().astype(np.int64) << (63 - CODE_BITS)
    return codes | (keys >> np.uint64(1 + CODE_BITS)).view(np.int64)


def _write(rows: pa.Table, folder: Place, name: str, year: int) -> pa.RecordBatch:
    draft = folder / f"year={year}" / f".{uuid.uuid4().hex}"
    size = write_stored(
        rows, draft, folder / name, encoded=_ENCODED, statistics=DISPENSINGS.statistics_on
    )
    codes, days = pc.unique(rows["atc"]).cast(pa.string()), pc.min_max(rows["dispensed_on"])
    return pa.RecordBatch.from_pylist(
        [
            {
                "path": name,
                "year": year,
                "bytes": size,
                "rows": len(rows),
                "low_atc": pc.min(codes).as_py(),
                "high_atc": pc.max(codes).as_py(),
                "low_day": days["min"].as_py().isoformat(),
                "high_day": days["max"].as_py().isoformat(),
            }
        ]
    )
