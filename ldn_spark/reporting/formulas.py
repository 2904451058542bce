"""How the printed numbers of a study are formed: from a cell of the report to its formula."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ldn_spark.catalogue.lookup import anchor, entry, need
from ldn_spark.catalogue.quantity import Quantity
from ldn_spark.reporting.printed import Name, PrintedTable
from ldn_spark.study.definition import StudyDefinition


@dataclass(frozen=True, slots=True)
class Formula:
    """One line of the annex: the quantities of one formula, and what the catalogue says of it.

    Attributes:
        id: of the line on the page.
        names: of the quantities, with their table: `users.ci_low`.
        said: the record of the formula; where a study chooses the method, that of its choice.
    """

    id: str
    names: tuple[str, ...]
    said: Quantity


@dataclass(frozen=True, slots=True)
class Formulas:
    """Every formula that the printed tables of a study need, by the name of each quantity."""

    by_name: dict[Name, Formula]

    @property
    def lines(self) -> tuple[Formula, ...]:
        """Each once, in the order in which the tables need them."""
        return tuple(dict.fromkeys(self.by_name.values()))

    def links(self, names: tuple[Name, ...]) -> tuple[str, ...]:
        """Where the formulas of some quantities stand, each once."""
        return tuple(dict.fromkeys(self.by_name[name].id for name in names))


def formulas(study: StudyDefinition, tables: Iterable[PrintedTable]) -> Formulas:
    """The formulas of every cell of these tables, with the methods that the study chooses."""
    names = dict.fromkeys(
        name for table in tables for row in table.rows() for cell in row.cells for name in cell.of
    )
    return Formulas({name: _formula(study, *name) for name in names})


def _formula(study: StudyDefinition, table: str, quantity: str) -> Formula:
    together = entry(table, quantity)
    names = tuple(anchor(table, one.name) for one in together)
    said = together[0]
    if said.chosen_by:
        said = need(table, f"{said.name}_{getattr(study.statistics, said.chosen_by)}")
    return Formula(names[0], names, said)
