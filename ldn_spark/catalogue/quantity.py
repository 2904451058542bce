"""What is said of a quantity, and of a table of quantities."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from itertools import groupby


class Kind(Enum):
    """What a number is: decides how it is printed and its possible range."""

    COUNT = "count"  # an integer, printed exactly
    SHARE = "share"  # a fraction of 1, printed in per cent or percentage points
    NUMBER = "number"  # printed in its own unit: DDD, years, dispenses
    P = "p"  # three decimals or a bound
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity of one table.

    Attributes:
        name: in `estimates.csv`.
        unit: of the unrounded value; empty for a number without one.
        type: int for counts, Decimal for exact sums, float for statistics.
        kind: how it is printed.
        words: what it is.
        formula: of other quantities and of the signs that `docs/estimates.md` explains; empty for
            what is counted.
        source: where the formula is published; empty for arithmetic.
        computed_by: the function below `ldn_spark` or `ldn_spark.estimates`; empty for what is
            counted.
        chosen_by: the key of the study's `statistics` that names its method; the quantity called
            `<name>_<method>` has its formula. Empty where there is one method only.
    """

    name: str
    unit: str
    type: type[int] | type[Decimal] | type[float]
    kind: Kind
    words: str
    formula: str = ""
    source: str = ""
    computed_by: str = ""
    chosen_by: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The quantities of one table of `estimates.csv`.

    Attributes:
        name: in `estimates.csv`.
        words: what it is of.
        per: what its numbers belong to: `stratum` (also all of them together), `contrast`,
            `overall`.
        has_outcome: whether they belong to an outcome, too.
        quantities: in the order of `estimates.csv`.
        in_estimates: whether they stand there; else they follow from the study and other numbers.
    """

    name: str
    words: str
    per: tuple[str, ...]
    has_outcome: bool
    quantities: tuple[Quantity, ...]
    in_estimates: bool = True

    def entries(self) -> list[tuple[Quantity, ...]]:
        """The quantities in order; neighbours with one formula, as both limits, together."""
        return [tuple(group) for _, group in groupby(self.quantities, _said)]


def _said(quantity: Quantity) -> tuple[str, ...]:
    """All that is said of a quantity but its name."""
    parts = quantity.unit, quantity.words, quantity.formula, quantity.source, quantity.computed_by
    return parts if quantity.formula else (quantity.name, *parts)
