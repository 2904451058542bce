"""Words and numbers that programs write where nothing is known: NA, NULL, a point, 9999.

Only what stands in a list here is ever shown of a row: it is nobody's value.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

_WORDS = (
    *("NA", "N/A", "N.A.", "#N/A", "<NA>", "NAN", "NAT", "-NAN", "NULL", "(NULL)", "<NULL>"),
    *("#NULL!", "NONE", "NIL", "\\N", ".", "..", "...", "-", "--", "---", "\N{EN DASH}"),
    *("\N{EM DASH}", "?", "??", "???", "*", "UNK", "UNKNOWN", "MISSING", "NOT AVAILABLE"),
    *("UKJENT", "UOPPGITT", "MANGLER", "OKÄND", "UPPGIFT SAKNAS", "SAKNAS", "UKENDT", "UOPLYST"),
    *("TUNTEMATON", "ONBEKEND", "UNBEKANNT", "INCONNU", "DESCONOCIDO", "EMPTY", "BLANK"),
)
_NO_DAYS = tuple(
    f"{year}{mark}00{mark}00" for year in ("0000", "9999") for mark in ("", "-", ".", "/")
) + tuple(
    day.replace("-", mark)
    for day in ("9999-12-31", "31-12-9999", "9999-99-99", "00-00-0000")
    for mark in ("", "-", ".", "/")
)
_NUMBERS = (
    *("0" * length for length in range(1, 13)),
    *("9" * length for length in range(1, 13)),
    *("-1", "-9", "-99", "-999", "-9999"),
)
_ALWAYS_NOBODY = frozenset({*_WORDS, *("0" * length for length in range(2, 13)), *_NUMBERS[-5:]})
_LONGEST = 16
_ALIKE = 3
_LOOKED_AT = 10_000
_MANY, _TIMES_THE_MEAN = 10, 20


def is_word(text: str) -> bool:
    """Whether a text is a word that stands for nothing, in any case; blanks do not count.

    >>> is_word(" NaN "), is_word("\\\\N"), is_word("0"), is_word("NAP")
    (True, True, False, False)
    """
    return len(text) <= 2 * _LONGEST and text.strip().upper() in _WORD_SET


def is_marker(text: str) -> bool:
    """Whether a text that could not be read stands for nothing: a word, or a number like 9999.

    >>> is_marker("9999"), is_marker("00000000"), is_marker("12"), is_marker("ukjent")
    (True, True, False, True)
    """
    return len(text) <= 2 * _LONGEST and text.strip().upper() in _MARKER_SET


def nobodies(pseudonyms: pa.ChunkedArray) -> dict[str, int]:
    """The pseudonyms that look like nobody's, with their lines.

    A word always does, and so do zeros and a negative number. 0 and a row of nines may be the
    number of a person where others have numbers as long: then only far more lines than persons
    usually have make them suspicious.

    Args:
        pseudonyms: of accepted lines, without blanks around them.
    """
    if not len(pseudonyms):
        return {}
    short = pc.less_equal(pc.binary_length(pseudonyms), _LONGEST)
    if not pc.any(short).as_py():
        return {}
    few = pseudonyms.filter(short)
    found = few.filter(pc.is_in(few, _spellings()))
    counts = Counter({one["values"]: one["counts"] for one in found.value_counts().to_pylist()})
    for text in [text for text in counts if text.upper() not in _ALWAYS_NOBODY]:
        if _is_one_of_many(text, counts[text], pseudonyms):
            del counts[text]
    return dict(sorted(counts.items()))


def _is_one_of_many(number: str, lines: int, pseudonyms: pa.ChunkedArray) -> bool:
    """Whether others have numbers as long, and not far fewer lines."""
    length = pc.binary_length(pseudonyms)
    is_long = pc.less_equal(length, 2) if number == "0" else pc.equal(length, len(number))
    alike = pc.unique(pseudonyms.filter(is_long).slice(0, _LOOKED_AT)).to_pylist()
    if sum(one.isascii() and one.isdecimal() for one in alike if one != number) < _ALIKE:
        return False
    return (
        lines <= _MANY
        or lines <= _TIMES_THE_MEAN * len(pseudonyms) / pc.count_distinct(pseudonyms).as_py()
    )


_WORD_SET = frozenset(_WORDS)
_FIELDS = {number for number in _NUMBERS if 2 <= len(number) <= 8}
"""A longer one is an amount that is too large; 0 and 9 are codes of many things."""
_MARKER_SET = frozenset({*_WORDS, *_FIELDS, *_NO_DAYS})


@cache
def _spellings() -> pa.Array:
    """What a pseudonym of nobody may read; made at need, as pyarrow loads pandas for an array."""
    written = {
        spelling
        for text in {*_WORDS, *_NUMBERS, "NaN", "NaT", "<Na>"}
        for spelling in (text, text.lower(), text.upper(), text.capitalize(), text.title())
    }
    return pa.array(sorted(written | {"NaN", "NaT"}), pa.string())
