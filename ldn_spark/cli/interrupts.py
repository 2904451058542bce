"""Ctrl-C and SIGTERM: what is half-done is removed, one sentence, and the process is gone."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from ldn_spark.cli.streams import LostOutputError, flush_streams, guard_streams

INTERRUPTED, TERMINATED = 130, 143
STOPPED = "stopped; nothing half-written is visible"
_received: list[int] = []


def hear_signals() -> None:
    """Let SIGTERM end the work as Ctrl-C does, and Ctrl-C also where a shell has it ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """End the work once; a second signal ends the cleaning up as well."""
    if _received:
        os._exit(128 + number)
    _received.append(number)
    raise KeyboardInterrupt


def interrupted_code() -> int:
    """The exit code that tells which signal ended the work."""
    return TERMINATED if signal.SIGTERM in _received else INTERRUPTED


def leave(run: Callable[[], int]) -> NoReturn:
    """Run, and leave with its exit code at once.

    Nothing is left to be done: engines are stopped and files closed where they were opened.
    Python's own end would wait for an engine that was interrupted, and takes a sixth of a second
    to take the libraries apart.
    """
    try:
        guard_streams()
        code = run()
        flush_streams()
    except LostOutputError as error:
        code = error.exit_code
        print(f"error: {error}", file=sys.stderr, flush=True)  # noqa: T201
    os._exit(code)
