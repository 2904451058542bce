"""Feather files (Arrow's file format, Feather's version 2) turned into Parquet, batch by batch.

The format has no checksums: every batch that is read is held against its own bounds first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ldn_spark.delivery.files.converted import scan_converted
from ldn_spark.delivery.files.file_kinds import require_utf8_path
from ldn_spark.delivery.files.layouts import Layout
from ldn_spark.delivery.files.readers import Reader, Scan, Scanned
from ldn_spark.delivery.files.tabular import damaged, is_damage, time_problems, type_problems
from ldn_spark.delivery.source.sources import Source
from ldn_spark.errors import DeliveryError, Problem
from ldn_spark.places.files import opened
from ldn_spark.places.place import Place, is_url

_GROUP_ROWS = 200_000


class FeatherFiles(Reader):
    """Feather files; memory holds the read columns of one of their batches."""

    def header(self, path: Path, source: Source) -> str:
        """The names of the columns, a line each."""
        return "\n".join(_schema(path).names)

    def scan(self, scan: Scan) -> Scanned:
        """Turn a file into Parquet."""

        def convert(layout: Layout, target: Path) -> pa.Schema:
            schema = _schema(scan.path)
            plain = pa.schema([field.with_type(_plain(field.type)) for field in schema])
            problems = list(type_problems(str(scan.path), plain, layout))
            if not problems:
                _convert(scan, layout, target)
                problems = list(time_problems(target, str(scan.path), layout))
            if problems:
                raise DeliveryError(problems)
            return plain

        return scan_converted(scan, self.form, _schema(scan.path).names, convert)

    def first_rows(self, path: Path, count: int) -> pa.Table:
        """The first rows of a file, all columns."""
        batches: list[pa.RecordBatch] = []
        with _opened(path) as file:
            for number in range(file.num_record_batches):
                if sum(map(len, batches)) >= count:
                    break
                batches.append(file.get_batch(number))
                _check(batches[-1])
            return pa.Table.from_batches(batches, file.schema).slice(0, count)


def _schema(path: Path) -> pa.Schema:
    with _opened(path) as file:
        return file.schema


def _convert(scan: Scan, layout: Layout, target: Path) -> None:
    """Write the columns that are read."""
    schema, size = _schema(scan.path), scan.path.stat().st_size
    wanted = [number for number, name in enumerate(schema.names) if name in layout.used]
    fields = [schema.field(number) for number in wanted]
    stored = pa.schema([field.with_type(_plain(field.type)) for field in fields])
    with (
        _opened(scan.path, wanted) as file,
        pq.ParquetWriter(target, stored, compression="lz4") as writer,
    ):
        for number in range(file.num_record_batches):
            batch = file.get_batch(number)
            _check(batch)
            rows = pa.Table.from_batches([batch]).cast(stored)
            writer.write_table(rows, row_group_size=_GROUP_ROWS)
            scan.has_read(size // file.num_record_batches)


@contextmanager
def _opened(
    path: Path, columns: Sequence[int] | None = None
) -> Iterator[pa.ipc.RecordBatchFileReader]:
    """A file of whose columns some are read, or all.

    Raises:
        DeliveryError: it cannot be read, now or as its batches are read.
    """
    require_utf8_path(path)
    if path.stat().st_size == 0:
        raise DeliveryError(Problem(str(path), "is empty: 0 bytes", "ask for the file again"))
    options = pa.ipc.IpcReadOptions(included_fields=columns)
    with _stream(path) as stream:
        try:
            file = pa.ipc.open_file(stream, options=options)
            file.schema.names  # noqa: B018  # the library reads the names when they are asked for
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            if isinstance(error, OSError) and not is_damage(error):
                raise
            what = "is a Feather file without its end, or a damaged one"
            raise DeliveryError(Problem(str(path), what, "copy it or ask for it again")) from None
        try:
            yield file
        except MemoryError:
            what = "has batches of more rows than fit into memory, or is damaged"
            mend = "have it written in smaller batches (chunksize), or as Parquet"
            raise DeliveryError(Problem(str(path), what, mend)) from None
        except (pa.ArrowException, OSError) as error:
            if not is_damage(error):
                raise
            raise DeliveryError(damaged(path)) from None


def _stream(path: Place) -> pa.NativeFile:
    return pa.PythonFile(opened(path)) if is_url(path) else pa.OSFile(str(path))


def _check(batch: pa.RecordBatch) -> None:
    """Hold what a batch says of its rows against its bytes; texts may be no UTF-8, row by row.

    Raises:
        pa.ArrowInvalid: they do not agree.
    """
    batch.validate()
    for column in batch.columns:
        if pa.types.is_dictionary(column.type):
            _as_bytes(column.dictionary).validate(full=True)
            pa.DictionaryArray.from_arrays(column.indices, pa.nulls(len(column.dictionary)))
        else:
            _as_bytes(column).validate(full=True)


def _as_bytes(column: pa.Array) -> pa.Array:
    kinds = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary()}
    return column.view(kinds[column.type]) if column.type in kinds else column


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type that Parquet keeps of a column: that of a dictionary's values, text as text."""
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    if pa.types.is_string_view(kind):
        return pa.string()
    return pa.binary() if pa.types.is_binary_view(kind) else kind
