"""Take delivered text files in: ours on either engine against a hand-written DuckDB script.

    python benchmarks/ingest.py 15m /some/large/disk
    python benchmarks/ingest.py 50m /some/large/disk --repeats 3 --engines sail

The delivery is simulated once and used again. Every contestant is a process of its own, in turns;
the script reads the same files, keys and merges the people, and writes each year sorted by ATC
code and person. It keeps no account of lines, finds no fault and makes no version: we do more.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from meter import measure
from results import KEPT, MIB, environment, put, where

PEOPLE = {"1m": 36_000, "15m": 537_000, "50m": 1_790_000, "150m": 5_300_000}
NAMES = {
    "sail": "`ldn ingest`, embedded",
    "spark": "`ldn ingest`, Spark local[2]",
    "duckdb": "DuckDB by hand",
}
LDN = str(Path(sys.executable).with_name("ldn"))
PEER = Path(__file__).parent / "peers" / "duckdb_ingest.py"


def main() -> None:
    """Measure one size and keep what was found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("size", choices=PEOPLE)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--engines", nargs="*", choices=("sail", "spark"), default=["sail"])
    parser.add_argument("--cold", action="store_true", help="no warm-up turn, for long ones")
    arguments = parser.parse_args()
    delivery = simulated(arguments.size, arguments.folder)
    scratch = arguments.folder / "ingest-scratch"
    contestants = ["duckdb", *arguments.engines]
    environ = environment(arguments.engines)
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in contestants}
    stages: dict[str, list[dict[str, float]]] = {name: [] for name in arguments.engines}
    for turn in range(arguments.cold, arguments.repeats + 1):  # turn 0 is the warm-up
        for name in contestants:
            shutil.rmtree(scratch, ignore_errors=True)
            cost = measure(command(name, delivery, scratch / "out"))
            line = f"{name}: {cost.wall:.1f} s, {cost.cpu:.1f} s of processor"
            print(line, f"{cost.peak / MIB:,.0f} MiB", flush=True)
            if turn:
                taken = asdict(cost)
                del taken["output"], taken["log"]
                runs[name].append(taken)
                if name in stages:
                    stages[name].append(where_the_time_goes(cost.log))
    rows = dispensings(scratch / "out")
    shutil.rmtree(scratch, ignore_errors=True)
    keep(
        {
            "size": f"ingest-{arguments.size}",
            "dispensings": rows,
            "delivered_bytes": sum(path.stat().st_size for path in delivery.glob("*.txt")),
            "command": "python benchmarks/ingest.py " + " ".join([*sys.argv[1:2], *sys.argv[3:]]),
            "cold": arguments.cold,
            "environment": environ,
            "runs": runs,
            "files": len(list(delivery.glob("*.txt"))),
            "stages": {name: middle_of(found) for name, found in stages.items()},
        }
    )


def simulated(size: str, folder: Path) -> Path:
    """The delivered files of a size, made where they are not there yet."""
    delivery = folder / f"delivery-{size}"
    if not (delivery / "truth.json").exists():
        people = str(PEOPLE[size])
        subprocess.run([LDN, "simulate", delivery, "--people", people, "--seed", "2"], check=True)
    return delivery


def command(name: str, delivery: Path, out: Path) -> list[str]:
    """How a contestant is called."""
    if name == "duckdb":
        return [sys.executable, str(PEER), str(delivery), str(out)]
    ours = [LDN, "ingest", str(delivery), "--lake", str(out), "--engine", name]
    return [*ours, "--log-format", "json"]


def where_the_time_goes(log: str) -> dict[str, float]:
    """Seconds of each stage, by the time at which the log names it last."""
    events = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    seconds: dict[str, float] = {}
    for event in events:
        if event.get("event") == "progress":
            seconds[event["stage"]] = max(seconds.get(event["stage"], 0.0), event["seconds"])
    return seconds


def middle_of(found: list[dict[str, float]]) -> dict[str, float]:
    """The median of every stage."""
    return {stage: statistics.median(one[stage] for one in found) for stage in found[0]}


def dispensings(lake: Path) -> int:
    """How many rows the last lake holds."""
    records = sorted((lake / "_versions").glob("*.json"))
    return json.loads(records[-1].read_text(encoding="utf-8"))["dispensings"] if records else 0


def keep(taken: dict[str, Any]) -> None:
    """The raw numbers as JSON, the table in RESULTS.md."""
    KEPT.mkdir(exist_ok=True)
    text = json.dumps(taken, indent=1, ensure_ascii=False) + "\n"
    (KEPT / f"{taken['size']}.json").write_text(text, encoding="utf-8")
    put(taken["size"], table(taken))


def table(taken: dict[str, Any]) -> str:
    """One size as Markdown."""
    middle = {
        name: {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        for name, runs in taken["runs"].items()
    }
    lines = [
        f"### Ingest of {taken['dispensings']:,} lines",
        f"{taken['delivered_bytes'] / 1e9:.2f} GB of text in {taken['files']} files; median of "
        f"{len(taken['runs']['duckdb'])}{'' if taken['cold'] else ' after a warm-up'}, in turns.",
        "",
        "| | wall, s (least – most) | processor, s | peak memory, MiB | ÷ DuckDB by hand |",
        "|---|---|---|---|---|",
    ]
    for name, cost in middle.items():
        walls = [run["wall"] for run in taken["runs"][name]]
        ratio = cost["wall"] / middle["duckdb"]["wall"]
        lines.append(
            f"| {NAMES[name]} | {cost['wall']:.1f} ({min(walls):.1f} – {max(walls):.1f}) "
            f"| {cost['cpu']:.1f} | {cost['peak'] / MIB:,.0f} | {ratio:.2f} |"
        )
    for name, stages in taken["stages"].items():
        parts = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in stages.items())
        lines += ["", f"Where the time goes, {NAMES[name]}: {parts}."]
    return "\n".join([*lines, "", where(taken)])


if __name__ == "__main__":
    main()
