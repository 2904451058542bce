"""Independent tasks, done by a pool of copies of this process or one after the other here.

A copy has whatever its task needs when it is forked, so that only what it makes is sent. What is
made is the same either way.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ldn_spark.reporting.lifetime import end_with_parent

if TYPE_CHECKING:
    from concurrent.futures import Future

Task = Callable[[], Any]
Share = Callable[[Sequence[Task]], list[Task]]
"""Is given tasks, and hands back for each what to call for its result, once and in their order."""

_FEWEST, _MOST = 2, 8
"""How many copies there are at least, also where one processor is all there is, and at most."""


def here(tasks: Sequence[Task]) -> list[Task]:
    """Do each task in this process, when its result is asked for."""
    return list(tasks)


def by_copies(tasks: Sequence[Task]) -> list[Task]:
    """Let copies begin with the tasks, as many at once as there are processors.

    For a process with one thread: a copy of several could wait for ever for one that it lacks. So
    the pool is gone when its last result has been asked for. What goes wrong in a copy is raised
    where its result is asked for.
    """
    if not tasks:
        return []
    try:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        number = min(len(tasks), _MOST, max(_FEWEST, os.cpu_count() or 1))
        context = get_context("fork")
        pool = ProcessPoolExecutor(number, context, _begin, (os.getpid(), tasks))
        begun = [pool.submit(_do, task) for task in range(len(tasks))]
    except (OSError, ImportError, NotImplementedError):  # no room for a process or a semaphore
        return here(tasks)

    def result(future: Future[Any]) -> Any:
        try:
            return future.result()
        finally:
            if future is begun[-1]:
                pool.shutdown()

    return [lambda future=future: result(future) for future in begun]


_given: list[Sequence[Task]] = []
"""What a copy is asked to do: it has this already when it is forked."""


def _begin(parent: int, tasks: Sequence[Task]) -> None:
    end_with_parent(parent)
    _given.append(tasks)


def _do(task: int) -> Any:
    return _given[-1][task]()
