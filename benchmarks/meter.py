"""What a command costs: wall and processor seconds, peak memory and bytes read of its whole tree.

A small launcher of its own runs the command, adopts whatever the command leaves behind and waits
for all of it; the kernel then knows the processor seconds and the bytes read of the whole tree to
the end. Memory is what the tree holds, pages that processes share counted once: a process that has
just made a copy of itself holds no more than before. Linux only.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TICK = 0.02
TICKS_PER_LISTING = 5
"""How often the tree is listed anew; in between the known processes are looked at."""
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
LEFT_BEHIND = 30  # seconds that processes may outlive the command


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of a command cost.

    Attributes:
        wall: seconds until the command was done.
        cpu: user and system seconds of the whole tree.
        peak: bytes; the most memory that the tree was seen to hold.
        read: bytes that read calls returned, from the page cache or the disk.
        output: what the command wrote to standard output.
        log: what it wrote to standard error.
    """

    wall: float
    cpu: float
    peak: int
    read: int
    output: str
    log: str


class CommandFailed(Exception):
    """The command ended with another exit code than 0; the message is what it said."""


def measure(command: Sequence[str], *, env: Mapping[str, str] | None = None) -> Cost:
    """Run a command and measure it.

    Raises:
        CommandFailed: it did not end well.
    """
    import tempfile

    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        readable, writable = os.pipe()
        launcher = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(writable), *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env={**os.environ, **(env or {})},
            pass_fds=(writable,),
        )
        os.close(writable)
        peak = _watch(launcher)
        with os.fdopen(readable) as pipe:
            told = json.loads(pipe.read() or "{}")
        out.seek(0)
        err.seek(0)
        if launcher.returncode or told.get("code", 1):
            raise CommandFailed(f"{' '.join(command)}\n{err.read()[-3000:]}")
        return Cost(told["wall"], told["cpu"], peak, told["read"], out.read(), err.read())


def _watch(launcher: subprocess.Popen) -> int:
    """The most memory that was seen below the launcher, until it ends.

    Resident sets are quick to read but count shared pages twice: only where their sum is above the
    peak are the shares read, and that at most a twentieth of the time.
    """
    import psutil

    top, peak, known, tick, quiet_until = psutil.Process(launcher.pid), 0, [], 0, 0.0
    while launcher.poll() is None:
        if tick % TICKS_PER_LISTING == 0:
            try:
                known = [process.pid for process in top.children(recursive=True)]
            except psutil.NoSuchProcess:
                known = []
        began = time.monotonic()
        if began >= quiet_until and sum(map(resident, known)) > peak:
            peak = max(peak, sum(map(held, known)))
            ended = time.monotonic()
            quiet_until = ended + 20 * (ended - began)
        tick += 1
        time.sleep(TICK)
    return peak


def held(pid: int) -> int:
    """A process's proportional set in bytes: its own pages and its part of those it shares."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def resident(pid: int) -> int:
    """The resident set of a process in bytes; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _launch(report: int, command: Sequence[str]) -> int:
    """Run the command to the end of its last descendant and write the account to `report`."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    read_before, began = _bytes_read(), time.perf_counter()
    child = subprocess.Popen(command)
    code = child.wait()
    wall = time.perf_counter() - began
    _await_the_rest()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    account = {
        "code": code,
        "wall": wall,
        "cpu": used.ru_utime + used.ru_stime,
        "read": _bytes_read() - read_before,
    }
    os.write(report, json.dumps(account).encode())
    return code


def _bytes_read() -> int:
    """Bytes read by this process and by all children it has waited for."""
    with open("/proc/self/io") as stream:
        return int(stream.readline().split()[1])


def _await_the_rest() -> None:
    """Wait for what the command left behind, a while."""
    until = time.monotonic() + LEFT_BEHIND
    while time.monotonic() < until:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(_launch(int(sys.argv[1]), sys.argv[2:]))
