"""Small figures over the runs of a study: one for every number, all with the same runs across."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from ldn_spark.reporting.drift.series import Series
from ldn_spark.reporting.figures import canvas
from ldn_spark.reporting.figures.draw import DrawnFigure
from ldn_spark.reporting.formats import fixed, pretty

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _HEIGHT = 3.3, 1.75
_LEFT, _RIGHT, _BOTTOM, _SHARE = 0.2, 0.96, 0.14, 0.66
"""Where the axes stand, in parts of the figure; they begin further right for longer numbers."""
_TICKS = 7.5
_MOST_BARS = 60
"""With more runs intervals are a band, and runs no points."""
_STRIP = {"study": 1.16, "software": 1.16, "data": 1.07}
"""Where the signs of what changed stand above the axes, in heights of them."""


def draw_panels(
    series: Sequence[Series],
    days: Sequence[str],
    changes: Sequence[frozenset[str]],
    above: Sequence[bool],
) -> list[DrawnFigure]:
    """A figure for every number.

    Args:
        series: the numbers.
        days: when each run ended, as ISO dates.
        changes: which of study, data and software changed with each run.
        above: for every number whether its newest value is above a threshold.
    """
    with canvas.drawing_style():
        return [
            _panel(f"panel{at}", one, days, changes, is_above=is_above)
            for at, (one, is_above) in enumerate(zip(series, above, strict=True), start=1)
        ]


def _panel(
    name: str,
    series: Series,
    days: Sequence[str],
    changes: Sequence[frozenset[str]],
    *,
    is_above: bool,
) -> DrawnFigure:
    figure = canvas.new_figure(_WIDTH, _HEIGHT)
    axes = figure.add_axes((_LEFT, _BOTTOM, _RIGHT - _LEFT, _SHARE))
    canvas.without_labels(axes)
    _mark_changes(axes, changes)
    _draw(axes, series, canvas.VERMILION if is_above else canvas.BLUE)
    _scale(axes, series, days)
    return DrawnFigure(name, "", series.title, "", canvas.to_svg(figure), b"")


def _draw(axes: Axes, series: Series, newest: str) -> None:
    known = [(at, value) for at, value in enumerate(series.values) if value is not None]
    at, values = [one[0] for one in known], [float(one[1]) for one in known]
    many = len(series.values) > _MOST_BARS
    if series.has_intervals:
        axes.axhline(0, color=canvas.BOX_EDGE, linewidth=0.8)
        limits = [
            (n, float(low), float(high))
            for n, (low, high) in enumerate(zip(series.lows, series.highs, strict=True))
            if low is not None and high is not None
        ]
        runs, lows, highs = ([one[part] for one in limits] for part in range(3))
        if many:
            axes.fill_between(runs, lows, highs, color=canvas.BLUE, alpha=0.2, linewidth=0)
        else:
            axes.vlines(runs, lows, highs, color=canvas.BLUE, linewidth=1)
    step = "default" if series.has_intervals else "steps-post"
    axes.plot(at, values, color=canvas.BLUE, linewidth=1.2, drawstyle=step)
    if not many:
        axes.plot(at, values, "o", markersize=2.6, color=canvas.BLUE)
    if known:
        axes.plot(at[-1:], values[-1:], "o", markersize=4.4, color=newest, clip_on=False)


def _mark_changes(axes: Axes, changes: Sequence[frozenset[str]]) -> None:
    """Signs above the axes, and lines through them where the study or the software changed."""
    across = axes.get_xaxis_transform()
    how = {
        "study": ("D", canvas.VERMILION, canvas.VERMILION),
        "software": ("s", canvas.INK, "none"),
        "data": ("|", canvas.MUTED, canvas.MUTED),
    }
    for kind, (sign, edge, fill) in how.items():
        at = [number for number, kinds in enumerate(changes) if kind in kinds]
        if kind != "data":
            for number in at:
                axes.axvline(number, color=edge, linewidth=0.7, alpha=0.6)
        axes.plot(
            at,
            [_STRIP[kind]] * len(at),
            sign,
            markersize=3.4,
            markeredgecolor=edge,
            markerfacecolor=fill,
            markeredgewidth=0.9,
            transform=across,
            clip_on=False,
        )


def _scale(axes: Axes, series: Series, days: Sequence[str]) -> None:
    last = len(days) - 1
    axes.set_xlim(-0.5, last + 0.5)
    ends = [0, last] if last else [0]
    axes.set_xticks(ends, [days[end] for end in ends])
    for label, side in zip(axes.get_xticklabels(), ("left", "right"), strict=False):
        label.set_horizontalalignment(side if last else "center")
    axes.tick_params(axis="x", labelsize=_TICKS, length=3)
    axes.tick_params(axis="y", labelsize=_TICKS, length=0)
    low, high = _ends(series)
    axes.set_ylim(low, high)
    axes.locator_params(axis="y", nbins=4, integer=series.is_whole)
    ticks = [tick for tick in axes.get_yticks() if low <= tick <= high]
    decimals = _decimals(ticks)
    labels = [pretty(fixed(Decimal(repr(float(t))), decimals)) for t in ticks]
    axes.set_yticks(ticks, labels)
    room = max(canvas.text_width(label, _TICKS) for label in ["", *labels]) + 8
    left = max(_LEFT, room / (72 * _WIDTH))
    axes.set_position((left, _BOTTOM, _RIGHT - left, _SHARE))
    axes.grid(axis="y", color=canvas.GRID, linewidth=0.6)


def _ends(series: Series) -> tuple[float, float]:
    """The ends of the axis: all values and limits, with room around them."""
    numbers = [
        float(one)
        for values in (series.values, series.lows, series.highs)
        for one in values
        if one is not None
    ]
    numbers += [0.0] * series.has_intervals
    low, high = min(numbers), max(numbers)
    room = 0.12 * (high - low) or max(abs(high) * 0.02, 1 if series.is_whole else 0.1)
    if series.is_whole and not series.has_intervals:
        room = max(room, 1)
    return (max(0.0, low - room) if low >= 0 and series.is_whole else low - room), high + room


def _decimals(ticks: Sequence[float]) -> int:
    """As few as tell neighbouring ticks apart."""
    step = min((b - a for a, b in pairwise(ticks)), default=1.0)
    decimals = 0
    while decimals < 4 and abs(round(step, decimals) - step) > step * 1e-6:
        decimals += 1
    return decimals
