"""Options of the form NAME=FILE: `--codelist`, `--lookup`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ldn_spark.errors import Problem, UsageError
from ldn_spark.places.place import Place, as_place, is_url_text


def named_files(given: Sequence[str] | None, option: str = "--codelist") -> dict[str, Place]:
    """`NAME=FILE` arguments as a mapping.

    Raises:
        UsageError: one is not of that form, or a name has two files.

    >>> named_files(["ldn_products=numbers.csv"])
    {'ldn_products': PosixPath('numbers.csv')}
    """
    files = {}
    for item in given or ():
        name, equals, path = item.partition("=")
        if not (name and equals and path):
            what = f"'{item}' is not NAME=FILE"
            raise UsageError(Problem(option, what, "write it like ldn_products=numbers.csv"))
        if name in files:
            raise UsageError(Problem(option, f"'{name}' is given twice", "give it one file"))
        files[name] = as_place(path) if is_url_text(path) else Path(path)
    return files
