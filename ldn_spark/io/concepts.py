"""The files of `ldn concepts`: the lookup it writes, the lists that a user fills in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from ldn_spark.csv_cells import csv_text
from ldn_spark.csv_files import read_rows
from ldn_spark.errors import ConfigError, Problem
from ldn_spark.io.vocabulary import DrugCodes
from ldn_spark.study.codes import ATC_LENGTHS, parse_atc

LOOKUP_COLUMNS = ("drug_concept_id", "atc", "ddd_per_unit")
_LONGEST_ID = 18
_AMBIGUOUS_COLUMNS = ("concept_id", "atc", "levels", "concept_name")


def read_choices(path: Path) -> dict[int, str]:
    """The user's ATC code of a drug by concept id: a CSV with `concept_id` and `atc`.

    Raises:
        ConfigError: the file is missing or wrong; all lines at once.
    """
    return _read(path, "atc", _fifth_level)


def read_ddds(path: Path) -> dict[int, Decimal]:
    """DDDs in one unit of a drug by concept id: a CSV with `concept_id` and `ddd_per_unit`.

    A unit is what `quantity` of a drug exposure counts. Drugs without a value may stand in the
    list; they are left out.

    Raises:
        ConfigError: the file is missing or wrong; all lines at once.
    """
    return _read(path, "ddd_per_unit", _amount)


def _fifth_level(text: str) -> str:
    code = parse_atc(text.strip().upper())
    if len(code) != ATC_LENGTHS[-1]:
        raise ValueError(f"'{code}' is not of the fifth level; write all seven signs")
    return code


def _amount(text: str) -> Decimal | None:
    if not text.strip():
        return None
    wrong = ValueError(f"'{text}' is not a number of DDDs; write it with a decimal point, like 0.5")
    if not text.strip().replace(".", "", 1).isdecimal() or not text.isascii():
        raise wrong
    amount = Decimal(text.strip())
    if not amount:
        raise wrong
    return amount


def _read(path: Path, column: str, parse: Callable[[str], Any]) -> dict[int, Any]:
    """The values of a column by concept id; empty ones are left out."""
    values: dict[int, Any] = {}
    problems = []
    for line, concept, text in _rows(path, column):
        where = f"{path} line {line}"
        if not (concept.isascii() and concept.isdigit() and len(concept) <= _LONGEST_ID):
            problems.append(Problem(where, "the concept_id is not a number", "correct it"))
            continue
        try:
            value = parse(text)
        except ValueError as error:
            what, _, mend = str(error).partition("; ")
            problems.append(Problem(where, what, mend))
            continue
        if values.setdefault(int(concept), value) != value:
            what = f"concept {concept} has another {column} further up"
            problems.append(Problem(where, what, "keep one line of each concept"))
    if problems:
        raise ConfigError(problems)
    return {concept: value for concept, value in values.items() if value is not None}


def _rows(path: Path, column: str) -> Iterator[tuple[int, str, str]]:
    """Line, concept id and the text of a column."""
    rows = read_rows(path, among=",")
    names = rows[0].fields if rows else ()
    if missing := [name for name in ("concept_id", column) if name not in names]:
        what = f"the columns {', '.join(missing)} are missing"
        mend = f"write a CSV with the header concept_id,{column}"
        raise ConfigError(Problem(f"{path} line 1", what, mend))
    for row in rows[1:]:
        cells = dict(zip(names, row.fields, strict=False))
        yield row.line, cells.get("concept_id", ""), cells.get(column, "")


def ambiguous_file(out: Path) -> Path:
    """Where the drugs without a clear code are listed: beside the lookup.

    >>> ambiguous_file(Path("concepts.csv"))
    PosixPath('concepts.ambiguous.csv')
    """
    return out.with_name(f"{out.stem}.ambiguous.csv")


def write_lookup(out: Path, found: DrugCodes, ddds: Mapping[int, Decimal]) -> int:
    """Write the lookup, and the drugs that need a choice beside it.

    Returns:
        How many drugs of the lookup have a DDD.
    """
    drugs = found.atc["drug_concept_id"].to_pylist()
    amounts = [ddds.get(drug) for drug in drugs]
    written = ("" if amount is None else format(amount, "f") for amount in amounts)
    _write(out, LOOKUP_COLUMNS, zip(drugs, found.atc["atc"].to_pylist(), written, strict=True))
    _write(
        ambiguous_file(out),
        _AMBIGUOUS_COLUMNS,
        ((one.concept_id, one.atc, one.levels, one.concept_name) for one in found.ambiguous),
    )
    return sum(amount is not None for amount in amounts)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV that appears when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    text = csv_text(header, (map(str, row) for row in rows))
    draft.write_text(text, encoding="utf-8", newline="")
    os.replace(draft, path)
