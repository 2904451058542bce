"""The first case that applies, as a column."""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import Column
from pyspark.sql import functions as F


def first_case(cases: Iterable[tuple[Column, Column]], otherwise: Column) -> Column:
    """The value of the first condition that holds, else `otherwise`.

    Args:
        cases: conditions, and the value of each; there may be none.
        otherwise: the value where none holds, null among the conditions included.
    """
    chain: Column | None = None
    for condition, value in cases:
        chain = F.when(condition, value) if chain is None else chain.when(condition, value)
    return otherwise if chain is None else chain.otherwise(otherwise)
