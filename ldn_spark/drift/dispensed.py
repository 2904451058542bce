"""What a study's codes were dispensed, by year and code: the registry as a run saw it."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from ldn_spark.errors import Problem, ResultsError
from ldn_spark.schemas import MICRO
from ldn_spark.study.atc.translation import Part
from ldn_spark.study.codes import shortest_prefixes
from ldn_spark.texts.csv_cells import csv_text

REGISTRY = "registry.csv"
"""The file of a run that holds it."""
_COLUMNS = ("year", "atc", "dispensings", "ddd", "ddd_missing")
_DECIMALS = len(str(MICRO)) - 1


class Dispensed(NamedTuple):
    """What was dispensed of a code in a year, of all persons of the registry.

    Attributes:
        year: of dispensing.
        atc: the code as it was delivered.
        dispensings: lines, returns among them.
        ddd: the sum of those known, returns subtracted; exact.
        ddd_missing: lines whose DDD is not known.
    """

    year: int
    atc: str
    dispensings: int
    ddd: Decimal
    ddd_missing: int


def dispensed_of(
    profile: Iterable[Mapping[str, Any]], prefixes: Collection[str], parts: Sequence[Part]
) -> tuple[Dispensed, ...]:
    """The rows of a registry's profile whose codes a study uses, by year and code.

    Args:
        profile: one row per year and delivered code: dispensings, ddd_micro, ddd_missing.
        prefixes: what the study uses, in its own ATC index.
        parts: how the lake's codes are read in that index.
    """
    rows, asked = list(profile), shortest_prefixes(prefixes)
    used = {
        code
        for code in {row["atc"] for row in rows}
        if any(part.read(code).startswith(asked) for part in parts)
    }
    found = [
        Dispensed(
            row["year"],
            row["atc"],
            row["dispensings"],
            Decimal(row["ddd_micro"]).scaleb(-_DECIMALS),
            row["ddd_missing"],
        )
        for row in rows
        if row["atc"] in used
    ]
    return tuple(sorted(found))


def as_plain(dispensed: Iterable[Dispensed]) -> list[list[int | str]]:
    """Rows as JSON can hold them, amounts as texts, to be read by `of_plain`."""
    return [
        [one.year, one.atc, one.dispensings, str(one.ddd), one.ddd_missing] for one in dispensed
    ]


def of_plain(rows: Iterable[Sequence[Any]]) -> tuple[Dispensed, ...]:
    """What `as_plain` wrote."""
    return tuple(
        Dispensed(year, atc, lines, Decimal(ddd), missing)
        for year, atc, lines, ddd, missing in rows
    )


def registry_csv(dispensed: Iterable[Dispensed]) -> str:
    """The file of a run: a line per year and code."""
    return csv_text(
        _COLUMNS,
        (
            (str(one.year), one.atc, str(one.dispensings), f"{one.ddd:f}", str(one.ddd_missing))
            for one in dispensed
        ),
    )


def read_registry(path: Path, content: bytes) -> tuple[Dispensed, ...]:
    """What `registry_csv` wrote.

    Raises:
        ResultsError: it is something else.
    """
    try:
        rows = csv.reader(io.StringIO(content.decode("utf-8")), strict=True)
        if tuple(next(rows, ())) != _COLUMNS:
            raise ValueError
        return tuple(
            Dispensed(int(year), atc, int(lines), Decimal(ddd), int(missing))
            for year, atc, lines, ddd, missing in rows
        )
    except (csv.Error, ValueError, ArithmeticError):
        what, mend = "is not what a run writes", "run the study again"
        raise ResultsError(Problem(str(path), what, mend)) from None
