"""Delivered Parquet files and Delta tables read once: checksum, header, types, blocks of rows."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa

from ldn_spark.delivery.files.blocks import PARQUET, DeliveredFile
from ldn_spark.delivery.files.canonical import is_text
from ldn_spark.delivery.files.deltatables import DeltaTable, is_delta, open_delta
from ldn_spark.delivery.files.layouts import Layout, header_problems, layout_of
from ldn_spark.delivery.files.readers import Reader, Scan, Scanned, reader_of
from ldn_spark.delivery.files.tabular import (
    blocks_of,
    copy_rows,
    damaged,
    is_damage,
    open_parquet,
    row_groups,
    sha256_of,
    time_problems,
    type_problems,
)
from ldn_spark.delivery.source.sources import Source
from ldn_spark.errors import DeliveryError, Problem

_HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"


def parquet_files(folder: Path) -> Iterator[Path]:
    """The data files of a folder of Parquet and of its partition folders.

    Names that begin with a point or an underscore are other things: marks, logs, checksums.
    """
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_")):
            continue
        if path.is_dir():
            yield from parquet_files(path)
        else:
            yield path


class ParquetFiles(Reader):
    """Parquet files, also those of a folder that another program partitioned."""

    def header(self, path: Path, source: Source) -> str:
        """The names of the columns, a line each."""
        with open_parquet(path) as file:
            return "\n".join(file.schema_arrow.names)

    def scan(self, scan: Scan) -> Scanned:
        """See `scan_parquet`."""
        rows = {"block_rows": scan.block_rows, "has_read": scan.has_read}
        return scan_parquet(scan.path, scan.layouts, scan.copy, **rows)

    def first_rows(self, path: Path, count: int) -> pa.Table:
        """The first rows of a file, as far as one batch goes."""
        try:
            with open_parquet(path) as file:
                batches = list(islice(file.iter_batches(count), 1))
                return pa.Table.from_batches(batches, file.schema_arrow)
        except (OSError, pa.ArrowException) as error:
            if not is_damage(error):
                raise
            raise DeliveryError(damaged(path)) from None

    def within(self, folder: Path, named: set[Path]) -> Iterator[Path]:
        """The files, those of partition folders among them, whatever they are called."""
        parts = {path for path in folder.glob("*=*") if path.is_dir() and not is_delta(path)}
        for path in named | {path for path in parts if not path.name.startswith(".")}:
            if path.is_file():
                yield path
            elif path.is_dir():
                yield from parquet_files(path)

    def is_meant(self, path: Path, begin: bytes) -> bool:
        """What begins as Parquet does, encrypted or not, and what holds nothing."""
        return begin[:3] == b"PAR" or not begin


class DeltaTables(Reader):
    """Delta tables, each a folder."""

    def header(self, path: Path, source: Source) -> str:
        """The names of the columns, a line each."""
        if not is_delta(path):
            raise DeliveryError(Problem(str(path), "is no Delta table"))
        return "\n".join(open_delta(path).schema.names)

    def scan(self, scan: Scan) -> Scanned:
        """See `scan_delta`."""
        rows = {"block_rows": scan.block_rows, "has_read": scan.has_read}
        return scan_delta(scan.path, scan.layouts, scan.copy, **rows)

    def first_rows(self, path: Path, count: int) -> pa.Table:
        """The first rows of the first data file, under the names that the table gives them."""
        table = open_delta(path)
        if not table.files:
            return table.schema.empty_table()
        rows = reader_of("parquet").first_rows(table.files[0].path, count)
        renamed = {old: new for new, old in table.physical_names.items()}
        return rows.rename_columns([renamed.get(name, name) for name in rows.column_names])

    def within(self, folder: Path, named: set[Path]) -> Iterator[Path]:
        """Nothing that is no table."""
        return iter(())


def scan_parquet(
    path: Path,
    layouts: Sequence[Layout],
    copy: Path | None,
    *,
    block_rows: int,
    has_read: Callable[[int], None],
) -> tuple[DeliveredFile, list[str], pa.Schema]:
    """Read a Parquet file from end to end.

    A column that stands in the names of its folders (`year=2012`) counts as one of the file's.

    Args:
        path: the file as delivered.
        layouts: of all kinds of files of the source.
        copy: where the rows go when a column must be added to them; None for nowhere.
        block_rows: rows of a block.
        has_read: is told how many delivered bytes were read.

    Returns:
        The file, warnings, and the types of its columns.

    Raises:
        DeliveryError: it cannot be read as the source declares.
    """
    with open_parquet(path) as file:
        schema, groups = file.schema_arrow, row_groups(file)
    in_folders = {name: one for name, one in _hive(path).items() if name not in schema.names}
    for name, value in in_folders.items():
        schema = schema.append(pa.field(name, value.type))
    layout = layout_of(path, schema.names, layouts)
    problems = [*header_problems(str(path), schema.names, layout)]
    problems += type_problems(str(path), schema, layout)
    problems += time_problems(path, str(path), layout) if not problems else []
    if problems:
        raise DeliveryError(problems)
    sha256 = sha256_of(path, has_read)
    plain = path
    constants = {name: value for name, value in in_folders.items() if name in layout.used}
    if constants:
        plain = _place(path, copy)
        columns = {name: name for name in schema.names if name in layout.used}
        columns = {name: old for name, old in columns.items() if name not in constants}
        copy_rows(path, plain, columns, constants)
        with open_parquet(plain) as file:
            groups = row_groups(file)
    name = _delivered_name(path, layout)
    file = DeliveredFile(
        path=str(plain),
        bytes=path.stat().st_size,
        sha256=sha256,
        header=tuple(schema.names),
        lines=sum(groups),
        blocks=blocks_of([("", 1, groups)], block_rows),
        name=name,
        kind=layout.kind,
        reader=PARQUET,
    )
    return file, _warnings(file), schema


def scan_delta(
    path: Path,
    layouts: Sequence[Layout],
    copy: Path | None,
    *,
    block_rows: int,
    has_read: Callable[[int], None],
) -> tuple[DeliveredFile, list[str], pa.Schema]:
    """Read the latest version of a Delta table from end to end.

    Its checksum is that of the version's number and of all files of the version: the same table
    at a later version is another delivery.

    Args, Returns, Raises: as of `scan_parquet`; the files that hold other rows or columns than the
    version has (deletion vectors, renamed and partition columns) go into the copy.
    """
    table = open_delta(path)
    schema = table.schema
    layout = layout_of(path, schema.names, layouts)
    problems = [*header_problems(str(path), schema.names, layout)]
    problems += type_problems(str(path), schema, layout)
    if problems:
        raise DeliveryError(problems)
    digest, size = hashlib.sha256(f"delta {table.version}\n".encode()), 0
    parts: list[tuple[str, int, Sequence[int]]] = []
    rows = 0
    for number, file in enumerate(table.files):
        digest.update(os.fsencode(f"{file.name}\t{sha256_of(file.path, has_read)}\n"))
        size += file.path.stat().st_size
        plain = _plain_part(path, table, number, layout, copy)
        problems += time_problems(plain, str(path), layout)
        with open_parquet(plain) as opened:
            groups = row_groups(opened)
        parts.append((str(plain), rows + 1, groups))
        rows += sum(groups)
    if problems:
        raise DeliveryError(list(dict.fromkeys(problems)))
    delivered = DeliveredFile(
        path=str(path),
        bytes=size,
        sha256=digest.hexdigest(),
        header=tuple(schema.names),
        lines=rows,
        blocks=blocks_of(parts, block_rows),
        name=path.name,
        kind=layout.kind,
        reader=PARQUET,
    )
    return delivered, _warnings(delivered), schema


def drift_problems(
    scanned: Sequence[tuple[DeliveredFile, pa.Schema]], layouts: Sequence[Layout]
) -> Iterator[Problem]:
    """The identifiers that are text in one file and numbers in another.

    As text an identifier may have leading zeros, which a number has lost: the same person would
    be two.
    """
    for layout in layouts:
        for name in layout.identifiers:
            files = [(file, schema) for file, schema in scanned if file.kind == layout.kind]
            texts = [file.name for file, schema in files if is_text(schema.field(name).type)]
            others = [(f, s.field(name).type) for f, s in files if f.name not in texts]
            if texts and others:
                file, kind = others[0]
                yield Problem(
                    f"{file.name} column {name}",
                    f"has the type {kind}, but is text in {texts[0]}",
                    "have it delivered as text in every file",
                )


def _plain_part(
    path: Path, table: DeltaTable, number: int, layout: Layout, copy: Path | None
) -> Path:
    """A data file of a table, or a copy that holds exactly the version's rows and columns."""
    file = table.files[number]
    constants = {name: value for name, value in file.constants.items() if name in layout.used}
    renamed = any(new != old for new, old in table.physical_names.items() if new in layout.used)
    if file.kept is None and not constants and not renamed:
        return file.path
    with open_parquet(file.path) as opened:
        here = set(opened.schema_arrow.names)
    columns = {new: old for new, old in table.physical_names.items() if new in layout.used}
    columns = {new: old for new, old in columns.items() if old in here and new not in constants}
    plain = _place(path, copy) / f"{number:06d}.parquet"
    copy_rows(file.path, plain, columns, constants, file.kept)
    return plain


def _hive(path: Path) -> Mapping[str, pa.Scalar]:
    """The columns that the names of a file's folders give, like `year=2012`."""
    columns: dict[str, pa.Scalar] = {}
    for folder in path.parents:
        name, equals, value = folder.name.partition("=")
        if not equals:
            break
        text = None if value == _HIVE_NULL else unquote(value)
        columns[unquote(name)] = pa.scalar(text, pa.string())
    return columns


def _place(path: Path, copy: Path | None) -> Path:
    if copy is None:
        what = "holds its rows or columns in several places"
        raise DeliveryError(Problem(str(path), what, "write it anew as plain Parquet"))
    return copy


def _delivered_name(path: Path, layout: Layout) -> str:
    """The name of a file, with the folders it is a part of where one of them is delivered."""
    folder = layout.folder_of(path)
    return path.relative_to(folder.parent).as_posix() if folder else path.name


def _warnings(file: DeliveredFile) -> list[str]:
    return [] if file.lines else [f"{file.name}: holds no row"]
