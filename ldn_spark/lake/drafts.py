"""Files that are whole under their own name: written beside it, then renamed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ldn_spark.engine.embedded import ROW_GROUP_ROWS

_ROW_GROUP_ROWS = 32_768


def write_arrow(rows: pa.Table, draft: Path, path: Path) -> None:
    """Write an Arrow file of one piece, to be mapped into memory."""
    rows = rows.combine_chunks()
    with pa.OSFile(str(draft), "wb") as stream, pa.ipc.new_file(stream, rows.schema) as file:
        file.write_table(rows)
    os.replace(draft, path)


def mapped(path: Path | str) -> pa.Table:
    """An Arrow file; it is read where it is looked at."""
    with pa.memory_map(str(path)) as content:
        return pa.ipc.open_file(content).read_all()


def write_stored(
    rows: pa.Table,
    draft: Path,
    path: Path,
    *,
    encoded: Sequence[str] | bool = True,
    statistics: Sequence[str] = (),
) -> int:
    """Write a data file of the lake.

    Args:
        rows: its content.
        draft: where it is written.
        path: where it is put when it is whole.
        encoded: the columns with few different values.
        statistics: the columns whose minima and maxima may stand in it; no identifier's do.

    Returns:
        Its size in bytes.
    """
    pq.write_table(
        rows,
        draft,
        row_group_size=ROW_GROUP_ROWS,
        compression="zstd",
        compression_level=1,
        use_dictionary=encoded,
        write_statistics=list(statistics),
        write_page_checksum=True,
        store_decimal_as_integer=True,
        store_schema=False,
    )
    size = draft.stat().st_size
    os.replace(draft, path)
    return size


def write_parquet(rows: pa.Table, draft: Path, path: Path) -> None:
    """Write a file that is read once or twice, soon.

    Args:
        rows: its content.
        draft: where it is written.
        path: where it is put when it is whole.
    """
    pq.write_table(
        rows,
        draft,
        row_group_size=_ROW_GROUP_ROWS,
        compression="none",  # packing would cost more than it saves
        use_dictionary=[one.name for one in rows.schema if pa.types.is_dictionary(one.type)],
        write_statistics=False,
        store_schema=bool(rows.schema.metadata),
    )
    os.replace(draft, path)
