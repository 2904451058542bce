"""Tell by its first bytes what a file is that is no text, and what to do about it."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from ldn_spark.delivery.source.formats import marked
from ldn_spark.places.files import opened

BEGIN = 512
"""How many bytes tell it."""
Told = tuple[str, str]
"""What something is, and the mend."""

_UNPACK = "unpack it first, or have it packed as .gz or .zst"
_DECLARE = "declare its 'format' in the source file"
_AGAIN = "ask for the file again: this may be a letter or an error message"
_AS_TEXT = "have it exported as CSV text or Parquet"
_R: Told = ("is an R data file", "save it in R as CSV (write.csv) or Parquet (arrow)")
_OFFICE: Told = (
    "is an Excel file or another office document",
    "have it saved and delivered as text",
)
_PICTURE: Told = ("is a picture", _AGAIN)
_DATABASE: Told = ("is a database file", _AS_TEXT)
_ENCRYPTED: Told = ("is encrypted", "decrypt it first")
_UTF_32: Told = ("is UTF-32 text", "save it as UTF-8")
_ZIP = b"PK\x03\x04"
_MARKS: dict[bytes, Told] = {
    _ZIP: ("is packed (zip)", _UNPACK),
    b"PK\x05\x06": ("is packed (zip)", _UNPACK),
    b"BZh": ("is packed (bzip2)", _UNPACK),
    b"\xfd7zXZ": ("is packed (xz)", _UNPACK),
    b"7z\xbc\xaf": ("is packed (7z)", _UNPACK),
    b"Rar!": ("is packed (rar)", _UNPACK),
    b"\x04\x22\x4d\x18": ("is packed (lz4)", _UNPACK),
    b"\x1f\x9d": ("is packed (compress)", _UNPACK),
    b"MSCF": ("is packed (cab)", _UNPACK),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": _OFFICE,
    b"PARE": ("is an encrypted Parquet file", "ask for it without encryption"),
    b"**COMPRESSED** **COMPRESSED**": (
        "is a SAS transport file of PROC CPORT, which SAS alone reads",
        "have it made by the XPORT engine, or exported as CSV text",
    ),
    b"RDX2\n": _R,
    b"RDX3\n": _R,
    b"RDA2\n": _R,
    b"RDA3\n": _R,
    b"X\n\x00\x00\x00": _R,
    b"\xff\xff\xff\xff": ("is an Arrow stream", _AS_TEXT),
    b"FEA1": ("is a Feather file of version 1", "save it as version 2, or as Parquet"),
    b"Obj\x01": ("is an Avro file", _AS_TEXT),
    b"ORC\x08": ("is an ORC file", _AS_TEXT),
    b"\x89HDF\r\n\x1a\n": ("is an HDF5 file", _AS_TEXT),
    b"SQLite format 3\x00": _DATABASE,
    b"\x00\x01\x00\x00Standard ": ("is an Access database", _AS_TEXT),
    b"\x80\x04\x95": ("is a Python pickle", _AS_TEXT),
    b"\x80\x05\x95": ("is a Python pickle", _AS_TEXT),
    b"\xff\xfe\x00\x00": _UTF_32,
    b"\x00\x00\xfe\xff": _UTF_32,
    b"\x89PNG\r\n": _PICTURE,
    b"\xff\xd8\xff": _PICTURE,
    b"GIF8": _PICTURE,
    b"%PDF-": ("is a PDF", _AGAIN),
    b"{\\rtf": ("is a letter in rich text", _AGAIN),
    b"Salted__": _ENCRYPTED,
    b"-----BEGIN PGP MESSAGE": _ENCRYPTED,
    b"age-encryption.org/": _ENCRYPTED,
}
_SHAPES: dict[re.Pattern[bytes], Told] = {
    re.compile(rb"A\n[23]\n\d{5,6}\n\d{5,6}\n"): _R,
    re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype html|html)", re.IGNORECASE): (
        "is a web page",
        _AGAIN,
    ),
    re.compile(rb"(\xef\xbb\xbf)?\s*<\?xml"): ("is XML", _AS_TEXT),
    re.compile(rb'(\xef\xbb\xbf)?\s*(\{\s*("|\})|\[\s*(\{|\[|"|\]))'): ("is JSON", _AS_TEXT),
    re.compile(rb".{257}ustar", re.DOTALL): ("is packed (tar)", "unpack it first"),
}
_PARTS_OF_OFFICE = {"[Content_Types].xml", "META-INF/manifest.xml"}
_OF_R = {".rds", ".rda", ".rdata"}
_PACKERS_OF_R = (b"BZh", b"\xfd7zXZ")


def foreign(begin: bytes, path: Path | None = None) -> Told | None:
    """What something is that is neither text nor packed as we unpack it; None for what may be text.

    Args:
        begin: its first bytes, `BEGIN` of them where there are as many.
        path: the file, where these are its own first bytes and not those of something in it.

    >>> foreign(b'{"a": 1}')
    ('is JSON', 'have it exported as CSV text or Parquet')
    """
    if path and begin.startswith(_ZIP) and _is_office(path):
        return _OFFICE
    if path and path.suffix.lower() in _OF_R and begin.startswith(_PACKERS_OF_R):
        return _R
    if mark := marked(begin):
        return f"is {mark.words}", _DECLARE if path else f"unpack it first, and {_DECLARE}"
    known = (told for mark, told in _MARKS.items() if begin.startswith(mark))
    shaped = (told for shape, told in _SHAPES.items() if shape.match(begin))
    return next(known, None) or next(shaped, None)


def is_letter(begin: bytes) -> bool:
    """Whether something is a letter or a page, as may lie beside the files of a delivery.

    >>> is_letter(b"%PDF-1.4"), is_letter(b"a;b")
    (True, False)
    """
    found = foreign(begin)
    return found is not None and found[1] == _AGAIN


def _is_office(path: Path) -> bool:
    try:
        with opened(path) as stream, zipfile.ZipFile(stream) as packed:
            return bool(_PARTS_OF_OFFICE & {*packed.namelist()})
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
