"""Delivered files before they are parsed: which, of what kind, how long, what checksum and header.

A file is read once from end to end; what is learnt lets it be parsed in blocks, by many tasks and
in bounded memory however large it is, with every row's number known. What is neither plain text
nor Parquet is turned into one of them on the way.
"""

from __future__ import annotations

import glob
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ldn_spark.errors import ConflictError, DeliveryError, Problem
from ldn_spark.io.blocks import BLOCK_BYTES, BLOCK_ROWS, Block, DeliveredFile, stamp_of
from ldn_spark.io.deltatables import is_delta, open_delta
from ldn_spark.io.layouts import Layout, layouts_of, mentions_columns
from ldn_spark.io.sources import Source
from ldn_spark.io.statfiles import FORMATS, scan_stat, stat_header, stat_kind
from ldn_spark.io.tablefiles import drift_problems, parquet_files, scan_delta, scan_parquet
from ldn_spark.io.tabular import open_parquet
from ldn_spark.io.textfiles import first_line, scan_text
from ldn_spark.io.unpacking import PACKED_SUFFIXES
from ldn_spark.progress import Progress, Reporter, silent

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BLOCK_BYTES", "Block", "DeliveredFile", "find_files", "scan_files", "try_files"]

_READERS = 4
_POLL_SECONDS = 0.1
_UNREAD_SUFFIXES = (".bz2", ".xz", ".zip")
_ARCHIVES = ("*.zip", "*.7z", "*.rar", "*.tar", "*.tgz", "*.tar.*")


def find_files(delivery: Sequence[str | Path], source: Source) -> tuple[list[Path], list[str]]:
    """The files that a delivery names: files, folders (the source's patterns apply) and globs.

    A folder may hold other things too (a list of product numbers, a letter): a file in it that
    names none of the source's columns is left aside, with a warning. A file that is named itself,
    or by a glob, is never left aside. A Delta table is a file; a folder of Parquet, with its
    partition folders, is the files in it.

    Returns:
        Absolute paths, each once, sorted; and the warnings.

    Raises:
        DeliveryError: something named does not exist or holds no file; all at once.
    """
    found: set[Path] = set()
    problems, warnings = [], []
    layouts = layouts_of(source)
    for item in map(str, delivery):
        matches = [Path(item)] if Path(item).exists() else [*map(Path, glob.glob(item))]
        if not matches:
            what = "matches no file" if glob.has_magic(item) else "no such file or folder"
            problems.append(Problem(item, what, "check the path"))
        for path in matches:
            if path.is_file() or is_delta(path):
                found.add(path.resolve())
                continue
            here, notes = _in_folder(path, source, layouts)
            found |= {file.resolve() for file in here}
            warnings += notes
            if not here:
                patterns = dict.fromkeys(file for layout in layouts for file in layout.files)
                wanted = f"{' or '.join(patterns)} with the columns of source {source.id}"
                what = f"the folder holds no file like {wanted}"
                problems.append(Problem(str(path), what, "check the folder"))
    if problems:
        raise DeliveryError(problems)
    return sorted(found), warnings


def _in_folder(
    folder: Path, source: Source, layouts: Sequence[Layout]
) -> tuple[set[Path], list[str]]:
    """What a folder holds that is named like a kind and has its columns; the warnings."""
    suffixes = ("", *PACKED_SUFFIXES, *_UNREAD_SUFFIXES) if source.format == "text" else ("",)
    patterns = {pattern + suffix for one in layouts for pattern in one.files for suffix in suffixes}
    named = {path for pattern in patterns for path in folder.glob(pattern)}
    here = set(_data_files(folder, named, source))
    foreign = {file for file in here if not _is_known(file, source, layouts)}
    archives = {file for pattern in _ARCHIVES for file in folder.glob(pattern)} - here
    warnings = [
        f"{file.name}: has no column of source {source.id}, left aside" for file in sorted(foreign)
    ]
    warnings += [
        f"{file.name}: is packed and not looked into; if it belongs to the delivery, unpack it"
        for file in sorted(archives)
    ]
    return here - foreign, warnings


def _data_files(folder: Path, named: set[Path], source: Source) -> Iterator[Path]:
    """The files, folders of Parquet taken apart; Delta tables whole."""
    if source.format == "parquet":  # the folder may be one that another program partitioned
        named = named | {path for path in folder.glob("*=*") if path.is_dir()}
    for path in named:
        if path.name.startswith("."):
            continue
        if is_delta(path) or (path.is_file() and source.format != "delta"):
            yield path
        elif path.is_dir() and source.format == "parquet":
            yield from parquet_files(path)


def _is_known(path: Path, source: Source, layouts: Sequence[Layout]) -> bool:
    """Whether a file names any column of the source; a broken one is no stranger."""
    try:
        return mentions_columns(_header_text(path, source), layouts)
    except DeliveryError:
        if path.is_dir() or source.format == "text":
            return True
    with path.open("rb") as stream:
        begin = stream.read(8)
    if source.format == "parquet":
        return begin[:3] == b"PAR" or not begin
    return bool(stat_kind(path, begin))


def _header_text(path: Path, source: Source) -> str:
    if source.format == "parquet" and path.is_file():
        with open_parquet(path) as file:
            return "\n".join(file.schema_arrow.names)
    if path.is_dir():
        return "\n".join(open_delta(path).schema.names)
    if source.format in FORMATS:
        return "\n".join(stat_header(path, source.format))
    return first_line(path, source).replace(b"\x00", b"").decode(source.codec, "replace")


def scan_files(
    paths: Sequence[Path],
    source: Source,
    *,
    workspace: Path | None = None,
    block_bytes: int = BLOCK_BYTES,
    block_rows: int = BLOCK_ROWS,
    report: Reporter = silent,
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
        report=report,
    )
    if problems:
        raise DeliveryError(problems)
    return files, warnings


def try_files(
    paths: Sequence[Path],
    source: Source,
    *,
    workspace: Path | None = None,
    block_bytes: int = BLOCK_BYTES,
    block_rows: int = BLOCK_ROWS,
    report: Reporter = silent,
) -> tuple[list[DeliveredFile], list[str], list[Problem]]:
    """Kind, checksum, header and blocks of every file that can be read.

    Args:
        paths: as `find_files` gives them.
        source: the declared layout.
        workspace: a folder for plain copies of packed and foreign files, which the tasks that
            parse them see too; made when it is needed. Without one such a file is an error.
        block_bytes: the size of a block of text.
        block_rows: the size of a block of Parquet.
        report: is told how many of the delivered bytes are read.

    Returns:
        The files; warnings (unknown extra columns, files without a line); and what keeps the
        other files from being read as the source declares.
    """
    files, warnings, problems, tables = [], [], [], []
    total, read = sum(map(_size, paths)), [0] * len(paths)
    layouts = layouts_of(source)

    def scan(number: int) -> tuple[DeliveredFile, list[str], pa.Schema | None]:
        def has_read(size: int) -> None:
            read[number] += size

        path = paths[number]
        stamp = stamp_of(path)
        copy = workspace / f"{number:06d}" / path.name if workspace else None
        file, *rest = _scan_file(path, source, layouts, copy, block_bytes, block_rows, has_read)
        return replace(file, origin=str(path), stamp=stamp), *rest

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
        except OSError as error:
            problems.append(Problem(str(path), error.strerror or "cannot be read", "check access"))
    problems += drift_problems(tables, layouts)
    report(Progress("checking files", total, total, "bytes"))
    return files, warnings, problems


def _scan_file(
    path: Path,
    source: Source,
    layouts: Sequence[Layout],
    copy: Path | None,
    block_bytes: int,
    block_rows: int,
    has_read: Callable[[int], None],
) -> tuple[DeliveredFile, list[str], pa.Schema | None]:
    """Read one file as its source's format says."""
    rows = {"block_rows": block_rows, "has_read": has_read}
    if is_delta(path) != (source.format == "delta"):
        has, declares = "is a" if is_delta(path) else "is no", f"source {source.id} declares"
        what = f"{has} Delta table, but {declares} the format {source.format}"
        raise DeliveryError(Problem(str(path), what, "declare its 'format' in the source file"))
    if source.format == "delta":
        return scan_delta(path, layouts, copy, **rows)
    if source.format == "parquet":
        return scan_parquet(path, layouts, copy, **rows)
    if source.format in FORMATS:
        return scan_stat(path, source.format, layouts, copy, **rows)
    file, warnings = scan_text(
        path, source, layouts, copy, block_bytes=block_bytes, has_read=has_read
    )
    return file, warnings, None


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
        return bool(file.stamp) and file.stamp != stamp_of(Path(file.origin))
    except FileNotFoundError:
        return True


def _size(path: Path) -> int:
    """Bytes of a file, or of all data files of a table."""
    if path.is_dir():
        return sum(file.stat().st_size for file in parquet_files(path))
    return path.stat().st_size
