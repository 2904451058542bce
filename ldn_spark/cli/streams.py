"""Standard output and error: closed, full, without a reader, or unable to write every letter."""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata
from typing import TYPE_CHECKING, TextIO

from ldn_spark.errors import LdnSparkError, Problem

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

OUTPUT = "standard output"
NOT_WRITTEN, READER_GONE = 30, 141
"""The second as a shell counts a program that SIGPIPE ends."""
_PLAIN = {
    "×": "x",
    "−": "-",
    "–": "-",
    "—": "-",
    "…": "...",
    "·": ".",
    "±": "+/-",
    "≥": ">=",
    "≤": "<=",
    "→": "->",
    "“": '"',
    "”": '"',
    "«": '"',
    "»": '"',
    "‘": "'",
    "’": "'",
    "ø": "o",
    "Ø": "O",
    "æ": "ae",
    "Æ": "AE",
    "ß": "ss",
    "█": "#",
}


class LostOutputError(LdnSparkError):
    """What was to be printed cannot be."""

    def __init__(self, error: OSError | None = None) -> None:
        if error is None:
            super().__init__(Problem(OUTPUT, "is closed", "send it to a file or to /dev/null"))
        elif isinstance(error, BrokenPipeError):
            super().__init__(Problem(OUTPUT, "its reader is gone, so not all of it was written"))
        else:
            super().__init__(Problem(OUTPUT, error.strerror or "cannot be written"))
        self.exit_code = READER_GONE if isinstance(error, BrokenPipeError) else NOT_WRITTEN


def guard_streams() -> None:
    """Let standard output name itself in errors, and both streams write what they can.

    Every place below 3 is taken, so that no file that is opened later becomes standard output. A
    letter that the terminal's encoding lacks is written by its nearest plain ones. What cannot be
    written is a `LostOutputError` and no `OSError`, which libraries take for their own.

    Raises:
        LostOutputError: standard output is closed.
    """
    is_closed = sys.stdout is None
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    codecs.register_error("plain", _plain)
    sys.stderr = _text(_Errors(2), sys.stderr)
    sys.stdout = _text(_Output(1), sys.stdout)
    if is_closed:
        raise LostOutputError


class _Output(io.FileIO):
    """A descriptor that stays open; what cannot be written raises once, and is dropped after."""

    def __init__(self, number: int) -> None:
        super().__init__(number, "w", closefd=False)
        self._is_lost = False

    def write(self, data: Buffer) -> int:
        if not self._is_lost:
            try:
                return super().write(data)
            except OSError as error:
                self._is_lost = True
                self._lose(error)
        return len(memoryview(data))

    def _lose(self, error: OSError) -> None:
        raise LostOutputError(error) from None


class _Errors(_Output):
    """Where nobody reads messages and progress, the work goes on without them."""

    def _lose(self, error: OSError) -> None:
        pass


def _text(raw: io.RawIOBase, before: TextIO | None) -> TextIO:
    lines = True if before is None else before.line_buffering
    encoding = "utf-8" if before is None else before.encoding
    buffer = io.BufferedWriter(raw)
    return io.TextIOWrapper(buffer, encoding=encoding, errors="plain", line_buffering=lines)


def _plain(error: UnicodeError) -> tuple[str, int]:
    """The nearest letters of an encoding that lacks some; a question mark where there are none.

    >>> _ = codecs.register_error("plain", _plain)
    >>> "LDN×4+ −1.5 Småbrekke ᵃ 中".encode("ascii", "plain")
    b'LDNx4+ -1.5 Smabrekke a ?'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = []
    for letter in error.object[error.start : error.end]:
        nearest = _PLAIN.get(letter) or unicodedata.normalize("NFKD", letter)
        letters.append(nearest.encode("ascii", "ignore").decode() or "?")
    return "".join(letters), error.end


def flush_streams() -> None:
    """Write what the streams still hold.

    Raises:
        LostOutputError: standard output cannot be written.
    """
    sys.stderr.flush()
    sys.stdout.flush()
