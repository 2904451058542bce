"""Read a day by the date format that a source declares.

A format is written in the letters of Java and Spark: `yyyy-MM-dd`, `d.M.yyyy`, `ddMMMyyyy`,
`yyyy-MM-dd'T'HH:mm:ss[.S]X`. A time behind the date must be real, and is dropped: the day is the
one that is written, whatever the offset from universal time beside it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

from ldn_spark.delivery.source.month_names import month_of

DAYS = "days"
"""The date format of whole days counted from a day 0."""
_LONGEST = 64
_TWO = "[0-9]{2}"
_DATE_PARTS = {
    "yyyy": "(?P<y>[0-9]{4})",
    "MM": f"(?P<m>{_TWO})",
    "M": "(?P<m>[0-9]{1,2})",
    "MMM": r"(?P<m>[^\W\d_]{3,12}\.?)",
    "dd": f"(?P<d>{_TWO})",
    "d": "(?P<d>[0-9]{1,2})",
}
_TIME_PARTS = {
    "HH": "(?:[01][0-9]|2[0-3])",
    "H": "(?:[01]?[0-9]|2[0-3])",
    "hh": "(?:0[1-9]|1[0-2])",
    "h": "(?:0?[1-9]|1[0-2])",
    "mm": "[0-5][0-9]",
    "ss": "(?:[0-5][0-9]|60)",
    "S": "[0-9]{1,9}",
    "a": r"(?:[AaPp]\.?[Mm]\.?)",
    "X": f"(?:[Zz]|[+-]{_TWO}(?::?{_TWO})?)",
}
_PARTS = _DATE_PARTS | _TIME_PARTS
_OF_SEVERAL_WIDTHS = {"M", "d", "H", "h", "S", "X"}
_BEGIN_WITHOUT_DIGIT = {"MMM", "a", "X"}
_END_WITHOUT_DIGIT = {"MMM", "a"}
_NEEDED = {"year": ("yyyy",), "month": ("MM", "M", "MMM"), "day": ("dd", "d")}
_BRACKETS = ("[", "]")
_TOKENS = re.compile(r"'(?P<quoted>[^']*)'|(?P<letters>([A-Za-z])\3*)|(?P<other>.)", re.DOTALL)
_KNOWN = (
    "known are yyyy; MM, M or MMM (a name); dd or d; of a time behind them HH, H, hh, h, mm, ss, "
    "S (a fraction), a (AM or PM), X (an offset) and T; other letters stand in 'apostrophes', "
    "what may be missing in [brackets]"
)
_LIKE = (
    f"write year, month and day once each, like yyyy.MM.dd, d/M/yyyy or ddMMMyyyy, or '{DAYS}' for "
    "whole days counted from 'base_date'"
)


class DateFormatError(ValueError):
    """A date format says nothing, or less than a day; the message names the mend after a `;`."""


@dataclass(frozen=True, slots=True)
class DateFormat:
    """A date format that has been understood.

    Attributes:
        text: as it is declared.
        pattern: what a whole field must match, with the groups y, m, d.
        has_time: whether a time is declared, which is dropped.
    """

    text: str
    pattern: re.Pattern[str]
    has_time: bool

    def day(self, text: str) -> date | None:
        """The real day that a text is in this format; None if it is none.

        >>> date_format("dMMMyyyy").day("2jan2013"), date_format("yyyy.MM.dd").day("2013.02.30")
        (datetime.date(2013, 1, 2), None)
        """
        match = self.pattern.fullmatch(text)
        if match is None:
            return None
        month = match["m"]
        number = int(month) if month.isdecimal() else month_of(month)
        try:
            return date(int(match["y"]), number, int(match["d"])) if number else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class _Token:
    """One part of a format: letters that mean something, or a text that stands there."""

    text: str
    is_part: bool = False

    @property
    def kind(self) -> str:
        """The part it is, however often its letter is written; empty for a text."""
        if not self.is_part:
            return ""
        return self.text[0] if self.text[0] in "SX" else self.text

    @property
    def pattern(self) -> str:
        if not self.is_part:
            return re.escape(self.text)
        if self.kind == "S" and len(self.text) > 1:
            return f"[0-9]{{{len(self.text)}}}"
        return _PARTS[self.kind]

    @property
    def width_varies(self) -> bool:
        return self.kind in _OF_SEVERAL_WIDTHS and not self.text.startswith("SS")

    @property
    def begins_with_digit(self) -> bool:
        return self.kind not in _BEGIN_WITHOUT_DIGIT if self.is_part else self.text[0].isdigit()

    @property
    def ends_with_digit(self) -> bool:
        return self.kind not in _END_WITHOUT_DIGIT if self.is_part else self.text[-1].isdigit()


@lru_cache(256)
def date_format(text: str) -> DateFormat:
    """Understand a format other than `days`.

    Raises:
        DateFormatError: a letter means nothing, a part of the day is missing or occurs twice, or
            it cannot be told where a number ends and the next begins.
    """
    if len(text) > _LONGEST:
        raise DateFormatError(f"is longer than {_LONGEST} characters; {_LIKE}")
    tokens = [*_tokens(text)]
    kinds = [token.kind for token in tokens if token.is_part]
    _require_a_day(text, kinds)
    plain = [token for token in tokens if token.is_part or token.text not in _BRACKETS]
    for before, after in pairwise(plain):
        _require_an_end(text, before, after)
    pattern = re.compile(_pattern(text, tokens), re.DOTALL)
    return DateFormat(text, pattern, any(kind in _TIME_PARTS for kind in kinds))


def _tokens(text: str) -> Iterator[_Token]:
    unknown = []
    for match in _TOKENS.finditer(text):
        letters = match["letters"]
        if match["other"] == "'":
            raise DateFormatError(f"'{text}' has an apostrophe without another; close it")
        if letters is None or letters == "T":
            yield _Token(match["other"] or match["quoted"] or letters or "'")
        elif letters in _PARTS or set(letters) == {"S"} or letters in ("XX", "XXX"):
            yield _Token(letters, is_part=True)
        else:
            unknown.append(letters)
    if unknown:
        raise DateFormatError(_meaningless(text, unknown))


def _meaningless(text: str, unknown: Sequence[str]) -> str:
    """That letters mean nothing, and what they were meant to be where that is plain."""
    if {*unknown} <= {"yy", "y", "YY"}:
        what = f"'{text}' has years of two digits, which do not tell their century"
        return f"{what}; have them delivered with four, and write yyyy"
    letters = " and ".join(repr(one) for one in dict.fromkeys(unknown))
    what = f"'{text}' is not a date format: {letters} mean nothing"
    meant = re.sub("%[Yymd]", lambda one: {"%m": "MM", "%d": "dd"}.get(one[0], "yyyy"), text)
    meant = meant.replace("Y", "y").replace("D", "d").replace("mmm", "MMM")
    meant = meant if "M" in meant else meant.replace("mm", "MM", 1)
    if meant != text:
        try:
            date_format(meant)
        except DateFormatError:
            pass
        else:
            return f"{what}; did you mean '{meant}'? {_KNOWN}"
    return f"{what}; {_KNOWN}"


def _require_a_day(text: str, kinds: Sequence[str]) -> None:
    """Year, month and day, and everything else at most once."""
    for name, ways in _NEEDED.items():
        found = [kind for kind in kinds if kind in ways]
        what = f"'{text}' is not a date format: it names "
        if not found and name == "month" and "mm" in kinds:
            raise DateFormatError(f"{what}no month; mm are minutes, write MM for the month")
        if len(found) != 1:
            raise DateFormatError(
                f"{what}{'two' if found else 'no'} {name}{'s' * bool(found)}; {_LIKE}"
            )
    if twice := [kind for kind in kinds if kinds.count(kind) > 1]:
        raise DateFormatError(f"'{text}' is not a date format: it has '{twice[0]}' twice; {_LIKE}")


def _require_an_end(text: str, before: _Token, after: _Token) -> None:
    """Where one number ends and the next begins can be told."""
    touch = before.ends_with_digit and after.begins_with_digit
    if touch and (before.width_varies or after.width_varies):
        what = f"'{text}' does not tell where '{before.text}' ends and '{after.text}' begins"
        mend = "write parts that touch with all their digits, like yyyyMMdd"
        raise DateFormatError(f"{what}; {mend}")


def _pattern(text: str, tokens: Sequence[_Token]) -> str:
    """The regular expression of a format; brackets hold what may be missing."""
    pattern, depth = "", 0
    for token in tokens:
        if token.is_part or token.text not in _BRACKETS:
            if depth and token.kind in _DATE_PARTS:
                what = f"'{text}' puts '{token.text}' into brackets, but no day is without it"
                raise DateFormatError(f"{what}; take it out of them")
            pattern += token.pattern
        else:
            depth += 1 if token.text == "[" else -1
            pattern += "(?:" if token.text == "[" else ")?"
        if depth < 0:
            break
    if depth:
        what = f"'{text}' is not a date format: a bracket has no other"
        raise DateFormatError(f"{what}; write what may be missing like [ HH:mm]")
    return pattern
