"""Persons and what is said of them, merged and written by tasks that hold a part of all keys each.

Minima and maxima do not depend on the order of lines, files or deliveries. An attribute with
contradictory values is unknown; of two days of death the earlier one counts.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ldn_spark.io import collect
from ldn_spark.io.arrow import arrow_schema
from ldn_spark.io.commits import DataFile, everything, exchange_files, nothing
from ldn_spark.io.drafts import mapped, write_stored
from ldn_spark.io.engines import in_tasks, tasks_on_a_machine
from ldn_spark.io.intake import Intake, own_version
from ldn_spark.io.said import GATHERED, STAGED, sex_numbers, write_statements
from ldn_spark.io.staged import gathered
from ldn_spark.io.staging import STATEMENTS
from ldn_spark.schemas import PERSON_STATEMENTS, PERSONS, SEXES, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_LOWEST, _HIGHEST = np.iinfo(np.int32).min, np.iinfo(np.int32).max
_NO_YEAR_BEGINS = 9999
"""With 0 as the latest year: no birth year is allowed, now and ever."""
_FILE = "table string, path string, bytes bigint, rows bigint"
_KEYS = 1 << 64


def rewrite_persons(intake: Intake, superseded: Counter[int]) -> dict[str, int]:
    """Write what the delivery says of persons, and what is then known of each.

    What a file said is forgotten when all its dispensings are replaced.

    Args:
        intake: what comes.
        superseded: dispensings per earlier file that are replaced.

    Returns:
        The Delta versions of the two tables.
    """
    earlier = intake.before.files if intake.before else ()
    forgotten = [
        file.file_id
        for file in earlier
        if file.superseded < file.accepted <= file.superseded + superseded[file.file_id]
    ]
    exact = not any(file.birth_year_slack for file in (*earlier, *intake.files))
    new = sorted((intake.staging / STATEMENTS).glob("*.arrow"))
    known = _stage_known(intake, forgotten, whole=bool(forgotten) or not exact)
    if forgotten:
        files = _write_parts(intake, [*new, *known], [])
    else:
        files = _write_parts(intake, new, known)
    for table, goes in (
        (PERSON_STATEMENTS, everything if forgotten else nothing),
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
    return {table.name: own_version(intake, table) for table in (PERSON_STATEMENTS, PERSONS)}


def _stage_known(intake: Intake, forgotten: Sequence[int], *, whole: bool) -> list[Path]:
    """What was said before, without what is forgotten, as statements.

    Args:
        intake: what was there before.
        forgotten: the files that say nothing any more.
        whole: whether every statement is needed. What is known of a person stands for all of them
            unless a birth year may have been left open between two: what two years allowed is not
            kept there.
    """
    from pyspark.sql import functions as F

    if whole:
        statements = intake.old(PERSON_STATEMENTS)
        if statements is None:
            return []
        stays = statements.where(~F.col("file_id").isin(*forgotten)) if forgotten else statements
        return _restage(stays, stated, intake.staging / "stated")
    persons = intake.old(PERSONS)
    return [] if persons is None else _restage(persons, restated, intake.staging / "stated")


def _restage(rows: DataFrame, convert: Callable[[pa.Table], pa.Table], folder: Path) -> list[Path]:
    """Rows of the lake as staged statements."""
    folder.mkdir()
    root = str(folder)

    def stage(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for table in gathered(batches, GATHERED):
            name = uuid.uuid4().hex
            write_statements(convert(table), Path(root), name)
            yield pa.RecordBatch.from_pydict({"name": pa.array([name])})

    found = collect.rows(rows.mapInArrow(stage, "name string"))
    return sorted(folder / f"{row['name']}.arrow" for row in found)


def _write_parts(
    intake: Intake, statements: Sequence[Path], known: Sequence[Path]
) -> dict[str, list[DataFile]]:
    """Write the statements and the persons, a part of all keys at a time.

    Args:
        intake: where to.
        statements: staged ones that are written.
        known: further ones, which persons are merged from too.
    """
    spark = intake.lake.spark
    most = max(1, intake.rows_at_once // (2 * tasks_on_a_machine(spark)))
    rows = sum(len(mapped(path)) for path in (*statements, *known))
    parts = max(1, -(-rows // most))
    root, token = str(intake.lake.root), intake.token
    written, further = [*map(str, statements)], [*map(str, known)]
    for table in (PERSON_STATEMENTS, PERSONS):
        intake.path(table).mkdir(parents=True, exist_ok=True)

    def write(numbers: range) -> Iterator[pa.RecordBatch]:
        for part in numbers:
            name = f"part-{part:05d}-{token}.parquet"
            said = fold(_read_part(written, part, parts), by_file=True)
            yield _store(as_statements(said), PERSON_STATEMENTS, Path(root), name)
            everybody = pa.concat_tables([said, _read_part(further, part, parts)])
            yield _store(as_persons(fold(everybody, by_file=False)), PERSONS, Path(root), name)

    frame = in_tasks(spark, parts, write, _FILE)
    files: dict[str, list[DataFile]] = {PERSON_STATEMENTS.name: [], PERSONS.name: []}
    for row in sorted(collect.rows(frame), key=lambda row: row["path"]):
        if row["rows"]:
            files[row["table"]].append(DataFile(row["path"], row["bytes"], row["rows"]))
    return files


def _read_part(paths: Sequence[str], part: int, parts: int) -> pa.Table:
    """The staged statements of an equal part of all person keys."""
    low, high = (-(_KEYS // 2) + at * _KEYS // parts for at in (part, part + 1))
    tables = [STAGED.empty_table()]
    for path in paths:
        rows = mapped(path)
        keys = rows["person_key"].to_numpy()
        begin = np.searchsorted(keys, low)
        end = np.searchsorted(keys, high) if part + 1 < parts else len(keys)
        tables.append(rows.slice(begin, end - begin))
    return pa.concat_tables(tables)


def _store(rows: pa.Table, table: Table, root: Path, name: str) -> pa.RecordBatch:
    folder = root / table.name
    draft = folder / f".{uuid.uuid4().hex}"
    size = write_stored(rows, draft, folder / name)
    return pa.RecordBatch.from_pydict(
        {
            "table": pa.array([table.name]),
            "path": pa.array([name]),
            "bytes": pa.array([size], pa.int64()),
            "rows": pa.array([len(rows)], pa.int64()),
        }
    )


def fold(statements: pa.Table, *, by_file: bool) -> pa.Table:
    """Take the minima and maxima of what is said of each person.

    Two pseudonyms with one key stay apart: who counts them finds fewer keys than persons.

    Args:
        statements: as staged, in any order.
        by_file: of each person and file; otherwise of each person, under the smallest file_id.

    Returns:
        As staged, sorted by person key.
    """
    rows = statements.combine_chunks()
    if not len(rows):
        return rows
    keys, files = rows["person_key"].to_numpy(), rows["file_id"].to_numpy()
    order = np.lexsort((files, keys)) if by_file else np.argsort(keys, kind="stable")
    rows = rows.take(pa.array(order)).combine_chunks()
    keys, files, names = keys[order], files[order], rows["pseudonym"].combine_chunks()
    new = np.ones(len(rows), bool)
    renamed = pc.not_equal(names[1:], names[:-1]).to_numpy(zero_copy_only=False)
    new[1:] = (keys[1:] != keys[:-1]) | renamed
    if by_file:
        new[1:] |= files[1:] != files[:-1]
    starts = np.flatnonzero(new)
    columns = [
        pa.array(keys[starts]),
        names.take(pa.array(starts)),
        pa.array(np.minimum.reduceat(files, starts)),
        _least(rows["sex_low"], starts),
        _greatest(rows["sex_high"], starts),
        _greatest(rows["birth_year_low"], starts),
        _least(rows["birth_year_high"], starts),
        _least(rows["died_on"].cast(pa.int32()), starts).cast(pa.date32()),
    ]
    return pa.table(columns, schema=STAGED)


def _least(column: pa.ChunkedArray, starts: np.ndarray) -> pa.Array:
    found = np.minimum.reduceat(column.fill_null(_HIGHEST).to_numpy(), starts)
    return pa.array(found, mask=found == _HIGHEST)


def _greatest(column: pa.ChunkedArray, starts: np.ndarray) -> pa.Array:
    found = np.maximum.reduceat(column.fill_null(_LOWEST).to_numpy(), starts)
    return pa.array(found, mask=found == _LOWEST)


def as_statements(folded: pa.Table) -> pa.Table:
    """What each file says of each person, as in `schemas.PERSON_STATEMENTS`."""
    columns = {name: folded[name] for name in folded.column_names}
    columns["sex"], columns["sex_high"] = _text(folded["sex_low"]), _text(folded["sex_high"])
    return _in_schema(columns, PERSON_STATEMENTS)


def as_persons(folded: pa.Table) -> pa.Table:
    """What is known of each person, as in `schemas.PERSONS`.

    Where two birth years remain possible, as with ages in completed years, the later one is taken.
    """
    sexes = pc.fill_null(pc.not_equal(folded["sex_low"], folded["sex_high"]), False)
    low, high = folded["birth_year_low"], folded["birth_year_high"]
    births = pc.fill_null(pc.greater(low, high), False)
    unknown = pa.scalar(None, pa.int32())
    columns = {
        "person_key": folded["person_key"],
        "pseudonym": folded["pseudonym"],
        "sex": _text(pc.if_else(sexes, unknown, folded["sex_low"])),
        "birth_year": pc.if_else(births, unknown, high),
        "died_on": folded["died_on"],
        "sex_conflict": sexes,
        "birth_year_conflict": births,
    }
    return _in_schema(columns, PERSONS)


def restated(persons: pa.Table) -> pa.Table:
    """What is known of persons as one statement each, of file 0, to be merged with what comes."""
    sex, sexes, births = sex_numbers(persons["sex"]), persons["sex_conflict"], persons["birth_year"]
    conflict = persons["birth_year_conflict"]
    columns = [
        persons["person_key"],
        persons["pseudonym"],
        pa.array(np.zeros(len(persons), np.int32)),
        pc.if_else(sexes, pa.scalar(0, pa.int32()), sex),
        pc.if_else(sexes, pa.scalar(len(SEXES) - 1, pa.int32()), sex),
        pc.if_else(conflict, pa.scalar(_NO_YEAR_BEGINS, pa.int32()), births),
        pc.if_else(conflict, pa.scalar(0, pa.int32()), births),
        persons["died_on"],
    ]
    return _as_staged(columns)


def stated(statements: pa.Table) -> pa.Table:
    """Statements of the lake as they are staged."""
    columns = [
        statements["person_key"],
        statements["pseudonym"],
        statements["file_id"],
        sex_numbers(statements["sex"]),
        sex_numbers(statements["sex_high"]),
        *(statements[name] for name in ("birth_year_low", "birth_year_high", "died_on")),
    ]
    return _as_staged(columns)


def _as_staged(columns: Sequence[pa.Array | pa.ChunkedArray]) -> pa.Table:
    named = zip(columns, STAGED, strict=True)
    return pa.table([column.cast(field.type) for column, field in named], schema=STAGED)


def _in_schema(columns: dict[str, pa.Array | pa.ChunkedArray], table: Table) -> pa.Table:
    schema = arrow_schema(table)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _text(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(SEXES).take(chunk) for chunk in numbers.chunks], pa.string())
