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
import random
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import results
from generate import EXTRACT, SIZES, make
from meter import measure
from peers import paper
from ruamel.yaml import YAML

from ldn_spark.study.documents import conf_folder
from ldn_spark.synthetic.formulary import load_medicines

ROWS = 1_000_000
STATIN = "C10AA01"
TEXT_SOURCE = """\
id: lines
title: The lines of the growth benchmarks
format: text
files: ["*.txt"]
encoding: utf-8
delimiter: ";"
quote: '"'
decimal_mark: "."
date_format: yyyy-MM-dd
columns: {pseudonym: pseudonym, sex: sex, birth_year: birth_year, atc: atc,
          product_number: product_number, dispensed_on: dispensed_on, ddd: ddd}
sex_codes: {F: F, M: M}
product_number_width: 6
"""


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
    shapes = {"outcomes": outcomes, "cohort": cohort, "patient": patient, "files": files}
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("size", choices=SIZES, help="of the lake for outcomes and cohort")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engine", default="sail", choices=("sail", "spark"))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=shapes, default=list(shapes))
    parser.add_argument("--dry", action="store_true", help="print the table, write nothing")
    given = parser.parse_args()
    work = given.folder / "growth"
    work.mkdir(parents=True, exist_ok=True)
    bench = Bench(make(given.size, given.folder), work, given.engine, given.repeats)
    environment = results.environment([given.engine])
    rows = [row for name in given.only for row in shapes[name](bench)]
    command = f"python benchmarks/growth.py {given.size} FOLDER --engine {given.engine}"
    said = {"environment": environment, "command": f"{command} --repeats {given.repeats}"}
    text = table(rows, said)
    print(text)
    if not given.dry:
        results.put(f"growth, {given.engine}", text)


def table(rows: Sequence[Row], said: dict) -> str:
    """The rows as Markdown."""
    lines = [
        "### Shapes that grow",
        "",
        "| shape | what grew | command | wall, s | processor, s | peak memory, MiB |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (f"{row.wall:.2f}", f"{row.cpu:.2f}", f"{row.peak / 2**20:,.0f}")
        lines.append(f"| {row.shape} | {row.grew} | `{row.command}` | {' | '.join(cells)} |")
    return "\n".join([*lines, "", results.where(said)])


def changed_study(bench: Bench, name: str, **changes) -> Path:
    """The paper's study with some of its parts replaced."""
    yaml = YAML(typ="safe")
    study = yaml.load((conf_folder() / "studies" / "ldn_2013.yaml").read_text(encoding="utf-8"))
    study |= {"id": name} | changes
    path = bench.work / f"{name}.yaml"
    with path.open("w", encoding="utf-8") as stream:
        yaml.dump(study, stream)
    return path


def run_on(lake: Path, study: Path) -> list[str]:
    """The arguments of `ldn run`."""
    return [str(study), "--lake", str(lake), "--out", "{}"]


def outcomes(bench: Bench) -> Iterator[Row]:
    """More outcomes, which nest and overlap, in more strata with a contrast to the first each."""
    lake = bench.home / "lake"
    usual = changed_study(bench, "usual")
    yield bench.cost("outcomes × strata", "16 × 3", "run", *run_on(lake, usual))
    examined = [atc for atc in _codes() if atc.startswith(paper.GROUPS)]
    for number, strata, codes, of in (
        (100, 10, examined, "the same medicines"),
        (1000, 20, examined, "the same medicines"),
        (1000, 20, _codes(), "every medicine"),
    ):
        study = _many_outcomes(bench, number, strata, codes, of)
        grew = f"{number:,} × {strata}, of {of}"
        yield bench.cost("outcomes × strata", grew, "run", *run_on(lake, study))


def _codes() -> list[str]:
    return sorted({medicine.atc for medicine in load_medicines()})


def _many_outcomes(bench: Bench, number: int, strata: int, codes: list[str], of: str) -> Path:
    """Outcomes are unions of one to six prefixes of any length from the third level on."""
    draw = random.Random(number)
    prefixes = sorted({code[:length] for code in codes for length in (4, 5, 7)})
    unions = [{"id": "all", "role": "total", "atc": sorted({code[:4] for code in codes})}]
    for place in range(1, number):
        role = "main" if place <= 6 else "secondary"
        atc = draw.sample(prefixes, draw.randint(1, min(6, len(prefixes))))
        unions.append({"id": f"o{place}", "role": role, "atc": atc})
    for union in unions:
        union |= {"label": union["id"], "may_be_empty": True}
    levels = [
        {"id": f"x{n}", "label": f"×{n}", "at_least": n, "at_most": n if n < strata else None}
        for n in range(1, strata + 1)
    ]
    contrasts = [{"comparator": "x1", "exposed": level["id"]} for level in levels[1:]]
    return changed_study(
        bench,
        f"many_{number}_{of.split()[0]}",
        outcomes=unions,
        strata={
            "counting_window": [0, 719],
            "index_dispense": "counted",
            "same_day": "each_dispense",
            "levels": levels,
        },
        contrasts=contrasts,
        figures={
            "curve_contrast": contrasts[-1],
            "curve_outcomes": [f"o{place}" for place in range(1, 7)],
        },
    )


def cohort(bench: Bench) -> Iterator[Row]:
    """The same study of everybody who is dispensed a statin in a longer and longer period."""
    lake = bench.home / "lake"
    for last in ("2013-01-02", "2013-01-08", "2013-01-31", "2013-12-31"):
        study = _statin(bench, last)
        persons = _persons(bench, lake, study)
        yield bench.cost("cohort", f"{persons:,} persons", "run", *run_on(lake, study))


def _statin(bench: Bench, last: str) -> Path:
    event = {
        "first": "2013-01-02",
        "last": last,
        "rule": "first_in_period",
        "washout_days": "none",
    }
    exposure = {"name": "simvastatin", "abbreviation": "statin", "atc": [STATIN], "products": None}
    return changed_study(
        bench, f"statin_{last.replace('-', '')}", exposure=exposure | {"index_event": event}
    )


def _persons(bench: Bench, lake: Path, study: Path) -> int:
    """How many persons a study finds, from one run that is not measured."""
    out = bench.work / "counted"
    command = ["ldn", "run", str(study), "--lake", str(lake), "--out", str(out)]
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
    source, usual = bench.home / "source.yaml", changed_study(bench, "usual")
    for persons in (100_000, 1):
        extra = _extra(bench, persons)
        grew = f"{ROWS:,} dispensings of {persons:,}"
        ingest = [str(extra), "--source", str(source), "--lake", "{}"]
        yield bench.cost("one patient", grew, "ingest", *ingest)
        months = sorted((make("1m", bench.home.parent) / "raw").iterdir())
        lake = bench.ingested(f"patient-{persons}", [extra, *months], source)
        yield bench.cost("one patient", grew, "run", *run_on(lake, usual))


def _extra(bench: Bench, persons: int) -> Path:
    """A million dispensings of so many persons, as an extract of its own."""
    path = bench.work / f"patient-{persons}.parquet"
    if not path.is_file():
        draw, same = np.random.default_rng(persons), pa.array(np.zeros(ROWS, dtype=np.int64))
        person, day, exposure = (draw.integers(0, stop, ROWS) for stop in (persons, 730, 2))
        columns = {
            "pseudonym": pa.array([f"Q{number:08d}" for number in range(persons)]).take(
                pa.array(person)
            ),
            "sex": pa.array(["F"]).take(same),
            "birth_year": pa.array(np.full(ROWS, 1960), pa.int32()),
            "dispensed_on": pa.array(np.datetime64("2013-01-01") + day.astype("timedelta64[D]")),
            "atc": pa.array(["N05BA01", paper.EXPOSURE]).take(pa.array(exposure)),
            "product_number": pa.array(["123456", paper.PRODUCTS[0]]).take(pa.array(exposure)),
            "ddd": pa.array([Decimal(5)], EXTRACT.field("ddd").type).take(same),
        }
        table = pa.table({name: columns[name] for name in EXTRACT.names}, schema=EXTRACT)
        pq.write_table(table, path)
    return path


def files(bench: Bench) -> Iterator[Row]:
    """A million lines in more and more files: taken in, and studied."""
    source, usual = bench.work / "lines.yaml", changed_study(bench, "usual")
    source.write_text(TEXT_SOURCE)
    for number in (100, 1_000, 10_000):
        folder = _split(bench, number)
        ingest = [str(folder), "--source", str(source), "--lake", "{}"]
        yield bench.cost("small files", f"{number:,} files", "ingest", *ingest)
        lake = bench.ingested(f"files-{number}", [folder], source)
        yield bench.cost("small files", f"{number:,} files", "run", *run_on(lake, usual))


def _split(bench: Bench, number: int) -> Path:
    """The smallest extract as text in so many files."""
    folder = bench.work / f"files-{number}"
    if not folder.is_dir():
        rows = pq.read_table(make("1m", bench.home.parent) / "raw")
        draft = bench.work / f"draft-files-{number}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        options = pa.csv.WriteOptions(delimiter=";", quoting_style="none")
        edges = [place * rows.num_rows // number for place in range(number + 1)]
        for place, (first, stop) in enumerate(pairwise(edges)):
            part = rows.slice(first, stop - first)
            pa.csv.write_csv(part, draft / f"part_{place:05d}.txt", options)
        draft.rename(folder)
    return folder


if __name__ == "__main__":
    main()
