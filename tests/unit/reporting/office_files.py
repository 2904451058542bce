"""Exported files read back, by other code than what wrote them."""

from __future__ import annotations

import io
import re
import zipfile
from xml.etree import ElementTree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def parts(content: bytes) -> dict[str, bytes]:
    """The files in an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def sheets(content: bytes) -> dict[str, dict[tuple[int, int], str | float]]:
    """Sheet -> row and column from 1 -> a text, or a number as a float."""
    files = parts(content)
    texts = [
        "".join(part.text or "" for part in item.iter(f"{_MAIN}t"))
        for item in ElementTree.fromstring(files["xl/sharedStrings.xml"])
    ]
    book = ElementTree.fromstring(files["xl/workbook.xml"])
    names = [sheet.attrib["name"] for sheet in book.iter(f"{_MAIN}sheet")]
    return {
        name: dict(_cells(files[f"xl/worksheets/sheet{number}.xml"], texts))
        for number, name in enumerate(names, start=1)
    }


def _cells(content: bytes, texts: list[str]):
    for cell in ElementTree.fromstring(content).iter(f"{_MAIN}c"):
        value = cell.find(f"{_MAIN}v")
        if value is None:
            continue
        letters, row = re.fullmatch(r"([A-Z]+)(\d+)", cell.attrib["r"]).groups()
        column = 0
        for letter in letters:
            column = column * 26 + ord(letter) - ord("A") + 1
        found = texts[int(value.text)] if cell.get("t") == "s" else float(value.text)
        yield (int(row), column), found


def word(content: bytes):
    """A Word document, opened by the library that wrote it."""
    import docx

    return docx.Document(io.BytesIO(content))
