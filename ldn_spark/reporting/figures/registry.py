"""Every figure of a study, in the order in which they are numbered.

A figure is a module that draws and describes it, and a line here: drawing, the report, the result
folder and its manifest read this list.
"""

from __future__ import annotations

from ldn_spark.estimates.results import Results
from ldn_spark.reporting.figures import curves, design, exposures, flow, forest
from ldn_spark.reporting.figures.figure import Section, StudyFigure
from ldn_spark.study.definition import StudyDefinition

_IN_ORDER = (flow.FIGURE, curves.FIGURE, forest.FIGURE, design.FIGURE, exposures.FIGURE)
FIGURES: dict[str, StudyFigure] = {
    f"figure{number}": figure for number, figure in enumerate(_IN_ORDER, start=1)
}
"""By the name of its file without the ending."""


def figure_ids(study: StudyDefinition, results: Results) -> tuple[str, ...]:
    """The figures that have something in them; the others keep their numbers."""
    return tuple(name for name, figure in FIGURES.items() if figure.is_drawn(study, results))


def figures_at(section: Section | str, *, below_tables: bool) -> tuple[str, ...]:
    """The figures above or below the tables of a section of the report."""
    return tuple(
        name
        for name, figure in FIGURES.items()
        if figure.section == section and figure.below_tables == below_tables
    )
