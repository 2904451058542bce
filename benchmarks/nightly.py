"""Nights of a registry by the timer of docs/schedules: what the lake and the drift page become.

    python benchmarks/nightly.py [--nights 10] [--people 20000] [--every SECONDS] [--folder FOLDER]

An invented registry is delivered up to a month of its last year; on every third night the file of
a further month lies in the folder of deliveries too, on the others nothing is new. Each night runs
the commands of `ldn-nightly.service`, on the embedded engine, at its tick. The last lines hold the
lake against one that took the same files in at once, and the exit code is 1 where the nights left
no ledger, no page, a night that ended otherwise than it should, or a larger lake than `MOST`.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
SERVICE = PROJECT / "docs" / "schedules" / "ldn-nightly.service"
EVERY_THIRD = 3
MOST = 1.25
"""How many times the bytes of a lake of one ingest a lake of many nights may hold, without what is
kept of versions before the latest."""
_LDN = [sys.executable, "-c", "from ldn_spark.cli import main; main()"]
_DAY = "UtleveringsDato"


@dataclass(frozen=True, slots=True)
class Places:
    """Where the nights happen."""

    folder: Path

    @property
    def named(self) -> dict[str, Path]:
        """The places that the service names."""
        names = {"DELIVERY": "incoming", "LAKE": "lake", "OUT": "out"}
        return {name: self.folder / below for name, below in names.items()}


@dataclass(frozen=True, slots=True)
class Night:
    """What a night did.

    Attributes:
        number: from 1.
        is_new: whether anything new was delivered.
        codes: of the commands, in their order.
        outcome: of the study, as the ledger says it.
        seconds: of all commands.
        ledger: entries after it.
        lake, delivered: bytes after it.
    """

    number: int
    is_new: bool
    codes: tuple[int, ...]
    outcome: str
    seconds: float
    ledger: int
    lake: int
    delivered: int


def commands(places: Places) -> Iterator[list[str]]:
    """The commands of the service, with its jobs on the embedded engine."""
    for line in re.findall("^ExecStart=(.+)$", SERVICE.read_text(), re.MULTILINE):
        for name, place in places.named.items():
            line = line.replace(f"${{{name}}}", str(place))
        program, *words = shlex.split(line)
        if program.endswith("submit.sh"):
            job = "study"
            if words[0] == "--job":
                _, job, *words = words
            file = str(PROJECT / "jobs" / f"{job}.py")
            yield [sys.executable, file, *words, "--engine", "sail"]
        else:
            yield [*_LDN, *words]


def deliver(places: Places, people: int) -> list[list[str]]:
    """Write what lies in the folder of deliveries at first; the files of further months are left.

    Returns:
        For each further month the lines of its file, the header first.
    """
    made, incoming = places.folder / "simulated", places.named["DELIVERY"]
    run([*_LDN, "simulate", str(made), "--people", str(people)])
    incoming.mkdir()
    *before, last = sorted(made.glob("*.txt"))
    for file in (*before, made / "INVENTED-DATA.md"):
        os.link(file, incoming / file.name)
    header, *lines = last.read_text(encoding="iso-8859-1").splitlines(keepends=True)
    at = header.strip().split(";").index(_DAY)
    months: dict[str, list[str]] = {}
    for line in lines:
        months.setdefault(line.split(";")[at][5:7], []).append(line)
    later = sorted(months)[-4:]
    first = [line for month in sorted(months) if month not in later for line in months[month]]
    (incoming / last.name).write_text("".join([header, *first]), encoding="iso-8859-1")
    return [[header, *months[month]] for month in later]


def nights(places: Places, number: int, people: int, every: float) -> Iterator[Night]:
    """Night after night, each at its tick or when the one before has ended."""
    further, began = deliver(places, people), time.monotonic()
    incoming = places.named["DELIVERY"]
    for night in range(1, number + 1):
        time.sleep(max(0, began + (night - 1) * every - time.monotonic()))
        is_new = night == 1
        if night % EVERY_THIRD == 0 and further:
            is_new, lines = True, further.pop(0)
            file = incoming / f"month_{night:02d}.txt"
            file.write_text("".join(lines), encoding="iso-8859-1")
        yield one_night(places, night, is_new=is_new)


def one_night(places: Places, number: int, *, is_new: bool) -> Night:
    """Run the commands of the service; like systemd, stop at the first that does not end well."""
    lake, started, codes = places.named["LAKE"], time.monotonic(), []
    for command in commands(places):
        codes.append(run(command, may_fail=True))
        if codes[-1]:
            break
    seconds = time.monotonic() - started
    entries = ledger(lake)
    return Night(
        number,
        is_new,
        tuple(codes),
        entries[-1] if entries else "none",
        seconds,
        len(entries),
        size(lake),
        size(places.named["DELIVERY"]),
    )


def run(command: Sequence[str], *, may_fail: bool = False) -> int:
    """Run a command of ours; what it says goes to standard error if it does not end well."""
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 12) or (done.returncode and not may_fail):
        sys.stderr.write(done.stderr)
    if done.returncode and not may_fail:
        raise SystemExit(f"{shlex.join(command[-6:])}: {done.returncode}")
    return done.returncode


def ledger(lake: Path) -> list[str]:
    """How the study of every entry of the ledger ended, the newest last."""
    command = [*_LDN, "runs", str(lake), "--csv"]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    header, *rows = done.stdout.splitlines()
    at = header.split(",").index("outcome")
    return [row.split(",")[at] for row in rows]


def size(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def lake_of_one_ingest(places: Places) -> int:
    """Bytes of a lake that took in the same files at once, after one run of the study."""
    other = Places(places.folder / "at_once")
    other.folder.mkdir()
    os.symlink(places.named["DELIVERY"], other.named["DELIVERY"])
    one_night(other, 1, is_new=True)
    return size(other.named["LAKE"])


def main() -> int:
    """Print a line per night and the sums; the number of what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nights", type=int, default=10)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--every", type=float, default=0.0, help="seconds between two nights")
    parser.add_argument("--folder", type=Path, help="kept afterwards; else a temporary one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ldn-nightly-") as temporary:
        places = Places(given.folder or Path(temporary))
        places.folder.mkdir(parents=True, exist_ok=True)
        return nights_told(places, given.nights, given.people, given.every)


def nights_told(places: Places, number: int, people: int, every: float) -> int:
    """Run the nights and tell of them."""
    print("night  new  codes     study          seconds  ledger  lake bytes  delivered bytes")
    wrong = 0
    for night in nights(places, number, people, every):
        codes = " ".join(map(str, night.codes))
        new = "yes" if night.is_new else "no"
        print(
            f"{night.number:5}  {new:3}  {codes:8}  {night.outcome:13}  {night.seconds:7.1f}  "
            f"{night.ledger:6}  {night.lake:10}  {night.delivered:15}",
            flush=True,
        )
        expected = "done" if night.is_new else "nothing to do"
        wrong += night.outcome != expected or night.ledger != night.number
        wrong += night.codes[-1] not in ((0, 12) if night.is_new else (0,))
    lake, page = places.named["LAKE"], places.named["OUT"] / "ldn_2013" / "drift.html"
    run([*_LDN, "verify", str(lake)])
    run([*_LDN, "prune", str(lake), "--keep-versions", "1", "--keep-runs", "1", "--apply"])
    left, at_once = size(lake), lake_of_one_ingest(places)
    print(f"\nlake with its newest version and run alone: {left} bytes; of one ingest: {at_once}")
    print(f"drift page: {page.stat().st_size if page.is_file() else 'none'} bytes")
    return wrong + (not page.is_file()) + (left > MOST * at_once)


if __name__ == "__main__":
    sys.exit(main())
