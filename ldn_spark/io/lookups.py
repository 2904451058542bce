"""Small CSVs that the user supplies beside a delivery: more columns, by the value of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ldn_spark.csv_files import read_rows
from ldn_spark.errors import ConfigError, Problem
from ldn_spark.io.declared import Lookup
from ldn_spark.io.file_kinds import no_file
from ldn_spark.io.sources import Source

LookupTable = Mapping[str, "tuple[str | None, ...]"]
"""What a lookup gives, in the order of `Lookup.gives`, by its key; None = an empty cell."""


def read_lookups(source: Source, files: Mapping[str, Path]) -> dict[str, LookupTable]:
    """The content of a source's lookups, by name; plain and picklable, for the parsing tasks.

    Args:
        source: declares the lookups.
        files: the CSV of each lookup, by name.

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
                gives = ", ".join(lookup.gives)
                what = f"source {source.id} needs the lookup '{name}' ({lookup.key} → {gives})"
                problems.append(Problem("--lookup", what, f"give --lookup {name}=FILE"))
            continue
        try:
            tables[name] = read_lookup(lookup, files[name], key_reader(source, lookup))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return tables


def key_reader(source: Source, lookup: Lookup) -> Callable[[str], str]:
    """How a key is compared: without blanks around it, product numbers at their full width."""
    width = source.product_number_width or 0
    if lookup.key != source.delivered.get("product_number"):
        return str.strip

    def key(text: str) -> str:
        trimmed = text.strip()
        return trimmed.zfill(width) if trimmed.isdecimal() else trimmed.upper()

    return key


def read_lookup(
    lookup: Lookup, path: Path, key: Callable[[str], str] = str.strip
) -> dict[str, tuple[str | None, ...]]:
    """Read the CSV of a lookup: UTF-8, a header line, its delimiter `,`, `;` or a tab.

    Returns:
        By key, the trimmed texts of the given columns; None where the cell is empty.

    Raises:
        ConfigError: the file cannot be read, lacks a column or has another one, or has a key twice
            or none; every problem with its line.
    """
    if what := no_file(path):
        raise ConfigError(Problem(str(path), what, "give a CSV file"))
    lines = read_rows(path)
    header = list(lines[0].fields) if lines else []
    wanted = (lookup.key, *lookup.gives)
    problems = list(_header_problems(path, header, wanted))
    if problems:
        raise ConfigError(problems)
    places = [header.index(name) for name in wanted]
    table: dict[str, tuple[str | None, ...]] = {}
    first_lines: dict[str, int] = {}
    for row in lines[1:]:
        where, cells = f"{path} line {row.line}", row.fields
        if len(cells) != len(header):
            what = f"has {len(cells)} fields, the header {len(header)}"
            problems.append(Problem(where, what, "mend the line"))
            continue
        found, *given = (cells[place] for place in places)
        name = key(found)
        if not found:
            problems.append(Problem(where, f"the key '{lookup.key}' is empty", "fill it in"))
        elif name in table:
            what = f"has the key of line {first_lines[name]} again"
            problems.append(Problem(where, what, "keep one of them"))
        else:
            table[name], first_lines[name] = tuple(cell or None for cell in given), row.line
    if problems:
        raise ConfigError(problems)
    return table


def _header_problems(path: Path, header: list[str], wanted: tuple[str, ...]) -> Iterator[Problem]:
    where = f"{path} line 1"
    if not header:
        yield Problem(str(path), "is empty", f"write a header line with {', '.join(wanted)}")
        return
    for name in wanted:
        if name not in header:
            yield Problem(where, f"the column '{name}' is missing", "add it")
        elif header.count(name) > 1:
            yield Problem(where, f"the column '{name}' occurs twice", "remove one")
    for name in dict.fromkeys(header):
        if name not in wanted:
            mend = "remove it, or name it under 'gives' of the lookup"
            yield Problem(where, f"the column '{name}' is not one of the lookup's", mend)
