"""A table or a quantity by its name."""

from __future__ import annotations

from ldn_spark.catalogue.quantity import Quantity
from ldn_spark.catalogue.tables import TABLES

BY_NAME = {table.name: table for table in TABLES}
_QUANTITIES = {(table.name, one.name): one for table in TABLES for one in table.quantities}


def find(table: str, quantity: str) -> Quantity | None:
    """The record of a quantity; None where no table has it."""
    return _QUANTITIES.get((table, quantity))


def need(table: str, quantity: str) -> Quantity:
    """The record of a quantity that must have one.

    Raises:
        LookupError: it has none; it belongs into `catalogue.tables`.
    """
    found = find(table, quantity)
    if found is None:
        raise LookupError(f"{table}.{quantity} is not in the catalogue of quantities")
    return found


def anchor(table: str, quantity: str) -> str:
    """Its name on a page: `users.share_before`."""
    return f"{table}.{quantity}"


def entry(table: str, quantity: str) -> tuple[Quantity, ...]:
    """The quantities that share a formula with this one, itself among them."""
    need(table, quantity)
    return _ENTRIES[table, quantity]


_ENTRIES: dict[tuple[str, str], tuple[Quantity, ...]] = {
    (table.name, one.name): group for table in TABLES for group in table.entries() for one in group
}
"""The neighbours with one formula, by the name of each."""
