"""A process that works for another one ends with it, however that one ends."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1
_SECONDS_BETWEEN_LOOKS = 0.5


def end_with_parent(parent: int | None = None) -> None:
    """Let this process be killed as soon as the one that started it is gone.

    Linux does that by itself and needs no thread, so that this process may still fork; elsewhere
    a thread looks. A program that is started anew calls this first; a copy that is forked names
    the process it is a copy of, in case that one is gone already.
    """
    expected = os.getppid() if parent is None else parent
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(expected,), daemon=True).start()
    if os.getppid() != expected:
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(1)
