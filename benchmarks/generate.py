"""Make the data of one benchmark size: a raw Parquet extract and a lake of the same dispensings.

    python benchmarks/generate.py 150m /some/large/disk

    FOLDER/150m/raw/2012-01.parquet …   the extract as a register would hand it over: a file a
                                        month, pseudonyms as text, rows in random order
    FOLDER/150m/lake                    the same, taken in by `ldn ingest` year by year
    FOLDER/150m/study.yaml              the study that is asked of this size

What is there already is used again. The rows are those of `ldn simulate` with the same numbers
(people, seed, years, starters), without the detour over text. Disk: raw about 14 bytes a
dispensing, the lake about 6, and 10 more while the extract is made.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import lru_cache, partial
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ldn_spark.synthetic.delivery import PSEUDONYMS
from ldn_spark.synthetic.exposure import INDEX_YEAR
from ldn_spark.synthetic.formulary import Catalogue, load_medicines
from ldn_spark.synthetic.generator import Generator, Plan
from ldn_spark.texts.documents import conf_folder

SEED = 2
WORKERS = 2
ROW = np.dtype([("person", "<u4"), ("product", "<u2"), ("tail", "<u2"), ("day", "<u2")])
EXTRACT = pa.schema(
    [
        ("pseudonym", pa.string()),
        ("sex", pa.string()),
        ("birth_year", pa.int32()),
        ("dispensed_on", pa.date32()),
        ("atc", pa.string()),
        ("product_number", pa.string()),
        ("ddd", pa.decimal128(9, 3)),
    ]
)


@dataclass(frozen=True, slots=True)
class Size:
    """What one size is made of.

    Attributes:
        people: everybody who lives in the country at some time of the years.
        first_year, last_year: years simulated; LDN starts in 2013.
        starters: people who start LDN in 2013; None = in the nationwide proportion.
        first_ever: whether the study asks for first-ever users, so that every year is looked at.
    """

    people: int
    first_year: int
    last_year: int
    starters: int | None
    first_ever: bool
    later: int = 0  # years that everything is delivered later than simulated

    @property
    def years(self) -> range:
        """The years delivered."""
        return range(self.first_year + self.later, self.last_year + self.later + 1)

    @property
    def index_year(self) -> int:
        """The year in which LDN starts."""
        return INDEX_YEAR + self.later

    @property
    def plan(self) -> Plan:
        """The simulation's plan."""
        return Plan(self.people, SEED, self.first_year, self.last_year, self.starters, False, 1)


SIZES = {
    "1m": Size(36_000, 2012, 2014, None, False),
    "10m": Size(75_000, 1994, 2014, None, True, later=10),
    "15m": Size(537_000, 2012, 2014, None, False),
    "150m": Size(5_300_000, 2012, 2014, 11_247, False),
    # of a country of 5.3 million, 7.4 million live there at some time of 21 years, 2004 to 2024;
    # LDN starts in 2023, so that the years before all count
    "1b": Size(7_400_000, 1994, 2014, 11_247, True, later=10),
}


def main() -> None:
    """Make what is missing of one size."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    make(arguments.size, arguments.folder)


def make(name: str, folder: Path) -> Path:
    """The folder of one size, made where it is not there; killed attempts are gone over again."""
    size, home = SIZES[name], folder / name
    home.mkdir(parents=True, exist_ok=True)
    said = home / "size.json"
    if said.is_file() and json.loads(said.read_text())["parameters"] != asdict(size):
        raise SystemExit(f"{home} holds another simulation; remove it or name another folder")
    if not (home / "raw").is_dir():
        rows = make_raw(size, home)
        said.write_text(json.dumps({"parameters": asdict(size), "dispensings": rows}, indent=2))
    if not (home / "lake").is_dir():
        make_lake(size, home)
    write_study(size, home / "study.yaml")
    return home


def make_raw(size: Size, home: Path) -> int:
    """Write the extract; returns its number of rows."""
    spill, draft = home / "spill", home / "raw.draft"
    for folder in (spill, draft):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    began = time.perf_counter()
    with ProcessPoolExecutor(WORKERS) as pool:
        list(pool.map(partial(simulate_share, size, spill), range(WORKERS)))
        print(f"simulated in {time.perf_counter() - began:.0f} s", flush=True)
        rows = 0
        months = pool.map(partial(write_year, size, spill, draft), size.years)
        for year, written in zip(size.years, months, strict=True):
            rows += written
            print(f"{year}: {written:,} rows, {time.perf_counter() - began:.0f} s", flush=True)
    shutil.rmtree(spill)
    draft.rename(home / "raw")
    return rows


def simulate_share(size: Size, spill: Path, worker: int) -> None:
    """Simulate every `WORKERS`-th block; append its rows to a file per year, people to one file."""
    generator = Generator(size.plan)
    starts = generator.calendar.year_starts()
    paths = [spill / f"{year}.{worker}.rows" for year in size.years]
    with open(spill / f"people.{worker}.rows", "wb") as people_file:
        for block in range(worker, size.plan.blocks, WORKERS):
            people, found = generator.make(block)
            said = np.stack([people.number, people.woman, people.birth_year], axis=1)
            people_file.write(said.astype("<i4").tobytes())
            rows = np.empty(len(found.day), dtype=ROW)
            rows["person"] = people.number[found.person]
            rows["product"], rows["tail"], rows["day"] = found.product, found.tail, found.day
            rows = rows[np.argsort(found.day, kind="stable")]
            ends = np.searchsorted(rows["day"], starts)
            for path, first, stop in zip(paths, ends[:-1], ends[1:], strict=True):
                with open(path, "ab") as file:
                    file.write(rows[first:stop].tobytes())


@lru_cache(maxsize=1)
def texts(size: Size, spill: Path) -> dict[str, pa.Array]:
    """Every value a row may hold, by person, product or tail number."""
    said = np.concatenate(
        [np.fromfile(spill / f"people.{w}.rows", "<i4").reshape(-1, 3) for w in range(WORKERS)]
    )
    said = said[np.argsort(said[:, 0])]
    generator = Generator(size.plan)
    number = np.arange(size.people, dtype=np.int64) * generator.writer._multiplier + 12_345_678
    pseudonyms = np.char.add("P", np.char.zfill((number % PSEUDONYMS).astype("U8"), 8))
    catalogue = Catalogue(load_medicines())
    products = [text.decode("latin-1").split(";")[:2] for text in catalogue.product_texts]
    doses = [text.split(b";")[0].decode().replace(",", ".") for text in catalogue.tail_texts]
    return {
        "pseudonym": pa.array(pseudonyms, pa.string()),
        "sex": pa.array(np.where(said[:, 1] == 1, "F", "M"), pa.string()),
        "birth_year": pa.array(said[:, 2] + size.later, pa.int32()),
        "atc": pa.array([atc for atc, _ in products], pa.string()),
        "product_number": pa.array([number for _, number in products], pa.string()),
        "ddd": pa.array([Decimal(dose) for dose in doses], EXTRACT.field("ddd").type),
    }


def write_year(size: Size, spill: Path, draft: Path, year: int) -> int:
    """Write the months of a year in random order; its part of the spilled rows is used up."""
    values = texts(size, spill)
    first_day = np.datetime64(f"{size.years[0]}-01-01")
    spilled = [spill / f"{year}.{worker}.rows" for worker in range(WORKERS)]
    rows = np.concatenate([np.fromfile(path, ROW) for path in spilled])
    month = (first_day + rows["day"].astype("timedelta64[D]")).astype("datetime64[M]")
    for number in range(1, 13):
        chosen = np.flatnonzero(month == np.datetime64(f"{year}-{number:02d}"))
        chosen = np.random.default_rng([SEED, year, number]).permutation(chosen)
        table = month_table(rows[chosen], values, first_day)
        pq.write_table(table, draft / f"{year}-{number:02d}.parquet")
    for path in spilled:
        path.unlink()
    return len(rows)


def month_table(
    rows: np.ndarray, values: dict[str, pa.Array], first_day: np.datetime64
) -> pa.Table:
    """Rows as the extract's columns."""
    person, product, tail = (pa.array(rows[name]) for name in ("person", "product", "tail"))
    days = (first_day + rows["day"].astype("timedelta64[D]")).astype("datetime64[D]")
    columns = {name: values[name].take(person) for name in ("pseudonym", "sex", "birth_year")}
    columns |= {name: values[name].take(product) for name in ("atc", "product_number")}
    columns["ddd"] = values["ddd"].take(tail)
    columns["dispensed_on"] = pa.array(days)
    return pa.table({name: columns[name] for name in EXTRACT.names}, schema=EXTRACT)


SOURCE = """\
id: extract
title: The raw extract of the benchmarks
format: parquet
files: ["*.parquet"]
decimal_mark: "."
date_format: yyyy-MM-dd
columns: {pseudonym: pseudonym, sex: sex, birth_year: birth_year, atc: atc,
          product_number: product_number, dispensed_on: dispensed_on, ddd: ddd}
sex_codes: {F: F, M: M}
product_number_width: 6
"""


def make_lake(size: Size, home: Path) -> None:
    """Take the extract in, a year at a time; years that a killed attempt took in are kept."""
    draft, source = home / "lake.draft", home / "source.yaml"
    source.write_text(SOURCE)
    began = time.perf_counter()
    for year, delivered in deliveries(size.years[years_taken_in(draft) :], home):
        command = ["ldn", "ingest", str(delivered), "--source", str(source)]
        command += ["--lake", str(draft), "--engine", "sail", "--log-format", "text"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"ldn ingest of {year} failed:\n{done.stderr[-2000:]}")
        print(f"{year} taken in, {time.perf_counter() - began:.0f} s", flush=True)
    draft.rename(home / "lake")


def years_taken_in(lake: Path) -> int:
    """How many years a lake holds; each was one ingest."""
    return len(list((lake / "_versions").glob("[0-9]*.json")))


def deliveries(years: range, home: Path) -> Iterator[tuple[int, Path]]:
    """The extract as a file a year, in turn; each is gone when the next is asked for."""
    for year in years:
        delivered = home / f"dispensings_{year}.parquet"
        with duckdb.connect(config={"threads": WORKERS}) as db:
            db.execute("SET preserve_insertion_order = false")
            months = f"{home}/raw/{year}-*.parquet"
            db.execute(f"COPY (FROM read_parquet('{months}')) TO '{delivered}'")
        yield year, delivered
        delivered.unlink()


def write_study(size: Size, path: Path) -> None:
    """The paper's study, or the same of first-ever users in the year LDN starts."""
    study = (conf_folder() / "studies" / "ldn_2013.yaml").read_text(encoding="utf-8")
    changes = {"2013-01-01": f"{size.index_year}-01-01", "2013-12-31": f"{size.index_year}-12-31"}
    if size.first_ever:
        changes["washout_days: none"] = "washout_days: ever"
    for old, new in changes.items():
        if study.count(old) != 1:
            raise SystemExit(f"ldn_2013.yaml does not hold '{old}' once")
        study = study.replace(old, new)
    path.write_text(study, encoding="utf-8")


if __name__ == "__main__":
    main()
