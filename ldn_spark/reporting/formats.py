"""How numbers are printed: the rules that the published tables obey.

Every function returns plain ASCII, as it stands in a CSV file; `pretty` turns that into print
(a true minus sign, digits in groups of three) for HTML, Markdown and the terminal.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from ldn_spark.shown import MINUS, counted

NO_BREAK = "\N{NO-BREAK SPACE}"
UNDEFINED = "–"
"""What stands in print where a number cannot be estimated."""

_REMEMBERED = 4096
"""Of what is printed in tables, most comes more than once, and all of it in several files."""
_NUMBER = re.compile(r"([<-]?)(\d+)((?:\.\d+)?)", re.ASCII)

Numeric = int | float | Decimal


def exact(value: Numeric) -> Decimal:
    """A number as the shortest decimal that stands for it.

    A quotient such as 21/400 becomes 0.0525, not the binary 0.05249999..., so that halves are
    rounded as halves.

    >>> exact(21 / 400)
    Decimal('0.0525')
    """
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def fixed(value: Numeric, decimals: int = 1, *, scale: int = 1) -> str:
    """A number with so many decimals, halves rounded away from zero, zero without a sign.

    >>> fixed(-0.04), fixed(0.25), fixed(-0.25), fixed(1234.0)
    ('0.0', '0.3', '-0.3', '1234.0')
    """
    step = Decimal(1).scaleb(-decimals)
    rounded = (exact(value) * scale).quantize(step, rounding=ROUND_HALF_UP)
    return str(abs(rounded) if rounded.is_zero() else rounded)


def percent(value: Numeric, decimals: int = 1) -> str:
    """A proportion in per cent, or a difference of proportions in percentage points.

    >>> percent(0.0525), percent(-0.03251)
    ('5.3', '-3.3')
    """
    return fixed(value, decimals, scale=100)


def p_value(value: Numeric) -> str:
    """A p-value with three decimals; `<0.001` only where it would print as 0.000.

    >>> p_value(0.0005), p_value(0.000499), p_value(0.99996)
    ('0.001', '<0.001', '1.000')
    """
    return "<0.001" if exact(value) < Decimal("0.0005") else fixed(value, 3)


@lru_cache(_REMEMBERED)
def pretty(text: str) -> str:
    """A printed number for the eye: minus sign and thin groups of three digits.

    >>> pretty("-1234.5") == "−1\u202f234.5"
    True
    """
    parts = _NUMBER.fullmatch(text)
    if not parts:
        return text
    sign, whole, decimals = parts.groups()
    return f"{sign.replace('-', MINUS)}{counted(int(whole))}{decimals}"
