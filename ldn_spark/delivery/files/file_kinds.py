"""Refuse paths that no file can be read by: pipes, devices, names that are no UTF-8.

Opening a pipe waits for somebody to write into it, perhaps for ever; a device may never end.
"""

from __future__ import annotations

import stat
from pathlib import Path

from ldn_spark.errors import DeliveryError, Problem

_KINDS = {
    stat.S_IFIFO: "a pipe (FIFO)",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def no_file(path: Path) -> str:
    """What something is that is neither a file nor a folder; empty for those, and for nothing.

    >>> no_file(Path("/dev/null")), no_file(Path("/"))
    ('is a device, and no file', '')
    """
    if not path.exists():
        return ""
    kind = stat.S_IFMT(path.stat().st_mode)
    if kind in (stat.S_IFREG, stat.S_IFDIR):
        return ""
    link = "a link to " * path.is_symlink()
    return f"is {link}{_KINDS.get(kind, 'something else')}, and no file"


def require_utf8_path(path: str | Path) -> None:
    """See to it that the libraries of Parquet, Delta and statistical files can name a path.

    Raises:
        DeliveryError: it holds bytes that are no UTF-8.
    """
    if any("\ud800" <= character <= "\udfff" for character in str(path)):
        what = "the path is not UTF-8, and files of this kind are opened by one that is"
        raise DeliveryError(Problem(str(path), what, "rename it"))
