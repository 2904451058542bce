"""A lake of many nightly deliveries beside one of the same lines in one: what grows, and prune.

    python benchmarks/many_deliveries.py FOLDER --nights 200 --people 2000

A simulated delivery is cut into as many files as there are nights. Each lake is opened, looked
through, planned on and run on; the nightly one again after `ldn prune --keep-versions 1`. Times are
medians of whole processes, or of calls where a row says so.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ldn_spark.delivery.source.sources import load_source
from ldn_spark.engine.sessions import open_engine
from ldn_spark.ingest.ingest import ingest
from ldn_spark.lake.checking import require_whole
from ldn_spark.lake.contents import contents_of
from ldn_spark.lake.versions import read_version

STUDY = "ldn_2013"
MAIN = "from ldn_spark.cli import main; main()"


def ldn(*arguments: object) -> str:
    """What a command prints, in a process of its own."""
    command = [sys.executable, "-c", MAIN, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def cut(delivery: Path, folder: Path, nights: int) -> list[Path]:
    """The lines of a delivery, dealt out to so many files, with the mark of invented data."""
    files = sorted(delivery.glob("dispensings_*.txt"))
    header, lines = "", []
    for file in files:
        header, *some = file.read_text(encoding="iso-8859-1").splitlines()
        lines += some
    folder.mkdir()
    for mark in delivery.glob("*.md"):
        shutil.copy(mark, folder)
    names = [folder / f"dispensings_{night:04d}.txt" for night in range(nights)]
    for night, name in enumerate(names):
        content = "\n".join([header, *lines[night::nights], ""])
        name.write_text(content, encoding="iso-8859-1")
    return names


def take_in(lake: Path, deliveries: Sequence[Sequence[Path]]) -> list[float]:
    """Take deliveries in one after the other; the seconds of each."""
    source, seconds = load_source("norpd"), []
    with open_engine("sail") as spark:
        for delivery in deliveries:
            begin = time.perf_counter()
            ingest(spark, lake, delivery, source)
            seconds.append(time.perf_counter() - begin)
    return seconds


def median(call: Callable[[], object], repeats: int) -> float:
    """Seconds of a call."""
    seconds = []
    for _ in range(repeats):
        begin = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def measured(lake: Path, out: Path, repeats: int) -> dict[str, str]:
    """What a lake costs its readers."""
    version = read_version(lake)
    files = [file for file in lake.rglob("*") if file.is_file()]
    read = [name for name in version.tables if version.sums.get(name)]

    def logs() -> None:
        for name in read:
            contents_of(lake / name, version.tables[name], version.bases.get(name))

    def run() -> None:
        shutil.rmtree(out, ignore_errors=True)
        ldn("run", STUDY, "--lake", lake, "--out", out, "--engine", "sail")

    run()
    return {
        "data files of the version": f"{sum(len(one) for one in version.sums.values()):,}",
        "files in the lake": f"{len(files):,}",
        "bytes in the lake": f"{sum(file.stat().st_size for file in files):,}",
        "log read, s (call)": f"{median(logs, repeats):.3f}",
        "record and all checksums, s (call)": f"{_whole(lake, repeats):.3f}",
        "ldn plan, s": f"{median(lambda: ldn('plan', STUDY, '--lake', lake), repeats):.2f}",
        "ldn run, s": f"{median(run, repeats):.2f}",
        "ldn verify, s": f"{median(lambda: ldn('verify', lake), repeats):.2f}",
    }


def _whole(lake: Path, repeats: int) -> float:
    return median(lambda: require_whole(lake, read_version(lake)), repeats)


def main() -> None:
    """Make both lakes, measure, prune, measure again; print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--nights", type=int, default=200)
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    given.folder.mkdir(parents=True)
    ldn("simulate", given.folder / "delivery", "--people", given.people, "--seed", 1)
    cuts = cut(given.folder / "delivery", given.folder / "cut", given.nights)
    once, nightly = given.folder / "once", given.folder / "nightly"
    take_in(once, [cuts])
    seconds = take_in(nightly, [[file] for file in cuts])
    few = max(1, given.nights // 20)
    first, last = (statistics.median(some) for some in (seconds[:few], seconds[-few:]))
    print(f"an ingest of a night: {first:.2f} s at first, {last:.2f} s at last", flush=True)
    columns = {
        "one delivery": measured(once, given.folder / "out", given.repeats),
        f"{given.nights} nights": measured(nightly, given.folder / "out", given.repeats),
    }
    shutil.rmtree(nightly / "runs")
    ldn("prune", nightly, "--keep-versions", 1, "--apply")
    columns["pruned"] = measured(nightly, given.folder / "out", given.repeats)
    print("| | " + " | ".join(columns) + " |")
    print("|---" * (1 + len(columns)) + "|")
    for name in next(iter(columns.values())):
        print(f"| {name} | " + " | ".join(one[name] for one in columns.values()) + " |")


if __name__ == "__main__":
    main()
