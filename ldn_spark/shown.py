"""Foreign text as it is shown: what a terminal would obey, or could not print, is escaped."""

from __future__ import annotations

import unicodedata

LONGEST_SHOWN = 2_000
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def shown(text: str, *, keep: str = "") -> str:
    r"""A text without control, format and unprintable characters: they are written as escapes.

    A file name's byte that is no UTF-8 is shown as that byte. What is longer than 2,000 characters
    is cut in its middle.

    Args:
        text: of a file, a file's name, or a message that holds one.
        keep: control characters that stay as they are.

    >>> import os
    >>> shown("a\x1b[31mb\n"), shown(os.fsdecode(b"l\xf8v.csv")), shown("Ærlig – 10 €")
    ('a\\x1b[31mb\\n', 'l\\xf8v.csv', 'Ærlig – 10 €')
    """
    if len(text) > LONGEST_SHOWN:
        half, left_out = LONGEST_SHOWN // 2, len(text) - LONGEST_SHOWN
        text = f"{text[:half]}… ({left_out:,} more characters) …{text[-half:]}"
    return escaped(text, keep=keep)


def escaped(text: str, *, keep: str = "") -> str:
    """The same of a text of any length, whole."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if one in keep else _visible(one) for one in text)


def is_shown(character: str) -> bool:
    """Whether a character is shown as itself: it is no control character and has a shape.

    >>> [is_shown(character) for character in ("å", "×", "\\x1b", "\\u202e", "\\udcff")]
    [True, True, False, False, False]
    """
    return unicodedata.category(character) not in _UNSEEN


def _visible(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte that Python kept of a name
        return f"\\x{ord(character) - 0xDC00:02x}"
    if not is_shown(character):
        return character.encode("unicode_escape").decode("ascii")
    return character
