"""Files that are whole under their own name: written beside it, then renamed, or put into a store.

An Arrow file of this machine is mapped into memory. In a store it is written in pieces, with the
first place of each in its end, so that a part of it is read without the rest.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ldn_spark.engine.embedded import ROW_GROUP_ROWS
from ldn_spark.places.files import readable, written
from ldn_spark.places.place import Place, back, is_url

_ROW_GROUP_ROWS = 32_768
_PIECE_ROWS = 16_384
_ENDS = b"ends"


@contextmanager
def _whole(draft: Place, path: Place) -> Iterator[Path]:
    """A file to write to; when it is whole it is put under its own name."""
    if is_url(path):
        with written(path) as file:
            yield file
        return
    yield draft
    os.replace(draft, path)


def write_arrow(rows: pa.Table, draft: Place, path: Place, order: np.ndarray) -> None:
    """Write an Arrow file, to be mapped into memory or read in parts.

    Args:
        rows: its content.
        draft: where it is written, on a disk.
        path: where it is put when it is whole.
        order: the whole number that the rows are sorted by.
    """
    rows, size = rows.combine_chunks(), len(rows)
    if is_url(path):
        size = _PIECE_ROWS
        ends = [*order[::_PIECE_ROWS].tolist(), *order[-1:].tolist()]
        rows = rows.replace_schema_metadata({_ENDS: json.dumps(ends)})
    with (
        _whole(draft, path) as file,
        pa.OSFile(str(file), "wb") as stream,
        pa.ipc.new_file(stream, rows.schema) as writer,
    ):
        writer.write_table(rows, max_chunksize=max(size, 1))


def mapped(path: Place | str) -> pa.Table:
    """An Arrow file; it is read where it is looked at, or whole from a store."""
    return mapped_between(path, None, None)


def mapped_between(path: Place | str, first: int | None, last: int | None) -> pa.Table:
    """An Arrow file, or a part of it that holds all rows between two numbers of its order.

    Args:
        path: the file, or its text.
        first: the smallest number that is wanted; None for no bound.
        last: the largest one, included; None for no bound.
    """
    place = back(path) if isinstance(path, str) else path
    if not is_url(place):
        with pa.memory_map(str(place)) as content:
            return pa.ipc.open_file(content).read_all()
    with readable(place) as stream:
        file = pa.ipc.open_file(stream)
        ends = json.loads(file.schema.metadata[_ENDS])
        pieces = [
            file.get_batch(number)
            for number, (low, high) in enumerate(pairwise(ends))
            if (last is None or low <= last) and (first is None or high >= first)
        ]
        return pa.Table.from_batches(pieces, file.schema).replace_schema_metadata(None)


def ends_of(path: Place) -> tuple[int, int] | None:
    """The numbers of the first and the last row of a file in a store; None of one on a disk."""
    if not is_url(path):
        return None
    with readable(path) as stream:
        ends = json.loads(pa.ipc.open_file(stream).schema.metadata[_ENDS])
    return ends[0], ends[-1]


def rows_of(path: Place) -> int:
    """About how many rows an Arrow file has: a store is not asked for all of them."""
    if not is_url(path):
        return len(mapped(path))
    with readable(path) as stream:
        return pa.ipc.open_file(stream).num_record_batches * _PIECE_ROWS


def write_stored(
    rows: pa.Table,
    draft: Place,
    path: Place,
    *,
    encoded: Sequence[str] | bool = True,
    statistics: Sequence[str] = (),
) -> int:
    """Write a data file of the lake: the values of its rows, and no others.

    A column that is encoded already brings the dictionary of all that it was cut from, values of
    other years and persons too; a dictionary page would keep them.

    Args:
        rows: its content.
        draft: where it is written.
        path: where it is put when it is whole.
        encoded: the columns with few different values.
        statistics: the columns whose minima and maxima may stand in it; no identifier's do.

    Returns:
        Its size in bytes.
    """
    with _whole(draft, path) as file:
        pq.write_table(
            with_own_values(rows),
            file,
            row_group_size=ROW_GROUP_ROWS,
            compression="zstd",
            compression_level=1,
            use_dictionary=encoded,
            write_statistics=list(statistics),
            write_page_checksum=True,
            store_decimal_as_integer=True,
            store_schema=False,
        )
        return file.stat().st_size


def with_own_values(rows: pa.Table) -> pa.Table:
    """The same rows, whose dictionaries hold what some row has and nothing else."""
    for at, field in enumerate(rows.schema):
        if pa.types.is_dictionary(field.type):
            rows = rows.set_column(at, field.name, _with_own_values(rows[field.name]))
    return rows


def _with_own_values(column: pa.ChunkedArray) -> pa.DictionaryArray:
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # of no chunk
        return pa.array([], column.type)
    used = np.unique(whole.indices.drop_null().to_numpy(zero_copy_only=False))
    if len(used) == len(whole.dictionary):
        return whole
    place = np.zeros(len(whole.dictionary), np.int32)
    place[used] = np.arange(len(used))
    indices = pa.array(place).take(whole.indices)
    return pa.DictionaryArray.from_arrays(indices, whole.dictionary.take(pa.array(used)))


def write_parquet(rows: pa.Table, draft: Place, path: Place) -> None:
    """Write a file that is read once or twice, soon.

    Args:
        rows: its content.
        draft: where it is written.
        path: where it is put when it is whole.
    """
    with _whole(draft, path) as file:
        pq.write_table(
            rows,
            file,
            row_group_size=_ROW_GROUP_ROWS,
            compression="none",  # packing would cost more than it saves
            use_dictionary=[one.name for one in rows.schema if pa.types.is_dictionary(one.type)],
            write_statistics=False,
            store_schema=bool(rows.schema.metadata),
        )


def read_parquet(place: Place) -> pa.Table:
    """The rows of a Parquet file, or of all of a folder."""
    if is_url(place):
        return pq.read_table(place.path, filesystem=place.fs)
    return pq.read_table(place)
