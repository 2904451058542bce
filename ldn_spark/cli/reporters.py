"""How far the work is: a bar in a terminal, log lines elsewhere, JSON lines for machines."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TextIO

from ldn_spark.cli.bars import amount, counts_text, open_bars
from ldn_spark.errors import Problem, UsageError
from ldn_spark.progress import Progress, Reporter
from ldn_spark.shown import shown

LOG_FORMATS = ("auto", "text", "json")
_SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def open_reporter(log_format: str, stream: TextIO | None = None) -> Iterator[Reporter]:
    """A reporter for the named format; `auto` is a bar in a terminal and text lines elsewhere."""
    stream = stream or sys.stderr
    if log_format not in LOG_FORMATS:
        raise UsageError(
            Problem("--log-format", f"there is no '{log_format}'", f"use {', '.join(LOG_FORMATS)}")
        )
    if log_format == "json":
        yield _JsonLines(stream)
    elif log_format == "auto" and stream.isatty():
        with open_bars(stream) as report:
            yield report
    else:
        lines = _TextLines(stream)
        yield lines
        lines.finish()


class _JsonLines:
    """An event when a stage begins or ends, and every few seconds in between."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._stage, self._began, self._last = "", 0.0, 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        begins = progress.stage != self._stage
        if begins:
            self._stage, self._began = progress.stage, now
        ends = progress.done == progress.total
        if not begins and not ends and now - self._last < _SECONDS_BETWEEN_LINES:
            return
        self._last = now
        elapsed = 0.0 if begins else now - self._began
        event = {
            "ts": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "level": "info",
            "event": "progress",
            "stage": progress.stage,
            "done": progress.done,
            "total": progress.total,
            "unit": progress.unit,
            "seconds": round(elapsed, 3),
            "seconds_left": _seconds_left(progress, elapsed),
            **progress.counts,
        }
        self._stream.write(json.dumps(event) + "\n")
        self._stream.flush()


class _TextLines:
    """A line for every stage when it has ended; one every few seconds of a long one."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._under_way: Progress | None = None
        self._began = self._last = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if self._under_way is None or progress.stage != self._under_way.stage:
            self.finish()
            self._began = self._last = now
        elif now - self._last >= _SECONDS_BETWEEN_LINES and progress.done != progress.total:
            self._last = now
            left = _seconds_left(progress, now - self._began)
            self._write(progress, "" if left is None else f", about {left} s left")
        self._under_way = progress

    def finish(self) -> None:
        """Say of the stage under way that it has ended, and how long it took."""
        if self._under_way is not None:
            self._write(self._under_way, f", {time.monotonic() - self._began:.1f} s")
            self._under_way = None

    def _write(self, progress: Progress, ending: str) -> None:
        counts = f" ({counts_text(progress.counts)})" if progress.counts else ""
        self._stream.write(f"{progress.stage}: {amount(progress)}{counts}{ending}\n")
        self._stream.flush()


def _seconds_left(progress: Progress, elapsed: float) -> int | None:
    if not elapsed or not progress.total or not 0 < progress.done < progress.total:
        return None
    return round(elapsed * (progress.total - progress.done) / progress.done)


def log_error(log_format: str, code: int, kind: str, messages: list[str]) -> None:
    """Say on stderr what went wrong, a line per problem."""
    if log_format == "json":
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        content = {"ts": now, "level": "error", "event": kind, "exit_code": code}
        print(json.dumps(content | {"problems": messages}), file=sys.stderr)  # noqa: T201
        return
    _say("error", "bold red", messages)


def log_warnings(warnings: Iterable[str]) -> None:
    """Say on stderr what a person should know, a line per warning."""
    _say("warning", "yellow", warnings)


def _say(kind: str, style: str, messages: Iterable[str]) -> None:
    """Lines on stderr: broken between words in a terminal, whole elsewhere."""
    from rich.text import Text

    from ldn_spark.cli.consoles import standard_error

    console = standard_error()
    for message in messages:
        line = Text.assemble((f"{kind}: ", style), shown(message, keep="\n\t"))
        console.print(line, soft_wrap=not console.is_terminal)
