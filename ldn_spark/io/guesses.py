"""What the beginning of a file tells of its layout: pure functions of bytes and texts.

Every guess says why, in words that hold no value of a row.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ldn_spark.io.date_formats import DAYS, date_format
from ldn_spark.study.codes import ATC_PATTERN

ENOUGH = 0.95
"""The share of a column's texts that must fit, so that some damaged rows do no harm."""
_DELIMITERS = {";": "semicolons", "\t": "tabs", ",": "commas", "|": "bars", "^": "carets"}
_DATE_FORMATS = (
    *("yyyy-MM-dd", "yyyy.MM.dd", "yyyy/MM/dd", "yyyyMMdd"),
    *("dd.MM.yyyy", "dd-MM-yyyy", "dd/MM/yyyy", "ddMMyyyy"),
    *("MM/dd/yyyy", "MM-dd-yyyy", "MMddyyyy"),
)
_YEARS = range(1900, 2101)
_EIGHT_BITS = {"cp1252": "windows-1252", "latin_1": "iso-8859-1"}
_LOOK_ALIKES = [*_EIGHT_BITS, "cp850", "mac_roman"]
_ALMOST_ALIKE = 0.03
_SEXES = {
    **dict.fromkeys(("1", "m", "man", "mann", "mand", "male", "8507"), "M"),
    **dict.fromkeys(("2", "f", "k", "kvinne", "kvinna", "kvinde", "female", "woman", "8532"), "F"),
}


@dataclass(frozen=True, slots=True)
class Guess:
    """What something is taken for.

    Attributes:
        value: the guess; None where it cannot be told.
        why: how it was told, or why it could not be.
    """

    value: Any
    why: str


def guess_encoding(data: bytes) -> Guess:
    """The encoding of text by its first bytes, its zeros, and what its letters would be."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Guess("utf-16", "begins with its mark")
    if data.startswith(b"\xef\xbb\xbf"):
        return Guess("utf-8", "begins with its mark")
    if (zeros := data[:2000].count(0)) > len(data[:2000]) // 4:
        return Guess("utf-16", f"{zeros} of the first {len(data[:2000])} bytes are zero")
    if data.isascii():
        return Guess("utf-8", "nothing but ASCII here; look at names beyond it")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start > len(data) - 4 and error.reason == "unexpected end of data":
            return Guess("utf-8", "letters beyond ASCII are valid UTF-8")
    else:
        return Guess("utf-8", "letters beyond ASCII are valid UTF-8")
    return _guess_eight_bits(data)


def _guess_eight_bits(data: bytes) -> Guess:
    from charset_normalizer import from_bytes

    lines = [line for line in data.splitlines() if not line.isascii()]
    found = list(from_bytes(b"\n".join(lines[:2000]), cp_isolation=_LOOK_ALIKES))
    controls = any(0x80 <= byte < 0xA0 for byte in bytes(set(data)))
    found = [match for match in found if not (controls and match.encoding == "latin_1")]
    least = min((match.chaos for match in found), default=0.0)
    near = {match.encoding for match in found if match.chaos <= least + _ALMOST_ALIKE}
    for codec, name in _EIGHT_BITS.items():
        if codec in near:
            other = "" if controls else "; iso-8859-1 would read the same"
            return Guess(name, f"no UTF-8, and its letters make sense{other}")
    return Guess(None, "no UTF-8, and not like windows-1252; have it saved as UTF-8")


def guess_delimiter(lines: Sequence[str]) -> Guess:
    """The character that splits nearly all lines into as many fields as the first."""
    best: tuple[int, float, str] = (1, 0.0, "")
    for delimiter in _DELIMITERS:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
        header = len(next(csv.reader(lines[:1], delimiter=delimiter), []))
        share = widths[header] / max(widths.total(), 1)
        if share >= ENOUGH and header > best[0]:
            best = header, share, delimiter
    width, share, delimiter = best
    if not delimiter:
        return Guess(None, "no character splits the lines into equally many fields")
    every = "every line" if share == 1 else f"{share:.1%} of the lines"
    return Guess(delimiter, f"{width} fields in {every}")


def guess_quote(lines: Sequence[str], delimiter: str) -> Guess:
    """Whether fields stand in quotation marks."""
    quoted = sum(
        field.startswith('"') and field.endswith('"') and len(field) > 1
        for line in lines
        for field in line.split(delimiter)
    )
    return Guess('"', f"{quoted} fields stand in them" if quoted else "none here; does no harm")


def guess_date_format(texts: Iterable[str]) -> Guess:
    """The format in which nearly all texts are days; whole numbers are days from a day 0."""
    texts = [text for text in texts if text]
    if not texts:
        return Guess(None, "the column is empty here")
    formats = []
    for form in _DATE_FORMATS:
        if (share := _share_of_days(texts, form)) >= ENOUGH:
            formats.append((share, form))
    best = [form for share, form in formats if share == max(formats)[0]]
    if len(best) == 1:
        share = max(formats)[0]
        return Guess(
            best[0], "all that is there" if share == 1 else f"{share:.1%} of what is there"
        )
    if best:
        return Guess(None, f"could be {' or '.join(best)}")
    if sum(_is_whole(text) for text in texts) >= ENOUGH * len(texts):
        return Guess(DAYS, "whole numbers that are no dates")
    return Guess(None, "no format that is read fits")


def _share_of_days(texts: Sequence[str], form: str) -> float:
    read, different = date_format(form).day, Counter(texts)
    days = sum(
        count for text, count in different.items() if (day := read(text)) and day.year in _YEARS
    )
    return days / len(texts)


def guess_decimal_mark(texts: Iterable[str]) -> tuple[Guess, Guess]:
    """The decimal mark and the thousands mark of some columns' numbers."""
    seen: Counter[str] = Counter()
    thousands: Counter[str] = Counter()
    for text in texts:
        if re.fullmatch(r"[+-]?\d*[.,]\d+", text):
            seen["," if "," in text else "."] += 1
        elif match := re.fullmatch(
            r"[+-]?\d{1,3}(?:([., \xa0])\d{3})(?:\1\d{3})*(?:([.,])\d+)?", text
        ):
            thousands[match[1].replace("\xa0", " ")] += 1
            seen.update([match[2]] if match[2] else [])
    if len(seen) > 1:
        return Guess(None, "points and commas both occur"), Guess(None, "see decimal_mark")
    if not seen:
        return Guess(None, "no number with decimals here"), Guess(None, "none here")
    ((mark, count),) = seen.items()
    apart = [other for other in thousands if other != mark]
    why = f"{thousands[apart[0]]} numbers have it" if apart else "none here"
    return Guess(mark, f"{count} numbers have it"), Guess(apart[0] if apart else None, why)


def guess_width(texts: Iterable[str]) -> Guess:
    """The digits of a product number; None for a number that is kept as text."""
    texts = [text for text in texts if text]
    if not texts:
        return Guess(None, "no product number here")
    if sum(_is_whole(text) for text in texts) < ENOUGH * len(texts):
        return Guess(None, "not digits alone, so kept as text")
    widths = Counter(len(text) for text in texts if _is_whole(text))
    longest = max(widths)
    if longest > 12:
        return Guess(None, "more than 12 digits, so kept as text")
    if len(widths) == 1:
        return Guess(longest, f"all have {longest} digits")
    return Guess(longest, f"they have {min(widths)} to {longest} digits; zeros are put before them")


def guess_sex_codes(texts: Iterable[str]) -> Guess:
    """Which codes are women and men; only codes that are in use anywhere are told."""
    codes = {text for text in texts if text}
    known = {code: _SEXES[code.lower()] for code in sorted(codes) if code.lower() in _SEXES}
    if not known or codes & {"0"}:
        return Guess(None, "the codes are none of those in use")
    others = len(codes) - len(known)
    why = "the usual meaning" if not others else f"the usual meaning; {others} other codes: unknown"
    return Guess(known, why)


def share_of_atc_codes(texts: Iterable[str]) -> float:
    """How many of a column's texts are ATC codes of level 3 or more."""
    texts = [text for text in texts if text]
    found = sum(len(text) > 3 and bool(ATC_PATTERN.fullmatch(text.upper())) for text in texts)
    return found / len(texts) if texts else 0.0


def is_value(name: str) -> bool:
    """Whether a field of a first line is a value rather than the name of a column."""
    name = name.strip()
    if re.fullmatch(r"[+-]?[\d.,/: -]*\d[\d.,/: -]*", name):
        return True
    return len(name) == 7 and bool(ATC_PATTERN.fullmatch(name.upper()))


def _is_whole(text: str) -> bool:
    return bool(re.fullmatch(r"[+-]?\d+", text, re.ASCII))
