"""All figures of a study as files and as parts of the report."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ldn_spark.reporting.cells import View
from ldn_spark.reporting.figures import canvas
from ldn_spark.reporting.figures.curves import curve_panels
from ldn_spark.reporting.figures.design import design_diagram
from ldn_spark.reporting.figures.flow import flow_diagram
from ldn_spark.reporting.figures.forest import forest_plot, main_contrast
from ldn_spark.reporting.units import lacks_ddd
from ldn_spark.reporting.wording import (
    abbreviations,
    confidence,
    contrast_label,
    patients,
    stratum_label,
)
from ldn_spark.results import Results
from ldn_spark.study.definition import StudyDefinition

WITHOUT_RESULTS = ("figure4",)
"""The figures that are drawn from the study file alone."""


@dataclass(frozen=True, slots=True)
class DrawnFigure:
    """A figure with its caption.

    Attributes:
        id: file name without its ending: `figure1`.
        number: as it is cited: `Figure 1`.
        title: one line.
        caption: the sentences after the title.
        svg, png: the picture.
    """

    id: str
    number: str
    title: str
    caption: str
    svg: bytes
    png: bytes

    @property
    def inline_svg(self) -> str:
        """The picture as an `<svg>` element for a page: own ids, colours by name, a title."""
        text = self.svg.decode("utf-8")
        text = text[text.index("<svg") :]
        text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
        text = re.sub(r'\bid="', f'id="{self.id}-', text)
        text = re.sub(r"url\(#", f"url(#{self.id}-", text)
        text = re.sub(r'href="#', f'href="#{self.id}-', text)
        for name, colour in canvas.THEME.items():
            text = text.replace(colour, f"var(--fig-{name})")
        label = f'<svg role="img" aria-labelledby="{self.id}-caption" '
        return text.replace("<svg ", label, 1)


def figure_ids(study: StudyDefinition, results: Results) -> tuple[str, ...]:
    """Flow diagram, curves, forest plot (where there is a contrast) and design diagram.

    The curves are left out where no DDD of any of their outcomes was delivered.
    """
    view = View(results)
    drawn = {
        "figure1": True,
        "figure2": not all(lacks_ddd(view, name) for name in study.figures.curve_outcomes),
        "figure3": main_contrast(study) is not None,
        "figure4": True,
    }
    return tuple(name for name, is_drawn in drawn.items() if is_drawn)


def all_figures(study: StudyDefinition, results: Results) -> tuple[DrawnFigure, ...]:
    """Every figure of a study, in order."""
    return draw_figures(study, results, figure_ids(study, results))


def draw_figures(
    study: StudyDefinition, results: Results, ids: Iterable[str]
) -> tuple[DrawnFigure, ...]:
    """Some of the figures, each the same whichever others are drawn."""
    with canvas.drawing_style():
        return tuple(_draw(name, study, results) for name in ids)


def _draw(name: str, study: StudyDefinition, results: Results) -> DrawnFigure:
    if name == "figure1":
        picture, caption = flow_diagram(study, results), _flow_caption(study)
    elif name == "figure2":
        picture, caption = curve_panels(study, results), _curve_caption(study, View(results))
    elif name == "figure3":
        contrast = main_contrast(study)
        assert contrast is not None
        picture = forest_plot(study, results, contrast)
        caption = _forest_caption(study, contrast_label(study, contrast))
    else:
        picture, caption = design_diagram(study), _design_caption(study)
    number = name.replace("figure", "Figure ")
    return DrawnFigure(name, number, *caption, canvas.to_svg(picture), canvas.to_png(picture))


def _flow_caption(study: StudyDefinition) -> tuple[str, str]:
    drug = study.exposure.abbreviation
    return (
        "Flow diagram of patient inclusion.",
        "Dispensings are those of the whole registry first and those of the exposure drug in the "
        "index period from the step that looks for it. Before and after: dispensings of the "
        f"examined medicines in the two windows around the first {drug} dispense.",
    )


def _curve_caption(study: StudyDefinition, view: View) -> tuple[str, str]:
    contrast = study.figures.curve_contrast
    exposed, comparator = (
        f"{stratum_label(study, name)} ({patients(view, name)})"
        for name in (contrast.exposed, contrast.comparator)
    )
    return (
        "Cumulative difference in dispensed defined daily doses (DDD).",
        f"Mean DDD per patient in {exposed} minus that in {comparator}, cumulated away from the "
        f"index date (day 0), with pointwise {confidence(study)}. Above zero: more dispensed to "
        f"{stratum_label(study, contrast.exposed)}. The numbers stand for the two whole windows; "
        "a curve that is not symmetrical about day 0 means a difference-in-differences. "
        + abbreviations(study, "CI"),
    )


def _forest_caption(study: StudyDefinition, label: str) -> tuple[str, str]:
    return (
        f"Difference-in-differences, {label}.",
        f"Change in the comparator minus change in the exposed, with {confidence(study)}, not "
        "adjusted for the number of outcomes. Square and blue: the interval does not hold zero.",
    )


def _design_caption(study: StudyDefinition) -> tuple[str, str]:
    return (
        "Design of the study.",
        "Windows in days from the index date, both ends included. " + abbreviations(study),
    )
