"""Table 1 and the balance between strata at baseline."""

from __future__ import annotations

from dataclasses import replace

from ldn_spark.reporting import captions
from ldn_spark.reporting.cells import (
    View,
    blank,
    cell,
    hundredths,
    mean,
    mixed,
    whole,
)
from ldn_spark.reporting.formats import percent
from ldn_spark.reporting.printed import Cell, Column, PrintedTable, Row, Section
from ldn_spark.reporting.wording import (
    abbreviations,
    contrast_label,
    in_the_window_before,
    strata_sentence,
)
from ldn_spark.shown import counted
from ldn_spark.study.definition import OVERALL, StudyDefinition
from ldn_spark.study.words import listing

_BRACKETS = "{} ({})"


def baseline_table(study: StudyDefinition, view: View) -> PrintedTable:
    """Table 1: who the patients of each stratum are."""
    strata = [level.id for level in study.strata.levels]
    rows = [
        Row(key, label, tuple(_baseline_cell(study, view, stratum, key) for stratum in strata))
        for key, label in _labels(study, bracketed=True).items()
    ]
    total = cell(whole, view.get("cohort", OVERALL, "", "persons"), pattern="{}")
    first = replace(total, parts=(*total.parts, ""))
    rows.append(Row("n_total", "N total", (first, *(blank(2) for _ in strata[1:]))))
    columns = tuple(
        Column((level.label,), (f"{level.id}_value", f"{level.id}_bracket"))
        for level in study.strata.levels
    )
    return PrintedTable(
        id="table1",
        number=captions.number(study, view, "table1"),
        title="Baseline data.",
        caption=f"{strata_sentence(study, view)} "
        + abbreviations(study, study.statistics.dispersion.upper()),
        stub="",
        key_names=("variable", "label"),
        columns=columns,
        sections=(Section("", "", tuple(rows)),),
        notes=_unknowns(study, view),
    )


def _labels(study: StudyDefinition, *, bracketed: bool) -> dict[str, str]:
    """Variables of Table 1; outcomes only where the study has a total of them."""
    spread = f" ({study.statistics.dispersion.upper()})" if bracketed else ""
    share = " (%)" if bracketed else ""
    before = in_the_window_before(study)
    labels = {"n": f"N{share}", "women": f"Women{share}", "age": f"Age, years{spread}"}
    if study.total_outcome is not None:
        labels["dispenses_before"] = f"Number of dispenses {before} (outcome medicines){spread}"
        labels["users_before"] = f"Number of users {before} (outcome medicines){share}"
    return labels


def _baseline_cell(study: StudyDefinition, view: View, stratum: str, key: str) -> Cell:
    spread = study.statistics.dispersion
    pairs = {
        "n": (whole, "cohort", "persons", percent, "share"),
        "women": (whole, "cohort", "women", percent, "women_share"),
        "age": (mean, "cohort", "age_mean", mean, f"age_{spread}"),
        "dispenses_before": (
            mean,
            "baseline",
            "dispenses_before_mean",
            mean,
            f"dispenses_before_{spread}",
        ),
        "users_before": (whole, "baseline", "users_before", percent, "users_before_share"),
    }
    form, table, quantity, bracket_form, bracket = pairs[key]
    return mixed(
        (form, view.get(table, stratum, "", quantity)),
        (bracket_form, view.get(table, stratum, "", bracket)),
        pattern=_BRACKETS,
    )


def _unknowns(study: StudyDefinition, view: View) -> tuple[str, ...]:
    """How many patients have no known sex or age, by stratum; nothing when all are known."""
    notes = []
    attributes = (
        ("Sex", "sex_unknown", "shares of women are of those whose sex is known"),
        ("Age", "age_unknown", "ages are of those whose birth year is known"),
    )
    everybody = view.count("cohort", OVERALL, "", "persons")
    for what, quantity, denominator in attributes:
        number = view.count("cohort", OVERALL, "", quantity)
        if number == 0:
            continue
        people = "patient" if number == 1 else "patients"
        if number == everybody:
            notes.append(f"{what} is unknown for all {counted(number)} {people}.")
            continue
        parts = (
            f"{level.label} {counted(view.count('cohort', level.id, '', quantity))}"
            for level in study.strata.levels
        )
        notes.append(
            f"{what} is unknown for {counted(number)} {people} ({listing(parts)}); {denominator}."
        )
    return tuple(notes)


def balance_table(study: StudyDefinition, view: View) -> PrintedTable:
    """How far apart the strata of each contrast are before the exposure starts."""
    smd = {
        "women": "smd_women",
        "age": "smd_age",
        "dispenses_before": "smd_dispenses_before",
        "users_before": "smd_users_before",
    }
    labels = _labels(study, bracketed=True)
    rows = [
        Row(
            key,
            labels[key],
            (
                _baseline_cell(study, view, OVERALL, key),
                *(
                    cell(hundredths, view.get("baseline", contrast.id, "", smd[key]))
                    for contrast in study.contrasts
                ),
            ),
        )
        for key in smd
        if key in labels
    ]
    smds = [
        Column(
            ("Standardised mean difference", contrast_label(study, contrast)),
            (f"smd_{contrast.id}",),
        )
        for contrast in study.contrasts
    ]
    return PrintedTable(
        id="balance",
        number=captions.number(study, view, "balance"),
        title="Balance of the strata at the index date.",
        caption="All patients together, and the standardised mean differences of the strata. "
        + abbreviations(study, study.statistics.dispersion.upper()),
        stub="",
        key_names=("variable", "label"),
        columns=(Column(("All patients",), ("all_value", "all_bracket")), *smds),
        sections=(Section("", "", tuple(rows)),),
        notes=(
            "Standardised mean difference: difference of means or proportions divided by the "
            "root of the mean of the two variances (Austin 2009); beyond ±0.10 is commonly "
            "called an imbalance.",
            *_unknowns(study, view),
        ),
    )
