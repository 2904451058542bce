"""The medicines of the invented registry, read from `formulary.csv`, and their delivered text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ldn_spark.synthetic.calendar import SEASON_NAMES
from ldn_spark.texts.csv_files import split_rows

AGE_BANDS = 10  # ten years each; the last is 90 and over
AGES = {  # users relative to the population, by age band
    "all": (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    "child": (2.2, 1.2, 0.8, 0.9, 0.8, 0.8, 0.8, 0.9, 1.0, 1.0),
    "young": (0.4, 2.2, 1.8, 1.3, 0.9, 0.6, 0.4, 0.4, 0.4, 0.4),
    "fertile": (0.0, 1.3, 3.2, 2.2, 1.2, 0.3, 0.0, 0.0, 0.0, 0.0),
    "adult": (0.05, 0.4, 0.9, 1.2, 1.3, 1.4, 1.5, 1.5, 1.5, 1.4),
    "middle": (0.0, 0.05, 0.2, 0.5, 1.2, 1.9, 2.5, 2.6, 2.2, 1.8),
    "elderly": (0.02, 0.04, 0.1, 0.3, 0.7, 1.4, 2.6, 3.8, 4.8, 5.0),
}
MAKERS = ("Nordlys", "Bjørk", "Ås", "Sæter")
LDN_NAME = "Naltrekson lavdose"


@dataclass(frozen=True)
class Medicine:
    """One medicine: an ATC code, or a form of it that has its own product numbers.

    Attributes:
        women, men: users in a year, share of the population.
        refill_days: days between dispensings of a regular user; None when taken in courses.
        repeats: mean number of further courses.
        packs: DDDs of a dispensing as delivered text with a point, equally likely.
        codes: reimbursement codes, (ICD-10, ICPC-2), equally likely.
        ldn: how many times as common among LDN starters; 0 = they follow `starters.csv`.
    """

    atc: str
    name: str
    women: float
    men: float
    ages: str
    refill_days: int | None
    repeats: float
    season: str
    packs: tuple[str, ...]
    products: tuple[str, ...]
    codes: tuple[tuple[str, str], ...]
    ldn: float

    @property
    def mean_ddd(self) -> float:
        """Mean DDDs of one dispensing: every pack is equally likely."""
        return sum(map(float, self.packs)) / len(self.packs)


def read_table(name: str) -> list[dict[str, str]]:
    """The rows of a CSV file of this package; lines that start with # are notes."""
    text = (resources.files(__package__) / name).read_text(encoding="utf-8")
    header, *rows = split_rows(Path(name), text, ",", comments=True)
    return [dict(zip(header.fields, row.fields, strict=True)) for row in rows]


def load_medicines() -> tuple[Medicine, ...]:
    """Every medicine of `formulary.csv`, in its order."""
    medicines: list[Medicine] = []
    numbered = 0
    for row in read_table("formulary.csv"):
        products = tuple(row["products"].split())
        if len(products[0]) < 6:
            count = int(products[0])
            products = tuple(_product_number(numbered + place) for place in range(count))
            numbered += count
        medicines.append(_medicine(row, products))
    return tuple(medicines)


def _product_number(place: int) -> str:
    """A six-digit number below 900000; 7919 is prime to 900000, so none comes twice."""
    return f"{(place * 7919 + 4711) % 900_000:06d}"


def _medicine(row: dict[str, str], products: tuple[str, ...]) -> Medicine:
    codes = [code.partition(":") for code in row["codes"].split()]
    return Medicine(
        atc=row["atc"],
        name=row["name"],
        women=float(row["women"]) / 100,
        men=float(row["men"]) / 100,
        ages=row["ages"],
        refill_days=int(row["refill_days"]) if row["refill_days"] else None,
        repeats=float(row["repeats"] or 0),
        season=row["season"],
        packs=tuple(row["packs"].split()),
        products=products,
        codes=tuple(
            (code if kind == "icd" else "", code if kind == "icpc" else "")
            for kind, _, code in codes
        ),
        ldn=float(row["ldn"]),
    )


class Catalogue:
    """The formulary as arrays, one element per medicine, and as pieces of delivered lines.

    A dispensing refers to a product (medicine and product number) and to a tail (DDD and
    reimbursement code): both are numbers into `product_texts` and `tail_texts`.
    """

    def __init__(self, medicines: Sequence[Medicine]) -> None:
        self.medicines = tuple(medicines)
        self.products = np.array([len(medicine.products) for medicine in medicines])
        self.packs = np.array([len(medicine.packs) for medicine in medicines])
        self.codes = np.array([len(medicine.codes) for medicine in medicines])
        self.first_product = np.cumsum(self.products) - self.products
        self.first_tail = np.cumsum(self.packs * self.codes) - self.packs * self.codes
        self.refill_days = np.array([medicine.refill_days or 0 for medicine in medicines])
        self.repeats = np.array([medicine.repeats for medicine in medicines])
        self.seasons = np.array([SEASON_NAMES.index(medicine.season) for medicine in medicines])
        self.ldn = np.array([medicine.ldn for medicine in medicines])

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Yearly users by sex (0 man, 1 woman), age band and medicine."""
        ages = np.array([AGES[medicine.ages] for medicine in self.medicines]).T
        sexes = np.array([[medicine.men, medicine.women] for medicine in self.medicines]).T
        return sexes[:, None, :] * ages[None, :, :]

    @cached_property
    def product_texts(self) -> list[bytes]:
        """`ATCKode;Varenr;Varenavn;` of each product."""
        return [
            f"{medicine.atc};{number};{medicine.name} {MAKERS[place % 4]};".encode("iso-8859-1")
            for medicine in self.medicines
            for place, number in enumerate(medicine.products)
        ]

    @cached_property
    def tail_texts(self) -> list[bytes]:
        """`OrdinasjonAntallDDD;RefusjonKodeICDNr;RefusjonKodeICPCNr` and the end of the line."""
        return [
            f"{pack.replace('.', ',')};{icd};{icpc}\n".encode("iso-8859-1")
            for medicine in self.medicines
            for pack in medicine.packs
            for icd, icpc in medicine.codes
        ]

    @cached_property
    def tail_ddd(self) -> NDArray[np.float64]:
        """The DDDs of each tail."""
        return np.array(
            [
                float(pack)
                for medicine in self.medicines
                for pack in medicine.packs
                for _ in medicine.codes
            ]
        )

    @cached_property
    def ldn_medicine(self) -> int:
        """The place of low dose naltrexone."""
        return next(i for i, medicine in enumerate(self.medicines) if medicine.name == LDN_NAME)

    def place(self, atc: str) -> int:
        """The place of the first medicine with an ATC code."""
        return next(i for i, medicine in enumerate(self.medicines) if medicine.atc == atc)
