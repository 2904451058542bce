"""HDFS by its whole URL, and its files as Python's: what its library leaves out of both."""

from __future__ import annotations

import io
from typing import Any, BinaryIO, cast

from upath import UPath
from upath.implementations.hdfs import HDFSPath
from upath.registry import register_implementation


class HadoopPath(HDFSPath):
    """A place in HDFS, whose text names the namenode or the name service."""

    __slots__ = ()

    def __str__(self) -> str:
        """The whole URL."""
        if self._relative_base is not None:
            return super().__str__()
        host, port = self.storage_options.get("host"), self.storage_options.get("port")
        return f"hdfs://{host}{f':{port}' if port else ''}{self.path}"


class _Reader(io.RawIOBase):
    """A file of hdfs-native, whose own `seek` does not say where it has gone."""

    def __init__(self, reader: Any) -> None:
        super().__init__()
        self._reader = reader

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return int(self._reader.tell())

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: len(self._reader)}[whence]
        self._reader.seek(max(0, start + offset))
        return self.tell()

    def readinto(self, buffer: Any) -> int:
        piece = self._reader.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def opened_in_hdfs(place: UPath, piece: int) -> BinaryIO:
    """A file of HDFS opened to be read, so many bytes at once."""
    reader = place.fs.client.read(place.path)
    return cast(BinaryIO, io.BufferedReader(_Reader(reader), piece))


register_implementation("hdfs", HadoopPath, clobber=True)
