"""What a command says on standard error: records of the logger `ldn_spark`, as text or JSON lines.

Errors and warnings are heard as long as a command runs; how far the work is, while it works
(`cli/reporters.py`). Tables and the last line, the result, go to standard output.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from ldn_spark.errors import Problem, UsageError
from ldn_spark.shown import shown

LOG_FORMATS = ("auto", "text", "json")
_LOGGER = logging.getLogger("ldn_spark.cli")
_KEPT = "\n\t"
_NOTE = logging.INFO + 5
_STYLES = {
    logging.ERROR: ("error", "bold red"),
    logging.WARNING: ("warning", "yellow"),
    _NOTE: ("note", "bold"),
}


class JsonFormatter(logging.Formatter):
    """One line of JSON: when, level, event, and the fields of the record."""

    def format(self, record: logging.LogRecord) -> str:
        """A record without `event` and `fields`, as others may write it, has its message."""
        event = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": "info" if record.levelno == _NOTE else record.levelname.lower(),
            "event": getattr(record, "event", "message"),
            **getattr(record, "fields", {"message": record.getMessage()}),
        }
        return json.dumps(event)


class StandardError(logging.StreamHandler):
    """Writes to what standard error is at that moment."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; text has a line for every problem, and none for what is for machines."""
        self.stream = sys.stderr
        if self.formatter is not None:
            super().emit(record)
        elif record.levelno in _STYLES:
            _say(*_STYLES[record.levelno], getattr(record, "lines", (record.getMessage(),)))

    def handleError(self, record: logging.LogRecord) -> None:
        """Standard error that cannot be written to ends the command, as it does elsewhere."""
        raise


@contextmanager
def heard() -> Iterator[None]:
    """Say errors and warnings on standard error, as text until `--log-format json` is read."""
    handler = StandardError()
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    try:
        yield
    finally:
        _LOGGER.removeHandler(handler)


def log_format(name: str) -> str:
    """Take the format for all that is said from now on; for the option `--log-format`.

    Raises:
        UsageError: there is no such format.
    """
    if name not in LOG_FORMATS:
        what = f"there is no '{name}'"
        raise UsageError(Problem("--log-format", what, f"use {', '.join(LOG_FORMATS)}"))
    for handler in _LOGGER.handlers:
        if isinstance(handler, StandardError):
            handler.setFormatter(JsonFormatter() if name == "json" else None)
    return name


def log_error(code: int, kind: str, messages: list[str]) -> None:
    """Say what went wrong: a line per problem, or one JSON event with its exit code."""
    _log(logging.ERROR, kind, {"exit_code": code, "problems": messages}, messages)


def log_warnings(warnings: Iterable[str]) -> None:
    """Say what a person should know: a line, or a JSON event, per warning."""
    for warning in warnings:
        _log(logging.WARNING, "warning", {"message": warning}, [warning])


def log_notes(notes: Iterable[str]) -> None:
    """Say what a person may wonder at: a line, or a JSON event, per note."""
    for note in notes:
        _log(_NOTE, "note", {"message": note}, [note])


def log_event(event: str, fields: Mapping[str, Any], *, is_error: bool = False) -> None:
    """Say something that is for machines alone: a JSON event, and nothing in text."""
    _log(logging.ERROR if is_error else logging.INFO, event, fields, [])


def says_json() -> bool:
    """Whether JSON was asked for, as far as the command line was read."""
    return any(isinstance(handler.formatter, JsonFormatter) for handler in _LOGGER.handlers)


def _log(level: int, event: str, fields: Mapping[str, Any], lines: list[str]) -> None:
    extra = {"event": event, "fields": fields, "lines": lines}
    _LOGGER.log(level, "%s", "\n".join(lines) or event, extra=extra)


def _say(kind: str, style: str, messages: Iterable[str]) -> None:
    """Lines on stderr: broken between words and coloured in a terminal, whole elsewhere."""
    if not sys.stderr.isatty() and not os.environ.get("FORCE_COLOR"):
        for message in messages:
            sys.stderr.write(f"{kind}: {shown(message, keep=_KEPT)}\n")
        return
    from rich.text import Text

    from ldn_spark.cli.consoles import standard_error

    console = standard_error()
    for message in messages:
        line = Text.assemble((f"{kind}: ", style), shown(message, keep=_KEPT))
        console.print(line, soft_wrap=not console.is_terminal)
