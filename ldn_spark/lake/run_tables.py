"""The tables that the stages of a run leave for each other: Parquet files, and a record of them.

    LAKE/runs/<run_id>/<table>/<attempt>/*.parquet   its rows
    LAKE/runs/<run_id>/<table>.json                  which files they are

The record is written last and replaced whole, so a table is there wholly or not at all, and what a
killed attempt left is never read. It holds the checksums of the files, against which a later stage
holds them before it reads. No engine is asked which files there are: that would cost a query.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from ldn_spark.engine.sessions import engine_path, read_parquet, tasks_at_once
from ldn_spark.engine.waiting import wait_for
from ldn_spark.errors import EngineError, Problem, UsageError
from ldn_spark.lake.arrow import arrow_schema
from ldn_spark.lake.sums import NO_FILE, FileSum, problems_of, sum_file
from ldn_spark.lake.versions import cast_to
from ldn_spark.places.files import delete_tree, files_below, make_folder, opened, put, written
from ldn_spark.places.place import Place
from ldn_spark.schemas import Table
from ldn_spark.texts.sealed import is_as_written, sealed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

ONE_TASK = 16 << 20
"""Bytes of a table up to which Spark reads it in one task: some million rows."""
_PLAIN = ("dictionary_enabled", "false")
"""Tells Sail to write values as they are: a table that is read once, or a few times, is written
and read sooner so. Spark does not know the option."""
_AGAIN = "run the stage that makes it again"


def write_run_table(frame: DataFrame, folder: Place, table: Table) -> None:
    """Write a stage's table, replacing what an earlier attempt left.

    Columns are cast to the schema by name, because engines differ in what they do with others.
    """
    writer = cast_to(frame, table).write.option(*_PLAIN)

    def write(attempt: Place) -> None:
        target = engine_path(frame.sparkSession, attempt)
        wait_for(lambda: writer.parquet(target))

    _replace(folder, table, write)


def write_run_rows(rows: pa.Table, folder: Place, table: Table) -> None:
    """Write rows that are at the driver, without an engine; otherwise as `write_run_table`."""

    def write(attempt: Place) -> None:
        make_folder(attempt)
        content = rows.select(table.names).cast(arrow_schema(table))
        with written(attempt / "rows.parquet") as file:
            pq.write_table(content, file)

    _replace(folder, table, write)


def is_run_table(folder: Place, table: Table) -> bool:
    """Whether a stage left a table."""
    return _record_of(folder, table.name).is_file()


def tables_of(folder: Place) -> list[str]:
    """The names of the tables that stages left."""
    return [file.stem for file in sorted(folder.glob("*.json")) if (folder / file.stem).is_dir()]


def files_of(folder: Place, table: str) -> dict[Place, FileSum]:
    """The files of a table, as they were when they were written.

    Raises:
        UsageError: the stage that makes it has not run.
        EngineError: the record is damaged.
    """
    record = _record_of(folder, table)
    try:
        content = json.loads(record.read_bytes())
        if isinstance(content, dict) and is_as_written(content):
            return {folder / name: FileSum.parse(text) for name, text in content["files"].items()}
    except FileNotFoundError:
        what = f"the table {table} is not there"
        raise UsageError(
            Problem(f"run {folder.name}", what, "run the earlier stages first")
        ) from None
    except (*NO_FILE, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise EngineError(Problem(str(record), "is damaged: it is not what was written", _AGAIN))


def read_run_table(
    spark: SparkSession, folder: Place, table: Table, *, is_own: bool = False
) -> DataFrame:
    """A stage's table.

    Spark reads a small one in one task: what a task holds whole is never shuffled, and a cohort's
    tables are sorted and summed sooner than they are moved.

    Args:
        spark: the session.
        folder: holds the tables of the run.
        table: which of them.
        is_own: whether this process has written it, and need not look whether it is whole.

    Raises:
        UsageError: the stage that makes it has not run.
        EngineError: a file of it is damaged or gone.
    """
    files = files_of(folder, table.name)
    if not is_own:
        _require_whole(files)
    if not files:
        return spark.createDataFrame([], table.ddl)
    found = read_parquet(spark, *files, ddl=table.ddl).select(*table.names)
    is_small = sum(file.bytes for file in files.values()) <= ONE_TASK
    return found.coalesce(1) if is_small and tasks_at_once(spark) is None else found


def read_run_rows(folder: Place, table: Table) -> list[dict[str, Any]]:
    """The rows of a group-level table, without an engine; it fails as `read_run_table`."""
    files, found = files_of(folder, table.name), []
    _require_whole(files)
    for file in files:
        with opened(file) as stream:
            found += pq.read_table(stream, schema=arrow_schema(table)).to_pylist()
    return found


def _problems(files: dict[Place, FileSum]) -> list[Problem]:
    found = problems_of(list(files.items()), proof=False)
    return [Problem(one.where, one.what, _AGAIN) for one in found]


def _require_whole(files: dict[Place, FileSum]) -> None:
    if problems := _problems(files):
        raise EngineError(problems)


def _replace(folder: Place, table: Table, write: Callable[[Place], None]) -> None:
    """Write files, then the record that names them; what it named before is deleted."""
    home, depth = folder / table.name, len(folder.parts)
    make_folder(home)
    earlier = {file.parts[depth + 1] for file in files_below(home)}
    attempt = home / uuid.uuid4().hex[:8]
    write(attempt)
    files = {
        "/".join(file.parts[depth:]): str(sum_file(file))
        for file in files_below(attempt)
        if file.suffix == ".parquet"
    }
    content = json.dumps(sealed({"files": files}), indent=2, ensure_ascii=False) + "\n"
    put(_record_of(folder, table.name), content.encode())
    for name in earlier:
        delete_tree(home / name)


def _record_of(folder: Place, table: str) -> Place:
    return folder / f"{table}.json"
