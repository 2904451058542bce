"""The files of a version of a table, told from its log without an engine.

A log is read from its first commit on, or from a checkpoint that `checkpoints` has made of it when
earlier versions were pruned: no engine ever writes one into our tables.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from ldn_spark.errors import EngineError, Problem
from ldn_spark.lake.sums import NO_FILE, RESTORE
from ldn_spark.places.place import Place


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A data file of a version.

    Attributes:
        name: its path from the table's folder.
        bytes: its size, as the log says.
        low, high: minima and maxima by column, where the log has them.
    """

    name: str
    bytes: int
    low: Mapping[str, Any]
    high: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Contents:
    """A version of a table.

    Attributes:
        files: its data files, by name.
        commits: SHA-256 of the checkpoint, if there is one, and of the commits since, one after
            the other.
    """

    files: tuple[HeldFile, ...]
    commits: str


def contents_of(folder: Place, version: int, base: int | None = None) -> Contents:
    """What a version of a table holds.

    Args:
        folder: the table's.
        version: its Delta version.
        base: the version whose checkpoint the log is read from, as a version record names it;
            None for its first commit.

    Raises:
        EngineError: a part of the log is gone, or cannot be read.
    """
    return contents_at(folder, [version], base)[version]


def contents_at(
    folder: Place, versions: Collection[int], base: int | None = None
) -> dict[int, Contents]:
    """The same of several versions, for which the log is read once."""
    digest = hashlib.sha256()
    held: dict[str, HeldFile] = {}
    found: dict[int, Contents] = {}
    for number in range(0 if base is None else base, max(versions, default=-1) + 1):
        if number == base:
            content = _read(checkpoint_file(folder, number), _take_checkpoint, held)
        else:
            content = _read(commit_file(folder, number), _take_commit, held)
        digest.update(f"{len(content)}\n".encode() + content)
        if number in versions:
            files = tuple(held[name] for name in sorted(held))
            found[number] = Contents(files, digest.hexdigest())
    return found


def _read(
    place: Place, take: Callable[[bytes, dict[str, HeldFile]], None], held: dict[str, HeldFile]
) -> bytes:
    """A file of a log, after what it says was taken over."""
    try:
        content = place.read_bytes()
        take(content, held)
    except NO_FILE:
        raise EngineError(Problem(str(place), "is gone", RESTORE)) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, pa.ArrowException):
        raise EngineError(Problem(str(place), "is damaged", RESTORE)) from None
    except OSError as error:
        if error.errno is not None:  # Arrow's own have none
            raise
        raise EngineError(Problem(str(place), "is damaged", RESTORE)) from None
    return content


def _take_commit(content: bytes, held: dict[str, HeldFile]) -> None:
    if not content.strip():
        raise ValueError("an empty commit")
    for line in content.splitlines():
        action = json.loads(line)
        if remove := action.get("remove"):
            held.pop(unquote(remove["path"]), None)
        if add := action.get("add"):
            _add(add, held)


def _take_checkpoint(content: bytes, held: dict[str, HeldFile]) -> None:
    for add in pq.read_table(BytesIO(content), columns=["add"])["add"].to_pylist():
        if add is not None and add["path"] is not None:
            _add(add, held)


def _add(add: Mapping[str, Any], held: dict[str, HeldFile]) -> None:
    name, told = unquote(add["path"]), json.loads(add.get("stats") or "{}")
    ends = told.get("minValues") or {}, told.get("maxValues") or {}
    held[name] = HeldFile(name, add["size"], *ends)


def commit_file(folder: Place, version: int) -> Place:
    """The file of one commit of a table."""
    return folder / "_delta_log" / f"{version:020d}.json"


def checkpoint_file(folder: Place, version: int) -> Place:
    """The file that holds all that a table's log says up to a version."""
    return folder / "_delta_log" / f"{version:020d}.checkpoint.parquet"
