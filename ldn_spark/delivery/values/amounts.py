"""Delivered amounts: exact decimals, nothing read in two ways."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from ldn_spark.delivery.values.fields import Field, Rule, trimmed_mark
from ldn_spark.schemas import HUGE_DDD

AMOUNT_DECIMALS = Decimal("0.000001")
AMOUNT_LIMIT = Decimal(10) ** 12
_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
_LONGEST_PART = 10_000
"""Digits of a part of a quotient: longer ones would take minutes to divide exactly."""
_BLANKS = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"

Number = Callable[[str], Decimal | None]
"""The number that a text is; None for none."""


def read_number(decimal_mark: str, thousands_mark: str | None) -> Number:
    """A reader of plain decimal numbers, exact; None for anything else.

    Exponents are not read, nor thousands marks that are not declared: such a number can be read in
    two ways. A declared thousands mark stands between groups of three digits, the same throughout;
    a declared blank may be a no-break space.

    >>> read_number(",", None)("1.234,5"), read_number(",", ".")("1.234,5")
    (None, Decimal('1234.5'))
    >>> read_number(",", ".")("1.23,5"), read_number(",", None)("1e2")
    (None, None)
    """
    mark = re.escape(decimal_mark)
    whole = r"\d+"
    if thousands_mark:
        marks = _BLANKS if thousands_mark == " " else re.escape(thousands_mark)
        whole = rf"(?:\d{{1,3}}(?P<mark>[{marks}])\d{{3}}(?:(?P=mark)\d{{3}})*|\d+)"
    pattern = re.compile(rf"[+-]?(?:{whole}(?:{mark}\d+)?|{mark}\d+)", re.ASCII)
    marks_off = str.maketrans(dict.fromkeys(_BLANKS + (thousands_mark or ""), None))

    def read(text: str) -> Decimal | None:
        if not pattern.fullmatch(text):
            return None
        return _EXACT.create_decimal(text.translate(marks_off).replace(decimal_mark, "."))

    return read


def amount_rule(name: str, number: Number) -> Rule:
    """An amount, exact to six decimals; empty = unknown, never 0; a negative one is a return.

    >>> rule = amount_rule("ddd", read_number(",", None))
    >>> rule("62,5").value, rule("1.234,5").rejected
    (Decimal('62.500000'), 'ddd_malformed')
    >>> rule("0,1234565")
    Field(value=Decimal('0.123456'), rejected='', repaired=('ddd_rounded',), noted='')
    """
    factor = factor_rule(name, number)

    def rule(text: str) -> Field:
        read = factor(text)
        if read.rejected:
            return read
        amount = as_amount(name, read.value)
        return Field(
            amount.value, amount.rejected, (*read.repaired, *amount.repaired), amount.noted
        )

    return rule


def factor_rule(name: str, number: Number) -> Rule:
    """A number of any size as it stands, to be multiplied; empty = unknown."""

    def rule(text: str) -> Field:
        trimmed = text.strip()
        if not trimmed:
            return Field(None)
        exact = number(trimmed)
        if exact is None:
            return Field(None, rejected=f"{name}_malformed")
        return Field(exact, repaired=trimmed_mark(name, text))

    return rule


def compute(name: str, factors: int, *parts: Decimal | None) -> Field:
    """The exact product of some factors, divided by the other parts, as an amount.

    It is unknown where a part is, or where a divisor is 0.

    Args:
        name: of the amount.
        factors: how many of the parts are multiplied; the others are divisors.
        parts: as they are delivered.

    >>> compute("ddd", 2, Decimal(2), Decimal("0.0000025")).value
    Decimal('0.000005')
    >>> compute("ddd", 1, Decimal(2), Decimal(3)).value, compute("ddd", 1, Decimal(2), Decimal(0))
    (Decimal('0.666667'), Field(value=None, rejected='', repaired=(), noted='ddd_divisor_zero'))
    >>> compute("ddd", 2, Decimal(2), None)
    Field(value=None, rejected='', repaired=(), noted='ddd_missing')
    """
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return Field(None, noted=f"{name}_missing")
    if not all(known[factors:]):
        return Field(None, noted=f"{name}_divisor_zero")
    product, divisor = (_product(some) for some in (known[:factors], known[factors:]))
    if len(known) == factors:
        return as_amount(name, product)
    if any(map(_is_too_long, known)):
        return Field(None, rejected=f"{name}_malformed")
    return as_amount(name, Fraction(product) / Fraction(divisor))


def _is_too_long(part: Decimal) -> bool:
    """Whether a number has too many digits before or behind its point."""
    _, digits, exponent = part.as_tuple()
    assert isinstance(exponent, int), "a text of digits is finite"
    return max(len(digits) + max(exponent, 0), -exponent) > _LONGEST_PART


def _product(factors: Sequence[Decimal]) -> Decimal:
    product = Decimal(1)
    for factor in factors:
        product = _EXACT.multiply(product, factor)
    return product


def as_amount(name: str, exact: Decimal | Fraction | None) -> Field:
    """An exact number as an amount of six decimals, rounded half to even."""
    if exact is None:
        return Field(None, noted=f"{name}_missing")
    size = abs(exact) if isinstance(exact, Fraction) else exact.copy_abs()  # exact at any length
    if size >= AMOUNT_LIMIT - 1:  # -1: so that rounding cannot reach the limit
        return Field(None, rejected=f"{name}_too_large")
    if isinstance(exact, Fraction):
        value = Decimal(round(exact / Fraction(AMOUNT_DECIMALS))) * AMOUNT_DECIMALS
    else:
        value = exact.quantize(AMOUNT_DECIMALS, rounding=ROUND_HALF_EVEN)
    noted = "negative" if value < 0 else "zero" if not value else ""
    if name == "ddd" and value > HUGE_DDD:
        noted = "huge"
    return Field(
        value or value.copy_abs(),
        repaired=(f"{name}_rounded",) * (value != exact),
        noted=noted and f"{name}_{noted}",
    )
