"""Tables beyond the paper's: difference-in-differences, trends, relative changes."""

from __future__ import annotations

from typing import Literal

from ldn_spark.reporting import captions
from ldn_spark.reporting.cells import (
    Format,
    View,
    cell,
    interval,
    mean,
    p_cell,
    whole_percent,
)
from ldn_spark.reporting.formats import percent
from ldn_spark.reporting.outcome_tables import STUB
from ldn_spark.reporting.printed import Cell, Column, PrintedTable, Row, Section
from ldn_spark.reporting.wording import abbreviations, confidence, contrast_label
from ldn_spark.study.definition import OVERALL, Contrast, StudyDefinition

Unit = Literal["ddd", "users"]
_WHAT = {"ddd": "cumulative dose (DDD)", "users": "number of users (% points)"}
_FORM: dict[str, Format] = {"ddd": mean, "users": percent}
_CHANGE = {"ddd": "mean_difference", "users": "difference"}


def did_table(study: StudyDefinition, view: View, *, unit: Unit) -> PrintedTable:
    """Difference-in-differences of every contrast and outcome."""
    change = "Change, after − before"
    did = "Difference-in-differences"
    return PrintedTable(
        id=f"did_{unit}",
        number=captions.number(study, view, f"did_{unit}"),
        title=f"Difference-in-differences: {_WHAT[unit]}.",
        caption=abbreviations(study, *(("DDD",) if unit == "ddd" else ()), "ATC", "CI"),
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
                    for outcome in study.outcomes
                ),
            )
            for contrast in study.contrasts
        ),
        notes=(captions.did_note(study, unit),),
    )


def _did_cells(view: View, contrast: Contrast, outcome: str, unit: Unit) -> tuple[Cell, ...]:
    form = _FORM[unit]
    get = lambda quantity: view.get(f"did_{unit}", contrast.id, outcome, quantity)  # noqa: E731
    return (
        cell(form, view.get(unit, contrast.comparator, outcome, _CHANGE[unit])),
        cell(form, view.get(unit, contrast.exposed, outcome, _CHANGE[unit])),
        cell(form, get("estimate")),
        interval(form, get("ci_low"), get("ci_high")),
        p_cell(get("p")),
        p_cell(get("p_holm")),
        p_cell(get("p_bh")),
        cell(form, get("minimal_detectable_difference")),
    )


def trend_table(study: StudyDefinition, view: View) -> PrintedTable:
    """The slope of the change over the strata."""
    dose, users = "DDD per stratum", "Users, % points per stratum"
    rows = tuple(
        Row(
            outcome.id,
            outcome.label,
            (*_trend_cells(view, outcome.id, "ddd"), *_trend_cells(view, outcome.id, "users")),
        )
        for outcome in study.outcomes
    )
    columns = tuple(
        Column((head, title), tuple(f"{unit}_{name}" for name in names))
        for head, unit in ((dose, "ddd"), (users, "users"))
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
        caption=abbreviations(study, "DDD", "ATC", "CI"),
        stub=STUB,
        key_names=("outcome", "medicine_group"),
        columns=columns,
        sections=(Section("", "", rows),),
        notes=(captions.trend_note(study),),
    )


def _trend_cells(view: View, outcome: str, unit: Unit) -> tuple[Cell, ...]:
    form = _FORM[unit]
    get = lambda quantity: view.get(f"trend_{unit}", OVERALL, outcome, quantity)  # noqa: E731
    return (
        cell(form, get("estimate")),
        interval(form, get("ci_low"), get("ci_high")),
        p_cell(get("p")),
    )


def change_table(study: StudyDefinition, view: View) -> PrintedTable:
    """Relative changes in whole per cent, as the text of a paper cites them."""
    heads = (("Change in dose (%)", "ddd"), ("Change in number of users (%)", "users"))
    rows = tuple(
        Row(
            outcome.id,
            outcome.label,
            tuple(
                cell(whole_percent, view.get(unit, level.id, outcome.id, "relative_change"))
                for _, unit in heads
                for level in study.strata.levels
            ),
        )
        for outcome in study.outcomes
    )
    columns = tuple(
        Column((head, level.label), (f"{unit}_{level.id}",))
        for head, unit in heads
        for level in study.strata.levels
    )
    return PrintedTable(
        id="changes",
        number=captions.number(study, view, "changes"),
        title="Relative change of dose and of number of users.",
        caption=abbreviations(study, "ATC"),
        stub=STUB,
        key_names=("outcome", "medicine_group"),
        columns=columns,
        sections=(Section("", "", rows),),
        notes=("(After − before) / before, of sums of DDDs and of numbers of users.",),
    )
