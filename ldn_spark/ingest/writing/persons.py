"""Persons and what is said of them, merged and written by tasks that hold a part of all keys each.

A person's dispensings stand beside what is said of the person, as a first and a last day: so no
dispensing is looked at to see that a birth year or a day of death cannot be.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ldn_spark.engine import collect
from ldn_spark.engine.rights import with_umask
from ldn_spark.engine.sessions import in_tasks, tasks_on_a_machine
from ldn_spark.ingest.arriving.intake import Intake, own_version
from ldn_spark.ingest.arriving.replacing import survivors
from ldn_spark.ingest.landing.landed import gathered
from ldn_spark.ingest.landing.statements import GATHERED, LANDED, write_statements
from ldn_spark.ingest.landing.tasks import STATEMENTS
from ldn_spark.ingest.writing.merging import (
    as_persons,
    as_statements,
    count_persons,
    fold,
    restated,
    stated,
)
from ldn_spark.lake.commits import DataFile, everything, exchange_files, nothing
from ldn_spark.lake.drafts import mapped_between, rows_of, write_stored
from ldn_spark.places.files import make_folder
from ldn_spark.places.place import Place, back
from ldn_spark.schemas import DISPENSINGS, PERSON_STATEMENTS, PERSONS, Table
from ldn_spark.transforms.spans import with_spans

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_FILE = "table string, path string, bytes bigint, rows bigint, code string"
_ACCOUNT = pa.schema(
    [
        ("table", pa.string()),
        ("path", pa.string()),
        ("bytes", pa.int64()),
        ("rows", pa.int64()),
        ("code", pa.string()),
    ]
)
_KEYS = 1 << 64


@dataclass(frozen=True, slots=True)
class Merged:
    """Persons as they are after an ingest.

    Attributes:
        tables: the Delta versions of the two tables.
        noted: persons by what does not fit together, see `reasons.OF_PERSONS`.
    """

    tables: dict[str, int]
    noted: Counter[str]


def rewrite_persons(intake: Intake, superseded: Counter[int], arriving: DataFrame) -> Merged:
    """Write what the delivery says of persons, and what is then known of each.

    What a file said is forgotten when all its dispensings are replaced; of a file that is replaced
    in part, the days of its dispensings are those that stay.

    Args:
        intake: what comes.
        superseded: rows per earlier file that are replaced.
        arriving: one row per dispensing that comes.
    """
    new = sorted((intake.landing / STATEMENTS).glob("*.arrow"))
    known, is_whole = _stage_known(intake, superseded, arriving)
    written, further = ([*new, *known], []) if is_whole else (new, known)
    files, noted = _write_parts(intake, written, further)
    for table, goes in (
        (PERSON_STATEMENTS, everything if is_whole else nothing),
        (PERSONS, everything),
    ):
        exchange_files(
            intake.path(table),
            table,
            base=intake.pinned(table),
            goes=goes,
            files=files[table.name],
            token=intake.token,
        )
    tables = {table.name: own_version(intake, table) for table in (PERSON_STATEMENTS, PERSONS)}
    return Merged(tables, noted)


def merge_persons(
    intake: Intake, superseded: Counter[int], arriving: DataFrame | None
) -> Counter[str]:
    """What an ingest would note of persons; the arguments are those of `rewrite_persons`."""
    new = sorted((intake.landing / STATEMENTS).glob("*.arrow"))
    known, _ = _stage_known(intake, superseded, arriving)
    paths, parts = [str(path) for path in (*new, *known)], _parts(intake, [*new, *known])

    def merge(numbers: range) -> Iterator[pa.RecordBatch]:
        for part in numbers:
            yield _codes(as_persons(fold(_read_part(paths, part, parts), by_file=False)))

    return _noted(collect.rows(in_tasks(intake.lake.spark, parts, merge, _FILE)))


def _stage_known(
    intake: Intake, superseded: Counter[int], arriving: DataFrame | None
) -> tuple[list[Place], bool]:
    """What was said before, without what is forgotten, as statements.

    Returns:
        The landed files; and whether they hold every statement, because some change or because
        they lie in many small files. Otherwise
        what is known of a person stands for all of them.
    """
    from pyspark.sql import functions as F

    earlier = intake.before.files if intake.before else ()
    gone = {file.file_id for file in earlier if superseded[file.file_id]}
    if not gone and not intake.is_scattered(PERSON_STATEMENTS):
        persons = intake.old(PERSONS)
        if persons is None:
            return [], False
        return _restage(persons, restated, intake.landing / "stated"), False
    forgotten = [
        file.file_id
        for file in earlier
        if file.accepted and file.accepted <= file.superseded + superseded[file.file_id]
    ]
    statements = intake.old(PERSON_STATEMENTS)
    if forgotten:
        statements = statements.where(~F.col("file_id").isin(*forgotten))
    if in_part := sorted(gone - set(forgotten)):
        old = intake.old(DISPENSINGS).where(F.col("file_id").isin(*in_part))
        stays = survivors(old, intake.replacement, arriving)
        statements = with_spans(statements, stays, in_part)
    return _restage(statements, stated, intake.landing / "stated"), True


def _restage(
    rows: DataFrame, convert: Callable[[pa.Table], pa.Table], folder: Place
) -> list[Place]:
    """Rows of the lake as landed statements."""
    make_folder(folder)
    root = str(folder)

    def land(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for table in gathered(batches, GATHERED):
            name = uuid.uuid4().hex
            write_statements(convert(table), back(root), name)
            yield pa.RecordBatch.from_pydict({"name": pa.array([name])})

    found = collect.rows(rows.mapInArrow(with_umask(land), "name string"))
    return sorted(folder / f"{row['name']}.arrow" for row in found)


def _write_parts(
    intake: Intake, statements: Sequence[Place], known: Sequence[Place]
) -> tuple[dict[str, list[DataFile]], Counter[str]]:
    """Write the statements and the persons, a part of all keys at a time.

    Args:
        intake: where to.
        statements: landed ones that are written.
        known: further ones, which persons are merged from too.

    Returns:
        The files of each table, and what is noted of the persons.
    """
    parts, root, token = _parts(intake, [*statements, *known]), str(intake.lake.root), intake.token
    written, further = [*map(str, statements)], [*map(str, known)]
    for table in (PERSON_STATEMENTS, PERSONS):
        make_folder(intake.path(table))

    def write(numbers: range) -> Iterator[pa.RecordBatch]:
        for part in numbers:
            name = f"part-{part:05d}-{token}.parquet"
            said = fold(_read_part(written, part, parts), by_file=True)
            yield _store(as_statements(said), PERSON_STATEMENTS, back(root), name)
            everybody = pa.concat_tables([said, _read_part(further, part, parts)])
            persons = as_persons(fold(everybody, by_file=False))
            yield _codes(persons)
            yield _store(persons, PERSONS, back(root), name)

    found = collect.rows(in_tasks(intake.lake.spark, parts, write, _FILE))
    files: dict[str, list[DataFile]] = {PERSON_STATEMENTS.name: [], PERSONS.name: []}
    for row in sorted((row for row in found if row["path"]), key=lambda row: row["path"]):
        if row["rows"]:
            files[row["table"]].append(DataFile(row["path"], row["bytes"], row["rows"]))
    return files, _noted(found)


def _parts(intake: Intake, statements: Sequence[Place]) -> int:
    """In how many parts of all keys persons are merged."""
    most = max(1, intake.rows_at_once // (2 * tasks_on_a_machine(intake.lake.spark)))
    return max(1, -(-sum(map(rows_of, statements)) // most))


def _codes(persons: pa.Table) -> pa.RecordBatch:
    """What is noted of some persons, as rows of the tasks' account."""
    counts = count_persons(persons)
    return _told(code=[*counts], rows=[*counts.values()])


def _noted(account: Sequence[Mapping[str, Any]]) -> Counter[str]:
    noted = Counter[str]()
    for row in account:
        if row["code"]:
            noted[row["code"]] += row["rows"]
    return noted


def _told(**columns: Sequence[Any]) -> pa.RecordBatch:
    """Rows of the tasks' account."""
    rows = len(columns["rows"])
    named = ((field.name, columns.get(field.name, [None] * rows), field.type) for field in _ACCOUNT)
    return pa.RecordBatch.from_pydict({name: pa.array(some, kind) for name, some, kind in named})


def _read_part(paths: Sequence[str], part: int, parts: int) -> pa.Table:
    """The landed statements of an equal part of all person keys."""
    low, high = (-(_KEYS // 2) + at * _KEYS // parts for at in (part, part + 1))
    tables = [LANDED.empty_table()]
    for path in paths:
        rows = mapped_between(path, low, high)
        keys = rows["person_key"].to_numpy()
        begin = np.searchsorted(keys, low)
        end = np.searchsorted(keys, high) if part + 1 < parts else len(keys)
        tables.append(rows.slice(begin, end - begin))
    return pa.concat_tables(tables)


def _store(rows: pa.Table, table: Table, root: Place, name: str) -> pa.RecordBatch:
    folder = root / table.name
    draft = folder / f".{uuid.uuid4().hex}"
    size = write_stored(rows, draft, folder / name)
    return _told(table=[table.name], path=[name], bytes=[size], rows=[len(rows)])
