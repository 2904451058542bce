"""The files of `ldn concepts`: the lookup it writes, the lists that a user fills in."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

from ldn_spark.delivery.omop.vocabulary import DrugCodes
from ldn_spark.errors import Problem
from ldn_spark.study.codes import ATC_LENGTHS, parse_atc
from ldn_spark.texts.csv_cells import csv_text
from ldn_spark.texts.csv_files import CsvRow, Fault, read_rows, refuse, typed_rows

LOOKUP_COLUMNS = ("drug_concept_id", "atc", "ddd_per_unit")
_LONGEST_ID = 18
_AMBIGUOUS_COLUMNS = ("concept_id", "atc", "levels", "concept_name")


def read_choices(path: Path) -> dict[int, str]:
    """The user's ATC code of a drug by concept id: a CSV with `concept_id` and `atc`.

    Raises:
        ConfigError: the file is missing or wrong; all lines at once.
    """
    return _by_concept(path, _Choice, "atc")


def read_ddds(path: Path) -> dict[int, Decimal]:
    """DDDs in one unit of a drug by concept id: a CSV with `concept_id` and `ddd_per_unit`.

    A unit is what `quantity` of a drug exposure counts. Drugs without a value may stand in the
    list; they are left out.

    Raises:
        ConfigError: the file is missing or wrong; all lines at once.
    """
    return _by_concept(path, _Dose, "ddd_per_unit")


def _concept(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID):
        raise Fault("the concept_id is not a number", "correct it")
    return int(text)


def _fifth_level(text: str) -> str:
    code = parse_atc(text.upper())
    if len(code) != ATC_LENGTHS[-1]:
        raise Fault(f"'{code}' is not of the fifth level", "write all seven signs")
    return code


def _amount(text: str) -> Decimal | None:
    if not text:
        return None
    is_number = text.isascii() and text.replace(".", "", 1).isdecimal()
    if not is_number or not Decimal(text):
        mend = "write it with a decimal point, like 0.5"
        raise Fault(f"'{text}' is not a number of DDDs", mend)
    return Decimal(text)


_ConceptId = Annotated[int, BeforeValidator(_concept)]


class _Choice(CsvRow):
    concept_id: _ConceptId
    atc: Annotated[str, BeforeValidator(_fifth_level)]


class _Dose(CsvRow):
    concept_id: _ConceptId
    ddd_per_unit: Annotated[Decimal | None, BeforeValidator(_amount)]


def _by_concept(path: Path, model: type[_Choice | _Dose], column: str) -> dict[int, Any]:
    """The values of a column by concept id; empty ones are left out."""
    values: dict[int, Any] = {}
    problems: list[Problem] = []
    for line, row in typed_rows(path, read_rows(path, among=","), model, problems):
        value = getattr(row, column)
        if values.setdefault(row.concept_id, value) != value:
            what = f"concept {row.concept_id} has another {column} further up"
            problems.append(Problem(f"{path} line {line}", what, "keep one line of each concept"))
    refuse(path, problems)
    return {concept: value for concept, value in values.items() if value is not None}


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
