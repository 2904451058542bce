"""One delivered field at a time: text in, value out, or the reason why not.

Each rule is a plain function of one text. It is applied to the different texts of a block only,
so it may be readable rather than fast. Reasons are codes; none of them holds the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any

from ldn_spark.io.sources import Source
from ldn_spark.study.codes import ATC_PATTERN

AMOUNT_DECIMALS = Decimal("0.000001")
AMOUNT_LIMIT = Decimal(10) ** 12
EARLIEST_BIRTH_YEAR = 1850
DISPENSING_YEARS = range(1900, 2201)
_REMEMBERED = 100_000


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
    repaired = ("atc_trimmed",) * (trimmed != text) + ("atc_upper",) * (code != trimmed)
    return Field(code, repaired=repaired)


def product_number_rule(width: int) -> Rule:
    """Digits, padded to the width with zeros from the left; empty = unknown.

    >>> product_number_rule(6)("981")
    Field(value='000981', rejected='', repaired=('product_number_padded',), noted='')
    >>> product_number_rule(6)("123.0").rejected
    'product_number_malformed'
    """

    def rule(text: str) -> Field:
        digits = text.strip()
        if not digits:
            return Field(None, noted="product_number_missing")
        if not (digits.isascii() and digits.isdigit()) or len(digits) > width:
            return Field(None, rejected="product_number_malformed")
        repaired = ("product_number_trimmed",) * (digits != text)
        repaired += ("product_number_padded",) * (len(digits) < width)
        return Field(digits.zfill(width), repaired=repaired)

    return rule


def date_rule(source: Source) -> Rule:
    """A real calendar day from 1900 to 2200 in exactly the declared format."""
    pattern = source.date_pattern

    def rule(text: str) -> Field:
        trimmed = text.strip()
        if not trimmed:
            return Field(None, rejected="date_missing")
        match = pattern.fullmatch(trimmed)
        try:
            day = match and date(int(match["y"]), int(match["m"]), int(match["d"]))
        except ValueError:
            day = None
        if not day:
            return Field(None, rejected="date_malformed")
        if day.year not in DISPENSING_YEARS:
            return Field(None, rejected="date_out_of_range")
        return Field(day, repaired=("date_trimmed",) * (trimmed != text))

    return rule


def amount_rule(name: str, decimal_mark: str) -> Rule:
    """A plain decimal number, exact to six decimals; empty = unknown, never 0.

    Thousands separators and exponents are turned away: they can be read in two ways. A negative
    amount is a return, and accepted.

    >>> rule = amount_rule("ddd", ",")
    >>> rule("62,5").value, rule("1.234,5").rejected, rule("1e2").rejected
    (Decimal('62.500000'), 'ddd_malformed', 'ddd_malformed')
    >>> rule("0,1234565")
    Field(value=Decimal('0.123456'), rejected='', repaired=('ddd_rounded',), noted='')
    """
    mark = re.escape(decimal_mark)
    pattern = re.compile(rf"[+-]?(\d+({mark}\d+)?|{mark}\d+)", re.ASCII)

    def rule(text: str) -> Field:
        trimmed = text.strip()
        if not trimmed:
            return Field(None, noted=f"{name}_missing")
        if not pattern.fullmatch(trimmed):
            return Field(None, rejected=f"{name}_malformed")
        exact = Decimal(trimmed.replace(decimal_mark, "."))
        if abs(exact) >= AMOUNT_LIMIT - 1:  # -1: so that rounding cannot reach the limit
            return Field(None, rejected=f"{name}_too_large")
        value = exact.quantize(AMOUNT_DECIMALS, rounding=ROUND_HALF_EVEN)
        repaired = (f"{name}_trimmed",) * (trimmed != text)
        repaired += (f"{name}_rounded",) * (value != exact)
        noted = f"{name}_negative" if value < 0 else "" if value else f"{name}_zero"
        return Field(value or abs(value), repaired=repaired, noted=noted)

    return rule


def sex_rule(source: Source) -> Rule:
    """F or M by the source's codes; anything else is unknown and counted."""

    def rule(text: str) -> Field:
        value = source.sex_codes.get(text.strip())
        return Field(value) if value else Field(None, noted="sex_unknown")

    return rule


def birth_year_rule(text: str) -> Field:
    """A year of four digits from 1850 on; anything else is unknown and counted."""
    year = _whole_number(text)
    if year is None or year < EARLIEST_BIRTH_YEAR:
        return Field(None, noted="birth_year_unknown")
    return Field(year)


def death_year_rule(text: str) -> Field:
    """A year of four digits; empty = alive or not delivered; anything else is counted."""
    year = _whole_number(text)
    valid = year is not None and year in DISPENSING_YEARS
    return Field(year) if valid else Field(None, noted="death_year_unknown" * bool(text.strip()))


def death_month_rule(text: str) -> Field:
    """A month from 1 to 12; anything else is unknown and counted unless it is empty."""
    month = _whole_number(text)
    valid = month is not None and 1 <= month <= 12
    return Field(month) if valid else Field(None, noted="death_month_unknown" * bool(text.strip()))


def _whole_number(text: str) -> int | None:
    trimmed = text.strip()
    return int(trimmed) if re.fullmatch(r"\d{1,4}", trimmed, re.ASCII) else None


def text_rule(text: str) -> Field:
    """A code kept as it is, blanks around it taken off, upper case; empty = unknown."""
    return Field(text.strip().upper() or None)


def rules_of(source: Source) -> dict[str, Rule]:
    """The rule of every column of ours but the pseudonym, in the order of their reasons.

    The rules remember the texts they have seen: keep them from block to block.
    """
    rules: dict[str, Rule] = {
        "dispensed_on": date_rule(source),
        "atc": atc_rule,
        "product_number": product_number_rule(source.product_number_width),
        "ddd": amount_rule("ddd", source.decimal_mark),
        "packages": amount_rule("packages", source.decimal_mark),
        "sex": sex_rule(source),
        "birth_year": birth_year_rule,
        "reimbursement_icd": text_rule,
        "reimbursement_icpc": text_rule,
        "death_year": death_year_rule,
        "death_month": death_month_rule,
    }
    return {name: lru_cache(_REMEMBERED)(rule) for name, rule in rules.items()}
