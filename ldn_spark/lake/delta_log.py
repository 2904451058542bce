"""Read a Delta table's log without an engine.

Only the JSON commits are read; nothing here changes a table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ldn_spark.places.place import Place


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a table.

    Attributes:
        version: counted from 0.
        token: what the writer wrote as user metadata; empty for nothing.
        partitions: partition values of the files it added or removed, as text by column.
    """

    version: int
    token: str
    partitions: tuple[dict[str, str | None], ...]


def delta_version(path: Place) -> int | None:
    """The latest committed version of a Delta table; None where there is none."""
    commits = [int(file.stem) for file in (path / "_delta_log").glob("[0-9]*.json")]
    return max(commits, default=None)


def commits_after(path: Place, version: int | None) -> list[Commit]:
    """The commits since a version (None: all), in order.

    Raises:
        FileNotFoundError: the log has been cleaned of one of them.
    """
    last, first = delta_version(path), 0 if version is None else version + 1
    return [_commit(path, number) for number in range(first, -1 if last is None else last + 1)]


def _commit(path: Place, version: int) -> Commit:
    actions = list(_actions(path / "_delta_log" / f"{version:020d}.json"))
    token = next((a["commitInfo"].get("userMetadata") for a in actions if "commitInfo" in a), "")
    files = [a[kind] for a in actions for kind in ("add", "remove") if kind in a]
    return Commit(version, token or "", tuple(file.get("partitionValues") or {} for file in files))


def _actions(path: Place) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as stream:
        yield from map(json.loads, stream)
