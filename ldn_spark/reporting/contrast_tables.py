"""Tables beyond the paper's: difference-in-differences, trends, relative changes."""

from __future__ import annotations

from collections.abc import Sequence

from ldn_spark.reporting import captions
from ldn_spark.reporting.cells import View, cell, interval, p_cell, whole_percent
from ldn_spark.reporting.outcome_tables import STUB
from ldn_spark.reporting.printed import Cell, Column, PrintedTable, Row, Section
from ldn_spark.reporting.units import DOSES, USERS, Unit, amount, missing_ddd
from ldn_spark.reporting.wording import abbreviations, confidence, contrast_label
from ldn_spark.study.definition import OVERALL, Contrast, Outcome, StudyDefinition


def did_table(
    study: StudyDefinition, view: View, *, unit: Unit, outcomes: Sequence[Outcome]
) -> PrintedTable:
    """Difference-in-differences of every contrast and of these outcomes."""
    change = "Change, after − before"
    did = "Difference-in-differences"
    missing = missing_ddd(view, outcomes) if unit == DOSES else ()
    return PrintedTable(
        id=f"did_{unit.table}",
        number=captions.number(study, view, f"did_{unit.table}"),
        title=f"Difference-in-differences: {unit.did_title}.",
        caption=abbreviations(study, *(("DDD",) if unit == DOSES else ()), "ATC", "CI"),
        stub=STUB,
        key_names=("contrast", "contrast_label", "outcome", "medicine_group"),
        columns=(
            Column((change, "Comparator"), ("change_comparator",)),
            Column((change, "Exposed"), ("change_exposed",)),
            Column((did, "Estimate"), ("estimate",)),
            Column((did, confidence(study)), ("ci_low", "ci_high")),
            Column(("p",), ("p",)),
            Column(("Adjusted p", "Holm"), ("p_holm",)),
            Column(("Adjusted p", "BH"), ("p_bh",)),
            Column(("MDD",), ("minimal_detectable_difference",)),
        ),
        sections=tuple(
            Section(
                contrast.id,
                contrast_label(study, contrast),
                tuple(
                    Row(outcome.id, outcome.label, _did_cells(view, contrast, outcome.id, unit))
                    for outcome in outcomes
                ),
            )
            for contrast in study.contrasts
        ),
        notes=(captions.did_note(study, unit.table), *missing),
    )


def _did_cells(view: View, contrast: Contrast, outcome: str, unit: Unit) -> tuple[Cell, ...]:
    form, did = unit.form, f"did_{unit.table}"
    get = lambda quantity: view.get(did, contrast.id, outcome, quantity)  # noqa: E731
    return (
        cell(form, view.get(unit.table, contrast.comparator, outcome, unit.change)),
        cell(form, view.get(unit.table, contrast.exposed, outcome, unit.change)),
        cell(form, get("estimate")),
        interval(form, get("ci_low"), get("ci_high")),
        p_cell(get("p")),
        p_cell(get("p_holm")),
        p_cell(get("p_bh")),
        cell(form, get("minimal_detectable_difference")),
    )


def trend_table(study: StudyDefinition, view: View) -> PrintedTable:
    """The slope of the change over the strata."""
    units = (amount(view, study.outcomes), USERS)
    rows = tuple(
        Row(
            outcome.id,
            outcome.label,
            tuple(cell for unit in units for cell in _trend_cells(view, outcome.id, unit)),
        )
        for outcome in study.outcomes
    )
    columns = tuple(
        Column((unit.trend_title, title), tuple(f"{unit.table}_{name}" for name in names))
        for unit in units
        for title, names in (
            ("Slope", ("slope",)),
            (confidence(study), ("ci_low", "ci_high")),
            ("p", ("p",)),
        )
    )
    return PrintedTable(
        id="trend",
        number=captions.number(study, view, "trend"),
        title="Trend of the change over the strata of exposure.",
        caption=abbreviations(study, *(("DDD",) if DOSES in units else ()), "ATC", "CI"),
        stub=STUB,
        key_names=("outcome", "medicine_group"),
        columns=columns,
        sections=(Section("", "", rows),),
        notes=(captions.trend_note(study),),
    )


def _trend_cells(view: View, outcome: str, unit: Unit) -> tuple[Cell, ...]:
    form, trend = unit.form, f"trend_{unit.table}"
    get = lambda quantity: view.get(trend, OVERALL, outcome, quantity)  # noqa: E731
    return (
        cell(form, get("estimate")),
        interval(form, get("ci_low"), get("ci_high")),
        p_cell(get("p")),
    )


def change_table(study: StudyDefinition, view: View) -> PrintedTable:
    """Relative changes in whole per cent, as the text of a paper cites them."""
    units = (amount(view, study.outcomes), USERS)
    rows = tuple(
        Row(
            outcome.id,
            outcome.label,
            tuple(
                cell(whole_percent, view.get(unit.table, level.id, outcome.id, "relative_change"))
                for unit in units
                for level in study.strata.levels
            ),
        )
        for outcome in study.outcomes
    )
    columns = tuple(
        Column((unit.change_title, level.label), (f"{unit.table}_{level.id}",))
        for unit in units
        for level in study.strata.levels
    )
    return PrintedTable(
        id="changes",
        number=captions.number(study, view, "changes"),
        title=f"Relative change of {units[0].changing} and of {USERS.changing}.",
        caption=abbreviations(study, "ATC"),
        stub=STUB,
        key_names=("outcome", "medicine_group"),
        columns=columns,
        sections=(Section("", "", rows),),
        notes=(f"(After − before) / before, of {units[0].summed} and of {USERS.summed}.",),
    )
