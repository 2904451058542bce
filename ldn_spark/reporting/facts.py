"""The numbers that are printed large: with their interval, and which group changed how."""

from __future__ import annotations

from dataclasses import dataclass

from ldn_spark.estimates.results import Results
from ldn_spark.reporting.cells import View
from ldn_spark.reporting.figures.forest import main_contrast
from ldn_spark.reporting.formats import Numeric, pretty
from ldn_spark.reporting.units import USERS, Unit, amount
from ldn_spark.reporting.wording import confidence, stratum_label
from ldn_spark.shown import counted
from ldn_spark.study.definition import OVERALL, Contrast, Outcome, StudyDefinition


@dataclass(frozen=True, slots=True)
class Fact:
    """A number to be printed large, what it is, and how it is to be read."""

    number: str
    label: str
    reading: str = ""


def facts(study: StudyDefinition, results: Results) -> list[Fact]:
    """The size of the cohort and the difference-in-differences of all examined medicines."""
    view, contrast, total = View(results), main_contrast(study), study.total_outcome
    persons = view.count("cohort", OVERALL, "", "persons")
    found = [Fact(counted(persons), "patient" if persons == 1 else "patients")]
    if contrast is None or total is None:
        return found
    for unit in (USERS, amount(view, [total])):
        value = view.value(f"did_{unit.table}", contrast.id, total.id, "estimate")
        if value is not None:
            label = f"{unit.of}: difference-in-differences, {total.label}"
            reading = _reading(study, view, contrast, total, unit)
            found.append(Fact(pretty(unit.form(value)), label, reading))
    return found


def _reading(
    study: StudyDefinition, view: View, contrast: Contrast, total: Outcome, unit: Unit
) -> str:
    """`95% CI 2.0 to 5.6 · LDN×4+ fell more`."""
    low, high = (
        view.value(f"did_{unit.table}", contrast.id, total.id, name)
        for name in ("ci_low", "ci_high")
    )
    parts = []
    if low is not None and high is not None:
        limits = f"{pretty(unit.form(low))} to {pretty(unit.form(high))}"
        holds = ", zero inside" if low <= 0 <= high else ""
        parts.append(f"{confidence(study)} {limits}{holds}")
    changes = [
        view.value(unit.table, stratum, total.id, unit.change)
        for stratum in (contrast.comparator, contrast.exposed)
    ]
    if changes[0] is not None and changes[1] is not None:
        names = (stratum_label(study, name) for name in (contrast.comparator, contrast.exposed))
        parts.append(direction(*names, *changes))
    return " · ".join(parts)


def direction(comparator: str, exposed: str, first: Numeric, second: Numeric) -> str:
    """In words how the changes of two groups differ: `first` of the comparator, `second` exposed.

    >>> direction("A", "B", -1, -3), direction("A", "B", 2, 1), direction("A", "B", 2, -1)
    ('B fell more', 'B rose less', 'B fell, A rose')
    """
    if first == second:
        return "both changed alike" if first else "neither changed"
    if min(first, second) < 0 < max(first, second) or 0 in (first, second):
        return f"{exposed} {_moved(second)}, {comparator} {_moved(first)}"
    if second < 0:
        return f"{exposed} fell {'more' if second < first else 'less'}"
    return f"{exposed} rose {'more' if second > first else 'less'}"


def _moved(change: Numeric) -> str:
    if change == 0:
        return "did not change"
    return "fell" if change < 0 else "rose"
