"""Figure 4: the design of the study around the index date, drawn from its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldn_spark.estimates.results import Results
from ldn_spark.reporting.figures import canvas
from ldn_spark.reporting.figures.figure import Section, StudyFigure
from ldn_spark.reporting.wording import abbreviations, index_dispense, sentence_case
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.windows import DayWindow
from ldn_spark.study.words import day, days, listing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW, _TOP, _BOTTOM, _LABELS = 40.0, 50.0, 40.0, 158.0
_SIZE = 8.5


@dataclass(frozen=True, slots=True)
class Bar:
    """One window: what it is for, its days, and the words in it."""

    label: str
    window: DayWindow
    colour: str
    opens: bool = False
    """Whether it reaches back without end."""


def design_bars(study: StudyDefinition) -> list[Bar]:
    """The windows of a study, from selection to outcome."""
    drug, bars = study.exposure.abbreviation, []
    washout = study.exposure.index_event.washout_days
    if washout == "ever":
        first = min(study.windows.before.first, -365) - 60
        bars.append(Bar(f"No {drug} before", DayWindow(first=first, last=-1), canvas.MUTED, True))
    elif washout != "none":
        bars.append(Bar(f"No {drug} (wash-out)", DayWindow(first=-washout, last=-1), canvas.MUTED))
    for step in study.eligibility:
        for look in step.keep_if.looks():
            if look.days is not None:
                bars.append(Bar(step.label, look.days, canvas.MUTED))
    strata = listing([level.label for level in study.strata.levels])
    return [
        *bars,
        Bar("Outcomes before", study.windows.before, canvas.BLUE),
        Bar("Outcomes after", study.windows.after, canvas.BLUE),
        Bar(f"{drug} dispenses counted: {strata}", study.strata.counting_window, canvas.VERMILION),
    ]


def design_diagram(study: StudyDefinition) -> Figure:
    """One bar per window, above a line of days, with the index date through all of them."""
    bars = design_bars(study)
    width = 72 * canvas.PAGE_WIDTH
    height = _TOP + _ROW * len(bars) + _BOTTOM
    figure = canvas.new_figure(width / 72, height / 72)
    axes = canvas.page_axes(figure)
    first = min(bar.window.first for bar in bars)
    last = max(bar.window.last for bar in bars)
    scale = (width - _LABELS - 26) / (last + 1 - first)

    def place(number: float) -> float:
        return _LABELS + 6 + (number - first) * scale

    floor = _BOTTOM
    axes.plot([place(0)] * 2, [floor, height - _TOP + 4], color=canvas.INK, linewidth=1.2)
    _index_label(axes, study, place(0), width, height)
    for number, bar in enumerate(bars):
        _draw_bar(axes, bar, place, height - _TOP - _ROW * number)
    _axis(axes, bars, place, floor)
    axes.text(
        (place(first) + place(last + 1)) / 2,
        5,
        "Days from the index date",
        ha="center",
        va="bottom",
        fontsize=_SIZE,
        color=canvas.MUTED,
    )
    return figure


def _index_label(
    axes: Axes, study: StudyDefinition, middle: float, width: float, height: float
) -> None:
    lines = ("Index date (day 0)", sentence_case(index_dispense(study)))
    for number, line in enumerate(lines):
        weight = "normal" if number else "bold"
        half = canvas.text_width(line, _SIZE, bold=not number) / 2
        middle = min(max(middle, half + 4), width - half - 4)
        axes.text(
            middle,
            height - 12 - 13 * number,
            line,
            ha="center",
            va="center",
            fontsize=_SIZE,
            fontweight=weight,
        )


def _draw_bar(axes: Axes, bar: Bar, place, top: float) -> None:
    from matplotlib.patches import Rectangle

    label = canvas.wrap(bar.label, _SIZE, _LABELS - 12)
    axes.text(4, top - _ROW / 2, "\n".join(label), va="center", fontsize=_SIZE, linespacing=1.1)
    left, right = place(bar.window.first), place(bar.window.last + 1)
    low, high = top - _ROW + 9, top - 9
    axes.add_patch(
        Rectangle(
            (left, low), right - left, high - low, facecolor=bar.colour, alpha=0.22, linewidth=0
        )
    )
    axes.plot([right, right], [low, high], color=bar.colour, linewidth=1.6)
    if not bar.opens:
        axes.plot([left, left], [low, high], color=bar.colour, linewidth=1.6)
    text = "any time before the index date" if bar.opens else days(bar.window)
    middle = (left + right) / 2
    half = canvas.text_width(text, _SIZE) / 2
    if half > (right - left) / 2 - 2:
        middle = (
            right + half + 6 if right + 2 * half + 10 < 72 * canvas.PAGE_WIDTH else left - half - 6
        )
    axes.text(middle, (low + high) / 2, text, ha="center", va="center", fontsize=_SIZE)


def _axis(axes: Axes, bars: list[Bar], place, floor: float) -> None:
    """A line of days with a tick at every edge that does not touch the one before."""
    first = min(bar.window.first for bar in bars)
    last = max(bar.window.last for bar in bars)
    axes.plot([place(first), place(last + 1)], [floor, floor], color=canvas.BOX_EDGE, linewidth=1)
    edges = {edge for bar in bars if not bar.opens for edge in (bar.window.first, bar.window.last)}
    reserved = [(place(0), canvas.text_width("0", _SIZE))]
    for edge in [0, *sorted(edges - {0, -1}, key=abs, reverse=True)]:
        at, wide = place(edge), canvas.text_width(day(edge), _SIZE)
        if edge and any(abs(at - other) < (wide + width) / 2 + 6 for other, width in reserved):
            continue
        reserved.append((at, wide))
        axes.plot([at, at], [floor, floor - 4], color=canvas.BOX_EDGE, linewidth=1)
        axes.text(at, floor - 7, day(edge), ha="center", va="top", fontsize=8)


def _diagram(study: StudyDefinition, results: Results) -> Figure:
    return design_diagram(study)


def _legend(study: StudyDefinition, results: Results) -> tuple[str, str]:
    return (
        "Design of the study.",
        "Windows in days from the index date, both ends included. " + abbreviations(study),
    )


FIGURE = StudyFigure(_diagram, _legend, Section.DESIGN, needs_results=False)
