"""Small CSVs that the user supplies beside a delivery: more columns, by the value of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, create_model

from ldn_spark.delivery.files.file_kinds import no_file
from ldn_spark.delivery.source.declared import Lookup
from ldn_spark.delivery.source.sources import Source
from ldn_spark.errors import ConfigError, Problem
from ldn_spark.shown import numbered
from ldn_spark.texts.csv_files import CsvRow, Fault, read_rows, refuse, typed_rows

LookupTable = Mapping["tuple[str, ...]", "tuple[str | None, ...]"]
"""What a lookup gives, in the order of `Lookup.gives`, by its keys in the order of `Lookup.keys`;
None = an empty cell."""
Warn = Callable[[str], None]


def read_lookups(
    source: Source, files: Mapping[str, Path], warn: Warn = lambda text: None
) -> dict[str, LookupTable]:
    """The content of a source's lookups, by name; plain and picklable, for the parsing tasks.

    Args:
        source: declares the lookups.
        files: the CSV of each lookup, by name.
        warn: is told of further columns in a file, once for each file.

    Raises:
        ConfigError: a lookup has no file, a file no lookup, or a file is wrong; all at once.
    """
    declared = {lookup.name: lookup for lookup in source.lookups}
    known = ", ".join(declared) or "none"
    problems = [
        Problem(f"--lookup {name}", f"source {source.id} has no lookup '{name}'", f"known: {known}")
        for name in files
        if name not in declared
    ]
    tables: dict[str, LookupTable] = {}
    for name, lookup in declared.items():
        if name not in files:
            if lookup.required:
                does = f"{', '.join(lookup.keys)} → {', '.join(lookup.gives)}"
                what = f"source {source.id} needs the lookup '{name}' ({does})"
                problems.append(Problem("--lookup", what, f"give --lookup {name}=FILE"))
            continue
        try:
            readers = [key_reader(source, column) for column in lookup.keys]
            tables[name] = read_lookup(lookup, files[name], readers, warn)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return tables


def key_reader(source: Source, column: str) -> Callable[[str], str]:
    """How a key is compared: without blanks around it, product numbers at their full width."""
    width = source.product_number_width or 0
    if column != source.delivered.get("product_number"):
        return str.strip

    def key(text: str) -> str:
        trimmed = text.strip()
        return trimmed.zfill(width) if trimmed.isdecimal() else trimmed.upper()

    return key


def read_lookup(
    lookup: Lookup,
    path: Path,
    readers: Sequence[Callable[[str], str]] | None = None,
    warn: Warn = lambda text: None,
) -> dict[tuple[str, ...], tuple[str | None, ...]]:
    """Read the CSV of a lookup: UTF-8, a header line, its delimiter `,`, `;` or a tab.

    Further columns are left aside, with one warning.

    Args:
        lookup: its columns.
        path: the file.
        readers: how each key is compared; as they are written where it is not said.
        warn: is told of further columns.

    Returns:
        By its keys, the trimmed texts of the given columns; None where the cell is empty.

    Raises:
        ConfigError: the file cannot be read, lacks a column, or has keys twice or none; every
            problem with its line.
    """
    if what := no_file(path):
        raise ConfigError(Problem(str(path), what, "give a CSV file"))
    lines = read_rows(path)
    header = lines[0].fields if lines else ()
    wanted = (*lookup.keys, *lookup.gives)
    if others := [name for name in dict.fromkeys(header) if name and name not in wanted]:
        are = numbered(len(others), "column is", "columns are")
        warn(f"{path}: {are} not one of the lookup '{lookup.name}': {', '.join(others)}; ignored")
    problems: list[Problem] = []
    table: dict[tuple[str, ...], tuple[str | None, ...]] = {}
    first_lines: dict[tuple[str, ...], int] = {}
    model = _row_model(lookup, readers or [str.strip] * len(lookup.keys))
    cells_of = attrgetter(*model.model_fields)
    for line, row in typed_rows(path, lines, model, problems):
        cells = cells_of(row)
        key, given = cells[: len(lookup.keys)], cells[len(lookup.keys) :]
        if key in table:
            what = f"has the key of line {first_lines[key]} again"
            problems.append(Problem(f"{path} line {line}", what, "keep one of them"))
        else:
            table[key], first_lines[key] = given, line
    refuse(path, problems)
    return table


def _row_model(lookup: Lookup, readers: Sequence[Callable[[str], str]]) -> type[CsvRow]:
    """What a row holds: the keys as they are compared, then what is given; None = empty."""
    fields: dict[str, Any] = {}
    for name, read in zip(lookup.keys, readers, strict=True):
        key = Annotated[str, BeforeValidator(partial(_key, read))]
        fields[f"cell{len(fields)}"] = (key, Field(alias=name))
    for name in lookup.gives:
        given = Annotated[str | None, BeforeValidator(lambda text: text or None)]
        fields[f"cell{len(fields)}"] = (given, Field(alias=name))
    return create_model("LookupRow", __base__=CsvRow, **fields)


def _key(read: Callable[[str], str], text: str) -> str:
    if not text:
        raise Fault("the key is empty", "fill it in")
    return read(text)
