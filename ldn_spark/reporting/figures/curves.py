"""Figure 2: cumulative difference in DDDs between two strata, day by day."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ldn_spark.reporting.cells import View, mean
from ldn_spark.reporting.figures import canvas
from ldn_spark.reporting.formats import pretty
from ldn_spark.reporting.units import lacks_ddd
from ldn_spark.results import CurvePoint, Results
from ldn_spark.study.definition import StudyDefinition

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
        unknown = lacks_ddd(View(results), outcome.id)
        _panel(axes, study, points, "No DDD was delivered" if unknown else "No curve can be formed")
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
    figure.supxlabel(
        f"Days from first {study.exposure.abbreviation} dispense", fontsize=8.5, y=7 / height
    )
    figure.supylabel("Cumulative difference (DDD per patient)", fontsize=8.5, x=0.008)
    return figure


def _title(label: str, columns: int) -> str:
    """An outcome's label, broken so that it stays over its panel."""
    room = 72 * canvas.PAGE_WIDTH * 0.89 / columns - 24
    return "\n".join(canvas.wrap(label, 8.5, room, bold=True))


def _panel(axes: Axes, study: StudyDefinition, points: list[CurvePoint], otherwise: str) -> None:
    before, after = study.windows.before, study.windows.after
    axes.axhline(0, color=canvas.BOX_EDGE, linewidth=0.8)
    axes.axvline(0, color=canvas.MUTED, linewidth=0.9, linestyle=(0, (3, 2)))
    axes.grid(axis="y", color=canvas.GRID, linewidth=0.6)
    for side in (
        [point for point in points if point.day < 0],
        [point for point in points if point.day >= 0],
    ):
        _draw_side(axes, side)
    room = 0.02 * (after.last - before.first)
    axes.set_xlim(before.first - room, after.last + room)
    axes.set_xticks(_ticks(before.first, after.last))
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


def _draw_side(axes: Axes, points: list[CurvePoint]) -> None:
    """The line and band on one side of the index date, and its value at the far end."""
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
    far = max(points, key=lambda point: abs(point.day))
    near = min(points, key=lambda point: abs(abs(point.day) - 0.85 * abs(far.day)))
    below = near.difference > far.difference
    axes.plot([far.day], [far.difference], marker="o", markersize=3.5, color=canvas.BLUE)
    axes.annotate(
        pretty(mean(far.difference)),
        (far.day, far.difference),
        xytext=(3 if far.day < 0 else -3, -6 if below else 5),
        textcoords="offset points",
        va="top" if below else "baseline",
        ha="left" if far.day < 0 else "right",
        fontsize=8,
        fontweight="bold",
    )


def _ticks(first: int, last: int) -> list[int]:
    """Both ends, the index date and the middles."""
    return sorted({first, round(first / 2 / 10) * 10, 0, round(last / 2 / 10) * 10, last})
