"""The names of months as registers and their programs write them."""

from __future__ import annotations

import unicodedata

_ENGLISH = "January February March April May June July August September October November December"
_NORWEGIAN = "januar februar mars april mai juni juli august september oktober november desember"
_SWEDISH = "januari februari mars april maj juni juli augusti september oktober november december"
_DANISH = "januar februar marts april maj juni juli august september oktober november december"
_FINNISH = "tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu"
_ICELANDIC = "janúar febrúar mars apríl maí júní júlí ágúst september október nóvember desember"
_GERMAN = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
_DUTCH = "januari februari maart april mei juni juli augustus september oktober november december"
_LANGUAGES = (_ENGLISH, _NORWEGIAN, _SWEDISH, _DANISH, _FINNISH, _ICELANDIC, _GERMAN, _DUTCH)
_FURTHER = {"sept": 9, "mrt": 3}
_SHORT = 3


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _names() -> dict[str, int]:
    names = dict(_FURTHER)
    for language in _LANGUAGES:
        for number, name in enumerate(language.split(), start=1):
            endings = ("", "kuu", "kuuta") if language is _FINNISH else ("",)
            names |= {_plain(name + ending): number for ending in endings}
            if language is not _FINNISH:
                names[_plain(name)[:_SHORT]] = number
    return names


_MONTHS = _names()


def month_of(name: str) -> int | None:
    """The number of a month by its name or the first three letters of it; None for no month.

    English, Norwegian, Swedish, Danish, Finnish, Icelandic, German and Dutch; in any case, a point
    behind it or not.

    >>> month_of("JAN"), month_of("okt."), month_of("Mai"), month_of("joulukuu"), month_of("Mon")
    (1, 10, 5, 12, None)
    """
    return _MONTHS.get(_plain(name).removesuffix("."))
