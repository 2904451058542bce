"""The values of settings as types: texts that can be printed, days and numbers within bounds.

The bounds keep every sum of days within the calendar of Python and of the engines, and every name
within the width of a page and a file name. Each says itself in the message of its error and in the
JSON schema.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from ldn_spark.shown import is_shown
from ldn_spark.texts.text_files import named

DAYS_REACH = 36_525
"""How far from the index date a window can reach: a hundred years."""
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2100, 12, 31)
FIRST_INDEX, LAST_INDEX = 1970, 2100
"""Years of the ATC index."""
MANY = 1_000_000
"""More dispenses than anybody collects."""
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SIGNS = "=+-@＝＋－＠"
"""What a spreadsheet takes for the beginning of a formula."""
_JOINERS = "\N{SOFT HYPHEN}\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""Unseen characters that words and emoji are written with."""
_PRINTED = r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]"

DayOffset = Annotated[int, Field(ge=-DAYS_REACH, le=DAYS_REACH)]
NumberOfDays = Annotated[int, Field(ge=1, le=DAYS_REACH)]
IndexYear = Annotated[int, Field(ge=FIRST_INDEX, le=LAST_INDEX)]
AtLeastOne = Annotated[int, Field(ge=1, le=MANY)]
ZeroOrMore = Annotated[int, Field(ge=0, le=MANY)]
Years = Annotated[int, Field(ge=0, le=150)]
"""An age."""


def check_text(text: str) -> str:
    """A text that can be shown on one line.

    Raises:
        ValueError: it holds a line break or a character that cannot be shown.
    """
    for character in () if text.isascii() and text.isprintable() else text:
        if character in "\n\r":
            raise ValueError("holds a line break; write it on one line")
        if not is_shown(character) and character not in _JOINERS:
            raise ValueError(f"holds {named(character)}, which cannot be shown; take it out")
    return text


def check_label(text: str) -> str:
    """A text for tables and figures: it can be shown, and no spreadsheet takes it for a formula.

    Raises:
        ValueError: it cannot be shown, is blank at an end, or begins like a formula.
    """
    check_text(text)
    if text != text.strip():
        raise ValueError("begins or ends with a blank; take it away")
    if text[0] in _SIGNS:
        raise ValueError(f"begins with {text[0]}, a formula to a spreadsheet; begin with a word")
    return text


def parse_day(text: str, first: date = FIRST_DAY, last: date = LAST_DAY) -> date:
    """An ISO date between two days, both included.

    Raises:
        ValueError: it is written otherwise, is not in the calendar, or is outside.

    >>> parse_day("2012-02-29")
    datetime.date(2012, 2, 29)
    >>> parse_day("2013-06-31")
    Traceback (most recent call last):
    ...
    ValueError: there is no day 2013-06-31; write one that is in the calendar
    """
    if not _ISO.fullmatch(text):
        raise ValueError(f"'{text[:40]}' is not a date; write year-month-day, as in 2013-01-31")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no day {text}; write one that is in the calendar") from None
    if not first <= day <= last:
        raise ValueError(f"{text} is out of range; write a day from {first} to {last}")
    return day


def _day(value: Any, first: date, last: date) -> date:
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        shown = "nothing" if value is None else f"{value} "[:40].strip()
        raise ValueError(f"'{shown}' is not a date; write year-month-day, as in 2013-01-31")
    return parse_day(value, first, last)


def between(first: date, last: date) -> BeforeValidator:
    """Reads a day from `first` to `last`, written as year-month-day."""
    return BeforeValidator(lambda value: _day(value, first, last))


DAY_SCHEMA = {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
Day = Annotated[date, between(FIRST_DAY, LAST_DAY), WithJsonSchema(DAY_SCHEMA)]


def _up_to(longest: int) -> Any:
    """Bounds of a text that is not empty."""
    return Field(min_length=1, max_length=longest)


def _schema(longest: int, begins_with: str = "") -> WithJsonSchema:
    pattern = f"^{begins_with}{_PRINTED}*$"
    return WithJsonSchema(
        {"type": "string", "minLength": 1, "maxLength": longest, "pattern": pattern}
    )


_NO_FORMULA = rf"(?![{re.escape(_SIGNS)}\s])"


def check_delivered(text: str) -> str:
    """A name or value as it stands in a delivered file: no control character.

    Raises:
        ValueError: it holds one.
    """
    if found := re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", text):
        raise ValueError(f"holds {named(found[0])}, a control character; take it out")
    return text


Delivered = Annotated[
    str,
    Field(min_length=1, max_length=200),
    AfterValidator(check_delivered),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 200}),
]
"""A name or value of a delivered file: also what is not seen, like a zero-width blank."""
Text = Annotated[str, _up_to(200), AfterValidator(check_text), _schema(200)]
"""A text that can be shown on one line."""
Label = Annotated[str, _up_to(200), AfterValidator(check_label), _schema(200, _NO_FORMULA)]
"""A text for tables and figures."""
Title = Annotated[str, _up_to(500), AfterValidator(check_label), _schema(500, _NO_FORMULA)]
"""A title or a reference."""
Abbreviation = Annotated[str, _up_to(40), AfterValidator(check_label), _schema(40, _NO_FORMULA)]
_NAME = r"[A-Za-z][A-Za-z0-9_+\-]*"
NAME_SCHEMA = {"type": "string", "maxLength": 64, "pattern": f"^{_NAME}$"}


def _check_name(text: str) -> str:
    if not re.fullmatch(_NAME, text):
        raise ValueError(
            f"'{text}' is not a usable id; begin with a letter, then letters, digits, _, + and -"
        )
    return text


Name = Annotated[
    str, Field(max_length=64), AfterValidator(_check_name), WithJsonSchema(NAME_SCHEMA)
]
"""An id: of a study, an outcome, a codelist; a part of the names of files."""
