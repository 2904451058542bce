"""Parquet files for the engine that are whole under their own name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_ROW_GROUP_ROWS = 32_768


def write_parquet(rows: pa.Table, draft: Path, path: Path, statistics: Sequence[str] = ()) -> None:
    """Write a file that is read once or twice, soon.

    Args:
        rows: its content.
        draft: where it is written.
        path: where it is put when it is whole.
        statistics: the columns whose minima and maxima tell which rows are not wanted.
    """
    pq.write_table(
        rows,
        draft,
        row_group_size=_ROW_GROUP_ROWS,
        compression="none",  # packing would cost more than it saves
        use_dictionary=[one.name for one in rows.schema if pa.types.is_dictionary(one.type)],
        write_statistics=list(statistics),
        store_schema=bool(rows.schema.metadata),
    )
    os.replace(draft, path)
