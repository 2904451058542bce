"""Failures of the engine or the machine, told as errors that a user can mend.

An engine's message may hold values of rows: only its kind goes into ours. The original stays
chained for whoever looks for a bug.
"""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from ldn_spark.errors import (
    ConflictError,
    DeliveryError,
    EngineError,
    LdnSparkError,
    Problem,
    ResourceError,
)
from ldn_spark.places.place import Place, back, is_within

_NO_SPACE = re.compile(r"No space left on device|os error 28|Disk quota exceeded|ENOSPC")
_NO_MEMORY = re.compile(
    "OutOfMemory|Resources exhausted|memory limit|Cannot allocate memory|Failed to allocate"
)
_NO_PERMISSION = re.compile(r"Permission denied|os error 13|AccessControlException")
_CONFLICT = re.compile(
    r"Concurrent\w*Exception|Failed to commit|Missing commit file|DELTA_CONCURRENT"
)
_GONE = re.compile(
    r"Error while sending or receiving|Answer from Java side is empty|StatusCode\.UNAVAILABLE|"
    r"Error while obtaining a new communication channel|does not exist in the JVM"
)
_LOST = (ConnectionRefusedError, ConnectionResetError, ConnectionAbortedError)
_ENGINES = ("pyspark", "py4j", "grpc", "deltalake", "_internal")  # the last is deltalake's too
_OF_FILES = (pa.ArrowException, json.JSONDecodeError, UnicodeDecodeError)
"""How readers of our own fail at a file that is damaged."""
_OUR_PARSER = re.compile(
    r"(?:RuntimeError: )?(\S.*: parsing the lines from line \d+ failed with \w+ at [\w.<>]+:\d+)"
)
_ROOM, _RIGHTS = "make room and run it again", "check who may read and write there"
_MACHINE = {
    errno.ENOSPC: ("the disk is full", _ROOM),
    errno.EDQUOT: ("the disk quota is used up", _ROOM),
    errno.EACCES: ("permission is denied", _RIGHTS),
    errno.EPERM: ("permission is denied", _RIGHTS),
    errno.EROFS: ("the file system is read-only", _RIGHTS),
    errno.EIO: ("the disk cannot be read or written", "look at the disk, and run it again"),
    errno.EMFILE: ("too many files are open", "raise `ulimit -n` and run it again"),
    errno.ENFILE: ("too many files are open on this machine", "run it again later"),
}


@contextmanager
def translated_faults(doing: str, lake: Place | None = None) -> Iterator[None]:
    """Turn failures of the engine and the machine into ours.

    Args:
        doing: what was done, for the message.
        lake: what the engine read: its damaged files are named, if there are any.

    Raises:
        ResourceError: disk, memory or a permission is missing.
        ConflictError: another writer was faster.
        EngineError: the engine failed otherwise.
    """
    try:
        yield
    except LdnSparkError as error:
        if lake is not None and (files := _of_lake(error, lake)):
            raise EngineError(files) from error
        raise
    except OSError as error:
        if _is_gone(error):
            raise EngineError(_gone(doing)) from error
        if error.errno not in _MACHINE:
            _raise_damage(lake, error)
            raise
        where = str(error.filename or doing)
        raise ResourceError(Problem(where, *_MACHINE[error.errno])) from error
    except Exception as error:
        if _is_gone(error):
            raise EngineError(_gone(doing)) from error
        is_of_engine = type(error).__module__.startswith(_ENGINES)
        told = _translated(doing, error)
        named = type(told) is EngineError or _NO_PERMISSION.search(str(error))
        if isinstance(error, _OF_FILES) or (is_of_engine and named):
            _raise_damage(lake, error)
        if not is_of_engine:
            raise
        raise told from error


def _is_gone(error: BaseException | None) -> bool:
    """Whether the engine's process ended while something was asked of it."""
    while error is not None:
        of_engine = type(error).__module__.startswith(_ENGINES)
        if isinstance(error, _LOST) or (of_engine and _GONE.search(str(error))):
            return True
        error = error.__cause__ or error.__context__
    return False


def _gone(doing: str) -> Problem:
    what = "the engine's process ended while it worked"
    mend = "run it again; where the machine killed it, there was too little memory for it"
    return Problem(doing, what, mend)


def _raise_damage(lake: Place | None, error: Exception) -> None:
    """Name the files of the lake that are damaged or cannot be read, if there are any."""
    if lake is None or not lake.is_dir():
        return
    try:
        files = _damaged(lake)
    except OSError as found:
        if found.errno not in _MACHINE or not found.filename:
            return
        where = str(found.filename)
        raise ResourceError(Problem(where, *_MACHINE[found.errno])) from error
    if files:
        raise EngineError(files) from error


def _damaged(lake: Place) -> list[Problem]:
    """The files of a lake that cannot be read; what looks for them is loaded at need."""
    from ldn_spark.lake.damage import damaged_files

    return damaged_files(lake)


def _of_lake(error: LdnSparkError, lake: Place) -> list[Problem]:
    """What was said of a file in the lake as if it had been delivered."""
    if not isinstance(error, DeliveryError) or not lake.is_dir():
        return []
    places = (back(problem.where) for problem in error.problems)
    return _damaged(lake) if any(is_within(place, lake) for place in places) else []


def _translated(doing: str, error: Exception) -> LdnSparkError:
    text = str(error)
    if _NO_SPACE.search(text):
        return ResourceError(Problem(doing, "the disk is full", _ROOM))
    if _NO_MEMORY.search(text):
        return ResourceError(Problem(doing, "the memory is used up", "give the engine more"))
    if _NO_PERMISSION.search(text):
        return ResourceError(Problem(doing, "permission is denied", "check who may write there"))
    if _CONFLICT.search(text):
        return ConflictError(Problem(doing, "another writer was faster", "run it again"))
    if ours := _OUR_PARSER.search(text):
        return EngineError(ours[1])
    return EngineError(Problem(doing, f"the engine failed with {type(error).__name__}"))
