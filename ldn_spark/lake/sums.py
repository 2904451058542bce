"""Checksums of the files of a lake: taken when they are written, looked at when they are read.

Two are kept of every data file. SHA-256 is for proof; CRC-32, which finds what a disk does to a
file as the checksums of Parquet's pages do, is several times faster and looked at by every run.
They cover the whole file, also what pages leave out: their headers, and the end with its counts,
minima and maxima, by which engines leave rows out.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ldn_spark.errors import Problem
from ldn_spark.places.files import streamed
from ldn_spark.places.place import Place

RESTORE = "restore it from a backup, or ingest the deliveries into a new lake"
NO_FILE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
"""How the machine says that there is no such file, or something else of its name."""
_PIECE = 1 << 20
Told = Callable[[int], None]


def nobody(_: int) -> None:
    """Tell nobody."""


class FileSum(NamedTuple):
    """Size and checksums of a file, as they were when it was written."""

    bytes: int
    crc32: int
    sha256: str

    def __str__(self) -> str:
        """As it stands in a record.

        >>> str(FileSum(3, 891568578, "ab"))
        '3 352441c2 ab'
        """
        return f"{self.bytes} {self.crc32:08x} {self.sha256}"

    @classmethod
    def parse(cls, text: str) -> FileSum:
        """As it stood in a record."""
        size, crc32, sha256 = text.split()
        return cls(int(size), int(crc32, 16), sha256)


def sum_file(place: Place, told: Told = nobody) -> FileSum:
    """Size and checksums of a file as it is now; `told` hears of every piece that is read."""
    size, crc32, digest = 0, 0, hashlib.sha256()
    for piece in _pieces(place):
        size, crc32 = size + len(piece), zlib.crc32(piece, crc32)
        digest.update(piece)
        told(len(piece))
    return FileSum(size, crc32, digest.hexdigest())


def fault_of(place: Place, written: FileSum, *, proof: bool, told: Told = nobody) -> str:
    """What is wrong with a file; empty for nothing.

    Args:
        place: the file.
        written: what it was.
        proof: look at the SHA-256 too.
        told: hears of every piece that is read.
    """
    if what := fault_of_size(place, written.bytes):
        return what
    try:
        if proof:
            is_whole = sum_file(place, told) == written
        else:
            is_whole = _crc32(place, told) == written.crc32
    except NO_FILE:
        return "is gone"
    return "" if is_whole else "is damaged: it is not what was written"


def fault_of_size(place: Place, written: int) -> str:
    """Whether a file is there, and of its size; empty for no fault."""
    try:
        size = place.stat().st_size
    except NO_FILE:
        return "is gone"
    return "" if size == written else f"has {size} bytes where {written} were written"


def _crc32(place: Place, told: Told) -> int:
    found = 0
    for piece in _pieces(place):
        found = zlib.crc32(piece, found)
        told(len(piece))
    return found


def _pieces(place: Place) -> Iterator[bytes]:
    with streamed(place) as stream:
        while piece := stream.read(_PIECE):
            yield piece


def problems_of(
    files: Sequence[tuple[Place, FileSum]], *, proof: bool, told: Told = nobody
) -> list[Problem]:
    """The files that are not what was written, each with what is wrong."""
    return [
        Problem(str(place), what, RESTORE)
        for place, written in files
        if (what := fault_of(place, written, proof=proof, told=told))
    ]
