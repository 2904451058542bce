"""The figure of the quality report: dispensings month by month, what stands out in colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ldn_spark.invented import SENTENCE
from ldn_spark.quality.volume import HIGH, LOW, Month
from ldn_spark.reporting.figures import canvas
from ldn_spark.reporting.figures.draw import DrawnFigure
from ldn_spark.reporting.formats import pretty

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT = 2.6
_MOST_YEARS_NAMED = 20


def months_figure(months: Sequence[Month], *, invented: bool = False) -> DrawnFigure:
    """Bars of dispensings per month, with the range in which they do not stand out."""
    with canvas.drawing_style():
        picture = _draw(months)
        canvas.mark(picture, invented=invented)
        return DrawnFigure(
            "months",
            "Figure",
            "Dispensings per month.",
            "Grey band: from half to twice the median of the months around each. Vermilion: "
            "outside the band. A triangle marks a month without any dispensing."
            + (f" {SENTENCE}" if invented else ""),
            canvas.to_svg(picture),
            canvas.to_png(picture),
        )


def _draw(months: Sequence[Month]) -> Figure:
    figure = canvas.new_figure(canvas.PAGE_WIDTH, _HEIGHT)
    axes = figure.add_axes((0.105, 0.13, 0.885, 0.76))
    axes.set_title("Dispensings")
    at = range(len(months))
    _band(axes, months)
    colours = [canvas.VERMILION if month.flag else canvas.BLUE for month in months]
    axes.bar(at, [month.dispensings for month in months], width=0.8, color=colours)
    gaps = [number for number in at if months[number].flag == "gap"]
    axes.plot(gaps, [0] * len(gaps), "^", markersize=5, color=canvas.VERMILION, clip_on=False)
    axes.grid(axis="y", color=canvas.GRID, linewidth=0.6)
    axes.set_xlim(-0.8, len(months) - 0.2)
    axes.set_ylim(0, 1.12 * max(1, *(month.dispensings for month in months)))
    axes.yaxis.set_major_formatter(lambda value, _: pretty(f"{value:.0f}"))
    axes.locator_params(axis="y", nbins=5, integer=True)
    _years(axes, months)
    return figure


def _band(axes: Axes, months: Sequence[Month]) -> None:
    judged = [(at, month.usual) for at, month in enumerate(months) if month.usual is not None]
    for at, usual in judged:
        axes.fill_between(
            [at - 0.5, at + 0.5],
            float(LOW * usual),
            float(HIGH * usual),
            color=canvas.GRID,
            alpha=0.45,
            linewidth=0,
        )


def _years(axes: Axes, months: Sequence[Month]) -> None:
    """A tick at every January; a short extract names its months."""
    if len(months) < 18:
        axes.set_xticks(range(len(months)), [month.name for month in months], rotation=45)
        axes.tick_params(axis="x", labelsize=6.5)
        return
    januaries = [at for at, month in enumerate(months) if month.month == 1]
    step = -(-len(januaries) // _MOST_YEARS_NAMED)
    axes.set_xticks([at - 0.5 for at in januaries[::step]], [])
    axes.set_xticks(januaries, [], minor=True)
    for at in januaries[::step]:
        axes.text(
            at - 0.2,
            -0.035,
            str(months[at].year),
            transform=axes.get_xaxis_transform(),
            ha="left",
            va="top",
            fontsize=8,
        )
    axes.tick_params(axis="x", which="minor", length=0)
