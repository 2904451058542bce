"""What is known of a delivered file once it has been read from end to end."""

from __future__ import annotations

from dataclasses import dataclass

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
    """

    start: int
    end: int
    first_line: int
    part: str = ""


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
        name: its name as delivered, without its folder.
        kind: what its rows are: `dispensings`, or the companion's name in the source.
        reader: how a block is read: `text` or `parquet`.
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
