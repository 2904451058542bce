"""Let the user alone read what is written, or the user's group too, whatever the umask says.

A lake holds patients' rows and results are restricted, so folders are 0700 and files 0600; with
`--share-group` 0750 and 0640. The set-group-ID bit of a folder is passed on by the kernel: to share
with another group than the user's first, make the lake's or the results' folder with it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from ldn_spark.places.stores import settings_for_tasks, take_over

PRIVATE, SHARED = 0o077, 0o027
"""What is taken away from others, and what of it is left when the group may read."""
UMASK_KEY = "spark.hadoop.fs.permissions.umask-mode"
"""Hadoop's own umask: it sets the rights of every file anew, past the process's."""
_chosen: list[int] = []
Batch = TypeVar("Batch")


def keep_from_others(*, share_group: bool = False) -> None:
    """Let everything that this process and those it starts write be for few.

    For the beginning of a command: files written before keep their rights.
    """
    _chosen[:] = [SHARED if share_group else PRIVATE]
    os.umask(_chosen[0])


def chosen_umask() -> int | None:
    """What a command chose; None in a process that leaves it to its umask."""
    return _chosen[0] if _chosen else None


def apply_umask(mask: int | None) -> None:
    """Take over, in a task of an engine, what the command chose."""
    if mask is not None:
        os.umask(mask)


def with_umask(
    task: Callable[[Iterator[Batch]], Iterator[Batch]],
) -> Callable[[Iterator[Batch]], Iterator[Batch]]:
    """A task that reaches places and writes files as the command does, on whatever machine."""
    mask, settings = chosen_umask(), settings_for_tasks()

    def do(batches: Iterator[Batch]) -> Iterator[Batch]:
        apply_umask(mask)
        take_over(settings)
        yield from task(batches)

    return do


def keep_as(folder: Path) -> None:
    """As `keep_from_others`, but for those who may read a folder that is there."""
    keep_from_others(share_group=folder.is_dir() and may_be_read_by_group(folder))


def may_be_read_by_group(folder: Path) -> bool:
    """Whether a folder was made for the group too, so that what is added to it should be."""
    return bool(_mode(folder) & stat.S_IRGRP)


def rights_warnings(lake: Path) -> Iterator[str]:
    """What a person should know of the rights of a lake that is there already.

    A folder that was made beforehand keeps its rights; what is in it is made anew with ours. Only
    tables that an earlier software version wrote may be open to more people than is asked for.
    """
    mask = chosen_umask()
    if mask is None or not lake.is_dir():
        return
    root = _mode(lake)
    within = [_mode(path) for path in lake.iterdir() if path.is_dir()]
    if root & mask & 0o011 and any(mode & mask for mode in within):
        yield (
            f"{lake}: tables in it can be read by more people than this command would let: "
            f"chmod -R {'o=' if mask == SHARED else 'go='} {lake}"
        )
    if mask == SHARED and any(not mode & stat.S_IXGRP for mode in (root, *within)):
        yield f"{lake}: --share-group cannot reach into it: chmod -R g+rX {lake}"


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
