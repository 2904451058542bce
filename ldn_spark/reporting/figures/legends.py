"""Title and caption of every figure: what it shows, by the study and what was found."""

from __future__ import annotations

from ldn_spark.reporting.cells import View
from ldn_spark.reporting.figures.forest import main_contrast
from ldn_spark.reporting.wording import (
    abbreviations,
    before_and_after,
    confidence,
    contrast_label,
    patients,
    stratum_label,
    touch_index_date,
)
from ldn_spark.results import Results
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.words import days


def legend(name: str, study: StudyDefinition, results: Results) -> tuple[str, str]:
    """Title and caption of a figure by its id."""
    if name == "figure1":
        return _flow_caption(study)
    if name == "figure2":
        return _curve_caption(study, View(results))
    if name == "figure3":
        contrast = main_contrast(study)
        assert contrast is not None
        return _forest_caption(study, contrast_label(study, contrast))
    return _design_caption(study)


def _flow_caption(study: StudyDefinition) -> tuple[str, str]:
    caption = (
        "Dispensings are those of the whole registry first and those of the exposure drug in the "
        "index period from the step that looks for it."
    )
    if study.total_outcome is not None:
        caption += f" Examined medicines: dispensed {before_and_after(study)}."
    return "Flow diagram of patient inclusion.", caption


def _curve_caption(study: StudyDefinition, view: View) -> tuple[str, str]:
    contrast = study.figures.curve_contrast
    exposed, comparator = (
        f"{stratum_label(study, name)} ({patients(view, name)})"
        for name in (contrast.exposed, contrast.comparator)
    )
    before, after = study.windows.before, study.windows.after
    outwards = "from the ends of the two windows that face each other"
    if touch_index_date(study):
        outwards = "away from the index date (day 0)"
    return (
        "Cumulative difference in dispensed defined daily doses (DDD).",
        f"Mean DDD per patient in {exposed} minus that in {comparator}, cumulated {outwards}, with "
        f"pointwise {confidence(study)}. Above zero: more dispensed to "
        f"{stratum_label(study, contrast.exposed)}. The numbers stand for the two whole windows "
        f"({days(before)} and {days(after)}); the first minus the second is the "
        "difference-in-differences. Every panel has a vertical axis of its own. "
        + abbreviations(study, "CI"),
    )


def _forest_caption(study: StudyDefinition, label: str) -> tuple[str, str]:
    return (
        f"Difference-in-differences, {label}.",
        f"Change in the comparator minus change in the exposed, with {confidence(study)}, not "
        "adjusted for the number of outcomes. Square and blue: the interval does not hold zero. "
        "The two panels have axes of their own.",
    )


def _design_caption(study: StudyDefinition) -> tuple[str, str]:
    return (
        "Design of the study.",
        "Windows in days from the index date, both ends included. " + abbreviations(study),
    )
