"""Numbers of the quality report as texts: in full for a CSV, and for the eye."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from ldn_spark.reporting.formats import fixed, pretty
from ldn_spark.schemas import MICRO


def share(part: int, whole: int, decimals: int = 2) -> str:
    """Per cent of a whole; nothing of nothing.

    >>> share(3, 8), share(1, 3, 1), share(0, 0)
    ('37.50', '33.3', '')
    """
    return decimal_text(Fraction(100 * part, whole), decimals) if whole else ""


def decimal_text(value: Fraction, decimals: int) -> str:
    """A fraction with so many decimals; its quotient is taken far more exactly than printed.

    >>> decimal_text(Fraction(1, 8), 2), decimal_text(Fraction(-5, 2), 0)
    ('0.13', '-3')
    """
    return fixed(Decimal(value.numerator) / Decimal(value.denominator), decimals)


def ddd(micro: int | None) -> str:
    """An amount in millionths of a DDD, exact.

    >>> ddd(62_500_000), ddd(-10_000_000), ddd(0), ddd(1), ddd(None)
    ('62.5', '-10', '0', '0.000001', '')
    """
    if micro is None:
        return ""
    sign = "-" if micro < 0 else ""
    whole, rest = divmod(abs(micro), MICRO)
    text = f"{sign}{whole}.{rest:06}".rstrip("0")
    return text.removesuffix(".")


def printed(text: str) -> str:
    """A number of a sheet for the eye.

    >>> printed("<5"), printed(">=120"), printed("all but <5"), printed("12345")
    ('<5', '≥120', 'all but <5', '12\u202f345')
    """
    return f"≥{pretty(text[2:])}" if text.startswith(">=") else pretty(text)
