"""The Java machine that Spark starts: asked first, so that its faults are said plainly."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ldn_spark.errors import EngineError, Problem
from ldn_spark.shown import shown

OLDEST = 17
"""Spark 4 is compiled for it."""
_INSTALL = f"install Java {OLDEST}, such as openjdk-{OLDEST}-jre-headless"
_VERSION = re.compile(r'version "(?:1\.)?(\d+)')
_PATIENCE = 60
"""Seconds; a Java machine tells its version in a tenth of one."""
_AMOUNT = re.compile(r"(\d{1,9})([kmgt])", re.IGNORECASE | re.ASCII)
_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_LEAST = 512 << 20
_MEMORY = re.compile(r"heap|memory|address space", re.IGNORECASE)


def require_java(memory: str) -> None:
    """Ask Java its version, with the heap that Spark's is to have.

    Args:
        memory: the heap as Java and Spark write it: `2g`.

    Raises:
        EngineError: there is no Java, it is too old, or it cannot start; the heap is no amount
            of memory, or too small for Spark.
    """
    amount = _AMOUNT.fullmatch(memory)
    if not amount or int(amount[1]) * _UNITS[amount[2].lower()] < _LEAST:
        what = f"{shown(memory)} is {'too little' if amount else 'no amount of memory'}"
        raise _fault("LDN_DRIVER_MEMORY", what, "write 512m or more, such as 2g")
    java, where = _java()
    command = [java, f"-Xmx{memory}", "-XX:+UseParallelGC", "-version"]
    try:
        done = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise _fault(where, f"does not tell its version in {_PATIENCE} s", _INSTALL) from None
    except OSError as error:
        raise _fault(where, f"cannot be started: {error.strerror}", _INSTALL) from None
    said = (done.stderr + done.stdout).decode("utf-8", "replace")
    version = _VERSION.search(said)
    if done.returncode != 0 or version is None:
        told = _first_line(said)
        if _MEMORY.search(told):
            mend = "set LDN_DRIVER_MEMORY to what the machine has (2g when not given)"
            raise _fault(where, f"cannot start with a heap of {shown(memory)}: {told}", mend)
        raise _fault(where, f"cannot start: {told or 'it said nothing'}", _INSTALL)
    if int(version[1]) < OLDEST:
        what = f"is Java {version[1]}; Spark needs {OLDEST} or later"
        raise _fault(where, what, f"{_INSTALL}, and set JAVA_HOME to it")


@contextmanager
def starting_spark() -> Iterator[None]:
    """What PySpark raises while it starts becomes an error that says what to look at.

    Raises:
        EngineError: Spark did not start.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError, OSError) as error:
        if "JAVA_GATEWAY_EXITED" in str(error):
            told = "Java ended before Spark was up"
        else:
            # of a Java exception the first line says only that something was called
            said = str(error).partition("\n: ")[2] or str(error)
            told = f"Spark does not start: {_first_line(said) or type(error).__name__}"
        mend = (
            "what Java said stands above; look at JAVA_HOME, LDN_DRIVER_MEMORY, `ulimit -a` and "
            "SPARK_HOME, or use --engine sail"
        )
        raise EngineError(Problem("--engine spark", told, mend)) from None


@contextmanager
def without_py4j() -> Iterator[None]:
    """Keep tracebacks of the bridge to Java off standard error, where its process is gone.

    It writes them to the root of all loggers, and so makes Python repeat there whatever any logger
    says. A handler that does as Python's last resort does, but for these, is there first.
    """
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    handler.addFilter(
        lambda record: "py4j" not in record.pathname and not record.name.startswith("ldn_spark")
    )
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


def _java() -> tuple[str, str]:
    """The program as Spark finds it, and how a message names it."""
    if home := os.environ.get("JAVA_HOME"):
        java, where = Path(home) / "bin" / "java", f"JAVA_HOME={home}"
        if not java.is_file():
            mend = "set it to a folder with bin/java, or unset it"
            raise _fault(where, "holds no bin/java", mend)
        return str(java), where
    found = shutil.which("java")
    if found is None:
        raise _fault("--engine spark", "no Java was found", f"{_INSTALL}, or use --engine sail")
    return found, found


def _fault(where: str, what: str, mend: str) -> EngineError:
    return EngineError(Problem(where, what, mend))


def _first_line(said: str) -> str:
    """What was said first, but for what Java says of the options it picked up."""
    lines = (line.strip() for line in said.splitlines())
    return next((shown(line)[:200] for line in lines if line and "Picked up" not in line), "")
