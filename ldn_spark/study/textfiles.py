"""Small text files that people write: studies, sources, codelists, published values."""

from __future__ import annotations

import re
from pathlib import Path

from ldn_spark.errors import ConfigError, Problem

MAX_BYTES = 32 << 20
"""How large a list may be: WHO's whole ATC index is 1 MiB, a national product register 10."""
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_ENOUGH = 10
_OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff")


def read_text_file(path: Path, *, max_bytes: int = MAX_BYTES) -> str:
    r"""The text of a file; every kind of line end is `\n`.

    Args:
        path: a regular file; a pipe could keep us waiting for ever, and cannot be read again.
        max_bytes: how large it may be.

    Raises:
        FileNotFoundError: there is none, so that the caller can say what there is.
        ConfigError: it is no file, is too large, cannot be read, is not UTF-8, or holds a
            character that no text holds (line and column are named).
    """
    try:
        if not path.is_file():
            path.stat()  # a missing file says so itself
            raise ConfigError(Problem(str(path), "is no regular file", "give a file"))
        with path.open("rb") as stream:
            content = stream.read(max_bytes + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(Problem(str(path), error.strerror or "cannot be read")) from None
    if len(content) > max_bytes:
        what = f"is larger than {max_bytes >> 10:,} KiB"
        raise ConfigError(Problem(str(path), what, "is it the right file?"))
    text = _decoded(path, content).replace("\r\n", "\n").replace("\r", "\n")
    _check_characters(path, text)
    return text


def _decoded(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if content.startswith(_OTHER_ENCODINGS):
            raise ConfigError(Problem(str(path), "is UTF-16 text", "save it as UTF-8")) from None
        where = f"{path} line {_line_of(content, error.start)}"
        raise ConfigError(Problem(where, "is not UTF-8 text", "save it as UTF-8")) from None


def _line_of(content: bytes, position: int) -> int:
    before = content[:position].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return before.count(b"\n") + 1


def _check_characters(path: Path, text: str) -> None:
    if not _NO_TEXT.search(text):
        return
    problems = []
    for number, line in enumerate(text.split("\n"), start=1):
        if found := _NO_TEXT.search(line):
            where = f"{path} line {number}, column {found.start() + 1}"
            what = f"holds {named(found[0])}, which is no text"
            problems.append(Problem(where, what, "take it out"))
    raise ConfigError(problems[:_ENOUGH])


def named(character: str) -> str:
    """A character that cannot be shown, by its number.

    >>> named(chr(0))
    'the character U+0000'
    """
    return f"the character U+{ord(character):04X}"
