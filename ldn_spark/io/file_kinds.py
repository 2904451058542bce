"""What a path is that is neither a file nor a folder: such a thing is never opened.

Opening a pipe waits for somebody to write into it, perhaps for ever; a device may never end.
"""

from __future__ import annotations

import stat
from pathlib import Path

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
