"""Wait for work in other threads, so that progress shows and Ctrl-C is heard at once.

The threads are daemons: the process does not wait for them when it is interrupted.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Generic, TypeVar

POLL_SECONDS = 0.1
Result = TypeVar("Result")
Other = TypeVar("Other")


def _nothing() -> None:
    """Do nothing."""


class Started(Generic[Result]):
    """Work in a thread of its own."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self._result: list[Result] = []
        self._error: list[BaseException] = []

        def run() -> None:
            try:
                self._result.append(work())
            except BaseException as error:  # noqa: BLE001
                self._error.append(error)

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def wait(self, tick: Callable[[], None] = _nothing) -> Result:
        """What the work returns, or what it raises; `tick` is called ten times a second."""
        while self._thread.is_alive():
            tick()
            self._thread.join(POLL_SECONDS)
        if self._error:
            raise self._error[0]
        return self._result[0]


def wait_for(work: Callable[[], Result], tick: Callable[[], None] = _nothing) -> Result:
    """Do the work in a thread and return what it returns, or raise what it raises.

    Args:
        work: blocks, for instance in an engine's call, which hears no signal.
        tick: called meanwhile, about ten times a second.
    """
    return Started(work).wait(tick)


def wait_for_both(one: Callable[[], Result], other: Callable[[], Other]) -> tuple[Result, Other]:
    """Do two works at the same time and return what they return.

    When both have ended, the first one's error is raised, or else the other one's.
    """
    begun, beside = Started(one), Started(other)
    try:
        return begun.wait(), beside.wait()
    except Exception:
        with suppress(Exception):
            beside.wait()
        raise


def wait_for_all(
    works: Iterable[Callable[[], None]], *, at_once: int, tick: Callable[[], None] = _nothing
) -> None:
    """Do several works, begun in their order; the first error ends it when those begun are done.

    Args:
        works: each blocks.
        at_once: how many at the same time.
        tick: called meanwhile, about ten times a second.
    """
    left = deque(works)
    lock = threading.Lock()

    def following() -> Callable[[], None] | None:
        with lock:
            return left.popleft() if left else None

    def worker() -> None:
        while work := following():
            try:
                work()
            except BaseException:
                left.clear()
                raise

    errors = []
    for started in [Started(worker) for _ in range(at_once)]:
        try:
            started.wait(tick)
        except Exception as error:  # noqa: BLE001
            errors.append(error)
    if errors:
        raise errors[0]
