"""Measure runs of many cohorts, many studies and many designs against single runs and DuckDB.

    python benchmarks/many.py 150m /some/large/disk --repeats 3

(a) six studies in one `ldn run` against six runs of one study each;
(b) fifty drugs started in the year, the same outcomes, in one run against one run, and against
    what an expert would write by hand with DuckDB on the raw extract; the moments of every drug
    must be the same, and those of three of them are held against runs of their own;
(c) one study with forty designs against the same study without.

One warm-up each, then all take turns; medians count. The page cache is warm for everybody.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import results
import run as one_run
from generate import SIZES, make
from meter import Cost, measure
from ruamel.yaml import YAML

from ldn_spark.texts.documents import conf_folder

PEERS = Path(__file__).parent / "peers"
DRUGS, DESIGNS, ALONE = 50, 40, 3
SISTERS = ("ldn_2013", "ldn_opioids", "ldn_ms", "ldn_ibd", "ldn_ra", "ldn_thyroid")
EARLIER = {"2009-01-01, 2010-12-31": "2012-01-01, 2012-12-31",
           "2011-01-01, 2011-12-31": "2012-01-01, 2012-06-30"}  # fmt: skip
"""Periods of conditions that lie before the extract, and where they are looked for instead."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One command, or several one after the other, that are measured as one."""

    name: str
    commands: Sequence[Sequence[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--parts", nargs="*", choices=("a", "b", "c"), default=["a", "b", "c"])
    given = parser.parse_args()
    home = make(given.size, given.folder)
    environment = results.environment(["sail"])
    print(", ".join(f"{name} {value}" for name, value in environment.items()))
    with tempfile.TemporaryDirectory(prefix="ldn-many-", dir=given.folder) as name:
        scratch = Path(name)
        entries = list(_entries(home, scratch, SIZES[given.size].index_year, given.parts))
        costs = _take_turns(entries, home, given.repeats)
        if "b" in given.parts:
            _hold_against_each_other(home, scratch)
    _print(costs, given.parts)


def _entries(home: Path, scratch: Path, year: int, parts: Sequence[str]) -> Iterator[Entry]:
    """What is measured; studies that are asked are written into `scratch`."""

    def ldn(*studies: Path) -> list[str]:
        out = str(scratch / "out")
        lake = str(home / "lake")
        return ["ldn", "run", *map(str, studies), "--lake", lake, "--out", out, "--again"]

    paper_study = home / "study.yaml"
    yield Entry("one study", [ldn(paper_study)])
    if "a" in parts:
        sisters = [_within_the_extract(name, scratch) for name in SISTERS]
        yield Entry("six studies, six runs", [ldn(one) for one in sisters])
        yield Entry("six studies, one run", [ldn(*sisters)])
    if "b" in parts:
        drugs = _drugs(home, year)
        many = scratch / "drugs.yaml"
        many.write_text(_of_drug(paper_study, drugs[0], drugs[1:]), encoding="utf-8")
        yield Entry(f"{DRUGS} drugs, one run", [ldn(many)])
        for drug in drugs[1 : 1 + ALONE]:
            alone = scratch / f"{drug}.yaml"
            alone.write_text(_of_drug(paper_study, drug, ()), encoding="utf-8")
        peer = [sys.executable, str(PEERS / "duckdb_many.py"), "--raw", str(home / "raw")]
        peer += ["--out", str(scratch / "peer.json"), "--year", str(year), "--drugs", *drugs]
        yield Entry(f"{DRUGS} drugs, DuckDB on the raw extract", [peer])
    if "c" in parts:
        designs = scratch / "designs.yaml"
        designs.write_text(_with_designs(paper_study), encoding="utf-8")
        yield Entry(f"{DESIGNS} designs, one run", [ldn(designs)])


def _within_the_extract(name: str, scratch: Path) -> Path:
    """A shipped study, whose conditions look at days that the extract holds.

    Conditions and subgroups by reimbursement codes are left out: the registry has none.
    """
    text = (conf_folder() / "studies" / f"{name}.yaml").read_text(encoding="utf-8")
    for before, instead in EARLIER.items():
        text = text.replace(before, instead)
    path = scratch / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    document = _content(path)
    for part in ("eligibility", "subgroups"):
        document[part] = [
            one for one in document[part] if "reimbursement" not in json.dumps(one, default=str)
        ]
    path.write_text(_written(document), encoding="utf-8")
    return path


def _drugs(home: Path, year: int) -> list[str]:
    """Fifty substances that are started in the year, from the rarest to the commonest."""
    query = """
        SELECT atc FROM read_parquet($files) WHERE length(atc) = 7 AND year(dispensed_on) = $year
        GROUP BY atc HAVING count(*) >= 1000 ORDER BY count(*), atc
    """
    files = [str(path) for path in sorted((home / "raw").glob(f"{year}-*.parquet"))]
    found = duckdb.connect(config={"threads": 2}).execute(query, {"files": files, "year": year})
    codes = [code for (code,) in found.fetchall()]
    step = (len(codes) - 1) / (DRUGS - 1)
    return [codes[round(number * step)] for number in range(DRUGS)]


def _content(study: Path) -> dict[str, Any]:
    return YAML(typ="safe").load(study.read_text(encoding="utf-8"))


def _written(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False, default=str)  # JSON is YAML


def _of_drug(study: Path, drug: str, others: Sequence[str]) -> str:
    document = _content(study)
    document["id"] = f"drug_{drug.lower()}"
    document["exposure"] |= {"name": drug, "abbreviation": drug, "atc": [drug], "products": None}
    if others:
        document["exposures"] = {"each_of": list(others)}
    return _written(document)


def _with_designs(study: Path) -> str:
    document = _content(study)
    document["designs"] = [
        {
            "id": f"gap{gap}",
            "label": f"{gap} days left out",
            "before": [-365, -1 - gap],
            "after": [gap, 364],
        }
        for gap in range(1, DESIGNS + 1)
    ]
    return _written(document)


def _take_turns(entries: Sequence[Entry], home: Path, repeats: int) -> dict[str, list[Cost]]:
    costs: dict[str, list[Cost]] = {entry.name: [] for entry in entries}
    for turn in range(repeats + 1):
        for entry in entries:
            found = [measure(command) for command in entry.commands]
            together = Cost(
                sum(one.wall for one in found),
                sum(one.cpu for one in found),
                max(one.peak for one in found),
                sum(one.read for one in found),
                "",
                "",
            )
            if turn:
                costs[entry.name].append(together)
            shutil.rmtree(home / "lake" / "runs", ignore_errors=True)
            label = f"turn {turn}" if turn else "warm-up"
            print(
                f"{label}: {entry.name}: {together.wall:.2f} s, {together.peak / 2**20:.0f} MiB",
                file=sys.stderr,
                flush=True,
            )
    return costs


def _hold_against_each_other(home: Path, scratch: Path) -> None:
    """The moments of every drug are the peer's; those of some are those of runs of their own.

    Raises:
        SystemExit: some differ.
    """
    folder = _run(home, scratch / "drugs.yaml", scratch)
    rows = one_run.read_rows(home / "lake" / "runs" / folder.name)
    by_set = one_run.moments_by_set(rows)
    peer = json.loads((scratch / "peer.json").read_text())
    if [one_run.comparable(peer[drug]) for drug in peer] != list(by_set):
        raise SystemExit("DuckDB finds other moments of a drug")
    for number, path in enumerate(sorted(scratch.glob("[A-Z]*.yaml")), start=1):
        alone = _run(home, path, scratch)
        mine = one_run.moments_by_set(one_run.read_rows(home / "lake" / "runs" / alone.name))
        drug = list(peer).index(path.stem)
        if mine[0] != by_set[drug]:
            raise SystemExit(f"{path.stem} alone has other moments")
        print(f"{path.stem}: the same alone ({number} of {ALONE})", file=sys.stderr)
    shutil.rmtree(home / "lake" / "runs", ignore_errors=True)


def _run(home: Path, study: Path, scratch: Path) -> Path:
    command = ["ldn", "run", str(study), "--lake", str(home / "lake"), "--again"]
    command += ["--out", str(scratch / "x")]
    return Path(measure(command).output.strip().splitlines()[-1])


def _print(costs: dict[str, list[Cost]], parts: Sequence[str]) -> None:
    wall = {name: statistics.median(one.wall for one in runs) for name, runs in costs.items()}
    print("\n| | wall, s (least – most) | processor, s | peak memory, MiB | to one study |")
    print("|---|---|---|---|---|")
    for name, runs in costs.items():
        walls = [one.wall for one in runs]
        cpu = statistics.median(one.cpu for one in runs)
        peak = max(one.peak for one in runs) / 2**20
        print(
            f"| {name} | {wall[name]:.2f} ({min(walls):.2f} – {max(walls):.2f}) | {cpu:.2f} "
            f"| {peak:.0f} | {wall[name] / wall['one study']:.2f} |"
        )
    if "a" in parts:
        ratio = wall["six studies, one run"] / wall["six studies, six runs"]
        print(f"\nsix studies in one run / in six runs: {ratio:.2f} (aim 0.35)")
    if "b" in parts:
        mine = wall[f"{DRUGS} drugs, one run"]
        print(f"{DRUGS} drugs / one study: {mine / wall['one study']:.1f} (aim 12)")
        peer = wall[f"{DRUGS} drugs, DuckDB on the raw extract"]
        print(f"{DRUGS} drugs / DuckDB by hand: {mine / peer:.2f}")
    if "c" in parts:
        ratio = wall[f"{DESIGNS} designs, one run"] / wall["one study"]
        print(f"{DESIGNS} designs / one study: {ratio:.2f} (aim 2)")


if __name__ == "__main__":
    main()
