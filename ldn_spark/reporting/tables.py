"""All tables of a study, in the order in which they are printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ldn_spark.estimates.results import Results
from ldn_spark.invented import SENTENCE
from ldn_spark.reporting.baseline import balance_table, baseline_table
from ldn_spark.reporting.cells import View
from ldn_spark.reporting.contrast_tables import change_table, did_table, trend_table
from ldn_spark.reporting.outcome_tables import ddd_table, dispenses_table, users_table
from ldn_spark.reporting.printed import PrintedTable
from ldn_spark.reporting.units import DISPENSES, DOSES, USERS, without_change, without_ddd
from ldn_spark.study.definition import Design, Outcome, StudyDefinition

MAIN = ("total", "main")
SECONDARY = ("secondary",)
SECONDARY_USERS = ("secondary", "additional")

_OF_PERSONS = ("table1", "balance")
"""Tables of what persons are before the index date, which no design changes."""


def all_tables(
    study: StudyDefinition, results: Results, *, subgroup: str = ""
) -> tuple[PrintedTable, ...]:
    """Tables 1-5 as the paper has them, then contrasts, trends, changes and balance.

    Tables 4 and 5 are left out where a study has no secondary outcomes, and those of contrasts
    where it has none; the tables after them keep their numbers. So are tables of doses none of
    which is known: where no DDD was delivered of a medicine, its dispenses are printed instead, or
    beside the known doses where none was delivered in one window alone.

    Args:
        study: names everything.
        results: what is printed.
        subgroup: id of the subgroup to print; empty for the whole cohort.
    """
    view = View(results, subgroup)
    lacking = without_ddd(view, study.outcomes)
    incomparable = without_change(view, study.outcomes)
    tables = [baseline_table(study, view)]
    if _some_known(study.outcomes_in_role(*MAIN), lacking):
        tables.append(ddd_table(study, view, id="table2", roles=MAIN))
    tables.append(users_table(study, view, id="table3", roles=MAIN))
    if _some_known(study.outcomes_in_role(*SECONDARY), lacking):
        tables.append(ddd_table(study, view, id="table4", roles=SECONDARY))
    if study.outcomes_in_role(*SECONDARY_USERS):
        tables.append(users_table(study, view, id="table5", roles=SECONDARY_USERS))
    if study.contrasts:
        if _some_known(study.outcomes, incomparable):
            tables.append(did_table(study, view, unit=DOSES, outcomes=study.outcomes))
        tables.append(did_table(study, view, unit=USERS, outcomes=study.outcomes))
    if len(study.strata.levels) > 1:
        tables.append(trend_table(study, view))
    tables.append(change_table(study, view))
    tables.append(balance_table(study, view))
    tables.append(dispenses_table(study, view, outcomes=incomparable))
    tables.append(did_table(study, view, unit=DISPENSES, outcomes=incomparable))
    mark = (SENTENCE,) if results.invented else ()
    return tuple(
        replace(table, notes=(*table.notes, *mark)) for table in tables if any(table.rows())
    )


def design_tables(
    study: StudyDefinition, results: Results, design: Design
) -> tuple[PrintedTable, ...]:
    """The tables of comparisons in the windows of a further design."""
    found = all_tables(study.as_design(design.id), results.of_design(design.id))
    return tuple(
        replace(table, number=f"{table.number}, {design.label}")
        for table in found
        if table.id not in _OF_PERSONS
    )


def _some_known(outcomes: Sequence[Outcome], lacking: Sequence[Outcome]) -> bool:
    return any(outcome not in lacking for outcome in outcomes)
