"""How far the work is: a bar in a terminal, log lines elsewhere, JSON lines for machines.

Handlers of the logger `ldn_spark.progress`, one of which hears it while a command works.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TextIO

from ldn_spark.cli.bars import Hear, amount, counts_text, open_bars
from ldn_spark.cli.logs import JsonFormatter
from ldn_spark.progress import Progress

_LOGGER = logging.getLogger("ldn_spark.progress")
_SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def progress_shown(log_format: str, stream: TextIO | None = None) -> Iterator[None]:
    """Show what is reported meanwhile: `auto` is a bar in a terminal and text lines elsewhere.

    Args:
        log_format: one of `logs.LOG_FORMATS`.
        stream: where it is shown; None for standard error.
    """
    stream = stream or sys.stderr
    with ExitStack() as shown:
        lines = _TextLines(stream)
        if log_format == "json":
            handler: logging.Handler = _JsonLines(stream)
        elif log_format == "auto" and stream.isatty():
            handler = _Handler(shown.enter_context(open_bars(stream)))
        else:
            handler = _Handler(lines.hear)
        level = _LOGGER.level
        _LOGGER.addHandler(handler)
        _LOGGER.setLevel(logging.INFO)
        try:
            yield
        finally:
            _LOGGER.removeHandler(handler)
            _LOGGER.setLevel(level)
        lines.finish()


class _Handler(logging.Handler):
    """Passes on what the records report."""

    def __init__(self, hear: Hear) -> None:
        super().__init__()
        self._hear = hear

    def emit(self, record: logging.LogRecord) -> None:
        self._hear(record.progress)  # type: ignore[attr-defined]


class _JsonLines(logging.Handler):
    """An event when a stage begins or ends, and every few seconds in between."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self._stream = stream
        self._stage, self._began, self._last = "", 0.0, 0.0

    def emit(self, record: logging.LogRecord) -> None:
        progress: Progress = record.progress  # type: ignore[attr-defined]
        now = time.monotonic()
        begins = progress.stage != self._stage
        if begins:
            self._stage, self._began = progress.stage, now
        ends = progress.done == progress.total
        if not begins and not ends and now - self._last < _SECONDS_BETWEEN_LINES:
            return
        self._last = now
        elapsed = 0.0 if begins else now - self._began
        record.event, record.fields = (
            "progress",
            {
                "stage": progress.stage,
                "done": progress.done,
                "total": progress.total,
                "unit": progress.unit,
                "seconds": round(elapsed, 3),
                "seconds_left": _seconds_left(progress, elapsed),
                **progress.counts,
            },
        )
        self._stream.write(self.format(record) + "\n")
        self._stream.flush()


class _TextLines:
    """A line for every stage when it has ended; one every few seconds of a long one."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._under_way: Progress | None = None
        self._began = self._last = 0.0

    def hear(self, progress: Progress) -> None:
        """Say how far the work is, where it is time to."""
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
