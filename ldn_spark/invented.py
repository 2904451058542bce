"""The mark of invented data: whoever simulates writes it, whatever is made of such data carries it.

It stands in two places, so that it outlives what people do with files: beside the delivered files
as a file of its own, and in every line, at the beginning of the pseudonym. A lake is marked for
good as soon as one delivery is.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

PSEUDONYM = "INVENTED-"
"""How the pseudonym of an invented person begins."""
MARKER = "INVENTED-DATA.md"
SENTENCE = "Invented data: no person in them exists."
SOURCE = "invented data"
"""How the origin of such data is named where only a few words fit."""

_FOLDERS = 3
_TEXT = f"""# {SENTENCE}

The files of this folder were written by a simulator. Nothing can be learnt from them of medicines
or of people. Whatever is made of them says so: this file and the pseudonyms, which all begin with
`{PSEUDONYM}`, tell the software.
"""


def write_marker(folder: Path) -> None:
    """Lay the mark beside delivered files."""
    (folder / MARKER).write_text(_TEXT, encoding="utf-8")


def is_marked(files: Iterable[Path]) -> bool:
    """Whether the mark lies in the folder of any of these files, or in one just above it.

    A table is a folder of files, maybe with a folder for every year.
    """
    folders = {folder for file in files for folder in list(file.resolve().parents)[:_FOLDERS]}
    return any((folder / MARKER).is_file() for folder in folders)
