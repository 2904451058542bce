"""A delivered file that was read once from end to end, and the blocks it is parsed in."""

from __future__ import annotations

from dataclasses import dataclass

from ldn_spark.places.files import Stamp, stamp
from ldn_spark.places.place import Place

BLOCK_BYTES = 16 << 20
BLOCK_ROWS = 500_000
DISPENSINGS = "dispensings"
"""The kind of file that is delivered beside its companions: persons, deaths, …"""
TEXT, PARQUET = "text", "parquet"


@dataclass(frozen=True, slots=True)
class Block:
    """Some whole rows of a file.

    Of text: the bytes from `start` to `end`, which begin with line `first_line`; the header is
    line 1. Of Parquet: the rows from `start` to `end`, counted from 0; `first_line` is the number
    of the first, and the first row of the delivery is number 1.

    Attributes:
        part: the file that holds the rows, where a delivered table has several; empty where it is
            the file itself.
        checksum: CRC-32 of the bytes of text, so that whoever parses them knows that they are
            those that were scanned; None of Parquet.
    """

    start: int
    end: int
    first_line: int
    part: str = ""
    checksum: int | None = None


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """A delivered file that can be parsed.

    Attributes:
        path: the file to parse: the delivered one, or its plain copy in the workspace.
        bytes: its size as delivered; of a Delta table, of all its files.
        sha256: of its bytes as delivered; of a Delta table, of its version and all its files.
        header: its column names.
        lines: how many there are after the header, the unfinished last one included; of Parquet,
            its rows.
        blocks: all of them, in order.
        name: its name as delivered, without its folder, and as it is shown everywhere: what a
            terminal would obey, and bytes that are no UTF-8, stand as escapes.
        kind: what its rows are: `dispensings`, or the companion's name in the source.
        reader: how a block is read: `text` or `parquet`.
        content: SHA-256 of its plain text, the same however it is packed; empty where that is the
            file itself.
        origin: the file as delivered, with its folder.
        stamp: its `stamp_of` before it was read.
    """

    path: str
    bytes: int
    sha256: str
    header: tuple[str, ...]
    lines: int
    blocks: tuple[Block, ...]
    name: str
    kind: str = DISPENSINGS
    reader: str = TEXT
    content: str = ""
    origin: str = ""
    stamp: Stamp | None = None


def stamp_of(path: Place) -> Stamp | None:
    """Tells a file from what it was before; None of a Delta table, whose files never change."""
    return None if path.is_dir() else stamp(path)
