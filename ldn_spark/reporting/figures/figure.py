"""What is said of a figure: how it is drawn, what it is called, when and where it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ldn_spark.estimates.results import Results
from ldn_spark.study.definition import StudyDefinition

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Section(StrEnum):
    """The sections of the report that can hold figures, by their ids on the page."""

    PATIENTS = "patients"
    DOSE = "dose"
    USERS = "users"
    SECONDARY = "secondary"
    CONTRASTS = "contrasts"
    CHANGES = "changes-section"
    BALANCE = "balance-section"
    DISPENSES = "dispenses-section"
    EXPOSURES = "other-exposures"
    DESIGN = "design"


def _always(study: StudyDefinition, results: Results) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class StudyFigure:
    """One figure of a study.

    Attributes:
        draw: the picture.
        legend: title and caption.
        section: where it stands in the report.
        below_tables: whether it stands there below the tables; else above them.
        is_drawn: whether there is anything to draw.
        needs_results: whether it is drawn of results, not of the study file alone.
        is_slow: whether drawing takes so long that a process of its own is worth it.
    """

    draw: Callable[[StudyDefinition, Results], Figure]
    legend: Callable[[StudyDefinition, Results], tuple[str, str]]
    section: Section
    below_tables: bool = False
    is_drawn: Callable[[StudyDefinition, Results], bool] = _always
    needs_results: bool = True
    is_slow: bool = False
