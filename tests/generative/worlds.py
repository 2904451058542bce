"""A register for a generated study: few persons whose lines crowd around the study's edges.

`register` is coded in the index of the study; that is what the reference model reads. `delivered`
is what the engine reads: the same lines, recoded file by file where the world says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from ldn_spark.study.atc.translation import AT_DISPENSING
from ldn_spark.study.criteria import Alive, Dispensed, Observed
from ldn_spark.study.definition import StudyDefinition
from tests.generative.studies import EXPOSURES, MEDICINES, NOWHERE, OTHER_PRODUCTS, PRODUCTS
from tests.reference_model import NOT_DELIVERED, dispensing

PEOPLE = 24
_WITNESS = PEOPLE + 2
"""Has no line; shows that periods and days of death were delivered, whoever else is left."""
FILES = (1, 2, 3)
FIRST_INDEX, LAST_INDEX = 2005, 2020
WAYS = (
    "undeclared",
    "the study's index",
    "a later index",
    "an earlier index",
    "several indices",
    "as on the day of dispensing",
    "stated by the run",
    "stated against a file",
)
"""How the codes of the delivered files are declared, and in which index they are."""
UNDELIVERED = {
    "observation periods": ("periods", None),
    "days of death": ("died_on", NOT_DELIVERED),
}
"""What a world may lack, and what the reference model then knows of every person."""
_FRESH = tuple(f"{group}{number}" for group in ("N02BF", "N06AX", "L04AG") for number in (61, 62))
_DOSES = (None, "0", "0.000001", "33.333333", "0.5", "1", "28", "100")

Row = dict[str, Any]


@dataclass
class World:
    """A register, its persons, and how it was delivered.

    Attributes:
        register: lines, coded in the study's index.
        persons: sex, birth year, day of death and observation periods by key, as the reference
            model has them.
        delivered: the lines as the files hold them.
        alterations: (previous, new, year) of the codes that moved.
        declared: of every file the ATC index it names.
        stated: of the run: the index of all other files, and of single ones by their name.
    """

    register: list[Row]
    persons: dict[int, Row]
    delivered: list[Row]
    alterations: list[tuple[str, str, int]] = field(default_factory=list)
    declared: dict[int, Any] = field(default_factory=lambda: dict.fromkeys(FILES))
    stated: tuple[Any, tuple[tuple[str, Any], ...]] = (None, ())

    def without_persons(self, keys: set[int]) -> World:
        """The world in which these persons never were."""
        lines = {n for n, row in enumerate(self.register) if row["person_key"] in keys}
        kept = {key: row for key, row in self.persons.items() if key not in keys}
        persons = kept | {_WITNESS: self.persons[_WITNESS]}
        return replace(self.without_lines(lines), persons=persons)

    def without_lines(self, numbers: set[int]) -> World:
        """The world without the lines at these positions."""
        left = [n for n in range(len(self.register)) if n not in numbers]
        lines = [self.register[n] for n in left], [self.delivered[n] for n in left]
        return replace(self, register=lines[0], delivered=lines[1])


def world_of(chance: Random, study: StudyDefinition, way: str) -> World:
    """A register around a study's edges, delivered in one of `WAYS`."""
    maker = _Maker(chance, study)
    register, persons = [], {}
    for key in range(1, PEOPLE + 1):
        anchor = maker.anchor()
        persons[key] = maker.person(anchor)
        register += maker.lines(key, anchor)
    register += [maker.returned(row) for row in register if chance.random() < 0.12]
    # far from everything: the extract covers every study, and every year is there
    register += [dispensing(PEOPLE + 1, date(year, 6, 1), "A01AA01") for year in range(1998, 2026)]
    persons[PEOPLE + 1] = {"sex": "F", "birth_year": 1950}
    persons[_WITNESS] = {
        "sex": "M",
        "birth_year": 1940,
        "died_on": date(2030, 1, 1),
        "periods": [(date(2000, 1, 1), None)],
    }
    for key, missing in UNDELIVERED.values():
        if chance.random() < 0.25:
            persons = {number: row | {key: missing} for number, row in persons.items()}
    chance.shuffle(register)
    register = [row | {"file_id": chance.choice(FILES)} for row in register]
    return _delivered(chance, study.atc_version, way, World(register, persons, register))


class _Maker:
    """Draws persons and lines near what a study looks at."""

    def __init__(self, chance: Random, study: StudyDefinition) -> None:
        self.chance, self.study = chance, study
        steps = (*study.eligibility, *study.subgroups)
        self.leaves = [leaf for step in steps for leaf in step.keep_if.leaves()]
        looks = [look for step in steps for look in step.keep_if.looks()]
        self.seen = [look.days for look in looks if isinstance(look, Observed | Alive)]
        self.ages = [age for step in steps for age in _ages(step.keep_if)] or [40]
        event = study.exposure.index_event
        washout = event.washout_days if isinstance(event.washout_days, int) else 30
        counting = study.strata.counting_window
        self.exposed = [-washout - 1, -washout, 1 - washout, *_edges(counting), 0, 0]
        pairs = (study.windows, *study.designs)
        self.looked_at = [e for one in pairs for e in (*_edges(one.before), *_edges(one.after))]
        self.inside = [study.windows.before, study.windows.after, counting]
        asked = [code for one in study.outcomes for code in one.atc if code != NOWHERE]
        self.codes = [*asked, *asked, *(code for leaf in self.leaves for code in leaf.atc), "N06A"]

    def person(self, anchor: date) -> Row:
        year = self.study.exposure.index_event.first.year
        age = self.chance.choice(self.ages) + self.chance.choice((-1, 0, 0, 1, 20))
        return {
            "sex": self.chance.choice(("F", "F", "M", "M", None)),
            "birth_year": self.chance.choice((year - age, year - age, year - age, None)),
            "died_on": self.died_on(anchor),
            "periods": list(self.periods(anchor)),
        }

    def died_on(self, anchor: date) -> date | None:
        """As a rule never; else about a day that the study asks for."""
        if self.chance.random() < 0.6:
            return None
        day = self.chance.choice([edge for one in self.seen for edge in _edges(one)] or [0])
        return anchor + timedelta(days=day)

    def periods(self, anchor: date) -> Iterator[tuple[date, date | None]]:
        """Some that hold what the study asks for, or miss it by a day, at an end or inside."""
        if not self.seen or self.chance.random() < 0.1:
            return
        asked = self.chance.choice(self.seen)
        first = asked.first - self.chance.choice((-1, 0, 0, 0, 1, 400))
        last = asked.last + self.chance.choice((-1, 0, 0, 0, 1, 400))
        if last < first:
            first, last = last, first
        if self.chance.random() < 0.3:  # in two: apart, touching, or overlapping
            inside = self.chance.randint(first, last)
            yield self.period(anchor, first, inside)
            first = min(inside + self.chance.choice((0, 1, 1, 2)), last)
        yield self.period(anchor, first, self.chance.choice((last, last, last, None)))

    def period(self, anchor: date, first: int, last: int | None) -> tuple[date, date | None]:
        end = None if last is None else anchor + timedelta(days=last)
        return anchor + timedelta(days=first), end

    def lines(self, key: int, anchor: date) -> Iterator[Row]:
        chance = self.chance
        for day in [0] * (chance.random() < 0.9) + [
            chance.choice((*self.exposed, chance.randint(-450, 450)))
            for _ in range(chance.choice((0, 1, 1, 2, 3, 5)))
        ]:
            code = self.coded(chance.choice(self.study.exposure.atc), EXPOSURES)
            product = chance.choice((*PRODUCTS, *PRODUCTS, *OTHER_PRODUCTS, None))
            yield self.line(key, anchor + timedelta(days=day), code, product)
        for _ in range(chance.randint(3, 10)):
            code = self.coded(chance.choice(self.codes), MEDICINES)
            product = chance.choice((*PRODUCTS, None))
            row = self.line(key, self.day(anchor), code, product)
            yield from [row] * chance.choice((1, 1, 1, 1, 2))
        for leaf in chance.sample(self.leaves, min(2, len(self.leaves))):
            for _ in range(chance.choice((0, 1, leaf.at_least, leaf.at_least))):
                row = self.asked_by(key, anchor, leaf)
                yield row
                if chance.random() < 0.3:
                    yield self.returned(row)

    def anchor(self) -> date:
        """A day of the index period, or the day beside it; the first and the last often."""
        event = self.study.exposure.index_event
        length = (event.last - event.first).days
        day = self.chance.choice((0, length, self.chance.randint(0, length), -1, length + 1))
        if self.chance.random() < 0.5:
            day = self.chance.randint(0, length)
        return event.first + timedelta(days=day)

    def day(self, anchor: date) -> date:
        if self.chance.random() < 0.5:
            return anchor + timedelta(days=self.chance.choice(self.looked_at))
        window = self.chance.choice(self.inside)
        return anchor + timedelta(days=self.chance.randint(window.first - 2, window.last + 2))

    def coded(self, asked: str, among: tuple[str, ...]) -> str:
        """A code under an asked one as a rule; else one coarser, or any other."""
        under = [code for code in among if code.startswith(asked)]
        way = self.chance.random()
        if under and way < 0.75:
            return self.chance.choice(under)
        return asked if way < 0.85 else self.chance.choice((*MEDICINES, *EXPOSURES, "N06AB", "N05"))

    def line(self, key: int, day: date, code: str, product: str | None) -> Row:
        chance = self.chance
        leaf = chance.choice(self.leaves) if self.leaves else None
        return dispensing(
            key,
            day,
            code,
            product=product,
            ddd=chance.choice(_DOSES),
            packages=chance.choice((None, None, "0", "1", "2")),
            icd=self.reimbursed(leaf.reimbursement_icd if leaf else ()),
            icpc=self.reimbursed(leaf.reimbursement_icpc if leaf else ()),
        )

    def asked_by(self, key: int, anchor: date, leaf: Dispensed) -> Row:
        """A line that a condition asks for, or misses by a day or a letter."""
        row = self.line(key, self.near(leaf, anchor), "A01AA01", self.chance.choice(PRODUCTS))
        if leaf.atc:
            row["atc"] = self.coded(self.chance.choice(leaf.atc), (*MEDICINES, *EXPOSURES))
        row["reimbursement_icd"] = self.reimbursed(leaf.reimbursement_icd)
        row["reimbursement_icpc"] = self.reimbursed(leaf.reimbursement_icpc)
        return row

    def near(self, leaf: Dispensed, anchor: date) -> date:
        span, zero = (leaf.days, anchor) if leaf.days else (leaf.period, None)
        first, last = span.first, span.last
        if zero:
            first, last = (zero + timedelta(days=day) for day in (first, last))
        one = timedelta(days=1)
        return self.chance.choice((first - one, first, first, last, last, last + one))

    def reimbursed(self, asked: tuple[str, ...]) -> str | None:
        if not asked:
            return self.chance.choice((None, None, "M05"))
        code = self.chance.choice(asked)
        return self.chance.choice((code, code + ".1", code[:-1] or None, None))

    def returned(self, row: Row) -> Row:
        """A line some days later that brings all of another one back, a part, or more."""
        chance = self.chance
        days = timedelta(days=chance.choice((0, 0, 1, 7, 365)))
        product = chance.choice([row["product_number"]] * 4 + [None])
        back = dispensing(
            row["person_key"], row["dispensed_on"] + days, row["atc"], product=product
        )
        share = chance.choice((Decimal(1), Decimal(1), Decimal("0.5"), Decimal(3)))
        ddd, packages = row["ddd"], row["packages"]
        back["ddd"] = None if ddd is None else -abs(ddd * share).quantize(Decimal("0.000001"))
        back["packages"] = None if packages is None else -abs(share * packages)
        if chance.random() < 0.2:
            back |= {"ddd": chance.choice((None, ddd)), "packages": Decimal(-1)}
        if chance.random() < 0.7:
            names = ("reimbursement_icd", "reimbursement_icpc")
            back |= {name: row[name] for name in names}
        return back


def _ages(criterion: Any) -> Iterator[int]:
    """Every limit of an age in a condition."""
    if criterion.age is not None:
        yield from (n for n in (criterion.age.at_least, criterion.age.at_most) if n is not None)
    for child in (*(criterion.all or ()), *(criterion.any or ()), criterion.not_):
        if child is not None:
            yield from _ages(child)


def _edges(window: Any) -> list[int]:
    return [window.first - 1, window.first, window.last, window.last + 1]


def _delivered(chance: Random, index: int, way: str, world: World) -> World:
    """The world with its lines recoded, and what is said of their codes."""
    if way == "undeclared":
        return world
    indices: dict[int, Any] = dict.fromkeys(FILES, index)
    if way != "the study's index":
        by_year, world.alterations = _history(chance, index)
        indices = {
            "a later index": dict.fromkeys(FILES, LAST_INDEX),
            "an earlier index": dict.fromkeys(FILES, FIRST_INDEX),
            "as on the day of dispensing": dict.fromkeys(FILES, AT_DISPENSING),
            "several indices": dict(zip(FILES, (index, FIRST_INDEX, LAST_INDEX), strict=True)),
            "stated by the run": dict.fromkeys(FILES, LAST_INDEX),
            "stated against a file": {1: index, 2: LAST_INDEX, 3: index},
        }[way]
        world.delivered = [row | {"atc": _code(row, indices, by_year)} for row in world.register]
    world.declared = indices
    if way == "stated by the run":
        world.declared, world.stated = dict.fromkeys(FILES), (LAST_INDEX, ())
    if way == "stated against a file":
        world.declared = dict.fromkeys(FILES, index)
        world.stated = (None, (("file2*", LAST_INDEX),))
    return world


def _code(row: Row, indices: dict[int, Any], by_year: dict[int, dict[str, str]]) -> str:
    index = indices[row["file_id"]]
    year = row["year"] if index == AT_DISPENSING else index
    codes = by_year[min(max(year, FIRST_INDEX), LAST_INDEX)]
    return codes.get(row["atc"], row["atc"])


def _history(chance: Random, index: int) -> tuple[dict[int, dict[str, str]], list[Any]]:
    """By year the code of every medicine, and the alterations from year to year.

    A medicine moves at most a few times; a code that it leaves may be given to another one.
    """
    medicines = (*MEDICINES, *EXPOSURES)
    years = range(FIRST_INDEX + 1, LAST_INDEX + 1)
    moving = {index, index + 1, *chance.sample(years, 2)}
    by_year = {index: {medicine: medicine for medicine in medicines}}
    for year in range(index + 1, LAST_INDEX + 1):
        by_year[year] = _moved(chance, by_year[year - 1], 3 if year in moving else 0)
    for year in range(index, FIRST_INDEX, -1):
        by_year[year - 1] = _moved(chance, by_year[year], 3 if year in moving else 0)
    table = [
        (by_year[year - 1][medicine], by_year[year][medicine], year)
        for year in years
        for medicine in medicines
        if by_year[year - 1][medicine] != by_year[year][medicine]
    ]
    chance.shuffle(table)
    return by_year, table


def _moved(chance: Random, codes: dict[str, str], number: int) -> dict[str, str]:
    """Some medicines under other codes; no code stands for two of them."""
    moving = chance.sample(sorted(codes), number)
    kept = {code for medicine, code in codes.items() if medicine not in moving}
    free = sorted({*_FRESH, *codes, *codes.values()} - kept)
    return {**codes, **dict(zip(moving, chance.sample(free, number), strict=True))}
