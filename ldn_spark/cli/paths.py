"""Folders of ours on the command line: their names must be text."""

from __future__ import annotations

from pathlib import Path

from ldn_spark.errors import Problem, UsageError


def text_path(path: Path | None) -> Path | None:
    """A path that every library can be given.

    Raises:
        UsageError: it holds bytes that are no UTF-8.
    """
    if path is not None and any("\ud800" <= character <= "\udfff" for character in str(path)):
        raise UsageError(
            Problem(str(path), "the path is not UTF-8", "give the folder another name")
        )
    return path
