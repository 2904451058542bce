"""Lists of product numbers: read from a file, checked line by line, hashed with the study."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ldn_spark.csv_files import Row, read_rows
from ldn_spark.errors import ConfigError, Problem
from ldn_spark.study.codes import parse_concept_id, parse_product_number
from ldn_spark.study.documents import conf_folder

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
    codes: set[str] = set()
    for number, code, parse in _included_codes(path, rows, problems):
        try:
            codes.add(parse(code))
        except ValueError as error:
            what, _, mend = str(error).partition("; ")
            problems.append(Problem(f"{path} line {number}", what, mend))
    if not codes and not problems:
        problems.append(
            Problem(str(path), f"codelist '{name}' holds no product number", "add at least one")
        )
    if problems:
        raise ConfigError(problems)
    return Codelist(name, tuple(sorted(codes)), str(path))


def no_such_list(name: str, path: Path) -> Problem:
    """That a list is not there, and which it may be."""
    known = sorted(file.stem for file in (conf_folder() / "codelists").glob("*.csv"))
    close = difflib.get_close_matches(name, known, n=1)
    mend = f"did you mean '{close[0]}'?" if close else "check the path"
    return Problem(f"codelist '{name}'", f"no file {path}", mend)


def _included_codes(
    path: Path, rows: Sequence[Row], problems: list[Problem]
) -> Iterator[tuple[int, str, Callable[[str], str]]]:
    """Line number, code and its parser of every line that is meant to be in the list."""
    if not rows:
        return
    if rows[0].fields[0][:1].isdigit():
        for row in rows:
            yield row.line, " ".join(row.fields).strip(), parse_product_number
        return
    header = [name.lower() for name in rows[0].fields]
    column = next((name for name in _PARSERS if name in header), None)
    if column is None:
        problems.append(
            Problem(
                f"{path} line {rows[0].line}",
                "the header has no column 'code'",
                "name the column of product numbers 'code', or give a plain list of numbers",
            )
        )
        return
    for row in rows[1:]:
        cells = dict(zip(header, row.fields, strict=False))
        wanted = cells.get(INCLUDE_COLUMN, "").lower()
        if wanted in _NO:
            continue
        if wanted not in _YES:
            what = "'include' is neither yes nor no"
            problems.append(Problem(f"{path} line {row.line}", what, "write yes or no"))
            continue
        yield row.line, cells.get(column, ""), _PARSERS[column]


_PARSERS = {CODE_COLUMN: parse_product_number, CONCEPT_COLUMN: parse_concept_id}
