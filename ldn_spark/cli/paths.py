"""Folders of ours on the command line: their names must be text, and those of runs plain."""

from __future__ import annotations

from pathlib import Path

from ldn_spark.errors import Problem, UsageError
from ldn_spark.runs.run_ids import require_run_id


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


def run_id(text: str | None) -> str | None:
    """The name of a run.

    Raises:
        UsageError: it could not name a folder everywhere.
    """
    return None if text is None else require_run_id(text)
