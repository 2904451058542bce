"""HDFS by its whole URL: the library's own text of a place leaves the namenode out."""

from __future__ import annotations

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


register_implementation("hdfs", HadoopPath, clobber=True)
