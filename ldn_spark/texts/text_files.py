"""Small text files that people write: studies, sources, codelists, published values."""

from __future__ import annotations

import re
from pathlib import Path

from ldn_spark.errors import ConfigError, Problem
from ldn_spark.shown import counted

MAX_BYTES = 64 << 20
"""How large a list may be: WHO's whole ATC index is 1 MiB, a national product register 10."""
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_ENOUGH = 10
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_text(path: Path, missing: Problem | None = None, *, max_bytes: int = MAX_BYTES) -> str:
    """The text of a small UTF-8 file, with or without a byte order mark; line ends as they are.

    Args:
        path: a regular file; a pipe could keep us waiting for ever, and cannot be read again.
        missing: what to say when there is none.
        max_bytes: how large it may be.

    Raises:
        ConfigError: it is missing, no file, too large, cannot be read, is no text in UTF-8, or
            holds characters that no text holds (line and column of each are named).
    """
    content = _content(path, missing, max_bytes)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = "is not UTF-8 text" + (", but UTF-16" if content.startswith(_UTF_16) else "")
        raise ConfigError(Problem(f"{path} line {line}", what, "save it as UTF-8")) from None
    if _NO_TEXT.search(text):
        raise ConfigError(_no_text(path, text))
    return text


def _content(path: Path, missing: Problem | None, max_bytes: int) -> bytes:
    try:
        if not path.is_file():
            path.stat()  # what is missing says so itself
            raise ConfigError(Problem(str(path), "is no regular file", "name a file"))
        with path.open("rb") as stream:
            content = stream.read(max_bytes + 1)
    except (FileNotFoundError, NotADirectoryError):
        problem = missing or Problem(str(path), "no such file", "check the path")
        raise ConfigError(problem) from None
    except OSError as error:
        said = (error.strerror or "cannot be read").lower()
        raise ConfigError(Problem(str(path), said, "name a file that can be read")) from None
    if len(content) > max_bytes:
        what = f"is larger than {counted(max_bytes >> 10)} KiB"
        raise ConfigError(Problem(str(path), what, "name the right file, or a shorter one"))
    return content


def _no_text(path: Path, text: str) -> list[Problem]:
    """The first characters that are no text, one of a line."""
    problems = []
    for number, line in enumerate(text.split("\n"), start=1):
        if found := _NO_TEXT.search(line):
            where = f"{path} line {number}, column {found.start() + 1}"
            what = f"holds {named(found[0])}, which is no text"
            problems.append(Problem(where, what, "save it as UTF-8 text without it"))
            if len(problems) == _ENOUGH:
                break
    return problems


def named(character: str) -> str:
    """A character that cannot be shown, by its number.

    >>> named(chr(0)), named(chr(27))
    ('a NUL', 'the character U+001B')
    """
    return "a NUL" if character == "\0" else f"the character U+{ord(character):04X}"
