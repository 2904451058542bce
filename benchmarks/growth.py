"""Shapes that a program may choke on: what they cost beside the usual ones.

    python benchmarks/growth.py 150m /some/large/disk

    outcomes   16 outcomes in 3 strata, then 100 in 10 and 1,000 in 20 of the same medicines, then
               1,000 in 20 of every medicine there is
    cohort     users of a statin instead of LDN, first dispensed in a day, a week, a month, a year:
               nationwide half a million persons
    patient    a million dispensings that one patient has, and the same spread over 100,000
    files      the same million lines in 100, 1,000 and 10,000 files

Every row is the median of some runs of a whole command; beside it stands what grew, so that a
quadratic would show. Made data are kept in FOLDER/growth and used again.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import results
import shapes
from generate import SIZES, make
from meter import measure
from peers import paper


@dataclass(frozen=True, slots=True)
class Row:
    """One measured shape: what it is, what grew, the command and its median cost."""

    shape: str
    grew: str
    command: str
    wall: float
    cpu: float
    peak: int


@dataclass(frozen=True, slots=True)
class Bench:
    """Where things lie and how often they are run."""

    home: Path
    work: Path
    engine: str
    repeats: int

    def cost(self, shape: str, grew: str, command: str, *arguments: str) -> Row:
        """The medians of a command, a new lake or folder each time where `{}` stands for it."""
        costs = []
        for number in range(self.repeats):
            fresh = self.work / f"fresh-{number}"
            said = [argument.format(fresh) for argument in arguments]
            try:
                cost = measure(["ldn", command, *said, "--engine", self.engine])
                if command == "run":
                    _remove_tables(said, cost.output)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
            costs.append(cost)
        wall, cpu, peak = (
            statistics.median(getattr(one, name) for one in costs)
            for name in ("wall", "cpu", "peak")
        )
        print(f"{shape}, {grew}: {wall:.2f} s, {peak / 2**20:.0f} MiB", file=sys.stderr, flush=True)
        return Row(shape, grew, f"ldn {command}", wall, cpu, int(peak))

    def ingested(self, name: str, delivered: Sequence[Path], source: Path) -> Path:
        """A lake of these files, made once."""
        lake = self.work / f"lake-{name}"
        if not lake.is_dir():
            draft = self.work / f"draft-{name}"
            shutil.rmtree(draft, ignore_errors=True)
            command = ["ldn", "ingest", *map(str, delivered), "--source", str(source)]
            command += ["--lake", str(draft), "--engine", "sail"]
            subprocess.run(command, check=True, capture_output=True)
            draft.rename(lake)
        return lake


def _remove_tables(arguments: list[str], output: str) -> None:
    """Remove the stage tables that a run left in its lake."""
    lake = Path(arguments[arguments.index("--lake") + 1])
    shutil.rmtree(lake / "runs" / Path(output.strip().splitlines()[-1]).name)


def main() -> None:
    """Measure the shapes asked for and write the table."""
    kinds = {"outcomes": outcomes, "cohort": cohort, "patient": patient, "files": files}
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("size", choices=SIZES, help="of the lake for outcomes and cohort")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engine", default="sail", choices=("sail", "spark"))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=kinds, default=list(kinds))
    parser.add_argument("--dry", action="store_true", help="print the table, write nothing")
    given = parser.parse_args()
    work = given.folder / "growth"
    work.mkdir(parents=True, exist_ok=True)
    bench = Bench(make(given.size, given.folder), work, given.engine, given.repeats)
    environment = results.environment([given.engine])
    rows = [row for name in given.only for row in kinds[name](bench)]
    command = f"python benchmarks/growth.py {given.size} FOLDER --engine {given.engine}"
    said = {"environment": environment, "command": f"{command} --repeats {given.repeats}"}
    text = table(rows, said)
    print(text)
    if not given.dry:
        results.put(f"growth, {given.engine}", text)


def table(rows: Sequence[Row], said: dict) -> str:
    """The rows as Markdown."""
    lines = [
        "## Shapes that grow",
        "",
        "| shape | what grew | command | wall, s | processor, s | peak memory, MiB |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (f"{row.wall:.2f}", f"{row.cpu:.2f}", f"{row.peak / 2**20:,.0f}")
        lines.append(f"| {row.shape} | {row.grew} | `{row.command}` | {' | '.join(cells)} |")
    return "\n".join([*lines, "", results.where(said)])


def run_on(lake: Path, study: Path) -> list[str]:
    """The arguments of `ldn run`."""
    return [str(study), "--lake", str(lake), "--out", "{}"]


def outcomes(bench: Bench) -> Iterator[Row]:
    """More outcomes, which nest and overlap, in more strata with a contrast to the first each."""
    lake = bench.home / "lake"
    usual = shapes.changed_study(bench.work, "usual")
    yield bench.cost("outcomes × strata", "16 × 3", "run", *run_on(lake, usual))
    examined = [atc for atc in shapes.codes() if atc.startswith(paper.GROUPS)]
    for number, strata, codes, of in (
        (100, 10, examined, "the same medicines"),
        (1000, 20, examined, "the same medicines"),
        (1000, 20, shapes.codes(), "every medicine"),
    ):
        study = shapes.many_outcomes(bench.work, number, strata, codes, of)
        grew = f"{number:,} × {strata}, of {of}"
        yield bench.cost("outcomes × strata", grew, "run", *run_on(lake, study))


def cohort(bench: Bench) -> Iterator[Row]:
    """The same study of everybody who is dispensed a statin in a longer and longer period."""
    lake = bench.home / "lake"
    for last in ("2013-01-02", "2013-01-08", "2013-01-31", "2013-12-31"):
        study = shapes.statin_users(bench.work, last)
        persons = _persons(bench, lake, study)
        yield bench.cost("cohort", f"{persons:,} persons", "run", *run_on(lake, study))


def _persons(bench: Bench, lake: Path, study: Path) -> int:
    """How many persons a study finds, from one run that is not measured."""
    out = bench.work / "counted"
    command = ["ldn", "run", str(study), "--lake", str(lake), "--out", str(out), "--again"]
    done = subprocess.run(
        [*command, "--engine", "sail"], check=True, capture_output=True, text=True
    )
    tables = lake / "runs" / Path(done.stdout.strip().splitlines()[-1]).name
    rows = [
        row
        for file in paper.active_files(tables / "cohort_moments")
        for row in pq.ParquetFile(file).read().to_pylist()
    ]
    shutil.rmtree(tables)
    shutil.rmtree(out)
    return sum(row["persons"] for row in rows if row["subgroup"] == "overall")


def patient(bench: Bench) -> Iterator[Row]:
    """Half LDN, half a benzodiazepine, in 2013 and 2014: many people's, or one patient's."""
    source, usual = bench.home / "source.yaml", shapes.changed_study(bench.work, "usual")
    for persons in (100_000, 1):
        extra = shapes.one_patient(bench.work, persons)
        grew = f"{shapes.ROWS:,} dispensings of {persons:,}"
        ingest = [str(extra), "--source", str(source), "--lake", "{}"]
        yield bench.cost("one patient", grew, "ingest", *ingest)
        months = sorted((make("1m", bench.home.parent) / "raw").iterdir())
        lake = bench.ingested(f"patient-{persons}", [extra, *months], source)
        yield bench.cost("one patient", grew, "run", *run_on(lake, usual))


def files(bench: Bench) -> Iterator[Row]:
    """A million lines in more and more files: taken in, and studied."""
    source, usual = bench.work / "lines.yaml", shapes.changed_study(bench.work, "usual")
    source.write_text(shapes.TEXT_SOURCE)
    for number in (100, 1_000, 10_000):
        folder = shapes.split(bench.work, make("1m", bench.home.parent) / "raw", number)
        ingest = [str(folder), "--source", str(source), "--lake", "{}"]
        yield bench.cost("small files", f"{number:,} files", "ingest", *ingest)
        lake = bench.ingested(f"files-{number}", [folder], source)
        yield bench.cost("small files", f"{number:,} files", "run", *run_on(lake, usual))


if __name__ == "__main__":
    main()
