"""All figures of a study as files and as parts of the report."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldn_spark.invented import SENTENCE
from ldn_spark.reporting.cells import View
from ldn_spark.reporting.figures import canvas
from ldn_spark.reporting.figures.curves import curve_panels
from ldn_spark.reporting.figures.design import design_diagram
from ldn_spark.reporting.figures.flow import flow_diagram
from ldn_spark.reporting.figures.forest import forest_plot, main_contrast
from ldn_spark.reporting.figures.legends import legend
from ldn_spark.reporting.units import USERS, amount
from ldn_spark.results import Results
from ldn_spark.study.definition import StudyDefinition

if TYPE_CHECKING:
    from markupsafe import Markup

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
    def inline_svg(self) -> Markup:
        """The picture as an `<svg>` element for a page: own ids, colours by name, a title."""
        from markupsafe import Markup

        text = self.svg.decode("utf-8")
        text = text[text.index("<svg") :]
        text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
        text = re.sub(r'\bid="', f'id="{self.id}-', text)
        text = re.sub(r"url\(#", f"url(#{self.id}-", text)
        text = re.sub(r'href="#', f'href="#{self.id}-', text)
        for name, colour in canvas.THEME.items():
            text = text.replace(colour, f"var(--fig-{name})")
        label = f'<svg role="img" aria-labelledby="{self.id}-caption" '
        return Markup(text.replace("<svg ", label, 1))


def figure_ids(study: StudyDefinition, results: Results) -> tuple[str, ...]:
    """Flow diagram, curves, forest plot and design diagram; those with nothing in them left out.

    The curves are left out where none can be formed or all of them lie on zero all along, the
    forest plot where no contrast of any outcome has an interval.
    """
    shown = study.figures.curve_outcomes
    drawn = {
        "figure1": True,
        "figure2": any(p.difference for p in results.curves if p.outcome in shown),
        "figure3": _has_interval(study, results),
        "figure4": True,
    }
    return tuple(name for name, is_drawn in drawn.items() if is_drawn)


def _has_interval(study: StudyDefinition, results: Results) -> bool:
    contrast = main_contrast(study)
    return contrast is not None and any(
        results.value(f"did_{unit.table}", contrast.id, outcome.id, "ci_low") is not None
        for outcome in study.outcomes
        for unit in (USERS, amount(View(results), study.outcomes))
    )


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
        picture = flow_diagram(study, results)
    elif name == "figure2":
        picture = curve_panels(study, results)
    elif name == "figure3":
        contrast = main_contrast(study)
        assert contrast is not None
        picture = forest_plot(study, results, contrast)
    else:
        picture = design_diagram(study)
    number = name.replace("figure", "Figure ")
    title, caption = legend(name, study, results)
    if results.invented:
        picture, caption = canvas.mark_invented(picture), f"{caption} {SENTENCE}"
    return DrawnFigure(name, number, title, caption, canvas.to_svg(picture), canvas.to_png(picture))
