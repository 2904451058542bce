"""Wait for work in another thread, so that progress shows and Ctrl-C is heard at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

POLL_SECONDS = 0.1
Result = TypeVar("Result")


def wait_for(work: Callable[[], Result], tick: Callable[[], None] = lambda: None) -> Result:
    """Do the work in a thread and return what it returns, or raise what it raises.

    Args:
        work: blocks, for instance in an engine's call, which hears no signal.
        tick: called meanwhile, about ten times a second.

    An interrupt leaves the thread to itself: it is a daemon, which the process does not wait for.
    """
    done: SimpleQueue[tuple[bool, object]] = SimpleQueue()

    def run() -> None:
        try:
            done.put((True, work()))
        except BaseException as error:  # noqa: BLE001
            done.put((False, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while done.empty():
        tick()
        thread.join(POLL_SECONDS)
    succeeded, result = done.get()
    if not succeeded:
        raise result  # type: ignore[misc]
    return result  # type: ignore[return-value]
