"""Our tables as Arrow sees them."""

from __future__ import annotations

import pyarrow as pa

from ldn_spark.schemas import Table

_TYPES = {
    "bigint": pa.int64(),
    "int": pa.int32(),
    "boolean": pa.bool_(),
    "string": pa.string(),
    "date": pa.date32(),
    "decimal(18,6)": pa.decimal128(18, 6),
    "decimal(38,0)": pa.decimal128(38, 0),
}


def arrow_schema(table: Table) -> pa.Schema:
    """The columns of a table of plain types."""
    return pa.schema([(name, _TYPES[kind]) for name, kind in table.columns])
