"""Sail inside this process: a server that only this process can reach, and its session."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ldn_spark.engine.closed_door import (
    OPEN_DOOR,
    Door,
    can_be_shut,
    no_connection,
    one_descriptor_more,
)
from ldn_spark.engine.late_pandas import without_pandas
from ldn_spark.engine.own_network import is_alone, loopback_is_up
from ldn_spark.errors import EngineError, Problem

if TYPE_CHECKING:
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

ROW_GROUP_ROWS = 131_072
_CONNECT_MODE = "SPARK_CONNECT_MODE_ENABLED"


class OpenDoorWarning(UserWarning):
    """Other users of the machine can connect to the engine."""


@contextmanager
def embedded_session() -> Iterator[tuple[SparkSession, str]]:
    """A session on an engine of this process, and a folder for links; both gone at the end.

    Raises:
        EngineError: the engine is not installed, cannot be reached, does not answer any more, or
            somebody else connected to it.
    """
    # Two commits at the same time are no error: the later one is tried again.
    os.environ.setdefault("RUST_LOG", "error,sail_delta_lake::transaction=off")
    os.environ.setdefault("SAIL_PARQUET__MAX_ROW_GROUP_SIZE", str(ROW_GROUP_ROWS))
    os.environ.setdefault("SAIL_PARQUET__COMPRESSION", "zstd(1)")
    try:
        from pysail.spark import SparkConnectServer
    except ImportError:
        raise EngineError(
            Problem("--engine sail", "pysail is not installed", "pip install pysail==0.7.2")
        ) from None
    with without_pandas():
        from ldn_spark.engine.client import GAVE_UP, EngineClient

    server, shut = _listening(SparkConnectServer)
    client = EngineClient(server.listening_address[1])
    os.environ[_CONNECT_MODE] = "1"  # PySpark's functions ask it which kind of engine there is
    # A server waits for its connections and for tasks under way before it stops, perhaps for ever.
    answers, links = False, ""
    try:
        spark = client.connect(shut)
        answers = True
        links = tempfile.mkdtemp(prefix="ldn-links-")
        yield spark, links
    except KeyboardInterrupt:
        answers = False
        raise
    except Exception as error:
        if client.gave_up:
            answers = False
            raise EngineError(GAVE_UP) from error
        raise
    finally:
        client.end(release=answers)
        if answers:
            server.stop()
        if links:
            shutil.rmtree(links, ignore_errors=True)
        os.environ.pop(_CONNECT_MODE, None)  # or the next engine is taken for it


def _listening(
    make: Callable[..., SparkConnectServer],
) -> tuple[SparkConnectServer, Callable[[float], None]]:
    """A server that listens, and what shuts its door behind our client."""
    if not loopback_is_up():
        raise EngineError(no_connection())
    is_shut = is_alone() or can_be_shut()
    if not is_shut:
        warnings.warn(OPEN_DOOR, OpenDoorWarning, stacklevel=2)
    server = make(ip="127.0.0.1", port=0)
    if is_alone() or not is_shut:
        server.start(background=True)
        return server, lambda deadline: None
    with one_descriptor_more() as descriptor:
        server.start(background=True)
        door = Door(server.listening_address[1], descriptor)
    return server, door.shut_behind
