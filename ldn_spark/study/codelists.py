"""Lists of product numbers: read from a file, checked line by line, hashed with the study."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from ldn_spark.errors import Problem
from ldn_spark.study.codes import parse_concept_id, parse_product_number
from ldn_spark.texts.csv_files import CsvRow, Fault, Row, read_rows, refuse, typed_rows
from ldn_spark.texts.documents import conf_folder

CODE_COLUMN = "code"
CONCEPT_COLUMN = "concept_id"
INCLUDE_COLUMN = "include"
_YES = {"", "yes", "y", "1", "true"}
_NO = {"no", "n", "0", "false"}


@dataclass(frozen=True, slots=True)
class Codelist:
    """Product numbers that belong to one thing, sorted and without repeats."""

    name: str
    codes: tuple[str, ...]
    source: str


def read_codelist(name: str, path: Path | None = None) -> Codelist:
    """Read `conf/codelists/<name>.csv`, or the file that replaces it for this run.

    The file is either a plain list, one product number a line, or a CSV with a header that has a
    `code` column and, if wanted, an `include` column (yes/no). In the place of `code` there may be
    a `concept_id` column, as OMOP's tools write it: a CDM's products are its drug concepts. Blank
    lines and lines that begin with `#` do not count.

    Raises:
        ConfigError: missing file, neither column, malformed numbers (all lines at once), or no
            number left.
    """
    path = path or conf_folder() / "codelists" / f"{name}.csv"
    rows = read_rows(path, comments=True, missing=no_such_list(name, path))
    problems: list[Problem] = []
    codes = {*_codes(path, rows, problems)}
    if not codes and not problems:
        problems.append(
            Problem(str(path), f"codelist '{name}' holds no product number", "add at least one")
        )
    refuse(path, problems)
    return Codelist(name, tuple(sorted(codes)), str(path))


def no_such_list(name: str, path: Path) -> Problem:
    """That a list is not there, and which it may be."""
    known = sorted(file.stem for file in (conf_folder() / "codelists").glob("*.csv"))
    close = difflib.get_close_matches(name, known, n=1)
    mend = f"did you mean '{close[0]}'?" if close else "check the path"
    return Problem(f"codelist '{name}'", f"no file {path}", mend)


def _codes(path: Path, rows: Sequence[Row], problems: list[Problem]) -> Iterator[str]:
    """The code of every line that is meant to be in the list."""
    if not rows:
        return
    heading: Callable[[str], str] = str.lower
    model: type[_Product] = _Product
    if rows[0].fields[0][:1].isdigit():  # no header: a line is a number
        rows = [Row(0, ("",)), *(Row(row.line, (" ".join(row.fields).strip(),)) for row in rows)]
        heading = _of_plain_list
    elif CODE_COLUMN not in (names := [name.lower() for name in rows[0].fields]):
        model = _Concept if CONCEPT_COLUMN in names else _Product
    for _, row in typed_rows(
        path, rows, model, problems, heading=heading, passed_over=_is_left_out
    ):
        yield row.code


def _of_plain_list(heading: str) -> str:
    return CODE_COLUMN


def _is_left_out(cells: Mapping[str, str]) -> bool:
    return cells.get(INCLUDE_COLUMN, "").lower() in _NO


def _is_yes(text: str) -> bool:
    if text.lower() not in _YES:
        raise Fault("'include' is neither yes nor no", "write yes or no")
    return True


class _Product(CsvRow):
    code: Annotated[str, BeforeValidator(parse_product_number)]
    include: Annotated[bool, BeforeValidator(_is_yes)] = True


class _Concept(_Product):
    code: Annotated[str, BeforeValidator(parse_concept_id)] = Field(alias=CONCEPT_COLUMN)
