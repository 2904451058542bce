"""A delivered text file read once: checksum, header, blocks of whole lines, a plain copy."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

import numpy as np

from ldn_spark.delivery.files.blocks import TEXT, Block, DeliveredFile
from ldn_spark.delivery.files.foreign import is_letter
from ldn_spark.delivery.files.layouts import Layout, header_problems, layout_of
from ldn_spark.delivery.files.lines import is_text
from ldn_spark.delivery.files.readers import Reader, Scan, Scanned
from ldn_spark.delivery.files.records import find_records
from ldn_spark.delivery.files.unpacking import PACKED_SUFFIXES, PlainStream
from ldn_spark.delivery.source.sources import Source
from ldn_spark.errors import DeliveryError, Problem
from ldn_spark.places.files import make_folder, opened
from ldn_spark.texts.csv_files import split_line

LONGEST_HEADER = 1 << 20
_HEADER_PIECE = 1 << 16
_LONGEST_LINE = 64 << 20
_LINE_END = ord("\n")
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_UNREAD_SUFFIXES = (".bz2", ".xz", ".zip")


class TextFiles(Reader):
    """Text files, packed or not."""

    suffixes_added = (*PACKED_SUFFIXES, *_UNREAD_SUFFIXES)

    def header(self, path: Path, source: Source) -> str:
        """The first line, unpacked."""
        codec = source.delivered_codec
        with PlainStream(path, codec, lambda size: None, piece=_HEADER_PIECE) as stream:
            line = stream.text.readline(LONGEST_HEADER)
        if not line.strip(b"\x00"):
            raise DeliveryError(Problem(str(path), "begins with zeros"))
        return line.replace(b"\x00", b"").decode(source.codec, "replace")

    def scan(self, scan: Scan) -> Scanned:
        """See `scan_text`."""
        file, warnings = scan_text(
            scan.path,
            scan.source,
            scan.layouts,
            scan.copy,
            block_bytes=scan.block_bytes,
            has_read=scan.has_read,
        )
        return file, warnings, None

    def is_meant(self, path: Path, begin: bytes) -> bool:
        """Whatever is no letter."""
        return not is_letter(begin)


def scan_text(
    path: Path,
    source: Source,
    layouts: Sequence[Layout],
    copy: Path | None,
    *,
    block_bytes: int,
    has_read: Callable[[int], None],
) -> tuple[DeliveredFile, list[str]]:
    """Read a text file from end to end.

    Args:
        path: the file as delivered.
        source: the declared layout.
        layouts: of all kinds of files of the source.
        copy: where the plain text of a packed or UTF-16 file goes; None for nowhere.
        block_bytes: the size of a block, to the next end of a line.
        has_read: is told how many delivered bytes were read.

    Returns:
        The file, and warnings.

    Raises:
        DeliveryError: it cannot be read as the source declares.
    """
    blocks: list[Block] = []
    with PlainStream(path, source.delivered_codec, has_read) as stream, ExitStack() as files:
        first = _header_lines(stream.text, source)
        header = read_header(path, first, source)
        layout = layout_of(path, header, layouts)
        if problems := list(header_problems(f"{path} line 1", header, layout)):
            raise DeliveryError(_told_shorter(path, header, source, problems))
        plain = path if stream.same else _new_copy(path, copy)
        target = None if stream.same else files.enter_context(plain.open("wb"))
        if target:
            target.write(first)
        start, line, content = len(first), 1 + _lines_of(first), hashlib.sha256(first)
        records = 0
        is_utf8 = False if source.codec == "utf-8" else None  # None: nothing beyond ASCII so far
        for chunk, found in _blocks(stream.text, block_bytes, path, line, source, len(header)):
            if target:
                target.write(chunk)
                content.update(chunk)
            blocks.append(Block(start, start + len(chunk), line, checksum=crc32(chunk)))
            if is_utf8 is not False and not chunk.isascii():
                is_utf8 = is_text(chunk, "utf-8")
            start += len(chunk)
            line, records = line + _lines_of(chunk), records + found
    with opened(plain) as written:
        records -= _drop_blank_end(blocks, written)
    file = DeliveredFile(
        path=str(plain),
        bytes=path.stat().st_size,
        sha256=stream.sha256(),
        header=header,
        lines=records,
        blocks=tuple(blocks),
        name=path.name,
        kind=layout.kind,
        reader=TEXT,
        content="" if stream.same else content.hexdigest(),
    )
    warnings = _warnings(file, source, bool(is_utf8))
    if stream.unchecked:
        what = "is packed without a checksum: a damage on the way might not show"
        warnings.append(f"{file.name}: {what}; have it packed with one (zstd --check)")
    return file, warnings


def _lines_of(chunk: bytes) -> int:
    """How many lines there are, the unfinished last one included.

    As by `bytes.count`, four times as fast where lines are short, and other threads go on.
    """
    ends = int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == _LINE_END))
    return ends + (not chunk.endswith(b"\n"))


def _header_lines(text: BinaryIO, source: Source) -> bytes:
    """The first record: one line, or several where a quoted name of a column goes on."""
    header = text.readline(LONGEST_HEADER)
    if source.quoted_line_ends:
        goes_on = re.compile(source.quoting.opened.encode())
        while goes_on.match(_without_ends(header)) and len(header) < LONGEST_HEADER:
            if not (line := text.readline(LONGEST_HEADER - len(header))):
                break
            header += line
    return header


def _without_ends(line: bytes) -> bytes:
    return line.removeprefix(_UTF8_BOM).rstrip(b"\r\n")


def _blocks(
    text: BinaryIO, size: int, path: Path, line: int, source: Source, fields: int
) -> Iterator[tuple[bytes, int]]:
    """About `size` bytes of whole records each, and how many they are."""
    rest = b""
    while (chunk := _whole_lines(text, size, path, line)) or rest:
        line += _lines_of(chunk) if chunk else 0
        if not source.quoted_line_ends:
            yield chunk, _lines_of(chunk)
            continue
        chunk = rest + chunk
        found = find_records(chunk, fields, source.quoting, is_end=len(chunk) == len(rest))
        rest = chunk[found.end :]
        if found.end:
            yield chunk[: found.end], len(found.first_lines)


def _warnings(file: DeliveredFile, source: Source, is_utf8: bool) -> list[str]:
    warnings = []
    if is_utf8:
        what = f"its letters beyond ASCII are UTF-8, and are read as {source.encoding}"
        warnings.append(f"{file.name}: {what}; declare utf-8 in the source file")
    if not file.blocks:
        warnings.append(f"{file.name}: holds a header and no line")
    return warnings


def _new_copy(path: Path, copy: Path | None) -> Path:
    if copy is None:
        raise DeliveryError(
            Problem(str(path), "is packed or in UTF-16", "unpack it and save it as UTF-8 first")
        )
    make_folder(copy.parent)
    return copy


def _whole_lines(text: BinaryIO, size: int, path: Path, line: int) -> bytes:
    """About `size` bytes, up to the end of a line; none at the end of the file."""
    chunk = text.read(size)
    rest = text.readline(_LONGEST_LINE)
    if len(rest) == _LONGEST_LINE and not rest.endswith(b"\n"):
        line += chunk.count(b"\n")
        what = f"is longer than {_LONGEST_LINE >> 20} MiB"
        raise DeliveryError(Problem(f"{path} line {line}", what, "check what file this is"))
    return chunk + rest if rest else chunk


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
            whole = Block(last.start, last.start + end, last.first_line, checksum=crc32(data[:end]))
            blocks.append(whole)
            break
    return dropped


def read_header(path: Path, line: bytes, source: Source) -> tuple[str, ...]:
    """The column names of a first line; a line end in one is a blank.

    Raises:
        DeliveryError: it is no line of text in the source's encoding.
    """
    where = f"{path} line 1"
    if line[:2] in _UTF16_BOMS:
        raise DeliveryError(
            Problem(where, "begins with a UTF-16 mark", "declare utf-16 in the source file")
        )
    if line.startswith(_UTF8_BOM) and source.codec != "utf-8":
        raise DeliveryError(
            Problem(
                where,
                f"begins with a UTF-8 mark, but source {source.id} declares {source.encoding}",
                "declare utf-8 in the source file",
            )
        )
    if not line.strip(b"\x00"):
        what, mend = "begins with zeros", "it was not copied whole: copy it again"
        raise DeliveryError(Problem(where, what, mend))
    if b"\x00" in line or (len(line) == LONGEST_HEADER and not line.endswith(b"\n")):
        raise DeliveryError(Problem(where, "is not a line of text", "check what file this is"))
    if source.quote and not source.quoted_line_ends and b"\n" in line:
        _refuse_open_quote(where, line, source)
    line = line.replace(b"\r\n", b"\n")
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
    fields = split_line(text.rstrip("\r\n"), source.delimiter, source.quote)
    return tuple(field.strip().replace("\n", " ") for field in fields)


def _refuse_open_quote(where: str, line: bytes, source: Source) -> None:
    if re.match(source.quoting.opened.encode(), _without_ends(line)):
        what = "ends within quotes"
        mend = "where fields hold line ends, declare quoted_line_ends: true in the source file"
        raise DeliveryError(Problem(where, what, mend))


def _told_shorter(
    path: Path, header: Sequence[str], source: Source, problems: Sequence[Problem]
) -> Sequence[Problem]:
    """Of a line with one field, that the delimiter is another; not every missing column."""
    if len(header) != 1:
        return problems
    what = f"has one field; the delimiter '{source.delimiter}' does not occur"
    mend = "declare the delimiter of the file in the source file"
    return (Problem(f"{path} line 1", what, mend),)
