"""Tables 2 to 5: outcomes before and after, one section per outcome, one row per stratum."""

from __future__ import annotations

from collections.abc import Callable

from ldn_spark.reporting import captions
from ldn_spark.reporting.cells import View, cell, interval, mean, p_cell, whole
from ldn_spark.reporting.formats import count, percent
from ldn_spark.reporting.printed import Cell, Column, PrintedTable, Row, Section
from ldn_spark.reporting.wording import confidence
from ldn_spark.study.definition import OVERALL, StudyDefinition

STUB = "Medicine group (ATC code)"
Cells = Callable[[View, str, str], tuple[Cell, ...]]


def ddd_table(
    study: StudyDefinition, view: View, *, id: str, roles: tuple[str, ...]
) -> PrintedTable:
    """Mean DDDs before and after, and their difference (Tables 2 and 4)."""
    dispensed, difference = "Dispensed medicines (DDD)", "Difference (DDD)"
    kind = "medicines in ATC subgroups (secondary outcomes)"
    if "main" in roles:
        kind = "main medicine groups"
    return PrintedTable(
        id=id,
        number=captions.number(study, view, id),
        title=f"Average cumulative dose of {kind}.",
        caption=captions.outcomes_caption(study, view, "DDD", "ATC", "CI"),
        stub=STUB,
        key_names=("outcome", "medicine_group", "stratum", "stratum_label"),
        columns=(
            Column((dispensed, "Before"), ("before_mean_ddd",)),
            Column((dispensed, "After"), ("after_mean_ddd",)),
            Column((difference, "Mean"), ("diff_mean_ddd",)),
            Column((difference, confidence(study)), ("ci_low", "ci_high")),
            Column(("p",), ("p",)),
        ),
        sections=_sections(study, view, roles, _ddd_cells),
        notes=(captions.ddd_note(study), *_missing_ddd(study, view, roles)),
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
        sections=_sections(study, view, roles, _users_cells),
        notes=(captions.users_note(study),),
    )


def _sections(
    study: StudyDefinition, view: View, roles: tuple[str, ...], cells: Cells
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
        for outcome in study.outcomes_in_role(*roles)
    )


def _ddd_cells(view: View, stratum: str, outcome: str) -> tuple[Cell, ...]:
    get = lambda quantity: view.get("ddd", stratum, outcome, quantity)  # noqa: E731
    return (
        cell(mean, get("mean_before")),
        cell(mean, get("mean_after")),
        cell(mean, get("mean_difference")),
        interval(mean, get("ci_low"), get("ci_high")),
        p_cell(get("p")),
    )


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


def _missing_ddd(study: StudyDefinition, view: View, roles: tuple[str, ...]) -> tuple[str, ...]:
    """How many dispenses carry no DDD, by outcome; nothing when all carry one."""
    missing = [
        (outcome.label, view.count("ddd", OVERALL, outcome.id, "ddd_missing"))
        for outcome in study.outcomes_in_role(*roles)
    ]
    listed = ", ".join(f"{label} {count(number)}" for label, number in missing if number)
    if not listed:
        return ()
    return (f"Dispenses without a known DDD, counted as users but with no dose: {listed}.",)
