"""The part of `docs/estimates.md` that is made of the catalogue.

`reporting.columns_page` writes the page; the text around what is made stays.
"""

from __future__ import annotations

from collections.abc import Iterator

from ldn_spark.catalogue.lookup import anchor
from ldn_spark.catalogue.quantity import Quantity, Table
from ldn_spark.catalogue.tables import TABLES

BEGIN, END = "<!-- made of the catalogue -->", "<!-- end of what is made -->"
_TYPES = {"int": "integer", "Decimal": "decimal", "float": "float"}


def renewed(page: str) -> str:
    """A page with the catalogue between its two marks.

    Raises:
        ValueError: it lacks a mark.
    """
    return between(page, BEGIN, END, "".join(_section(table) for table in TABLES))


def between(page: str, begin: str, end: str, made: str) -> str:
    """A page with what is made between two marks.

    Raises:
        ValueError: it lacks a mark.
    """
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"the page needs the lines {begin} and {end}")
    return f"{before}{begin}\n{made}\n{end}{after}"


def _section(table: Table) -> str:
    """A heading and a row per formula, with an anchor for every quantity: `#users.difference`."""
    per = " or ".join("`overall`" if one == "overall" else one for one in table.per)
    per += ", outcome" if table.has_outcome else ""
    where = "" if table.in_estimates else "; among published values only, not in `estimates.csv`"
    lines = [
        f"\n### `{table.name}`",
        f"{table.words[0].upper()}{table.words[1:]}. Per {per}{where}.\n",
        "| quantity | unit | type | what it is | formula | source |",
        "|---|---|---|---|---|---|",
        *(_row(table, entry) for entry in table.entries()),
    ]
    return "\n".join(lines) + "\n"


def _row(table: Table, entry: tuple[Quantity, ...]) -> str:
    names = ", ".join(f'<a id="{anchor(table.name, one.name)}"></a>`{one.name}`' for one in entry)
    return f"| {names} | {' | '.join(_said(entry[0]))} |"


def _said(quantity: Quantity) -> Iterator[str]:
    """The cells of a row after the names; a bar within a formula is no border of a cell."""
    by = f"`{quantity.computed_by}`" if quantity.computed_by else ""
    source = "; ".join(part for part in (quantity.source, by) if part)
    kind = "day" if quantity.unit == "day" else _TYPES[quantity.type.__name__]
    texts = (quantity.unit, kind, quantity.words, quantity.formula, source)
    yield from (text.replace("|", "\\|") for text in texts)
