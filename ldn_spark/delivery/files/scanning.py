"""Delivered files before they are parsed: which, of what kind, how long, what checksum and header.

A file is read once from end to end; what is learnt lets it be parsed in blocks, by many tasks and
in bounded memory however large it is, with every row's number known. What is neither plain text
nor Parquet is turned into one of them on the way.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

import pyarrow as pa

from ldn_spark.delivery.files.blocks import BLOCK_BYTES, BLOCK_ROWS, Block, DeliveredFile, stamp_of
from ldn_spark.delivery.files.deltatables import is_delta
from ldn_spark.delivery.files.finding import find_files
from ldn_spark.delivery.files.layouts import layouts_of, unknown_columns
from ldn_spark.delivery.files.readers import Scan, Scanned, reader_of
from ldn_spark.delivery.files.tablefiles import drift_problems, parquet_files
from ldn_spark.delivery.files.tabular import damaged, is_damage
from ldn_spark.delivery.source.sources import Source
from ldn_spark.errors import ConflictError, DeliveryError, Problem
from ldn_spark.places.place import Place, back
from ldn_spark.progress import Progress, report
from ldn_spark.shown import shown

__all__ = [
    "BLOCK_BYTES",
    "Block",
    "DeliveredFile",
    "find_files",
    "require_unchanged",
    "scan_files",
    "try_files",
]

_READERS = 4
_POLL_SECONDS = 0.1


def scan_files(
    paths: Sequence[Place],
    source: Source,
    *,
    workspace: Place | None = None,
    block_bytes: int = BLOCK_BYTES,
    block_rows: int = BLOCK_ROWS,
) -> tuple[list[DeliveredFile], list[str]]:
    """Kind, checksum, header and blocks of every file; the arguments are those of `try_files`.

    Returns:
        The files, and warnings (unknown extra columns, files without a line).

    Raises:
        DeliveryError: a file cannot be read as the source declares; all files at once.
    """
    files, warnings, problems = try_files(
        paths,
        source,
        workspace=workspace,
        block_bytes=block_bytes,
        block_rows=block_rows,
    )
    if problems:
        raise DeliveryError(problems)
    return files, warnings


def try_files(
    paths: Sequence[Place],
    source: Source,
    *,
    workspace: Place | None = None,
    block_bytes: int = BLOCK_BYTES,
    block_rows: int = BLOCK_ROWS,
) -> tuple[list[DeliveredFile], list[str], list[Problem]]:
    """Kind, checksum, header and blocks of every file that can be read.

    Args:
        paths: as `find_files` gives them.
        source: the declared layout.
        workspace: a folder for plain copies of packed and foreign files, which the tasks that
            parse them see too; made when it is needed. Without one such a file is an error.
        block_bytes: the size of a block of text.
        block_rows: the size of a block of Parquet.

    Returns:
        The files; warnings (unknown extra columns, files without a line); and what keeps the
        other files from being read as the source declares.
    """
    files, warnings, problems, tables = [], [], [], []
    total, read = sum(map(_size, paths)), [0] * len(paths)
    layouts = layouts_of(source)

    def scan(number: int) -> Scanned:
        def has_read(size: int) -> None:
            read[number] += size

        path = paths[number]
        stamp = stamp_of(path)
        copy = workspace / f"{number:06d}" / path.name if workspace else None
        asked = Scan(path, source, layouts, copy, block_bytes, block_rows, has_read)
        file, *rest = _scan_file(asked)
        file = replace(file, origin=str(path), stamp=stamp, name=shown(file.name))
        return file, *rest

    with ThreadPoolExecutor(_READERS) as pool:
        scans = [pool.submit(scan, number) for number in range(len(paths))]
        while wait(scans, _POLL_SECONDS).not_done:
            report(Progress("checking files", min(sum(read), total), total, "bytes"))
    for path, done in zip(paths, scans, strict=True):
        try:
            file, notes, schema = done.result()
            files.append(file)
            warnings.extend(notes)
            tables += [(file, schema)] if schema is not None else []
        except DeliveryError as error:
            problems.extend(error.problems)
        except (OSError, pa.ArrowException) as error:
            if not is_damage(error) and not isinstance(error, OSError):
                raise
            said = getattr(error, "strerror", None) or "cannot be read"
            told = Problem(str(path), said, "check access")
            problems.append(damaged(path) if is_damage(error) else told)
    problems += drift_problems(tables, layouts)
    warnings += unknown_columns(files, layouts)
    report(Progress("checking files", total, total, "bytes"))
    return files, [*map(shown, warnings)], problems


def _scan_file(scan: Scan) -> Scanned:
    """Read one file as its source's format says."""
    path, source = scan.path, scan.source
    if is_delta(path) != (source.format == "delta"):
        has, declares = "is a" if is_delta(path) else "is no", f"source {source.id} declares"
        what = f"{has} Delta table, but {declares} the format {source.format}"
        raise DeliveryError(Problem(str(path), what, "declare its 'format' in the source file"))
    return reader_of(source.format).scan(scan)


def require_unchanged(files: Sequence[DeliveredFile], changed: Collection[int] = ()) -> None:
    """The files are still those that were scanned: their rows are those of their checksums.

    Args:
        files: as `scan_files` gives them.
        changed: which of them were found to be changed when they were parsed.

    Raises:
        ConflictError: somebody writes to a file; all at once.
    """
    what, mend = "was changed while it was read", "run this again when it is whole"
    problems = [
        Problem(file.origin, what, mend)
        for number, file in enumerate(files)
        if number in changed or _is_changed(file)
    ]
    if problems:
        raise ConflictError(problems)


def _is_changed(file: DeliveredFile) -> bool:
    try:
        return bool(file.stamp) and file.stamp != stamp_of(back(file.origin))
    except FileNotFoundError:
        return True


def _size(path: Place) -> int:
    """Bytes of a file, or of all data files of a table."""
    if path.is_dir():
        return sum(file.stat().st_size for file in parquet_files(path))
    return path.stat().st_size
