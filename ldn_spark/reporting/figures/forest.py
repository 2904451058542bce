"""Figure 3: difference-in-differences of every outcome at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldn_spark.estimates.results import Results
from ldn_spark.reporting.cells import View
from ldn_spark.reporting.figures import canvas
from ldn_spark.reporting.figures.figure import Section, StudyFigure
from ldn_spark.reporting.formats import Numeric, pretty
from ldn_spark.reporting.units import USERS, Unit, amount
from ldn_spark.reporting.wording import confidence, contrast_label, stratum_label
from ldn_spark.study.definition import Contrast, StudyDefinition

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW, _TOP, _BOTTOM, _LABELS = 21.0, 24.0, 46.0, 150.0


def main_contrast(study: StudyDefinition) -> Contrast | None:
    """The contrast of the curves where it is one of the study's, else the first of them."""
    if not study.contrasts:
        return None
    wanted = study.figures.curve_contrast
    return wanted if wanted in study.contrasts else study.contrasts[0]


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One row of a forest plot: a label, and the estimates of an outcome in some results."""

    label: str
    is_bold: bool
    view: View
    outcome: str

    def numbers(self, contrast: Contrast, unit: Unit) -> list[Numeric | None]:
        """Estimate and limits of the difference-in-differences."""
        return [
            self.view.value(f"did_{unit.table}", contrast.id, self.outcome, name)
            for name in ("estimate", "ci_low", "ci_high")
        ]


@dataclass(frozen=True, slots=True)
class Forest:
    """What a forest plot shows.

    Attributes:
        rows: from the top down.
        contrast: of which it shows the difference-in-differences.
        units: one panel each.
        sides: what the comparator and the exposed are called under the axes.
    """

    rows: Sequence[ForestRow]
    contrast: Contrast
    units: Sequence[Unit]
    sides: tuple[str, str]


def forest_plot(study: StudyDefinition, results: Results, contrast: Contrast) -> Figure:
    """Estimate and interval of users and of doses (or dispenses), one row per outcome."""
    view = View(results)
    rows = [ForestRow(one.label, one.role == "total", view, one.id) for one in study.outcomes]
    sides = (stratum_label(study, one) for one in (contrast.comparator, contrast.exposed))
    units = USERS, amount(view, study.outcomes)
    return draw_forest(Forest(rows, contrast, units, (*sides,)))


def draw_forest(forest: Forest) -> Figure:
    """Rows with their labels on the left, one panel per unit beside them."""
    width, rows = 72 * canvas.PAGE_WIDTH, len(forest.rows)
    height = _TOP + _ROW * rows + _BOTTOM
    figure = canvas.new_figure(width / 72, height / 72)
    page = canvas.page_axes(figure)
    tops = [height - _TOP - _ROW * number for number in range(rows)]
    for number, (row, top) in enumerate(zip(forest.rows, tops, strict=True)):
        if number % 2 == 0:
            page.axhspan(top - _ROW, top, color=canvas.BOX, linewidth=0)
        lines = canvas.wrap(row.label, 7.5, _LABELS - 10, bold=row.is_bold)
        page.text(
            4,
            top - _ROW / 2,
            "\n".join(lines),
            fontsize=7.5,
            va="center",
            fontweight="bold" if row.is_bold else "normal",
            linespacing=1.05,
        )
    panel = (width - _LABELS - 6) / 2
    for number, unit in enumerate(forest.units):
        left = _LABELS + number * panel
        page.text(left, height - 11, unit.panel, fontweight="bold", va="center")
        area = (left / width, _BOTTOM / height, (panel - 92) / width, _ROW * rows / height)
        axes = figure.add_axes(area)
        texts = _draw(axes, forest, unit)
        for text, top in zip(texts, tops, strict=True):
            page.text(left + panel - 6, top - _ROW / 2, text, fontsize=7.5, va="center", ha="right")
        _directions(axes, forest)
    return figure


def _draw(axes: Axes, forest: Forest, unit: Unit) -> list[str]:
    """Draw one panel; hand back the printed estimates."""
    from matplotlib.ticker import MaxNLocator

    form, scale = unit.form, unit.scale
    canvas.without_labels(axes)
    axes.axvline(0, color=canvas.MUTED, linewidth=0.9)
    axes.set_ylim(len(forest.rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=canvas.GRID, linewidth=0.6)
    texts = []
    for row, one in enumerate(forest.rows):
        estimate, low, high = one.numbers(forest.contrast, unit)
        if estimate is None or low is None or high is None:
            texts.append("not estimable")
            continue
        clear = low > 0 or high < 0
        colour = canvas.BLUE if clear else canvas.MUTED
        axes.plot([scale * low, scale * high], [row, row], color=colour, linewidth=1.4)
        axes.plot(
            [scale * estimate],
            [row],
            color=colour,
            markersize=5,
            marker="s" if clear else "o",
            markerfacecolor=colour if clear else "white",
        )
        numbers = (pretty(form(value)) for value in (estimate, low, high))
        texts.append("{} ({} to {})".format(*numbers))
    axes.margins(x=0.05)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(lambda value, _: pretty(f"{value:g}"))
    return texts


def _directions(axes: Axes, forest: Forest) -> None:
    """What lies left and right of zero, under the axis."""
    row = 1 / (_ROW * len(forest.rows))
    for side, points, name, text in (
        (0, 20, forest.sides[0], "← larger fall or smaller rise in {}"),
        (1, 30, forest.sides[1], "larger fall or smaller rise in {} →"),
    ):
        axes.text(
            side,
            -points * row,
            text.format(name),
            transform=axes.transAxes,
            ha="right" if side else "left",
            va="top",
            fontsize=7,
            color=canvas.MUTED,
        )


def _contrast(study: StudyDefinition) -> Contrast:
    """The contrast of a study that has one."""
    contrast = main_contrast(study)
    assert contrast is not None
    return contrast


def _plot(study: StudyDefinition, results: Results) -> Figure:
    return forest_plot(study, results, _contrast(study))


def _legend(study: StudyDefinition, results: Results) -> tuple[str, str]:
    label = contrast_label(study, _contrast(study))
    return (
        f"Difference-in-differences, {label}.",
        f"Change in the comparator minus change in the exposed, with {confidence(study)}, not "
        "adjusted for the number of outcomes. Square and blue: the interval does not hold zero. "
        "The two panels have axes of their own.",
    )


def _has_interval(study: StudyDefinition, results: Results) -> bool:
    """Whether the contrast of any outcome has an interval."""
    contrast = main_contrast(study)
    return contrast is not None and any(
        results.value(f"did_{unit.table}", contrast.id, outcome.id, "ci_low") is not None
        for outcome in study.outcomes
        for unit in (USERS, amount(View(results), study.outcomes))
    )


FIGURE = StudyFigure(_plot, _legend, Section.CONTRASTS, is_drawn=_has_interval, is_slow=True)
