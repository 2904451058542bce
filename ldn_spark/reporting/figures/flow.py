"""Figure 1: from the delivered lines to the strata."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldn_spark.estimates.results import AttritionStep, Results, TurnedAway
from ldn_spark.reporting.cells import View
from ldn_spark.reporting.figures import canvas
from ldn_spark.reporting.figures.figure import Section, StudyFigure
from ldn_spark.reporting.formats import percent
from ldn_spark.reporting.wording import before_and_after
from ldn_spark.shown import counted, numbered
from ldn_spark.study.definition import StudyDefinition

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIZE, _LEADING, _PAD = 8.5, 12.0, 8.0
_MOST_REASONS = 6
_MAIN_WIDTH, _SIDE_WIDTH, _GAP, _MARGIN = 268.0, 190.0, 40.0, 6.0


@dataclass(frozen=True, slots=True)
class Box:
    """A box of the diagram: a bold heading and the lines under it, already wrapped."""

    heading: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def height(self) -> float:
        """In points."""
        return _LEADING * (len(self.heading) + len(self.lines)) + 2 * _PAD

    @classmethod
    def fit(cls, heading: str, lines: Sequence[str], width: float) -> Box:
        """Wrap to a width in points."""
        room = width - 2 * _PAD
        return cls(
            tuple(canvas.wrap(heading, _SIZE, room, bold=True)) if heading else (),
            tuple(part for line in lines for part in canvas.wrap(line, _SIZE, room)),
        )


def flow_diagram(study: StudyDefinition, results: Results) -> Figure:
    """Boxes with what every step leaves, exclusions at the side, strata at the bottom."""
    steps = results.attrition
    main = [Box.fit(step.reason, [_left(step)], _MAIN_WIDTH) for step in steps]
    of_lines = [one for one in results.turned_away if one.kind == "dispensings"]
    side = [Box.fit("", _excluded(step, of_lines), _SIDE_WIDTH) for step in steps]
    width = 72 * canvas.PAGE_WIDTH
    levels = study.strata.levels
    stratum_width = (width - 2 * _MARGIN - 12 * (len(levels) - 1)) / len(levels)
    strata = [
        Box.fit(level.label, _stratum(study, results, level.id), stratum_width) for level in levels
    ]
    strata_height = max(box.height for box in strata)
    gaps = [max(_GAP, box.height + 12) for box in side[1:]]
    height = sum(box.height for box in main) + sum(gaps) + _GAP + strata_height + 2 * _MARGIN
    figure = canvas.new_figure(width / 72, height / 72)
    axes = canvas.page_axes(figure)
    bottom = _draw_steps(axes, main, side, gaps, height - _MARGIN)
    _draw_strata(axes, strata, stratum_width, bottom, bottom - _GAP)
    return figure


def _draw_steps(
    axes: Axes, main: list[Box], side: list[Box], gaps: list[float], top: float
) -> float:
    """Draw the column of steps; hand back the lower edge of the last."""
    left, middle = _MARGIN, _MARGIN + _MAIN_WIDTH / 2
    for number, box in enumerate(main):
        if number:
            gap = gaps[number - 1]
            _arrow(axes, (middle, top), (middle, top - gap))
            if side[number].lines:
                _draw_side(axes, side[number], middle, top - gap / 2)
            top -= gap
        _draw_box(axes, box, left, top, _MAIN_WIDTH, box.height)
        top -= box.height
    return top


def _draw_side(axes: Axes, box: Box, middle: float, level: float) -> None:
    left = _MARGIN + _MAIN_WIDTH + 36
    _arrow(axes, (middle, level), (left, level))
    colours = (canvas.SIDE_FILL, canvas.SIDE_EDGE)
    _draw_box(axes, box, left, level + box.height / 2, _SIDE_WIDTH, box.height, colours)


def _draw_strata(axes: Axes, boxes: list[Box], width: float, start: float, top: float) -> None:
    """The strata side by side under a rail that the last step feeds."""
    height = max(box.height for box in boxes)
    middles = [_MARGIN + width / 2 + number * (width + 12) for number in range(len(boxes))]
    source, rail = _MARGIN + _MAIN_WIDTH / 2, (start + top) / 2
    line = {"color": canvas.BOX_EDGE, "linewidth": 1.1, "solid_capstyle": "butt"}
    axes.plot([source, source], [start, rail], **line)
    ends = (*middles, source)
    axes.plot([min(ends), max(ends)], [rail, rail], **line)
    for middle, box in zip(middles, boxes, strict=True):
        _arrow(axes, (middle, rail), (middle, top))
        _draw_box(axes, box, middle - width / 2, top, width, height)


def _draw_box(
    axes: Axes,
    box: Box,
    left: float,
    top: float,
    width: float,
    height: float,
    colours: tuple[str, str] = (canvas.BOX, canvas.BOX_EDGE),
) -> None:
    from matplotlib.patches import FancyBboxPatch

    style = "round,pad=0,rounding_size=4"
    axes.add_patch(
        FancyBboxPatch(
            (left, top - height),
            width,
            height,
            boxstyle=style,
            facecolor=colours[0],
            edgecolor=colours[1],
            linewidth=1,
        )
    )
    baseline = top - _PAD - 0.78 * _LEADING
    for number, text in enumerate((*box.heading, *box.lines)):
        weight = "bold" if number < len(box.heading) else "normal"
        axes.text(left + _PAD, baseline, text, fontsize=_SIZE, fontweight=weight, va="baseline")
        baseline -= _LEADING


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    from matplotlib.patches import FancyArrowPatch

    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=8,
            shrinkA=0,
            shrinkB=0.5,
            color=canvas.BOX_EDGE,
            linewidth=1.1,
        )
    )


def _left(step: AttritionStep) -> str:
    """What a step leaves: `11 247 persons, 46 904 dispensings`."""
    if step.number_subjects is None:
        return f"{numbered(step.number_records, 'line')}"
    return _amounts(step.number_subjects, step.number_records)


def _excluded(step: AttritionStep, of_lines: Sequence[TurnedAway]) -> list[str]:
    """What a step excludes, and what those did not meet; nothing at the first."""
    if step.excluded_records is None:
        return ["Nobody excluded", "Not met: unknown"]
    if step.excluded_subjects is None:
        return _turned_away(step.excluded_records, of_lines) if step.reason_id > 1 else []
    persons, records = step.excluded_subjects, step.excluded_records
    return [
        f"{numbered(persons, 'person')} excluded",
        f"({numbered(records, 'dispensing')})",
        f"Not met: {step.reason}",
    ]


def _turned_away(lines: int, reasons: Sequence[TurnedAway]) -> list[str]:
    """How many lines did not become dispensings, and why; of many reasons the commonest."""
    shown = len(reasons) if len(reasons) <= _MOST_REASONS else _MOST_REASONS - 1
    told = [f"{counted(one.lines)}: {one.meaning}" for one in reasons[:shown]]
    if others := reasons[shown:]:
        number = sum(one.lines for one in others)
        told.append(f"{counted(number)}: {numbered(len(others), 'other reason')}")
    return [f"{numbered(lines, 'line')} turned away", *told]


def _amounts(persons: int, records: int) -> str:
    return f"{numbered(persons, 'person')}, {numbered(records, 'dispensing')}"


def _stratum(study: StudyDefinition, results: Results, stratum: str) -> list[str]:
    """Size of a stratum and its examined dispenses, where the study has a total of them."""
    view = View(results)
    share = view.value("cohort", stratum, "", "share")
    size = f"N = {counted(view.count('cohort', stratum, '', 'persons'))}"
    lines = [size if share is None else f"{size} ({percent(share)}%)"]
    if study.total_outcome is not None:
        lines.append("Examined dispensings:")
        for window in ("before", "after"):
            number = view.count("users", stratum, study.total_outcome.id, f"fills_{window}")
            lines.append(f"{counted(number)} {window}")
    return lines


def _legend(study: StudyDefinition, results: Results) -> tuple[str, str]:
    caption = (
        "Dispensings are those of the whole registry first and those of the exposure drug in the "
        "index period from the step that looks for it."
    )
    if study.total_outcome is not None:
        caption += f" Examined medicines: dispensed {before_and_after(study)}."
    return "Flow diagram of patient inclusion.", caption


FIGURE = StudyFigure(flow_diagram, _legend, Section.PATIENTS)
