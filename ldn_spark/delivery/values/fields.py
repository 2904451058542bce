"""One delivered field at a time: text in, value out, or the reason why not.

Each rule is a plain function of one text. It is applied to the different texts of a block only,
so it may be readable rather than fast. Reasons are codes that `delivery/reasons.py` explains; none
of them holds the text. Blanks around a value are taken off and counted; a no-break space is a
blank.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ldn_spark.delivery.source.sources import Source
from ldn_spark.study.codes import ATC_PATTERN

_THROUGH_A_FLOAT = re.compile(r"\d+[.,]0+|\d([.,]\d+)?E\+\d+", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Field:
    """What became of a text.

    Attributes:
        value: the value; None = unknown.
        rejected: the reason to turn the row away; empty to take it.
        repaired: what was mended on the way.
        noted: what a person may want to know of an accepted value.
    """

    value: Any
    rejected: str = ""
    repaired: tuple[str, ...] = ()
    noted: str = ""


Rule = Callable[[str], Field]


def trimmed_mark(name: str, text: str) -> tuple[str, ...]:
    """The repair of blanks taken off."""
    return (f"{name}_trimmed",) * (text.strip() != text)


def upper_mark(name: str, text: str) -> tuple[str, ...]:
    """The repair of lower case."""
    return (f"{name}_upper",) * (text.upper() != text)


def atc_rule(text: str) -> Field:
    """An ATC code of any level; blanks around it and lower case are mended.

    >>> atc_rule(" n06ab03 ")
    Field(value='N06AB03', rejected='', repaired=('atc_trimmed', 'atc_upper'), noted='')
    >>> atc_rule("N06AB3").rejected, atc_rule("  ").rejected
    ('atc_malformed', 'atc_missing')
    """
    trimmed = text.strip()
    code = trimmed.upper()
    if not trimmed:
        return Field(None, rejected="atc_missing")
    if not trimmed.isascii() or not ATC_PATTERN.fullmatch(code):
        return Field(None, rejected="atc_malformed")
    return Field(code, repaired=(*trimmed_mark("atc", text), *upper_mark("atc", trimmed)))


def product_number_rule(width: int | None) -> Rule:
    """Digits padded to the width with zeros from the left, or any text; empty = unknown.

    A number that went through a floating-point column ("123.0") is turned away in both cases.

    >>> product_number_rule(6)("981")
    Field(value='000981', rejected='', repaired=('product_number_padded',), noted='')
    >>> product_number_rule(6)("123.0").rejected, product_number_rule(None)("0002-0800-01").value
    ('product_number_malformed', '0002-0800-01')
    """

    def rule(text: str) -> Field:
        number = text.strip()
        if not number:
            return Field(None, noted="product_number_missing")
        repaired = trimmed_mark("product_number", text)
        if width is None:
            if _THROUGH_A_FLOAT.fullmatch(number):
                return Field(None, rejected="product_number_malformed")
            return Field(
                number.upper(), repaired=(*repaired, *upper_mark("product_number", number))
            )
        if not (number.isascii() and number.isdigit()) or len(number) > width:
            return Field(None, rejected="product_number_malformed")
        repaired += ("product_number_padded",) * (len(number) < width)
        return Field(number.zfill(width), repaired=repaired)

    return rule


def sex_rule(source: Source) -> Rule:
    """F or M by the source's codes; anything else is unknown and counted."""

    def rule(text: str) -> Field:
        value = source.sex_codes.get(text.strip())
        if not value:
            return Field(None, noted="sex_unknown")
        return Field(value, repaired=trimmed_mark("sex", text))

    return rule


def text_rule(name: str) -> Rule:
    """A code kept as it is, blanks around it taken off, upper case; empty = unknown."""

    def rule(text: str) -> Field:
        code = text.strip()
        if not code:
            return Field(None)
        return Field(code.upper(), repaired=(*trimmed_mark(name, text), *upper_mark(name, code)))

    return rule
