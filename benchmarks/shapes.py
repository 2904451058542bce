"""Studies and data of the shapes in growth.py, made once in a folder and used again."""

from __future__ import annotations

import random
import shutil
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from generate import EXTRACT
from peers import paper
from ruamel.yaml import YAML

from ldn_spark.synthetic.formulary import load_medicines
from ldn_spark.texts.documents import conf_folder

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


def changed_study(work: Path, name: str, **changes) -> Path:
    """The paper's study with some of its parts replaced."""
    yaml = YAML(typ="safe")
    study = yaml.load((conf_folder() / "studies" / "ldn_2013.yaml").read_text(encoding="utf-8"))
    study |= {"id": name} | changes
    path = work / f"{name}.yaml"
    with path.open("w", encoding="utf-8") as stream:
        yaml.dump(study, stream)
    return path


def codes() -> list[str]:
    """Every ATC code that the invented registry dispenses."""
    return sorted({medicine.atc for medicine in load_medicines()})


def many_outcomes(work: Path, number: int, strata: int, codes: list[str], of: str) -> Path:
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
        work,
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


def statin_users(work: Path, last: str) -> Path:
    """Everybody who is dispensed a statin from the first open day of 2013 to `last`."""
    event = {
        "first": "2013-01-02",
        "last": last,
        "rule": "first_in_period",
        "washout_days": "none",
    }
    exposure = {"name": "simvastatin", "abbreviation": "statin", "atc": [STATIN], "products": None}
    return changed_study(
        work, f"statin_{last.replace('-', '')}", exposure=exposure | {"index_event": event}
    )


def one_patient(work: Path, persons: int) -> Path:
    """A million dispensings of so many persons, as an extract of its own."""
    path = work / f"patient-{persons}.parquet"
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


def split(work: Path, raw: Path, number: int) -> Path:
    """An extract as text in so many files."""
    folder = work / f"files-{number}"
    if not folder.is_dir():
        rows = pq.read_table(raw)
        draft = work / f"draft-files-{number}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        options = pa.csv.WriteOptions(delimiter=";", quoting_style="none")
        edges = [place * rows.num_rows // number for place in range(number + 1)]
        for place, (first, stop) in enumerate(pairwise(edges)):
            part = rows.slice(first, stop - first)
            pa.csv.write_csv(part, draft / f"part_{place:05d}.txt", options)
        draft.rename(folder)
    return folder
