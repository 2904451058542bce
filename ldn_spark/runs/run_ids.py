"""What a run may be called: its id names folders in the lake and among the results."""

from __future__ import annotations

import re

from ldn_spark.errors import Problem, UsageError

MADE_UP = re.compile(r"\d{8}T\d+Z-[0-9a-f]{8}", re.ASCII)
"""An id that a run gives itself: when it began, and its key."""
LATEST = "latest"
"""The name of the file beside the runs of a study that names the newest."""
_SAFE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", re.ASCII)
_LONGEST = 128


def require_run_id(text: str) -> str:
    """An id that is a plain name on every file system and object store.

    Raises:
        UsageError: it is not.
    """
    if len(text) > _LONGEST:
        what = f"an id has at most {_LONGEST} characters, and this one {len(text)}"
        raise UsageError(Problem("--run-id", what, "shorten it"))
    if not _SAFE.fullmatch(text) or ".." in text or text == LATEST:
        what = f"'{text}' cannot name a folder everywhere"
        mend = (
            "use letters of ASCII, digits, '_', '-' and single dots, none of them first; not "
            f"'{LATEST}'"
        )
        raise UsageError(Problem("--run-id", what, mend))
    return text
