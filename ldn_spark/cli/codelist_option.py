"""The option `--codelist NAME=FILE`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ldn_spark.errors import Problem, UsageError


def codelist_files(given: Sequence[str] | None) -> dict[str, Path]:
    """`NAME=FILE` arguments as a mapping.

    Raises:
        UsageError: one is not of that form.

    >>> codelist_files(["ldn_products=numbers.csv"])
    {'ldn_products': PosixPath('numbers.csv')}
    """
    files = {}
    for item in given or ():
        name, equals, path = item.partition("=")
        if not (name and equals and path):
            raise UsageError(
                Problem(
                    "--codelist", f"'{item}' is not NAME=FILE", "write ldn_products=numbers.csv"
                )
            )
        files[name] = Path(path)
    return files
