"""The CSV files that users write for us: codelists, lookups, alterations, published values.

One reader for all of them, and every limit of such a file is here or in `text_files` (size,
encoding, characters that are no text): fields of any length; as many in every row as the header
has; each column that is read once. Every row becomes an object of a row model, and whatever is
wrong names file, line, column and the mend. Delivered files are read by `delivery/files/lines.py`;
what we write ourselves, formula signs included, is made by `csv_cells`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ldn_spark.errors import ConfigError, Problem
from ldn_spark.shown import numbered
from ldn_spark.texts.text_files import read_text

_LONGEST_FIELD = (1 << 31) - 1
csv.field_size_limit(_LONGEST_FIELD)  # 131,072 characters otherwise, for the whole process

DELIMITERS = ",;\t"
MOST_PROBLEMS = 100
"""How many problems of one file are told; of the others, how many they are."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is not blank.

    Attributes:
        line: the line of the file that it begins on, counted from 1.
        fields: its fields without the blanks around them.
    """

    line: int
    fields: tuple[str, ...]


class CsvRow(BaseModel):
    """A row model: a field for every column that is read, by the column's name or its alias.

    A field without a default must be in the header. Validators get the text without the blanks
    around it, and raise `Fault`, or a ValueError of the form `what; mend`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


class Fault(ValueError):
    """What is wrong with a field or a row, and what to do about it."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what, self.mend = what, mend


Model = TypeVar("Model", bound=CsvRow)


def delimiter_of(header: str, among: str = DELIMITERS) -> str:
    """The delimiter that a header line uses: the one that occurs most, the first of equals.

    >>> delimiter_of("code;term"), delimiter_of("code"), delimiter_of("code,term,a;b")
    (';', ',', ',')
    """
    return max(among, key=header.count)


def read_rows(
    path: Path,
    *,
    among: str = DELIMITERS,
    comments: bool = False,
    missing: Problem | None = None,
) -> list[Row]:
    """The rows of a CSV that are not blank, the header first; its delimiter is the header's.

    Args:
        path: the file.
        among: the delimiters that it may have.
        comments: pass over lines that begin with `#`.
        missing: what to say when there is no file.

    Raises:
        ConfigError: as `read_text` and `split_rows`.
    """
    text = read_text(path, missing)
    lines = io.StringIO(text, newline="")
    header = next((n for n in lines if n.strip() and not (comments and n.startswith("#"))), "")
    return list(split_rows(path, text, delimiter_of(header, among), comments=comments))


def split_rows(path: Path, text: str, delimiter: str, *, comments: bool = False) -> Iterator[Row]:
    """The rows of a CSV that are not blank; a quoted field may hold line ends.

    Args:
        path: of the file, for what is said of it.
        text: its text.
        delimiter: between its fields.
        comments: pass over lines that begin with `#`.

    Raises:
        ConfigError: a quotation mark is not closed, or something stands behind it.
    """
    lines = io.StringIO(text, newline="")
    kept = ("\n" if comments and line.startswith("#") else line for line in lines)
    rows, first = csv.reader(kept, delimiter=delimiter, strict=True), 1
    try:
        for cells in rows:
            fields = tuple(cell.strip() for cell in cells)
            if any(fields):
                yield Row(first, fields)
            first = rows.line_num + 1
    except csv.Error as error:
        where = f"{path} line {first}"
        raise ConfigError(Problem(where, f"is no CSV: {error}", "mend the line")) from None


def typed_rows(
    path: Path,
    rows: Sequence[Row],
    model: type[Model],
    problems: list[Problem],
    *,
    heading: Callable[[str], str] = str,
    passed_over: Callable[[Mapping[str, str]], bool] | None = None,
    context: Any = None,
) -> Iterator[tuple[int, Model]]:
    """Line and content of every row that is as its model wants it.

    Args:
        path: of the file, for what is said of it.
        rows: as `read_rows` gives them.
        model: what a row holds.
        problems: what is wrong is added here, in the order of the lines; `refuse` it in the end.
        heading: makes a column's name of what the header says.
        passed_over: tells rows that are not meant to be read, whatever they hold.
        context: what the model's validators know beside the row.
    """
    columns = {one.alias or name: one.is_required() for name, one in model.model_fields.items()}
    names = [heading(name) for name in rows[0].fields] if rows else []
    if faults := list(_header_problems(path, rows, names, columns)):
        problems += faults
        return
    headings = dict(zip(names, rows[0].fields, strict=True))
    for row in rows[1:]:
        where = f"{path} line {row.line}"
        if len(row.fields) < len(names) or any(row.fields[len(names) :]):
            what = f"has {numbered(len(row.fields), 'field')}, the header {len(names)}"
            problems.append(Problem(where, what, "mend the line"))
            continue
        cells = {name: text for name, text in zip(names, row.fields, strict=False) if name}
        if passed_over is not None and passed_over(cells):
            continue
        try:
            yield row.line, model.model_validate(cells, context=context)
        except ValidationError as error:
            problems += _row_problems(where, error, headings)


def _header_problems(
    path: Path, rows: Sequence[Row], names: Sequence[str], columns: Mapping[str, bool]
) -> Iterator[Problem]:
    required = [name for name, is_required in columns.items() if is_required]
    mend = f"begin with a header line that names {', '.join(required)}"
    if not rows:
        yield Problem(str(path), "is empty", mend)
        return
    where = f"{path} line {rows[0].line}"
    if missing := [name for name in required if name not in names]:
        yield Problem(where, f"the header has no column {', '.join(missing)}", mend)
    for name in columns:
        if names.count(name) > 1:
            yield Problem(where, f"the column '{name}' occurs twice", "remove one")


def _row_problems(
    where: str, error: ValidationError, headings: Mapping[str, str]
) -> Iterator[Problem]:
    for one in error.errors(include_url=False, include_input=False):
        heading = headings.get(str(one["loc"][0]), "") if one["loc"] else ""
        place = f"{where} column {heading}" if heading else where
        fault = one["ctx"]["error"]
        what, _, mend = str(fault).partition("; ")
        if isinstance(fault, Fault):
            what, mend = fault.what, fault.mend
        yield Problem(place, what, mend)


def refuse(path: Path, problems: Sequence[Problem]) -> None:
    """Turn a file with problems away.

    Raises:
        ConfigError: there are problems; the first hundred, and how many there are more.
    """
    if (more := len(problems) - MOST_PROBLEMS) > 0:
        rest = Problem(str(path), f"has {numbered(more, 'more problem')}", "mend these first")
        problems = [*problems[:MOST_PROBLEMS], rest]
    if problems:
        raise ConfigError(problems)


def split_line(text: str, delimiter: str, quote: str | None) -> list[str]:
    """The fields of one line without its end; a quoted field may hold the delimiter."""
    if not quote:
        return text.split(delimiter)
    return next(csv.reader([text], delimiter=delimiter, quotechar=quote), [])
