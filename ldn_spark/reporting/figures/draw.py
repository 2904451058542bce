"""All figures of a study as files and as parts of the report."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldn_spark.estimates.results import Results
from ldn_spark.invented import SENTENCE
from ldn_spark.reporting.figures import canvas
from ldn_spark.reporting.figures.registry import FIGURES, figure_ids
from ldn_spark.study.definition import StudyDefinition

if TYPE_CHECKING:
    from markupsafe import Markup


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


Figures = tuple[DrawnFigure, ...]


def draw_ahead(study: StudyDefinition) -> Figures:
    """The figures that need no results. A library's first figure takes longest."""
    ids = [name for name, figure in FIGURES.items() if not figure.needs_results]
    return draw_figures(study, Results((), (), ()), ids)


def all_figures(study: StudyDefinition, results: Results) -> Figures:
    """Every figure of a study, in order."""
    return draw_figures(study, results, figure_ids(study, results))


def draw_figures(study: StudyDefinition, results: Results, ids: Iterable[str]) -> Figures:
    """Some of the figures, each the same whichever others are drawn."""
    with canvas.drawing_style():
        return tuple(_draw(name, study, results) for name in ids)


def _draw(name: str, study: StudyDefinition, results: Results) -> DrawnFigure:
    figure = FIGURES[name]
    picture, (title, caption) = figure.draw(study, results), figure.legend(study, results)
    number = name.replace("figure", "Figure ")
    canvas.mark(picture, invented=results.invented)
    if results.invented:
        caption = f"{caption} {SENTENCE}"
    return DrawnFigure(name, number, title, caption, canvas.to_svg(picture), canvas.to_png(picture))
