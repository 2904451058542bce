"""Figure 2: cumulative difference in DDDs between two strata, day by day."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ldn_spark.estimates.results import CurvePoint, Results
from ldn_spark.reporting.cells import NEVER_FORMED, View, mean
from ldn_spark.reporting.figures import canvas
from ldn_spark.reporting.figures.figure import Section, StudyFigure
from ldn_spark.reporting.formats import pretty
from ldn_spark.reporting.wording import (
    abbreviations,
    confidence,
    patients,
    sentence_case,
    stratum_label,
    touch_index_date,
)
from ldn_spark.study.definition import OVERALL, StudyDefinition
from ldn_spark.study.words import days

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def curve_panels(study: StudyDefinition, results: Results) -> Figure:
    """One panel per outcome of the study's figures, two beside each other."""
    outcomes = [
        outcome
        for name in study.figures.curve_outcomes
        for outcome in study.outcomes
        if outcome.id == name
    ]
    columns = min(2, len(outcomes))
    rows = math.ceil(len(outcomes) / columns)
    titles = [_title(outcome.label, columns) for outcome in outcomes]
    more = 12 * max(title.count("\n") for title in titles)
    figure = canvas.new_figure(canvas.PAGE_WIDTH, (2.15 + more / 72) * rows + 0.55)
    panels = figure.subplots(rows, columns, squeeze=False).flatten()
    for axes, outcome, title in zip(panels, outcomes, titles, strict=False):
        points = [point for point in results.curves if point.outcome == outcome.id]
        axes.set_title(title)
        _panel(axes, study, points, _why_none(study, results, outcome.id))
    for axes in panels[len(outcomes) :]:
        axes.set_axis_off()
    height = 72 * figure.get_size_inches()[1]
    figure.subplots_adjust(
        left=0.095,
        right=0.985,
        top=1 - (18 + more) / height,
        bottom=40 / height,
        hspace=0.36 + more / 110,
        wspace=0.2,
    )
    figure.supxlabel("Days from the index date", fontsize=8.5, y=7 / height)
    figure.supylabel("Cumulative difference (DDD per patient)", fontsize=8.5, x=0.008)
    return figure


def _why_none(study: StudyDefinition, results: Results, outcome: str) -> str:
    """What stands in a panel without a curve."""
    contrast = study.figures.curve_contrast
    sides = (contrast.exposed, contrast.comparator, OVERALL)
    found = (View(results).get("ddd", side, outcome, "mean_difference") for side in sides)
    reasons = [one.reason for one in found if one.value is None and one.reason != NEVER_FORMED]
    return sentence_case(reasons[0]) if reasons else "No curve can be formed"


def _title(label: str, columns: int) -> str:
    """An outcome's label, broken so that it stays over its panel."""
    room = 72 * canvas.PAGE_WIDTH * 0.89 / columns - 24
    return "\n".join(canvas.wrap(label, 8.5, room, bold=True))


def _panel(axes: Axes, study: StudyDefinition, points: list[CurvePoint], otherwise: str) -> None:
    before, after = study.windows.before, study.windows.after
    canvas.without_labels(axes)
    axes.axhline(0, color=canvas.BOX_EDGE, linewidth=0.8)
    if before.first < 0 <= after.last:
        axes.axvline(0, color=canvas.MUTED, linewidth=0.9, linestyle=(0, (3, 2)))
    axes.grid(axis="y", color=canvas.GRID, linewidth=0.6)
    _draw_side(axes, [point for point in points if point.day <= before.last], after.first)
    _draw_side(axes, [point for point in points if point.day >= after.first], before.last)
    room = 0.02 * (after.last - before.first)
    axes.set_xlim(before.first - room, after.last + room)
    axes.set_xticks(_ticks(study))
    axes.xaxis.set_major_formatter(lambda value, _: pretty(str(int(value))))
    axes.margins(y=0.14)
    if not points:
        axes.text(
            0.5,
            0.6,
            otherwise,
            transform=axes.transAxes,
            ha="center",
            color=canvas.MUTED,
        )


def _draw_side(axes: Axes, points: list[CurvePoint], other: int) -> None:
    """The line and band of one window, and its value at the end far from the other window."""
    if not points:
        return
    banded = [point for point in points if point.ci_low is not None and point.ci_high is not None]
    axes.fill_between(
        [point.day for point in banded],
        [point.ci_low for point in banded],
        [point.ci_high for point in banded],
        color=canvas.BLUE,
        alpha=0.18,
        linewidth=0,
    )
    days, values = [p.day for p in points], [p.difference for p in points]
    axes.plot(days, values, color=canvas.BLUE, linewidth=1.5)
    far = max(points, key=lambda point: abs(point.day - other))
    reach = 0.85 * abs(far.day - other)
    near = min(points, key=lambda point: abs(abs(point.day - other) - reach))
    below = near.difference > far.difference
    axes.plot([far.day], [far.difference], marker="o", markersize=3.5, color=canvas.BLUE)
    axes.annotate(
        pretty(mean(far.difference)),
        (far.day, far.difference),
        xytext=(3 if far.day < other else -3, -6 if below else 5),
        textcoords="offset points",
        va="top" if below else "baseline",
        ha="left" if far.day < other else "right",
        fontsize=8,
        fontweight="bold",
    )


def _ticks(study: StudyDefinition) -> list[int]:
    """Both ends, the index date where it lies between them, and the middles."""
    first, last = study.windows.before.first, study.windows.after.last
    if first >= 0 or last <= 0:
        return sorted({first, round((first + last) / 2), last})
    return sorted({first, round(first / 2 / 10) * 10, 0, round(last / 2 / 10) * 10, last})


def _legend(study: StudyDefinition, results: Results) -> tuple[str, str]:
    view, contrast = View(results), study.figures.curve_contrast
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


def _differs(study: StudyDefinition, results: Results) -> bool:
    """Whether a curve can be formed that does not lie on zero all along."""
    shown = study.figures.curve_outcomes
    return any(point.difference for point in results.curves if point.outcome in shown)


FIGURE = StudyFigure(
    curve_panels,
    _legend,
    Section.DOSE,
    below_tables=True,
    is_drawn=_differs,
    is_slow=True,
)
