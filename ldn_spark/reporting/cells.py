"""From estimates to cells: one function per kind of number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ldn_spark.catalogue.lookup import need
from ldn_spark.estimates.results import NOT_ESTIMABLE, Estimate, Results
from ldn_spark.reporting.formats import Numeric, fixed, p_value, percent
from ldn_spark.reporting.printed import Cell

NEVER_FORMED = "not computed in this study"
Format = Callable[[Numeric], str]


@dataclass(frozen=True, slots=True)
class View:
    """Results of the whole cohort, or of one subgroup, under the plain names of strata."""

    results: Results
    subgroup: str = ""

    def get(self, table: str, stratum: str, outcome: str, quantity: str) -> Estimate:
        """One estimate; one that was never formed counts as not estimable.

        Raises:
            LookupError: no study forms it: the name is not in the catalogue of quantities.
        """
        name = f"{self.subgroup}/{stratum}" if self.subgroup else stratum
        found = self.results.estimate(table, name, outcome, quantity)
        if found is not None:
            return found
        need(table, quantity)
        return Estimate(table, name, outcome, quantity, None, NOT_ESTIMABLE, NEVER_FORMED)

    def value(self, table: str, stratum: str, outcome: str, quantity: str) -> Numeric | None:
        """The value of one estimate; None when it is undefined."""
        return self.get(table, stratum, outcome, quantity).value

    def count(self, table: str, stratum: str, outcome: str, quantity: str) -> int:
        """A count; 0 when it was never formed."""
        return int(self.value(table, stratum, outcome, quantity) or 0)


def whole(value: Numeric) -> str:
    """A count as it stands."""
    return str(int(value))


def mean(value: Numeric) -> str:
    """A mean or a difference of means: one decimal."""
    return fixed(value, 1)


def hundredths(value: Numeric) -> str:
    """A standardised difference: two decimals."""
    return fixed(value, 2)


def whole_percent(value: Numeric) -> str:
    """A relative change: whole per cent."""
    return percent(value, 0)


def cell(form: Format, *estimates: Estimate, pattern: str = "{}") -> Cell:
    """One cell of one or more estimates that are all printed alike."""
    return mixed(*((form, estimate) for estimate in estimates), pattern=pattern)


def mixed(*pairs: tuple[Format, Estimate], pattern: str) -> Cell:
    """One cell of several estimates, each with its own format.

    The reason of the first undefined one stands for the cell.
    """
    parts = tuple("" if e.value is None else form(e.value) for form, e in pairs)
    reasons = [e.reason or NEVER_FORMED for _, e in pairs if e.value is None]
    of = tuple((e.table, e.quantity) for _, e in pairs)
    return Cell(parts, pattern, reasons[0] if reasons else "", of)


def interval(form: Format, low: Estimate, high: Estimate) -> Cell:
    """A confidence interval: `(6.4 to 21.1)`; undefined as soon as one limit is."""
    made = cell(form, low, high, pattern="({} to {})")
    return replace(made, parts=("", "")) if made.reason else made


def p_cell(estimate: Estimate) -> Cell:
    """A p-value."""
    return cell(p_value, estimate)


def blank(parts: int = 1) -> Cell:
    """A cell with nothing in it."""
    return Cell(("",) * parts)
