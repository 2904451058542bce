"""Time the whole way, simulate -> ingest -> run, at one size: wall seconds and peak memory.

    python benchmarks/walk.py 5300000 /some/large/disk

Every command is a process of its own. Figures of one run on a shared machine say how large a thing
is, not how fast a program is against another.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path


def timed(name: str, *arguments: str) -> None:
    """Run one `ldn` command and print its row."""
    began = time.perf_counter()
    subprocess.run(["ldn", *arguments], check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024  # of the largest so far
    print(f"| {name} | {seconds:.1f} | {peak:.0f} |", flush=True)


def main(people: str, folder: str) -> None:
    """The three commands, in a folder that is removed afterwards."""
    root = Path(folder) / f"walk-{people}"
    root.mkdir()
    print(f"| {int(people):,} people | wall s | largest peak so far, MiB |\n|---|---|---|")
    try:
        delivery, lake, out = (str(root / name) for name in ("delivery", "lake", "out"))
        timed("simulate", "simulate", delivery, "--people", people, "--seed", "2")
        timed("ingest", "ingest", delivery, "--lake", lake)
        timed("run ldn_2013", "run", "ldn_2013", "--lake", lake, "--out", out)
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main(*sys.argv[1:3])
