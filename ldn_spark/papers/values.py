"""A published value as it is printed, and the interval of what it can stand for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import TypeVar

from ldn_spark.catalogue.quantity import Kind
from ldn_spark.papers.boxes import Box
from ldn_spark.papers.quantities import SCALE, kind_of
from ldn_spark.study.inputs import InputFile

Key = tuple[str, str, str, str]
"""table, stratum, outcome, quantity."""

NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
BOUND = re.compile(r"[<>]\d+(\.\d+)?", re.ASCII)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
LONGEST = 20
"""Characters of a printed number: twice what the longest estimate needs."""
SMALLEST_P = "<0.001"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PublishedValue:
    """One printed value.

    Attributes:
        line: of the file, the header being line 1.
        place: where it is printed: `Table 2`, `Text`.
        table, stratum, outcome, quantity: its name among the estimates.
        text: as printed: `225.8`, `<0.001`, `2012-01-01`.
    """

    line: int
    place: str
    table: str
    stratum: str
    outcome: str
    quantity: str
    text: str

    @property
    def key(self) -> Key:
        """Its four names."""
        return self.table, self.stratum, self.outcome, self.quantity

    @property
    def kind(self) -> Kind:
        """How it is printed."""
        return kind_of(self.table, self.quantity)

    @property
    def name(self) -> str:
        """Its names in one phrase: `ddd LDNx1 zhyp mean_before`."""
        return " ".join(part for part in self.key if part)

    @property
    def box(self) -> Box:
        """Every value that may have been printed like this, in the unit of the estimate.

        A count stands for itself; a number for all that round to it; a bound for what it says:
        `<0.001` reaches up to 0.001, whichever way p-values were rounded.
        """
        if self.kind is Kind.DATE:
            raise ValueError("a date is no interval")
        if self.text[0] in "<>":
            bound = float(self.text[1:])
            return Box(0.0, bound) if self.text[0] == "<" else Box(bound, 1.0)
        value, scale = Decimal(self.text), SCALE.get(self.kind, 1)
        half = Decimal(0) if self.kind is Kind.COUNT else _step(self.text) / 2
        low, high = (float((value + side * half) / scale) for side in (-1, 1))
        return Box(max(low, 0.0), min(high, 1.0)) if self.kind is Kind.P else Box(low, high)


def _step(text: str) -> Decimal:
    return Decimal(1).scaleb(-decimals(text))


def decimals(text: str) -> int:
    """How many decimals a number was printed with.

    >>> decimals("-3.0"), decimals("11"), decimals("<0.001")
    (1, 0, 3)
    """
    return len(text.partition(".")[2])


def in_print(value: int | float | Decimal, kind: Kind, like: str) -> str:
    """A computed value, printed as the published text is.

    Halves are rounded away from zero and zero has no sign. A p-value beside `<0.001`, or one that
    would print as 0.000, is `<0.001` exactly when it is below 0.0005; beside another bound it has
    three decimals.

    >>> in_print(-0.0325, Kind.SHARE, "-3.3"), in_print(0.00087, Kind.P, "0.001")
    ('-3.3', '0.001')
    >>> in_print(0.0004, Kind.P, "0.004"), in_print(0.6441, Kind.P, ">0.05")
    ('<0.001', '0.644')
    """
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    bound = like[:1] in ("<", ">")
    step = Decimal("0.001") if bound else _step(like)
    rounded = (exact * SCALE.get(kind, 1)).quantize(step, rounding=ROUND_HALF_UP)
    if kind is Kind.P and rounded.is_zero() and step < 1:
        return f"<{step}"
    return str(abs(rounded) if rounded.is_zero() else rounded)


def agrees(printed: str, computed: str, value: int | float | Decimal) -> bool:
    """Whether a computed value is what is printed.

    `<0.001` is what the smallest p-values are rounded to and must be printed again; any other
    bound, `>0.05`, is met by every value on its side. A p-value that some program printed as
    `0.000` is every value that rounds to it.

    >>> agrees("0.001", "0.001", 0.00087), agrees(">0.05", "0.644", 0.6441)
    (True, True)
    >>> agrees("0.000", "<0.001", 0.0003), agrees("0.000", "0.001", 0.0005)
    (True, False)
    """
    if printed[0] in "<>" and printed != SMALLEST_P:
        bound = float(printed[1:])
        return float(value) < bound if printed[0] == "<" else float(value) > bound
    if printed[0] == "<":
        return printed == computed
    if computed[0] == "<":  # what rounds to nothing with the decimals of the printed value
        return Decimal(printed).is_zero()
    return Decimal(printed) == Decimal(computed)


@dataclass(frozen=True)
class Published:
    """Everything a paper prints.

    A value may be printed in several places; look-ups give the first of them.

    Attributes:
        values: in the order of the file.
        file: where they were read; None where they were not.
    """

    values: tuple[PublishedValue, ...]
    file: InputFile | None = None

    @cached_property
    def _by_key(self) -> dict[Key, PublishedValue]:
        found: dict[Key, PublishedValue] = {}
        for value in self.values:
            found.setdefault(value.key, value)
        return found

    def get(self, table: str, stratum: str, outcome: str, quantity: str) -> PublishedValue | None:
        """One value; None when it is not printed."""
        return self._by_key.get((table, stratum, outcome, quantity))

    def box(self, table: str, stratum: str, outcome: str, quantity: str) -> Box | None:
        """What one value can stand for; None when it is not printed."""
        value = self.get(table, stratum, outcome, quantity)
        return None if value is None else value.box

    def count(self, table: str, stratum: str, outcome: str, quantity: str) -> int | None:
        """A printed count; None when it is not printed."""
        value = self.get(table, stratum, outcome, quantity)
        return None if value is None else int(value.text)

    def row(self, table: str, stratum: str, outcome: str) -> tuple[PublishedValue, ...]:
        """Every value of one table, stratum and outcome."""
        return tuple(v for v in self.values if v.key[:3] == (table, stratum, outcome))

    def rows(self, table: str) -> Iterator[tuple[str, str]]:
        """Stratum and outcome of every row of a table, each once, in order."""
        yield from dict.fromkeys((v.stratum, v.outcome) for v in self.values if v.table == table)

    def persons(self, stratum: str) -> int | None:
        """Persons in a stratum, from whichever table prints them."""
        found = self.count("cohort", stratum, "", "persons")
        if found is not None:
            return found
        counts = (v for v in self.values if v.quantity == "persons" and v.stratum == stratum)
        return next((int(v.text) for v in counts), None)
