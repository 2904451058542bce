"""A printed number as a number: what an office program stores, and the format that prints it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from ldn_spark.catalogue.lookup import find
from ldn_spark.catalogue.quantity import Kind
from ldn_spark.reporting.printed import Cell, Name

_NUMBER = re.compile(r"-?\d+(?:\.(\d+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Number:
    """A number and its format: 0.053 under `0.0%` prints as 5.3%.

    A decimal, for XlsxWriter writes 16 digits of a number: those of the float -8.3 make another.
    """

    value: Decimal
    form: str


def number_of(cell: Cell, at: int) -> Number | None:
    """One part of a cell as a number; None for what is none: an empty part, or `<0.001`.

    It is the number that is printed, with its decimals, and not the one behind it: every format
    says the same, and no program rounds a half in another way. Shares and relative changes are
    stored as fractions; a difference of shares stays in percentage points, as its column says.

    >>> number_of(Cell(("5.3",), of=(("users", "share_before"),)), 0)
    Number(value=Decimal('0.053'), form='0.0%')
    >>> number_of(Cell(("-3.1",), of=(("users", "difference"),)), 0)
    Number(value=Decimal('-3.1'), form='0.0')
    >>> number_of(Cell(("12",)), 0), number_of(Cell(("<0.001",)), 0)
    (Number(value=Decimal('12'), form='0'), None)
    """
    parts = _NUMBER.fullmatch(cell.parts[at])
    if parts is None:
        return None
    decimals = len(parts[1] or "")
    form = f"0.{'0' * decimals}" if decimals else "0"
    if at < len(cell.of) and _is_share(cell.of[at]):
        return Number(Decimal(parts[0]).scaleb(-2), f"{form}%")
    return Number(Decimal(parts[0]), form)


def _is_share(name: Name) -> bool:
    quantity = find(*name)
    if quantity is None or quantity.kind is not Kind.SHARE:
        return False
    return "share" in quantity.name or quantity.name.startswith("relative")
