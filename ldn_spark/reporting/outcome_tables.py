"""Tables 2 to 5: outcomes before and after, one section per outcome, one row per stratum."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ldn_spark.reporting import captions
from ldn_spark.reporting.cells import View, cell, interval, p_cell, whole
from ldn_spark.reporting.formats import percent
from ldn_spark.reporting.printed import Cell, Column, PrintedTable, Row, Section
from ldn_spark.reporting.units import DISPENSES, DOSES, Unit, missing_ddd
from ldn_spark.reporting.wording import confidence
from ldn_spark.study.definition import Outcome, StudyDefinition

STUB = "Medicine group (ATC code)"
Cells = Callable[[View, str, str], tuple[Cell, ...]]


def ddd_table(
    study: StudyDefinition, view: View, *, id: str, roles: tuple[str, ...]
) -> PrintedTable:
    """Mean DDDs before and after, and their difference (Tables 2 and 4)."""
    kind = "medicines in ATC subgroups (secondary outcomes)"
    if "main" in roles:
        kind = "main medicine groups"
    outcomes = study.outcomes_in_role(*roles)
    return PrintedTable(
        id=id,
        number=captions.number(study, view, id),
        title=f"Average cumulative dose of {kind}.",
        caption=captions.outcomes_caption(study, view, "DDD", "ATC", "CI"),
        stub=STUB,
        key_names=("outcome", "medicine_group", "stratum", "stratum_label"),
        columns=_mean_columns(study, "Dispensed medicines (DDD)", "Difference (DDD)", "ddd"),
        sections=_sections(study, view, outcomes, _mean_cells(DOSES)),
        notes=(captions.ddd_note(study), *missing_ddd(view, outcomes)),
    )


def dispenses_table(
    study: StudyDefinition, view: View, *, outcomes: Sequence[Outcome]
) -> PrintedTable:
    """Mean numbers of dispenses before and after, where doses are not known."""
    heads = "Number of dispenses", "Difference (dispenses)"
    return PrintedTable(
        id="dispenses",
        number=captions.number(study, view, "dispenses"),
        title="Average number of dispenses of medicines without DDDs.",
        caption=captions.outcomes_caption(study, view, "ATC", "CI"),
        stub=STUB,
        key_names=("outcome", "medicine_group", "stratum", "stratum_label"),
        columns=_mean_columns(study, *heads, "dispenses"),
        sections=_sections(study, view, outcomes, _mean_cells(DISPENSES)),
        notes=(captions.dispenses_note(study),),
    )


def _mean_columns(
    study: StudyDefinition, dispensed: str, difference: str, name: str
) -> tuple[Column, ...]:
    return (
        Column((dispensed, "Before"), (f"before_mean_{name}",)),
        Column((dispensed, "After"), (f"after_mean_{name}",)),
        Column((difference, "Mean"), (f"diff_mean_{name}",)),
        Column((difference, confidence(study)), ("ci_low", "ci_high")),
        Column(("p",), ("p",)),
    )


def users_table(
    study: StudyDefinition, view: View, *, id: str, roles: tuple[str, ...]
) -> PrintedTable:
    """Users before and after, and the difference in percentage points (Tables 3 and 5)."""
    users, difference = "Number of users", "Difference"
    kind = "medicines in ATC subgroups (secondary outcomes)"
    if "main" in roles:
        kind = "main medicine groups"
    return PrintedTable(
        id=id,
        number=captions.number(study, view, id),
        title=f"Number of users of {kind}.",
        caption=captions.outcomes_caption(study, view, "ATC", "CI"),
        stub=STUB,
        key_names=("outcome", "medicine_group", "stratum", "stratum_label"),
        columns=(
            Column((users, "Before", "N"), ("before_n",)),
            Column((users, "Before", "%"), ("before_pct",)),
            Column((users, "After", "N"), ("after_n",)),
            Column((users, "After", "%"), ("after_pct",)),
            Column((difference, "% points"), ("diff_pct_points",)),
            Column((difference, confidence(study)), ("ci_low", "ci_high")),
            Column(("p",), ("p",)),
        ),
        sections=_sections(study, view, study.outcomes_in_role(*roles), _users_cells),
        notes=(captions.users_note(study),),
    )


def _sections(
    study: StudyDefinition, view: View, outcomes: Sequence[Outcome], cells: Cells
) -> tuple[Section, ...]:
    return tuple(
        Section(
            outcome.id,
            outcome.label,
            tuple(
                Row(level.id, level.label, cells(view, level.id, outcome.id))
                for level in study.strata.levels
            ),
        )
        for outcome in outcomes
    )


def _mean_cells(unit: Unit) -> Cells:
    def cells(view: View, stratum: str, outcome: str) -> tuple[Cell, ...]:
        get = lambda quantity: view.get(unit.table, stratum, outcome, quantity)  # noqa: E731
        return (
            cell(unit.form, get("mean_before")),
            cell(unit.form, get("mean_after")),
            cell(unit.form, get("mean_difference")),
            interval(unit.form, get("ci_low"), get("ci_high")),
            p_cell(get("p")),
        )

    return cells


def _users_cells(view: View, stratum: str, outcome: str) -> tuple[Cell, ...]:
    get = lambda quantity: view.get("users", stratum, outcome, quantity)  # noqa: E731
    return (
        cell(whole, get("users_before")),
        cell(percent, get("share_before"), pattern="({})"),
        cell(whole, get("users_after")),
        cell(percent, get("share_after"), pattern="({})"),
        cell(percent, get("difference")),
        interval(percent, get("ci_low"), get("ci_high")),
        p_cell(get("p")),
    )
