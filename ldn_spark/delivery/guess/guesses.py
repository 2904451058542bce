"""Guess the layout of a file from its beginning: pure functions of bytes and texts.

Every guess says why, in words that hold no value of a row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ldn_spark.delivery.files.records import find_records
from ldn_spark.delivery.guess.date_guesses import ENOUGH
from ldn_spark.delivery.source.quoting import Quoting
from ldn_spark.shown import numbered
from ldn_spark.study.codes import ATC_PATTERN

_DELIMITERS = {";": "semicolons", "\t": "tabs", ",": "commas", "|": "bars", "^": "carets"}
_EIGHT_BITS = {"cp1252": "windows-1252", "latin_1": "iso-8859-1"}
_LOOK_ALIKES = [*_EIGHT_BITS, "cp850", "mac_roman"]
_ALMOST_ALIKE = 0.03
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2}([.,])\d{3}", re.ASCII)
_WITH_DECIMALS = re.compile(r"[+-]?\d*[.,]\d+", re.ASCII)
_WITH_THOUSANDS = re.compile(
    r"[+-]?\d{1,3}(?:([., \xa0])\d{3})(?:\1\d{3})*(?:([.,])\d+)?", re.ASCII
)
_NUMBER = re.compile(r"[+-]?[.,]?\d+([., \xa0]\d+)*", re.ASCII)
_YEAR = re.compile(r"(1[89]|20)\d\d", re.ASCII)
_SEXES = {
    **dict.fromkeys(("1", "m", "man", "mann", "mand", "male", "mies", "karl", "8507"), "M"),
    **dict.fromkeys(("2", "f", "k", "w", "kvinne", "kvinna", "kvinde", "female", "woman"), "F"),
    **dict.fromkeys(("nainen", "kona", "8532"), "F"),
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
        return Guess(
            "utf-16",
            f"{zeros} of the first {numbered(len(data[:2000]), 'byte is', 'bytes are')} zero",
        )
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
        header = count_fields(lines[0], delimiter) if lines else 0
        records = whole_records(lines, delimiter)
        widths = Counter(count_fields(record, delimiter) for record in records)
        share = widths[header] / max(widths.total(), 1)
        if share >= ENOUGH and header > best[0]:
            best = header, share, delimiter
    width, share, delimiter = best
    if not delimiter:
        return Guess(None, "no character splits the lines into equally many fields")
    every = "every line" if share == 1 else f"{share:.1%} of the lines"
    return Guess(delimiter, f"{numbered(width, 'field')} in {every}")


def whole_records(lines: Sequence[str], delimiter: str) -> Sequence[str]:
    """The records of lines, where quoted fields hold line ends; the lines where none does.

    >>> whole_records(["a,b", '1,"two', 'lines"', "2,x"], ",")
    ['a,b', '1,"two\\nlines"', '2,x']
    """
    if not any('"' in line for line in lines):
        return lines
    data, fields = "\n".join(lines).encode("utf-8", "replace"), count_fields(lines[0], delimiter)
    starts = find_records(data, fields, Quoting('"', delimiter), is_end=True).starts.tolist()
    if len(starts) == len(lines) + 1:
        return lines
    return [data[one:end].decode().removesuffix("\n") for one, end in pairwise(starts)]


def count_fields(line: str, delimiter: str) -> int:
    """How many fields a line has; a delimiter between quotation marks is none.

    >>> count_fields('a,"b,c",d', ","), count_fields('a,5" tall,"b', ",")
    (3, 3)
    """
    if '"' in line:
        quoted = rf'(?:^|(?<={re.escape(delimiter)}))"(?:[^"]|"")*"(?={re.escape(delimiter)}|$)'
        line = re.sub(quoted, "", line)
    return line.count(delimiter) + 1


def guess_quote(lines: Sequence[str], delimiter: str) -> Guess:
    """Whether fields stand in quotation marks."""
    quoted = sum(
        field.startswith('"') and field.endswith('"') and len(field) > 1
        for line in lines
        if '"' in line
        for field in _split(line, delimiter)
    )
    why = f"{numbered(quoted, 'field stands', 'fields stand')} in them"
    return Guess('"', why if quoted else "none here; does no harm")


def _split(line: str, delimiter: str) -> list[str]:
    d = re.escape(delimiter)
    return re.findall(rf'(?:^|{d})("(?:[^"]|"")*"(?={d}|$)|[^{d}]*)', line)


def guess_decimal_mark(texts: Iterable[str]) -> tuple[Guess, Guess]:
    """The decimal mark and the thousands mark of some columns' numbers."""
    seen: Counter[str] = Counter()
    thousands: Counter[str] = Counter()
    either: Counter[str] = Counter()
    for text in texts:
        if match := _EITHER.fullmatch(text):
            either[match[1]] += 1
        elif _WITH_DECIMALS.fullmatch(text):
            seen["," if "," in text else "."] += 1
        elif match := _WITH_THOUSANDS.fullmatch(text):
            thousands[match[1].replace("\xa0", " ")] += 1
            seen.update([match[2]] if match[2] else [])
    told = not seen and either and not thousands
    if len(seen) > 1 or (told and len(either) > 1):
        return Guess(None, "points and commas both occur"), Guess(None, "see decimal_mark")
    if told:
        what = (
            f"{numbered(either.total(), 'number has', 'numbers have')} three digits behind a mark"
        )
        why = f"{what}: decimals or thousands? the registry tells"
        return Guess(None, why), Guess(None, "see decimal_mark")
    if not seen:
        return Guess(None, "no number with decimals here"), Guess(None, "none here")
    ((mark, count),) = seen.items()
    count, apart = count + either[mark], [one for one in (thousands | either) if one != mark]
    number = sum((thousands[one] + either[one]) for one in apart[:1])
    why = _have_it(number) if apart else "none here"
    return Guess(mark, _have_it(count)), Guess(apart[0] if apart else None, why)


def _have_it(count: int) -> str:
    return f"{numbered(count, 'number has', 'numbers have')} it"


def holds_numbers(texts: Iterable[str]) -> bool:
    """Whether half of what a column holds are numbers, however they are written."""
    texts = [text for text in texts if text]
    found = sum(bool(_NUMBER.fullmatch(text)) for text in texts)
    return not texts or 2 * found >= len(texts)


def holds_years(texts: Iterable[str]) -> bool:
    """Whether half of what a column holds are years in which people are born."""
    texts = [text for text in texts if text]
    found = sum(bool(_YEAR.fullmatch(text)) for text in texts)
    return not texts or 2 * found >= len(texts)


def guess_width(texts: Iterable[str]) -> Guess:
    """The digits of a product number; None for a number that is kept as text."""
    texts = [text for text in texts if text]
    if not texts:
        return Guess(None, "the column is empty here")
    if sum(_is_whole(text) for text in texts) < ENOUGH * len(texts):
        return Guess(None, "not digits alone, so kept as text")
    widths = Counter(len(text) for text in texts if _is_whole(text))
    longest = max(widths)
    if longest > 12:
        return Guess(None, "more than 12 digits, so kept as text")
    if len(widths) == 1:
        return Guess(longest, f"all have {numbered(longest, 'digit')}")
    return Guess(longest, f"they have {min(widths)} to {longest} digits; zeros are put before them")


def guess_sex_codes(texts: Iterable[str]) -> Guess:
    """Which codes are women and men; only codes that are in use anywhere are told."""
    codes = {text for text in texts if text}
    if not codes:
        return Guess(None, "the column is empty here")
    if "0" in codes:
        return Guess(None, "0 and 1 are in use both ways round: the registry tells")
    known = {code: _SEXES[code.lower()] for code in sorted(codes) if code.lower() in _SEXES}
    if not known:
        return Guess(None, "the codes are none of those in use")
    others, sexes = len(codes) - len(known), {*known.values()}
    why = "the usual meaning" + (f"; {numbered(others, 'other code')}: unknown" if others else "")
    if len(sexes) == 1:
        why += f"; no code of {'men' if 'F' in sexes else 'women'} is here: add it"
    return Guess(known, why)


def share_of_atc_codes(texts: Iterable[str]) -> float:
    """How many of a column's texts are ATC codes of level 3 or more."""
    texts = [text for text in texts if text]
    found = sum(len(text) > 3 and bool(ATC_PATTERN.fullmatch(text.upper())) for text in texts)
    return found / len(texts) if texts else 0.0


def _is_whole(text: str) -> bool:
    return bool(re.fullmatch(r"[+-]?\d+", text, re.ASCII))
