"""Delivered files before they are parsed: which, how long, what checksum, which header.

A file is read once from end to end; what is learnt lets it be parsed in blocks of whole lines, by
many tasks and in bounded memory however large it is, with every row's line number known.
"""

from __future__ import annotations

import csv
import glob
import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ldn_spark.errors import DeliveryError, Problem
from ldn_spark.io.sources import Source
from ldn_spark.progress import Progress, Reporter, silent

BLOCK_BYTES = 16 << 20
_LONGEST_HEADER = 1 << 20
_READERS = 4
_POLL_SECONDS = 0.1
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of a file: bytes `start` to `end`, the first of them line `first_line`."""

    start: int
    end: int
    first_line: int


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """A file that can be parsed.

    `lines` counts the lines after the header, the unfinished last one included.
    """

    path: str
    bytes: int
    sha256: str
    header: tuple[str, ...]
    lines: int
    blocks: tuple[Block, ...]
    kind: str = "dispensings"
    reader: str = "text"

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return Path(self.path).name


def find_files(delivery: Sequence[str | Path], source: Source) -> tuple[list[Path], list[str]]:
    """The files that a delivery names: files, folders (the source's patterns apply) and globs.

    A folder may hold other things too (a list of product numbers, a letter): a file in it whose
    first line names none of the source's columns is left aside, with a warning. A file that is
    named itself, or by a glob, is never left aside.

    Returns:
        Absolute paths, each once, sorted; and the warnings.

    Raises:
        DeliveryError: something named does not exist or holds no file; all at once.
    """
    found: set[Path] = set()
    problems, warnings = [], []
    for item in map(str, delivery):
        path = Path(item)
        if path.is_dir():
            here = {file for pattern in source.files for file in path.glob(pattern)}
            here = {file for file in here if file.is_file() and not file.name.startswith(".")}
            foreign = sorted(file for file in here if not _mentions_columns(file, source))
            warnings += [
                f"{file.name}: has no column of source {source.id}, left aside" for file in foreign
            ]
            here -= set(foreign)
            if not here:
                wanted = f"{' or '.join(source.files)} with the columns of source {source.id}"
                problems.append(
                    Problem(item, f"the folder holds no file like {wanted}", "check the folder")
                )
        elif path.is_file():
            here = {path}
        else:
            here = {Path(match) for match in glob.glob(item) if Path(match).is_file()}
            if not here:
                what = "matches no file" if glob.has_magic(item) else "no such file or folder"
                problems.append(Problem(item, what, "check the path"))
        found |= {file.resolve() for file in here}
    if problems:
        raise DeliveryError(problems)
    return sorted(found), warnings


def _mentions_columns(path: Path, source: Source) -> bool:
    """Whether the first line names any column of the source; an empty file is no stranger."""
    with path.open("rb") as stream:
        line = (
            stream.readline(1 << 20).replace(b"\x00", b"").decode(source.codec, "replace").lower()
        )
    return not line or any(name.lower() in line for name in source.columns.values())


def scan_files(
    paths: Sequence[Path],
    source: Source,
    *,
    workspace: Path | None = None,
    block_bytes: int = BLOCK_BYTES,
    report: Reporter = silent,
) -> tuple[list[DeliveredFile], list[str]]:
    """Checksum, header and blocks of every file.

    Returns:
        The files, and warnings (unknown extra columns, files without a line).

    Raises:
        DeliveryError: a file cannot be read as the source declares; all files at once.
    """
    files, warnings, problems = [], [], []
    total, read = sum(path.stat().st_size for path in paths), [0] * len(paths)

    def scan(number: int) -> tuple[DeliveredFile, list[str]]:
        def has_read(size: int) -> None:
            read[number] += size

        return _scan_file(paths[number], source, block_bytes, has_read)

    with ThreadPoolExecutor(_READERS) as pool:
        scans = [pool.submit(scan, number) for number in range(len(paths))]
        while wait(scans, _POLL_SECONDS).not_done:
            report(Progress("checking files", sum(read), total, "bytes"))
    for path, done in zip(paths, scans, strict=True):
        try:
            file, notes = done.result()
            files.append(file)
            warnings.extend(notes)
        except DeliveryError as error:
            problems.extend(error.problems)
        except OSError as error:
            problems.append(Problem(str(path), error.strerror or "cannot be read", "check access"))
    report(Progress("checking files", total, total, "bytes"))
    if problems:
        raise DeliveryError(problems)
    return files, warnings


def _scan_file(
    path: Path, source: Source, block_bytes: int, has_read: Callable[[int], None]
) -> tuple[DeliveredFile, list[str]]:
    digest = hashlib.sha256()
    blocks: list[Block] = []
    with path.open("rb") as stream:
        first = stream.readline(_LONGEST_HEADER)
        header = _read_header(path, first, source)
        digest.update(first)
        start, line = len(first), 2
        while chunk := stream.read(block_bytes) + stream.readline():
            digest.update(chunk)
            blocks.append(Block(start, start + len(chunk), line))
            start += len(chunk)
            line += chunk.count(b"\n") + (not chunk.endswith(b"\n"))
            has_read(len(chunk))
        line -= _drop_blank_end(blocks, stream)
    warnings = [
        f"{path.name}: column '{name}' is not known to source {source.id} and is ignored"
        for name in header
        if name and name not in _known_columns(source)
    ]
    if not blocks:
        warnings.append(f"{path.name}: holds a header and no line")
    file = DeliveredFile(str(path), start, digest.hexdigest(), header, line - 2, tuple(blocks))
    return file, warnings


def _drop_blank_end(blocks: list[Block], stream: BinaryIO) -> int:
    """Take blank lines at the end of a file off its blocks: they are no rows.

    Returns:
        How many lines were taken off.
    """
    dropped = 0
    while blocks:
        last = blocks.pop()
        stream.seek(last.start)
        data = stream.read(last.end - last.start)
        content = data.rstrip(b"\r\n")
        end = data.find(b"\n", len(content)) + 1 or len(data)
        blank = data[end if content else 0 :]
        dropped += blank.count(b"\n") + (bool(blank) and not blank.endswith(b"\n"))
        if content:
            blocks.append(Block(last.start, last.start + end, last.first_line))
            break
    return dropped


def _known_columns(source: Source) -> set[str]:
    delivered = (*source.columns.values(), *source.optional_columns.values())
    return {*delivered, *source.ignored_columns}


def _read_header(path: Path, line: bytes, source: Source) -> tuple[str, ...]:
    """The column names of the first line, checked against the source."""
    where = f"{path} line 1"
    if not line:
        raise DeliveryError(Problem(str(path), "is empty: 0 bytes", "ask for the file again"))
    for mark, kind in _PACKED.items():
        if line.startswith(mark):
            raise DeliveryError(Problem(str(path), f"is packed ({kind})", "unpack it first"))
    if line[:2] in _UTF16_BOMS:
        raise DeliveryError(
            Problem(where, "begins with a UTF-16 mark", "save it as UTF-8 and declare utf-8")
        )
    if line.startswith(_UTF8_BOM) and source.codec != "utf-8":
        raise DeliveryError(
            Problem(
                where,
                f"begins with a UTF-8 mark, but source {source.id} declares {source.encoding}",
                "declare utf-8 in the source file",
            )
        )
    if b"\x00" in line or (len(line) == _LONGEST_HEADER and not line.endswith(b"\n")):
        raise DeliveryError(Problem(where, "is not a line of text", "check what file this is"))
    if b"\r" in line.rstrip(b"\r\n"):
        raise DeliveryError(
            Problem(where, "ends with a carriage return alone", "save it with ordinary line ends")
        )
    try:
        text = line.removeprefix(_UTF8_BOM).decode(source.codec)
    except UnicodeDecodeError as error:
        raise DeliveryError(
            Problem(
                f"{where}, byte {error.start + 1}",
                f"is not {source.encoding} text",
                "declare the file's encoding in the source file",
            )
        ) from None
    text = text.rstrip("\r\n")
    if source.quote:
        fields = next(csv.reader([text], delimiter=source.delimiter, quotechar=source.quote), [])
    else:
        fields = text.split(source.delimiter)
    header = tuple(field.strip() for field in fields)
    if problems := list(_header_problems(where, header, source)):
        raise DeliveryError(problems)
    return header


def _header_problems(where: str, header: tuple[str, ...], source: Source) -> Iterator[Problem]:
    if len(header) == 1:
        yield Problem(
            where,
            f"has one field; the delimiter '{source.delimiter}' does not occur",
            "declare the delimiter of the file in the source file",
        )
        return
    wanted = list(source.columns.values())
    for name in wanted:
        if name not in header:
            close = [column for column in header if column.lower() == name.lower()]
            mend = (
                f"the file has '{close[0]}': spell it alike"
                if close
                else (
                    f"add the column, or name the right one under 'columns' of source {source.id}"
                )
            )
            yield Problem(where, f"the column '{name}' is missing", mend)
    for name in sorted({name for name in header if header.count(name) > 1}):
        if name in _known_columns(source):
            yield Problem(where, f"the column '{name}' occurs twice", "remove one of them")
