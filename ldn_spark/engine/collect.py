"""The seam between cluster and driver: the only place where rows come across.

Only group-level tables and single persons' absence pass here; never a person's rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ldn_spark.engine.waiting import wait_for

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame


def table(frame: DataFrame) -> pa.Table:
    """A small, group-level frame, its rows in no order that may be relied on."""
    return wait_for(frame.toArrow)


def rows(frame: DataFrame) -> list[dict[str, Any]]:
    """The rows of a small, group-level frame, in no order that may be relied on."""
    return table(frame).to_pylist()


def one(frame: DataFrame) -> dict[str, Any]:
    """The only row of an ungrouped aggregate."""
    (row,) = rows(frame)
    return row
