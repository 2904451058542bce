"""Dispensings as delivered text: `;`, decimal comma, ISO-8859-1, yyyy.MM.dd, in no order."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ldn_spark.invented import PSEUDONYM
from ldn_spark.synthetic.background import Dispensings
from ldn_spark.synthetic.calendar import Calendar
from ldn_spark.synthetic.draws import Integers, shuffled
from ldn_spark.synthetic.formulary import Catalogue
from ldn_spark.synthetic.people import People

HEADER = (
    b"PasientLopeNr;PasientKjonn;PasientFodtAr;PasientDodsAr;PasientDodsMnd;UtleveringsDato;"
    b"ATCKode;Varenr;Varenavn;OrdinasjonAntallDDD;RefusjonKodeICDNr;RefusjonKodeICPCNr\n"
)
LINES_AT_ONCE = 65_536  # keeps the pieces of the lines in the processor's cache
COPIED_AT_ONCE = 8 << 20
PSEUDONYMS = 99_999_989  # a prime: numbers times anything below it never collide


class LineWriter:
    """Turns dispensings into lines; every piece of text is made once and then only copied."""

    def __init__(self, catalogue: Catalogue, calendar: Calendar, seed: int) -> None:
        self._products = pa.array(catalogue.product_texts, pa.binary())
        self._tails = pa.array(catalogue.tail_texts, pa.binary())
        dates = [f"{day:%Y.%m.%d};".encode() for day in calendar.dates()]
        self._dates = pa.array(dates, pa.binary())
        self._year_starts = calendar.year_starts()
        self._years = calendar.years
        self._multiplier = 20_000_003 + (seed * 7919) % 60_000_000

    def write_years(
        self, people: People, dispensings: Dispensings, paths: Sequence[Path]
    ) -> list[tuple[int, int]]:
        """Write one file a year; returns dispensings and bytes of each.

        A file appears under its name when it is complete, and not before. Writing it again, as
        after a lost task, gives the same bytes.
        """
        prefixes = self._prefixes(people)
        year = np.searchsorted(self._year_starts, dispensings.day, side="right") - 1
        written = []
        for place, path in enumerate(paths):
            rows = np.flatnonzero(year == place)
            rows = rows[shuffled(len(rows))]
            size = _write(path, self._lines(prefixes, dispensings, rows))
            written.append((len(rows), size))
        return written

    def _prefixes(self, people: People) -> pa.Array:
        """`PasientLopeNr;PasientKjonn;PasientFodtAr;PasientDodsAr;PasientDodsMnd;` by person."""
        number = (people.number * self._multiplier + 12_345_678) % PSEUDONYMS
        dead = people.death_month > 0
        death = [
            f"{month // 12};{month % 12 + 1};" if is_dead else ";;"
            for month, is_dead in zip(people.death_month.tolist(), dead.tolist(), strict=True)
        ]
        prefixes = [
            f"{PSEUDONYM}{key:08d};{2 if woman else 1};{born};{died}".encode()
            for key, woman, born, died in zip(
                number.tolist(),
                people.woman.tolist(),
                people.birth_year.tolist(),
                death,
                strict=True,
            )
        ]
        return pa.array(prefixes, pa.binary())

    def _lines(
        self, prefixes: pa.Array, dispensings: Dispensings, rows: Integers
    ) -> Iterable[pa.Buffer]:
        """The lines of some dispensings, in pieces of `LINES_AT_ONCE`."""
        pieces = (
            (prefixes, dispensings.person),
            (self._dates, dispensings.day),
            (self._products, dispensings.product),
            (self._tails, dispensings.tail),
        )
        for start in range(0, len(rows), LINES_AT_ONCE):
            chosen = rows[start : start + LINES_AT_ONCE]
            texts = [text.take(pa.array(number[chosen])) for text, number in pieces]
            yield pc.binary_join_element_wise(*texts, b"").buffers()[2]


def _write(path: Path, buffers: Iterable[pa.Buffer]) -> int:
    """Write header and lines under a temporary name, then rename; returns the size."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with open(temporary, "wb") as file:
        size = file.write(HEADER)
        for buffer in buffers:
            size += file.write(buffer)
    os.replace(temporary, path)
    return size


def join_parts(parts: Sequence[Path], target: Path) -> None:
    """Make one delivered file of parts, which are used up; the header stays once.

    One part is renamed. More are appended byte by byte to the first, without reading lines.
    """
    first, *others = parts
    if others:
        with open(first, "ab") as file:
            for part in others:
                with open(part, "rb") as source:
                    source.seek(len(HEADER))
                    shutil.copyfileobj(source, file, COPIED_AT_ONCE)
                part.unlink()
    os.replace(first, target)
