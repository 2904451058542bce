"""What a study costs as the registry grows: measured, fitted, and planned for ten billion rows.

    python benchmarks/scale.py FOLDER --sizes 1m 15m 150m

Every size is studied once on Spark (after a warm-up on the smallest), with Spark's event log: jobs,
tasks, bytes read and shuffled, and the memory of the whole driver. Each is fitted by a line over
the dispensings (least squares, no coefficient below 0). The line is then held against the plan of a
lake of ten billion dispensings: as many data files as that many rows have, each a hard link to a
file of the largest measured lake, with a log and a version record of their own. Such a lake can be
opened, pruned and planned as a real one; its rows are those of the small one many times over.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from generate import SIZES, make
from meter import measure
from scipy.optimize import nnls

from ldn_spark.lake.contents import contents_of
from ldn_spark.lake.versions import LakeVersion, read_version
from ldn_spark.study.codes import prefix_ranges
from ldn_spark.study.load import load_study

PLANNED = 10_000_000_000
FIRST_YEAR = 1900
"""Of the planned lake: its years only name folders."""
TASK_BYTES = 128 << 20
"""What Spark puts into a task (`spark.sql.files.maxPartitionBytes`)."""
OPENING = 4 << 20
"""What Spark counts for opening a file (`spark.sql.files.openCostInBytes`)."""
QUANTITIES = {
    "jobs": "jobs",
    "tasks": "tasks",
    "read": "bytes read from the lake and the run's own tables",
    "shuffled": "bytes shuffled",
    "memory": "peak memory of driver and executor in one process, bytes",
    "seconds": "seconds on two cores",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """A study of one size on Spark, and what the lake is."""

    size: str
    dispensings: int
    files: int
    lake_bytes: int
    jobs: int
    tasks: int
    read: int
    shuffled: int
    memory: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What opening and planning a lake of very many rows takes.

    Attributes:
        files, file_bytes, log_bytes: of its dispensings.
        open_seconds, memory: to read version record and log; memory of the process in bytes.
        needed: bytes of the column chunks that the study's look at the outcomes needs, after files
            and row groups are skipped by their statistics.
        groups, groups_needed: row groups of the table, and those that are not skipped.
        tasks: that Spark would make of the files.
    """

    dispensings: int
    files: int
    file_bytes: int
    log_bytes: int
    open_seconds: float
    memory: int
    needed: int
    groups: int
    groups_needed: int
    tasks: int


def main() -> None:
    """Measure, fit, plan, and print the tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=["1m", "15m", "150m"])
    given = parser.parse_args()
    homes = {size: make(size, given.folder) for size in given.sizes}
    largest = homes[given.sizes[-1]]
    with tempfile.TemporaryDirectory(prefix="ldn-scale-", dir=given.folder) as name:
        scratch = Path(name)
        _study(homes[given.sizes[0]], scratch / "warm")
        measured = [_measured(size, home, scratch / size) for size, home in homes.items()]
        plan = _planned(largest, scratch / "planned")
    print("\n".join(_tables(measured, plan)))


def _study(home: Path, scratch: Path) -> tuple[Any, list[dict[str, Any]]]:
    """The cost of a study on Spark, and the events of its jobs."""
    conf, log = scratch / "conf", scratch / "events"
    conf.mkdir(parents=True)
    log.mkdir()
    (conf / "spark-defaults.conf").write_text(
        f"spark.eventLog.enabled true\nspark.eventLog.dir file://{log.resolve()}\n"
        "spark.eventLog.compress false\nspark.eventLog.rolling.enabled false\n"
    )
    command = ["ldn", "run", str(home / "study.yaml"), "--lake", str(home / "lake")]
    command += ["--out", str(scratch / "out"), "--engine", "spark", "--again"]
    cost = measure(command, env={"SPARK_CONF_DIR": str(conf.resolve())})
    shutil.rmtree(home / "lake" / "runs" / Path(cost.output.split()[-1]).name)
    files = [file for file in log.rglob("*") if file.is_file() and not file.name.startswith(".")]
    return cost, [json.loads(line) for file in files for line in file.open(encoding="utf-8")]


def _measured(size: str, home: Path, scratch: Path) -> Measured:
    cost, events = _study(home, scratch)
    kinds = [event["Event"] for event in events]
    metrics = [event.get("Task Metrics") or {} for event in events]
    version = read_version(home / "lake")
    files = contents_of(home / "lake" / "dispensings", version.tables["dispensings"]).files
    print(f"{size}: {cost.wall:.1f} s", file=sys.stderr, flush=True)
    return Measured(
        size,
        version.dispensings,
        len(files),
        sum(file.bytes for file in files),
        kinds.count("SparkListenerJobStart"),
        kinds.count("SparkListenerTaskEnd"),
        sum(one.get("Input Metrics", {}).get("Bytes Read", 0) for one in metrics),
        sum(
            one.get("Shuffle Write Metrics", {}).get("Shuffle Bytes Written", 0) for one in metrics
        ),
        cost.peak,
        cost.wall,
    )


def _planned(home: Path, root: Path) -> Plan:
    """A lake of `PLANNED` rows by links, opened, pruned and planned."""
    version = _link(home / "lake", root)
    began, before = time.perf_counter(), _memory()
    found = read_version(root)
    files = contents_of(root / "dispensings", found.tables["dispensings"]).files
    took, memory = time.perf_counter() - began, _memory() - before
    needed = list(_needed(root / "dispensings", [file.name for file in files], home / "study.yaml"))
    log = root / "dispensings" / "_delta_log"
    return Plan(
        version.dispensings,
        len(files),
        sum(file.bytes for file in files),
        sum(file.stat().st_size for file in log.iterdir()),
        took,
        memory,
        sum(size for size, _ in needed),
        sum(groups for _, (groups, _) in needed),
        sum(kept for _, (_, kept) in needed),
        _tasks([file.bytes for file in files]),
    )


def _link(lake: Path, root: Path) -> LakeVersion:
    """Years of links to the files of a lake, until there are as many rows as are planned for."""
    version = read_version(lake)
    table = lake / "dispensings"
    known = contents_of(table, version.tables["dispensings"]).files
    adds = {
        add["path"]: add
        for commit in sorted((table / "_delta_log").glob("*.json"))
        for line in commit.read_text(encoding="utf-8").splitlines()
        if (add := json.loads(line).get("add"))
    }
    head = [
        line
        for line in (table / "_delta_log" / f"{0:020}.json")
        .read_text(encoding="utf-8")
        .splitlines()
        if not {"add", "commitInfo"} & set(json.loads(line))
    ]
    log = root / "dispensings" / "_delta_log"
    log.mkdir(parents=True)
    copies = -(-PLANNED // version.dispensings)
    with (log / f"{0:020}.json").open("w", encoding="utf-8") as commit:
        commit.writelines(f"{line}\n" for line in head)
        for copy in range(copies):
            for file in known:
                add = dict(adds[file.name])
                year = FIRST_YEAR + copy * 3 + int(add["partitionValues"]["year"]) % 3
                name = f"year={year}/{copy:03}-{Path(file.name).name}"
                (root / "dispensings" / f"year={year}").mkdir(exist_ok=True)
                os.link(table / file.name, root / "dispensings" / name)
                add |= {"path": name, "partitionValues": {"year": str(year)}}
                commit.write(json.dumps({"add": add}) + "\n")
    tables = {**version.tables, "dispensings": 0}
    many = replace(
        version, tables=tables, dispensings=version.dispensings * copies, sums={}, commits={}
    )
    (root / "_versions").mkdir()
    (root / "_versions" / f"{version.number:08}.json").write_text(many.to_json(), encoding="utf-8")
    return many


def _needed(
    table: Path, names: Sequence[str], study: Path
) -> Iterator[tuple[int, tuple[int, int]]]:
    """Of every file the bytes that a look at the outcomes reads, and its row groups: all, kept.

    A file that links to one that was looked at already is not opened again.
    """
    ranges = prefix_ranges(load_study(str(study)).definition.outcome_prefixes)
    wanted = ("person_key", "atc", "dispensed_on", "ddd")
    known: dict[int, tuple[int, tuple[int, int]]] = {}
    for name in names:
        inode = (table / name).stat().st_ino
        if inode not in known:
            about = pq.read_metadata(table / name)
            kept = [about.row_group(i) for i in range(about.num_row_groups)]
            kept = [group for group in kept if _may_hold(group, ranges)]
            sizes = [
                group.column(i).total_compressed_size
                for group in kept
                for i in range(group.num_columns)
                if group.column(i).path_in_schema in wanted
            ]
            known[inode] = sum(sizes), (about.num_row_groups, len(kept))
        yield known[inode]


def _may_hold(group: Any, ranges: Sequence[tuple[str, str]]) -> bool:
    """Whether a row group may hold a code of a range, by its statistics."""
    for number in range(group.num_columns):
        column = group.column(number)
        if column.path_in_schema == "atc" and column.statistics is not None:
            low, high = column.statistics.min, column.statistics.max
            return any(low < end and high >= first for first, end in ranges)
    return True


def _tasks(sizes: Sequence[int]) -> int:
    """How many tasks Spark packs files into, that are each smaller than one."""
    tasks, filled = 1, 0
    for size in sorted(sizes, reverse=True):
        if filled and filled + size > TASK_BYTES:
            tasks, filled = tasks + 1, 0
        filled += size + OPENING
    return tasks


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _fit(measured: Sequence[Measured]) -> dict[str, tuple[float, float]]:
    """Of every quantity what does not grow, and what a dispensing adds."""
    rows = np.array([[1.0, one.dispensings / 1e6] for one in measured])
    found = {}
    for name in QUANTITIES:
        values = np.array([float(getattr(one, name)) for one in measured])
        errors = np.maximum(values, 1)  # relative ones count alike at every size
        (fixed, slope), _ = nnls(rows / errors[:, None], values / errors)
        found[name] = (fixed, slope / 1e6)
    return found


def _tables(measured: Sequence[Measured], plan: Plan) -> Iterator[str]:
    """Markdown: what was measured, the lines, and the plan."""
    heads = [f"{one.size}: {one.dispensings:,}" for one in measured]
    yield "| | " + " | ".join(heads) + f" | line at {PLANNED:,} |"
    yield "|---" * (len(heads) + 2) + "|"
    fit = _fit(measured)
    for name, words in QUANTITIES.items():
        values = [_text(getattr(one, name)) for one in measured]
        fixed, slope = fit[name]
        yield f"| {words} | " + " | ".join(values) + f" | {_text(fixed + slope * PLANNED)} |"
    yield ""
    for name, (fixed, slope) in fit.items():
        yield f"- {QUANTITIES[name]}: {_text(fixed)} + {slope * 1e6:.4g} for a million dispensings"
    yield ""
    for name, value in asdict(plan).items():
        yield f"- planned {name}: {_text(value)}"


def _text(value: float) -> str:
    return f"{value:,.1f}" if value < 100 and value != int(value) else f"{value:,.0f}"


if __name__ == "__main__":
    main()
