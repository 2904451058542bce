"""Lists of product numbers: read from a file, checked line by line, hashed with the study."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

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
    lines = read_lines(name, path)
    problems: list[Problem] = []
    codes: set[str] = set()
    for number, code, parse in _included_codes(path, lines, problems):
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


def read_lines(name: str, path: Path) -> list[tuple[int, str]]:
    """The lines of a codelist that count, with their numbers; blank lines and comments do not.

    Raises:
        ConfigError: the file is missing, unreadable or not UTF-8.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        known = sorted(file.stem for file in (conf_folder() / "codelists").glob("*.csv"))
        close = difflib.get_close_matches(name, known, n=1)
        mend = f"did you mean '{close[0]}'?" if close else "check the path"
        raise ConfigError(Problem(f"codelist '{name}'", f"no file {path}", mend)) from None
    except UnicodeDecodeError:
        raise ConfigError(Problem(str(path), "is not UTF-8 text", "save it as UTF-8")) from None
    except OSError as error:
        raise ConfigError(Problem(str(path), error.strerror or "cannot be read")) from None
    numbered = enumerate(text.splitlines(), start=1)
    return [(n, line) for n, line in numbered if line.strip() and not line.startswith("#")]


def delimiter_of(header: str) -> str:
    """The delimiter that a header line uses: a comma, else a semicolon, else a tab.

    >>> delimiter_of("code;term"), delimiter_of("code"), delimiter_of("code,term;notes")
    (';', ',', ',')
    """
    return next((mark for mark in ",;\t" if mark in header), ",")


def split_fields(line: str, delimiter: str) -> list[str]:
    """The fields of one line of a CSV, without the blanks around them."""
    return [field.strip() for field in next(csv.reader([line], delimiter=delimiter))]


def _included_codes(
    path: Path, lines: list[tuple[int, str]], problems: list[Problem]
) -> Iterator[tuple[int, str, Callable[[str], str]]]:
    """Line number, code and its parser of every line that is meant to be in the list."""
    if not lines:
        return
    first_line = lines[0][1]
    if first_line.strip().strip('"')[:1].isdigit():
        for number, line in lines:
            yield number, line.strip().strip('"'), parse_product_number
        return
    delimiter = delimiter_of(first_line)
    header = [name.lower() for name in split_fields(first_line, delimiter)]
    column = next((name for name in _PARSERS if name in header), None)
    if column is None:
        problems.append(
            Problem(
                f"{path} line {lines[0][0]}",
                "the header has no column 'code'",
                "name the column of product numbers 'code', or give a plain list of numbers",
            )
        )
        return
    for number, line in lines[1:]:
        row = dict(zip(header, split_fields(line, delimiter), strict=False))
        wanted = row.get(INCLUDE_COLUMN, "").lower()
        if wanted in _NO:
            continue
        if wanted not in _YES:
            problems.append(
                Problem(
                    f"{path} line {number}", "'include' is neither yes nor no", "write yes or no"
                )
            )
            continue
        yield number, row.get(column, ""), _PARSERS[column]


_PARSERS = {CODE_COLUMN: parse_product_number, CONCEPT_COLUMN: parse_concept_id}
