"""The names that a source expects of its files, as patterns of a folder."""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated

from pydantic import AfterValidator

from ldn_spark.texts.values import Text


def check_pattern(text: str) -> str:
    """A pattern that a folder can be searched by: `*.csv`, `2013/*.txt`.

    Raises:
        ValueError: it leads out of the folder, or `**` is not a whole part of it.

    >>> check_pattern("dispensings*.csv")
    'dispensings*.csv'
    """
    parts = PurePath(text).parts
    if not parts or PurePath(text).is_absolute() or ".." in parts:
        raise ValueError(f"'{text}' leads out of the folder; write a pattern like *.csv")
    if any("**" in part and part != "**" for part in parts):
        raise ValueError(f"'{text}' is no pattern; '**' stands for whole folders, '*' for a name")
    return text


FilePattern = Annotated[Text, AfterValidator(check_pattern)]
