"""How a job ended: a small file that says it, because cluster managers lose exit codes."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from ldn_spark.places.files import make_folder, put
from ldn_spark.places.place import as_place
from ldn_spark.places.stores import prepare_stores

STATUS = "LDN_STATUS"
"""The variable that names the file; empty for none."""
_UNKNOWN = 40


class Ending(logging.Handler):
    """Hears what went wrong while a job runs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.problems: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the problems of an error; they hold no value of a row."""
        self.problems += getattr(record, "fields", {}).get("problems", [])


@contextmanager
def hearing() -> Iterator[Ending]:
    """Hear the errors that are said while the block runs."""
    heard, logger = Ending(), logging.getLogger("ldn_spark.cli")
    logger.addHandler(heard)
    try:
        yield heard
    finally:
        logger.removeHandler(heard)


def say_ended(job: str, code: int, problems: list[str], began: datetime) -> None:
    """Write the file that says how a job ended, where `$LDN_STATUS` names one.

    A place that cannot be written to is told on standard error, and changes no exit code.
    """
    if not (named := os.environ.get(STATUS)):
        return
    said = {
        "job": job,
        "code": code,
        "problems": problems,
        "began": began.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    try:
        place = as_place(named)
        prepare_stores([place])
        make_folder(place.parent)
        put(place, (json.dumps(said, indent=2, ensure_ascii=False) + "\n").encode())
    except Exception as error:  # noqa: BLE001  # any library of a store
        sys.stderr.write(f"warning: {named}: cannot be written ({type(error).__name__})\n")


def code_of(named: str, submitted: int) -> int:
    """The exit code of a job on a cluster, which said it in its file; its problems are repeated.

    Args:
        named: where the file is; empty for nowhere.
        submitted: what spark-submit said, for a driver that could not say anything.
    """
    with suppress(Exception):
        place = as_place(named)
        prepare_stores([place])
        said = json.loads(place.read_bytes())
        for problem in said["problems"]:
            sys.stderr.write(f"error: {problem}\n")
        return int(said["code"])
    if submitted == 0:
        what = "the driver did not say how it ended; see the cluster manager's log of it"
        sys.stderr.write(f"error: {named or STATUS}: {what}\n")
    return submitted or _UNKNOWN
