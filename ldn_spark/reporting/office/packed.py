"""Office files are ZIP archives: packed anew, so that no time, machine or author is in them."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime

CREATED = datetime(2000, 1, 1)
"""When every exported file says that it was made: the same at every rerun."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_RIGHTS = 0o600 << 16
_UNIX = 3
_WHO = re.compile(rb' (w:author|w:initials)="[^"]*"')
_WHEN = re.compile(rb' w:date="[^"]*"')


def repacked(content: bytes) -> bytes:
    """The same archive with fixed times; who changed a text, and when, is left out of its XML."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = _UNIX, _RIGHTS
            new.writestr(entry, _anonymous(name, old.read(name)))
    return made.getvalue()


def _anonymous(name: str, content: bytes) -> bytes:
    if not name.endswith(".xml"):
        return content
    return _WHEN.sub(b"", _WHO.sub(rb' \1=""', content))
