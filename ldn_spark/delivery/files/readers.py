"""Every format has a reader, which finds its files, tells them from others and reads them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import pyarrow as pa

from ldn_spark.delivery.files.blocks import DeliveredFile
from ldn_spark.delivery.files.layouts import Layout
from ldn_spark.delivery.source.formats import Format, format_named, format_of
from ldn_spark.delivery.source.sources import Source


@dataclass(frozen=True)
class Scan:
    """What a file is read with, from end to end.

    Attributes:
        path: the file as delivered.
        source: what it is declared as.
        layouts: of all kinds of files of the source.
        copy: where the rows go that are not read where they are; None for nowhere.
        block_bytes: the size of a block of text, to the next end of a line.
        block_rows: the size of a block of rows.
        has_read: is told how many delivered bytes were read.
    """

    path: Path
    source: Source
    layouts: Sequence[Layout]
    copy: Path | None
    block_bytes: int
    block_rows: int
    has_read: Callable[[int], None]


Scanned = tuple[DeliveredFile, list[str], pa.Schema | None]
"""A file, the warnings about it, and the types of its columns; None of text."""


class Reader(ABC):
    """The files of one format."""

    suffixes_added: tuple[str, ...] = ()
    """What may stand behind the name that a source expects of a file in a folder."""

    def __init__(self, form: Format) -> None:
        """A reader of the files that a record tells of."""
        self.form = form

    @abstractmethod
    def header(self, path: Path, source: Source) -> str:
        """The text in which the names of the columns stand.

        Raises:
            DeliveryError: it cannot be read.
        """

    @abstractmethod
    def scan(self, scan: Scan) -> Scanned:
        """Read a file from end to end.

        Raises:
            DeliveryError: it cannot be read as its source declares.
        """

    def first_rows(self, path: Path, count: int) -> pa.Table:
        """The first rows of a file with typed columns, all columns.

        Raises:
            DeliveryError: it cannot be read.
        """
        raise NotImplementedError(self.form.name)

    def within(self, folder: Path, named: set[Path]) -> Iterator[Path]:
        """The files of a folder, of what is named as the source expects."""
        return (path for path in named if path.is_file())

    def is_meant(self, path: Path, begin: bytes) -> bool:
        """Whether a file without a readable header is one all the same, and no letter beside."""
        found = format_of(begin, path.suffix)
        return found is not None and found.reader == self.form.reader


@cache
def reader_of(name: str) -> Reader:
    """The reader of a format by the format's name."""
    form = format_named(name)
    module, _, reader = form.reader.partition(".")
    return getattr(import_module(f"{__package__}.{module}"), reader)(form)
