"""The files of a version of a table, told from its log without an engine.

Commits alone are read: our tables are made so that no engine ever writes a checkpoint.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

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
        commits: SHA-256 of its commits from the first on, one after the other.
    """

    files: tuple[HeldFile, ...]
    commits: str


def contents_of(folder: Place, version: int) -> Contents:
    """What a version of a table holds.

    Raises:
        EngineError: a commit is gone, or cannot be read.
    """
    digest = hashlib.sha256()
    held: dict[str, HeldFile] = {}
    for number in range(version + 1):
        place = commit_file(folder, number)
        try:
            content = place.read_bytes()
            if not content.strip():
                raise ValueError("an empty commit")
            for line in content.splitlines():
                _apply(json.loads(line), held)
        except NO_FILE:
            raise EngineError(Problem(str(place), "is gone", RESTORE)) from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise EngineError(Problem(str(place), "is damaged", RESTORE)) from None
        digest.update(f"{len(content)}\n".encode() + content)
    files = tuple(held[name] for name in sorted(held))
    return Contents(files, digest.hexdigest())


def _apply(action: Mapping[str, Any], held: dict[str, HeldFile]) -> None:
    if remove := action.get("remove"):
        held.pop(unquote(remove["path"]), None)
    if add := action.get("add"):
        name, told = unquote(add["path"]), json.loads(add.get("stats") or "{}")
        ends = told.get("minValues") or {}, told.get("maxValues") or {}
        held[name] = HeldFile(name, add["size"], *ends)


def commit_file(folder: Place, version: int) -> Place:
    """The file of one commit of a table."""
    return folder / "_delta_log" / f"{version:020d}.json"
