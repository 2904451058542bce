"""Start an engine and hand out its session: Sail inside this process, or Apache Spark.

Both run the same PySpark code. Sail needs no Java and starts in well under a second; Spark is what
a cluster runs. Only this module knows how either is started.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ldn_spark.engine.embedded import embedded_session
from ldn_spark.engine.executors import require_executors
from ldn_spark.engine.jars import jar_settings, store_settings
from ldn_spark.engine.java import require_java, starting_spark, without_py4j
from ldn_spark.engine.own_network import is_alone
from ldn_spark.engine.rights import UMASK_KEY, chosen_umask, with_umask
from ldn_spark.engine.waiting import Started
from ldn_spark.errors import Problem, UsageError
from ldn_spark.places.place import Place, is_url

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

ENGINES = ("sail", "spark")
_CALL_SITES = "spark.python.sql.dataFrameDebugging.enabled"
"""Whether every column expression looks up its caller, for messages that no user sees."""
_TASKS_AT_ONCE = "spark.ldn.tasksAtOnce"
_LINKS = "spark.ldn.links"
_PLAIN_PATH = re.compile(r"[\w./-]*", re.ASCII)
_OF_PATTERNS = re.compile(r"[][{}*?\\]")
ROW_GROUP_BYTES = 8 << 20
"""Small row groups, so that a range of ATC codes reads few of them."""


def default_engine() -> str:
    """`sail` where it is installed, otherwise `spark`."""
    return "sail" if importlib.util.find_spec("pysail") else "spark"


@contextmanager
def open_engine(engine: str, *, app_name: str = "ldn", cores: int = 2) -> Iterator[SparkSession]:
    """A session on the named engine, stopped at the end.

    Args:
        engine: `sail` or `spark`.
        app_name: shown in Spark's listings.
        cores: local cores for Spark when no master is set by spark-submit.

    Raises:
        UsageError: there is no engine of that name.
        EngineError: the engine is not installed or cannot start.
    """
    os.environ["TZ"] = "UTC"
    time.tzset()
    if engine == "sail":
        with _sail_session() as spark:
            yield spark
    elif engine == "spark":
        with _spark_session(app_name, cores) as spark:
            yield spark
    else:
        raise UsageError(
            Problem("--engine", f"there is no engine '{engine}'", f"use {' or '.join(ENGINES)}")
        )


@contextmanager
def opening_engine(engine: str) -> Iterator[Callable[[], SparkSession]]:
    """Start the named engine in a thread; the session, when it is asked for, stopped at the end.

    For work that begins without an engine. What `open_engine` raises is raised when it is asked.
    """
    with ExitStack() as stack:
        started = Started(lambda: stack.enter_context(open_engine(engine)))
        if not is_alone():  # its door is shut by letting this process open no file meanwhile
            with suppress(Exception):
                started.wait()
        try:
            yield started.wait
        finally:
            if not isinstance(sys.exc_info()[1], KeyboardInterrupt):
                with suppress(Exception):
                    started.wait()


@contextmanager
def _sail_session() -> Iterator[SparkSession]:
    with embedded_session() as (spark, links):
        _pin_session(spark)
        spark.conf.set(_LINKS, links)
        spark.conf.set(_CALL_SITES, "false")
        spark.conf.set(_TASKS_AT_ONCE, str(len(os.sched_getaffinity(0))))
        yield spark


@contextmanager
def _spark_session(app_name: str, cores: int) -> Iterator[SparkSession]:
    from pyspark.sql import SparkSession

    memory = os.environ.get("LDN_DRIVER_MEMORY") or "2g"
    if "PYSPARK_GATEWAY_PORT" not in os.environ:
        require_java(memory)
    scratch = tempfile.mkdtemp(prefix="ldn-spark-")
    builder = (
        SparkSession.builder.appName(app_name)
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config(
            "spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog"
        )
        .config("spark.sql.session.timeZone", "UTC")
        .config(_CALL_SITES, "false")
    )
    for key, value in store_settings().items():
        builder = builder.config(key, value)
    if (mask := chosen_umask()) is not None:
        builder = builder.config(UMASK_KEY, f"{mask:03o}")
    if "PYSPARK_GATEWAY_PORT" not in os.environ:  # not under spark-submit: we start the JVM
        os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
        settings = {
            "spark.master": f"local[{cores}]",
            **jar_settings(),
            "spark.ui.enabled": "false",
            "spark.authenticate": "true",  # by a secret that a local master makes and tells nobody
            "spark.sql.shuffle.partitions": str(2 * cores),
            "spark.databricks.delta.snapshotPartitions": "2",
            "spark.sql.warehouse.dir": str(Path(scratch) / "warehouse"),
            "spark.local.dir": scratch,
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.memory": memory,
            "spark.log.level": "ERROR",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.extraJavaOptions": "-XX:+UseParallelGC",
            "spark.hadoop.parquet.page.verify-checksum.enabled": "true",
            "spark.hadoop.parquet.block.size": str(ROW_GROUP_BYTES),
            "spark.sql.parquet.compression.codec": "zstd",
        }
        for key, value in settings.items():
            builder = builder.config(key, value)
    try:
        with without_py4j():
            with starting_spark():
                spark = builder.getOrCreate()
            try:
                _pin_session(spark)
                require_executors(spark)
                yield spark
            finally:
                _stop(spark)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _stop(spark: SparkSession) -> None:
    """Stop a session, or leave it where its process is gone: what ended it is told already."""
    from py4j.protocol import Py4JNetworkError

    with suppress(ConnectionError, Py4JNetworkError):
        spark.stop()


def tasks_at_once(spark: SparkSession) -> int | None:
    """How many tasks a stage should have at most; None when the engine queues them by itself.

    Sail starts every task of a stage at once, so their number bounds its memory.
    """
    limit = spark.conf.get(_TASKS_AT_ONCE, "")
    return int(limit) if limit else None


def in_tasks(
    spark: SparkSession,
    works: int,
    do: Callable[[range], Iterator[pa.RecordBatch]],
    ddl: str,
    *,
    tasks: int | None = None,
) -> DataFrame:
    """Numbered works, done by the engine's tasks when the frame is collected.

    Args:
        spark: the session.
        works: how many there are.
        do: does a task's share of the numbers and yields rows of the frame.
        ddl: the frame's columns.
        tasks: how many tasks; None for as many as may run at once, or one for every work.
    """
    width = min(tasks or tasks_at_once(spark) or works, works)

    def share(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for first in batch.column(0).to_pylist():
                yield from do(range(first, works, width))

    return spark.range(0, width, 1, max(width, 1)).mapInArrow(with_umask(share), ddl)


def tasks_on_a_machine(spark: SparkSession) -> int:
    """How many tasks of a stage share the memory of a machine: on Spark, of an executor."""
    if (limit := tasks_at_once(spark)) is not None:
        return limit
    context = spark.sparkContext
    cores = context.getConf().get("spark.executor.cores", "")
    is_local = context.master.startswith("local")
    return int(cores) if cores and not is_local else max(1, context.defaultParallelism)


def engine_path(spark: SparkSession, path: Place) -> str:
    """A place as the engine can take it: Spark would look for a path in the cluster's own store.

    Sail 0.7.2 loses Delta tables whose path holds a blank or a letter beyond ASCII: it reaches
    them by a link without either.
    """
    if is_url(path):
        return str(path)
    links = spark.conf.get(_LINKS, "")
    if not links:
        return f"file://{path.absolute()}"
    if _PLAIN_PATH.fullmatch(str(path)):
        return str(path)
    parent = str(path.parent.resolve())
    link = Path(links) / hashlib.sha256(os.fsencode(parent)).hexdigest()[:16]
    if not link.is_symlink():
        link.symlink_to(parent)
    return str(link / path.name)


def read_parquet(
    spark: SparkSession, *paths: Path, ddl: str = "", base: Path | None = None
) -> DataFrame:
    """The rows of Parquet files, or of folders of them, by their names as they are.

    Spark takes a name for a pattern of names, and what has a meaning there is masked.

    Args:
        spark: the session.
        paths: at least one.
        ddl: the columns; those of the files when not given.
        base: the folder of a partitioned table, beneath which folders name values of columns.
    """
    reader = spark.read
    if ddl:
        reader = reader.schema(ddl)
    if base is not None:
        reader = reader.option("basePath", engine_path(spark, base))
    names = [engine_path(spark, path) for path in paths]
    if tasks_at_once(spark) is None:
        names = [_OF_PATTERNS.sub(r"\\\g<0>", name) for name in names]
    return reader.parquet(*names)


def _pin_session(spark: SparkSession) -> None:
    """Settings that results may depend on, the same on both engines."""
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.conf.set("spark.sql.ansi.enabled", "true")
