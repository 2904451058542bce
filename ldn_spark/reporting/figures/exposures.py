"""Figure 5: the total outcome for every exposure at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldn_spark.estimates.results import Results
from ldn_spark.reporting.exposure_tables import (
    Cohort,
    amount_of,
    cohorts,
    contrast_words,
    headline,
)
from ldn_spark.reporting.figures.figure import Section, StudyFigure
from ldn_spark.reporting.figures.forest import Forest, ForestRow, draw_forest, main_contrast
from ldn_spark.reporting.units import USERS
from ldn_spark.reporting.wording import confidence
from ldn_spark.study.definition import StudyDefinition

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_ROWS = 100
"""As many rows as anybody looks at; more stand in the table alone."""


def _forest(study: StudyDefinition, results: Results) -> Forest | None:
    """One row per exposure; None where nothing is compared, or where the rows are too many."""
    contrast, of = main_contrast(study), cohorts(study, results)
    if contrast is None or not 1 < len(of) <= MOST_ROWS:
        return None
    outcome = headline(study)
    rows = [
        ForestRow(_label(one), number == 0, one.view, outcome.id) for number, one in enumerate(of)
    ]
    units = USERS, amount_of(of, [outcome])
    return Forest(rows, contrast, units, ("the comparator", "the exposed"))


def _label(one: Cohort) -> str:
    """The drug by its full name where that has room."""
    name = one.study.exposure.name
    return f"{one.label}: {name}" if name != one.label and len(name) < 40 else one.label


def _is_drawn(study: StudyDefinition, results: Results) -> bool:
    """Whether any exposure has an interval."""
    forest = _forest(study, results)
    return forest is not None and any(
        row.numbers(forest.contrast, unit)[1] is not None
        for row in forest.rows
        for unit in forest.units
    )


def _plot(study: StudyDefinition, results: Results) -> Figure:
    forest = _forest(study, results)
    assert forest is not None
    return draw_forest(forest)


def _legend(study: StudyDefinition, results: Results) -> tuple[str, str]:
    contrast = main_contrast(study)
    assert contrast is not None
    return (
        f"{headline(study).label} by exposure: difference-in-differences, "
        f"{contrast_words(study, contrast)}.",
        f"Change in the comparator minus change in the exposed, with {confidence(study)}, not "
        "adjusted for the number of exposures. Bold: the study's own exposure. A patient may be in "
        "several cohorts: the rows are not independent. Square and blue: the interval does not "
        "hold zero. The two panels have axes of their own.",
    )


FIGURE = StudyFigure(_plot, _legend, Section.EXPOSURES, is_drawn=_is_drawn, is_slow=True)
