"""Foreign text as it is shown: what a terminal would obey, or could not print, is escaped."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

THOUSANDS = "\N{NARROW NO-BREAK SPACE}"
"""What stands between groups of three digits, wherever a person reads a number."""
MINUS = "\N{MINUS SIGN}"
"""What stands before a number below 0, in print."""
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
        text = f"{text[:half]}… ({numbered(left_out, 'more character')}) …{text[-half:]}"
    return escaped(text, keep=keep)


def counted(number: float | Decimal, decimals: int | None = None) -> str:
    """A number in groups of three digits, for messages, terminals, pages and figures alike.

    An encoding that lacks the mark gets an ordinary space from the streams of the command.

    Args:
        number: a whole number stays exact, however large it is.
        decimals: how many are shown; as many as the number has when not given.

    >>> counted(1234567).split(THOUSANDS), counted(-1000).split(THOUSANDS)
    (['1', '234', '567'], ['-1', '000'])
    >>> counted(999), counted(12.345, 1), counted(Decimal("0.0001"))
    ('999', '12.3', '0.0001')
    """
    form = "," if decimals is None else f",.{decimals}f"
    return format(number, form).replace(",", THOUSANDS)


def numbered(number: int, one: str, many: str | None = None) -> str:
    """A count with what is counted, in the singular or the plural.

    Args:
        number: how many.
        one: what one is called, with its verb where that differs, too.
        many: what others than one are called; `one` with an s when not given.

    >>> numbered(1, "line"), numbered(0, "line"), numbered(12, "more file")
    ('1 line', '0 lines', '12 more files')
    >>> numbered(1, "column is", "columns are"), numbered(2, "column is", "columns are")
    ('1 column is', '2 columns are')
    """
    return f"{counted(number)} {one if number == 1 else many or one + 's'}"


def escaped(text: str, *, keep: str = "") -> str:
    """The same of a text of any length, whole."""
    if text.isprintable():  # Python's word for it: nothing of `_UNSEEN`, and no blank but " "
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
