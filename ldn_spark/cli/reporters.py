"""How far the work is: a bar in a terminal, log lines elsewhere, JSON lines for machines."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TextIO

from ldn_spark.errors import Problem, UsageError
from ldn_spark.progress import Progress, Reporter

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
    if log_format == "auto" and stream.isatty():
        with _bar(stream) as report:
            yield report
    else:
        yield _Lines(stream, as_json=log_format == "json")


@contextmanager
def _bar(stream: TextIO) -> Iterator[Reporter]:
    from rich.console import Console
    from rich.filesize import decimal
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress
    from rich.table import Column

    class Amount(TextColumn):
        def render(self, task):
            unit, total = task.fields["unit"], task.total
            done = min(int(task.completed), int(total)) if total else int(task.completed)
            if unit == "bytes":
                return f"{decimal(done)} of {decimal(int(total or 0))}"
            return f"{done:,} of {int(total or 0):,} {unit}"

    def column(width: int) -> Column:
        return Column(no_wrap=True, min_width=width)

    with RichProgress(
        TextColumn("{task.description}", table_column=column(20)),
        BarColumn(bar_width=16, table_column=column(16)),
        Amount("", table_column=column(22)),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True, table_column=column(5)),
        TextColumn("[dim]{task.fields[counts]}", table_column=Column(no_wrap=True)),
        console=Console(file=stream),
    ) as shown:
        tasks: dict[str, int] = {}

        def report(progress: Progress) -> None:
            fields = {"unit": progress.unit, "counts": _counts(progress)}
            if progress.stage not in tasks:
                for task in tasks.values():
                    shown.update(task, completed=shown.tasks[task].total)
                tasks[progress.stage] = shown.add_task(progress.stage, **fields)
            shown.update(
                tasks[progress.stage], completed=progress.done, total=progress.total, **fields
            )

        yield report


def _counts(progress: Progress) -> str:
    return ", ".join(f"{name} {value}" for name, value in progress.counts.items())


class _Lines:
    """A line when a stage begins or ends, and every few seconds in between."""

    def __init__(self, stream: TextIO, *, as_json: bool) -> None:
        self._stream, self._as_json = stream, as_json
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
        self._stream.write(self._line(progress, 0.0 if begins else now - self._began) + "\n")
        self._stream.flush()

    def _line(self, progress: Progress, elapsed: float) -> str:
        left = None
        if elapsed and progress.total and 0 < progress.done < progress.total:
            left = round(elapsed * (progress.total - progress.done) / progress.done)
        if self._as_json:
            return json.dumps(
                {
                    "ts": datetime.now(UTC).isoformat(timespec="milliseconds"),
                    "level": "info",
                    "event": "progress",
                    "stage": progress.stage,
                    "done": progress.done,
                    "total": progress.total,
                    "unit": progress.unit,
                    "seconds": round(elapsed, 3),
                    "seconds_left": left,
                    **progress.counts,
                }
            )
        total = "" if progress.total is None else f" of {progress.total}"
        counts = f" ({_counts(progress)})" if progress.counts else ""
        ending = "" if left is None else f", about {left} s left"
        return f"{progress.stage}: {progress.done}{total} {progress.unit}{counts}{ending}"


def log_error(log_format: str, code: int, kind: str, messages: list[str]) -> None:
    """Say on stderr what went wrong, a line per problem."""
    if log_format == "json":
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        content = {"ts": now, "level": "error", "event": kind, "exit_code": code}
        print(json.dumps(content | {"problems": messages}), file=sys.stderr)  # noqa: T201
        return
    from rich.console import Console

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for message in messages:
        console.print(f"[bold red]error:[/] {_escape(message)}")


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)
