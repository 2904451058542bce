"""Measure `ldn run` against DuckDB and Polars on one size, and write the results down.

    python benchmarks/run.py 150m /some/large/disk --engines sail spark

Everybody gets the same work: the LDN study from the registry to the moments of all outcomes and
strata. `ldn run` is the whole command, with daily curves, tables, figures, report and manifest;
the peers stop at the moments. One warm-up each, then the contestants take turns; medians count.
Nothing is dropped from the page cache: everybody reads warm files. All results must be equal.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import results
from generate import SIZES, make
from meter import Cost, measure
from peers import paper

from ldn_spark.lake.run_tables import read_run_rows
from ldn_spark.schemas import COHORT_MOMENTS, DESIGN_MOMENTS

PEERS = Path(__file__).parent / "peers"
ENGINES = ("sail", "spark")
Moments = dict[str, list[str]]
_SUMS = ("x", "y", "xx", "yy", "xy")


@dataclass(frozen=True, slots=True)
class Contestant:
    """A program that does the work: its command, and how its result is found."""

    name: str
    command: list[str]
    moments: Callable[[Cost], Moments]


def main() -> None:
    """Generate what is missing, measure, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engines", nargs="*", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--dry", action="store_true", help="print the table, write nothing")
    given = parser.parse_args()
    home = make(given.size, given.folder)
    with tempfile.TemporaryDirectory(prefix="ldn-bench-", dir=given.folder) as scratch:
        contestants = line_up(given.size, home, Path(scratch), given.engines)
        environment = results.environment(given.engines)
        costs = take_turns(contestants, given.repeats)
        shuffled = {}
        if "spark" in given.engines:
            shuffled["spark"] = bytes_shuffled(contestants[given.engines.index("spark")], scratch)
    command = f"python benchmarks/run.py {given.size} FOLDER --engines {' '.join(given.engines)}"
    taken = {
        "size": given.size,
        "dispensings": json.loads((home / "size.json").read_text())["dispensings"],
        "first_ever": SIZES[given.size].first_ever,
        "lake_bytes": lake_bytes(home / "lake"),
        "command": f"{command} --repeats {given.repeats}",
        "environment": environment,
        "shuffled": shuffled,
        "runs": {name: [asdict(cost) for cost in of_one] for name, of_one in costs.items()},
    }
    for runs in taken["runs"].values():
        for run in runs:
            del run["output"], run["log"]
    print(results.table(taken))
    if not given.dry:
        results.keep(taken)


def line_up(size: str, home: Path, scratch: Path, engines: list[str]) -> list[Contestant]:
    """Ours on each engine, then the peers on the extract and on our clustered files."""
    contestants = []
    for engine in engines:
        command = ["ldn", "run", str(home / "study.yaml"), "--lake", str(home / "lake")]
        command += ["--out", str(scratch / engine), "--engine", engine, "--again"]
        contestants.append(Contestant(engine, command, lambda cost: own_moments(home, cost)))
    for peer in ("duckdb", "polars"):
        for where in ("raw", "lake"):
            out = scratch / f"{peer}_{where}.json"
            command = [sys.executable, str(PEERS / f"{peer}_study.py"), f"--{where}"]
            command += [str(home / where), "--out", str(out)]
            command += ["--year", str(SIZES[size].index_year)]
            command += ["--first-ever"] if SIZES[size].first_ever else []
            contestants.append(
                Contestant(f"{peer}_{where}", command, lambda cost, out=out: peer_moments(out))
            )
    return contestants


def take_turns(contestants: list[Contestant], repeats: int) -> dict[str, list[Cost]]:
    """Everybody once to warm up, then `repeats` rounds in which everybody runs once.

    Raises:
        SystemExit: somebody finds other moments than the others.
    """
    costs: dict[str, list[Cost]] = {contestant.name: [] for contestant in contestants}
    expected: Moments | None = None
    for turn in range(repeats + 1):
        for contestant in contestants:
            cost = measure(contestant.command)
            found = contestant.moments(cost)
            expected = expected or found
            if found != expected or not found["groups"]:
                raise SystemExit(
                    f"{contestant.name} finds other moments: {difference(expected, found)}"
                )
            if turn:
                costs[contestant.name].append(cost)
            say = f"{contestant.name}: {cost.wall:.2f} s, {cost.peak / 2**20:.0f} MiB"
            print("warm-up" if not turn else f"turn {turn}", say, file=sys.stderr, flush=True)
    return costs


def difference(expected: Moments, found: Moments) -> str:
    """The first moments that differ."""
    pairs = zip(
        expected["cohort"] + expected["groups"], found["cohort"] + found["groups"], strict=False
    )
    return next((f"{one}\n{other}" for one, other in pairs if one != other), "their number")


def peer_moments(out: Path) -> Moments:
    """What a peer wrote."""
    return comparable(json.loads(out.read_text()))


def own_moments(home: Path, cost: Cost) -> Moments:
    """What `ldn run` left in its stage tables, which are removed with its results."""
    folder = Path(cost.output.strip().splitlines()[-1])
    tables = home / "lake" / "runs" / folder.name
    (found,) = moments_by_set(read_rows(tables))
    shutil.rmtree(tables)
    shutil.rmtree(folder)
    return found


def read_rows(tables: Path) -> dict[str, list[dict]]:
    """The moments that a run left in its folder of tables."""
    return {
        "cohort": read_run_rows(tables, COHORT_MOMENTS),
        "groups": read_run_rows(tables, DESIGN_MOMENTS),
    }


def moments_by_set(rows: dict[str, list[dict]]) -> list[Moments]:
    """The moments of every cohort of a run, in the order of their numbers."""
    numbers = sorted({row["set"] for row in rows["cohort"]})
    return [
        comparable(
            {
                "cohort": _cohort([row for row in rows["cohort"] if row["set"] == number]),
                "groups": _groups([row for row in rows["groups"] if row["set"] == number]),
            }
        )
        for number in numbers
    ]


def _stratum(row: dict) -> str:
    return next(name for name, (low, high) in paper.STRATA.items() if low <= row["fills"] <= high)


def _cohort(rows: list[dict]) -> list[dict]:
    """Persons by the number of exposure dispenses, as strata."""
    strata: dict[str, dict] = {}
    for row in rows:
        if row["subgroup"] == "overall":
            name = _stratum(row)
            into = strata.setdefault(
                name, {"stratum": name} | dict.fromkeys(paper.COHORT_MOMENTS, 0)
            )
            for one in paper.COHORT_MOMENTS:
                into[one] += int(row[one])
    return list(strata.values())


def _groups(rows: list[dict]) -> list[dict]:
    """Sums by measure and number of exposure dispenses, as the peers name those of strata."""
    sums: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        if row["subgroup"] == "overall":
            into = sums.setdefault((_stratum(row), row["outcome"]), Counter())
            into.update({f"{row['measure']}_{name}": int(row[name] or 0) for name in _SUMS})
    return [
        {
            "stratum": stratum,
            "outcome": outcome,
            "both": of["users_xy"],
            "before_only": of["users_x"] - of["users_xy"],
            "after_only": of["users_y"] - of["users_xy"],
            "dispenses_before": of["dispenses_x"],
            "dispenses_after": of["dispenses_y"],
            "sum_before": of["ddd_x"],
            "sum_after": of["ddd_y"],
            "sum_squares_before": of["ddd_xx"],
            "sum_squares_after": of["ddd_yy"],
            "sum_squares_difference": of["ddd_xx"] + of["ddd_yy"] - 2 * of["ddd_xy"],
        }
        for (stratum, outcome), of in sums.items()
    ]


def comparable(found: dict[str, list[dict]]) -> Moments:
    """Rows in one order, with the columns that everybody computes."""
    return {
        kind: sorted(
            json.dumps({name: row[name] for name in ("stratum", *extra)} | _numbers(row, numbers))
            for row in found[kind]
        )
        for kind, extra, numbers in (
            ("cohort", (), paper.COHORT_MOMENTS),
            ("groups", ("outcome",), paper.GROUP_MOMENTS),
        )
    }


def _numbers(row: dict, names: tuple[str, ...]) -> dict[str, int]:
    return {name: int(row[name]) for name in names}


def lake_bytes(lake: Path) -> int:
    """The size of the lake's persons and dispensings as they are now."""
    files = [f for name in ("persons", "dispensings") for f in paper.lake_files(lake, name)]
    return sum(Path(file).stat().st_size for file in files)


def bytes_shuffled(contestant: Contestant, scratch: str) -> int:
    """Bytes written to shuffles by one more run, from Spark's event log."""
    conf, log = Path(scratch, "conf"), Path(scratch, "events")
    conf.mkdir()
    log.mkdir()
    (conf / "spark-defaults.conf").write_text(
        f"spark.eventLog.enabled true\nspark.eventLog.dir file://{log.resolve()}\n"
        "spark.eventLog.compress false\nspark.eventLog.rolling.enabled false\n"
    )
    contestant.moments(measure(contestant.command, env={"SPARK_CONF_DIR": str(conf.resolve())}))
    files = [file for file in log.rglob("*") if file.is_file() and not file.name.startswith(".")]
    if not files:
        raise SystemExit("Spark wrote no event log")
    total = 0
    for file in files:
        for line in file.open(encoding="utf-8"):
            if line.startswith('{"Event":"SparkListenerTaskEnd"'):
                metrics = json.loads(line).get("Task Metrics") or {}
                total += metrics.get("Shuffle Write Metrics", {}).get("Shuffle Bytes Written", 0)
    return total


if __name__ == "__main__":
    main()
