"""One delivered field at a time: text in, value out, or the reason why not.

Each rule is a plain function of one text. It is applied to the different texts of a block only,
so it may be readable rather than fast.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
import re
from typing import Any

from ldn_spark.io.sources import Source
from ldn_spark.study.codes import ATC_PATTERN

DDD_DECIMALS = Decimal("0.000001")
DDD_LIMIT = Decimal(10) ** 9
EARLIEST_BIRTH_YEAR = 1850


@dataclass(frozen=True, slots=True)
class Field:
    """What became of a text.

    Attributes:
        value: the value; None = unknown.
        rejected: the reason to turn the row away; empty to take it.
        repaired: what was mended on the way; empty for nothing.
    """

    value: Any
    rejected: str = ""
    repaired: str = ""


Rule = Callable[[str], Field]


def atc_rule(text: str) -> Field:
    """An ATC code of any level; blanks around it and lower case are mended."""
    mended = text.strip().upper()
    if not mended:
        return Field(None, rejected="atc_missing")
    if not ATC_PATTERN.fullmatch(mended):
        return Field(None, rejected="atc_malformed")
    return Field(mended, repaired="" if mended == text else "atc_tidied")


def product_number_rule(width: int) -> Rule:
    """Digits, padded to the width with zeros from the left; empty = unknown."""

    def rule(text: str) -> Field:
        mended = text.strip()
        if not mended:
            return Field(None)
        if not (mended.isascii() and mended.isdigit()) or len(mended) > width:
            return Field(None, rejected="product_number_malformed")
        mended = mended.zfill(width)
        return Field(mended, repaired="" if mended == text else "product_number_padded")

    return rule


def date_rule(source: Source) -> Rule:
    """A real calendar day in exactly the declared format."""
    pattern = source.date_pattern

    def rule(text: str) -> Field:
        match = pattern.fullmatch(text.strip())
        if not match:
            return Field(None, rejected="date_missing" if not text.strip() else "date_malformed")
        try:
            day = date(int(match["y"]), int(match["m"]), int(match["d"]))
        except ValueError:
            return Field(None, rejected="date_malformed")
        return Field(day)

    return rule


def amount_rule(name: str, decimal_mark: str) -> Rule:
    """A plain decimal number, exact to six decimals; empty = unknown, never 0.

    Thousands separators and exponents are turned away: they can be read two ways.
    """
    pattern = re.compile(rf"[+-]?(\d+({re.escape(decimal_mark)}\d*)?|{re.escape(decimal_mark)}\d+)", re.ASCII)

    def rule(text: str) -> Field:
        mended = text.strip()
        if not mended:
            return Field(None)
        if not pattern.fullmatch(mended):
            return Field(None, rejected=f"{name}_malformed")
        exact = Decimal(mended.replace(decimal_mark, "."))
        if abs(exact) >= DDD_LIMIT:
            return Field(None, rejected=f"{name}_too_large")
        value = exact.quantize(DDD_DECIMALS, rounding=ROUND_HALF_EVEN)
        return Field(value, repaired="" if value == exact else f"{name}_rounded")

    return rule


def sex_rule(source: Source) -> Rule:
    """F or M by the source's codes; anything else is unknown and counted."""

    def rule(text: str) -> Field:
        value = source.sex_codes.get(text.strip())
        return Field(value, repaired="" if value else "sex_unknown")

    return rule


def birth_year_rule(text: str) -> Field:
    """A year of four digits from 1850 on; anything else is unknown and counted."""
    mended = text.strip()
    if re.fullmatch(r"\d{4}", mended, re.ASCII) and int(mended) >= EARLIEST_BIRTH_YEAR:
        return Field(int(mended))
    return Field(None, repaired="birth_year_unknown")


def whole_number_rule(text: str) -> Field:
    """A whole number of up to four digits; anything else is unknown."""
    mended = text.strip()
    return Field(int(mended) if re.fullmatch(r"\d{1,4}", mended, re.ASCII) else None)


def text_rule(text: str) -> Field:
    """A code kept as it is, blanks around it taken off, upper case; empty = unknown."""
    return Field(text.strip().upper() or None)


def rules_of(source: Source) -> dict[str, Rule]:
    """The rule of every column of ours but the pseudonym."""
    return {
        "dispensed_on": date_rule(source),
        "atc": atc_rule,
        "product_number": product_number_rule(source.product_number_width),
        "ddd": amount_rule("ddd", source.decimal_mark),
        "packages": amount_rule("packages", source.decimal_mark),
        "sex": sex_rule(source),
        "birth_year": birth_year_rule,
        "reimbursement_icd": text_rule,
        "reimbursement_icpc": text_rule,
        "death_year": whole_number_rule,
        "death_month": whole_number_rule,
    }
