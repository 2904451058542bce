"""What all figures share: colours, fonts, and how they are saved to the same bytes every time."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from ldn_spark.invented import SENTENCE
from ldn_spark.shown import escaped
from ldn_spark.texts.pages import fill
from ldn_spark.texts.restricted import RESTRICTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

_FOOT, _LINE = 16, 10
"""Points under a figure for its mark, and for each further one."""
PAGE_WIDTH = 7.2
"""Inches: the text width of a page."""

INK, MUTED, GRID = "#1d2733", "#5a6673", "#d5dbe2"
BOX, BOX_EDGE = "#f2f5f9", "#93a1b0"
BLUE, VERMILION = "#0072b2", "#d55e00"
"""Blue and vermilion of Okabe and Ito (2008): told apart with any kind of colour vision."""

SIDE_FILL, SIDE_EDGE = "#fdf3ec", "#d9a27c"

THEME = {
    "ink": INK,
    "muted": MUTED,
    "grid": GRID,
    "box": BOX,
    "box-edge": BOX_EDGE,
    "blue": BLUE,
    "vermilion": VERMILION,
    "side": SIDE_FILL,
    "side-edge": SIDE_EDGE,
    "paper": "#ffffff",
}
"""Names by which the report's light and dark styles replace these colours."""

_SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": BOX_EDGE,
    "axes.linewidth": 0.8,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # where it stands anyway; matplotlib lays every axis out twice to find that
    "text.parse_math": False,  # a label is no formula, whatever dollar signs it holds
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": BOX_EDGE,
    "ytick.color": BOX_EDGE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "svg.hashsalt": "ldn_spark",
    "svg.fonttype": "path",
    "savefig.dpi": 200,
}


_DESCRIPTION = "reporting/figures/description.svg.j2"
_MEASURED = 1024


@contextmanager
def drawing_style() -> Iterator[None]:
    """Our settings on top of matplotlib's own defaults, whatever the user's are."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches, that belongs to no window."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def page_axes(figure: Figure) -> Axes:
    """Axes over the whole figure whose units are points, for diagrams."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, 72 * width)
    axes.set_ylim(0, 72 * height)
    return axes


def without_labels(axes: Axes) -> None:
    """Axes that name neither axis: no place is looked for, beside all numbers, for the names."""
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_label_coords(0, 0)


def mark(figure: Figure, *, invented: bool = False) -> None:
    """Write the marks of a drawn figure into a strip beneath it, by which it grows.

    Every figure is restricted; one of invented data says that, too.
    """
    marks = (SENTENCE, RESTRICTED) if invented else (RESTRICTED,)
    foot = _FOOT + _LINE * (len(marks) - 1)
    width, height = figure.get_size_inches()
    taller = height + foot / 72

    def higher(share: float) -> float:
        return (share * height + foot / 72) / taller

    for axes in figure.axes:
        place = axes.get_position()
        axes.set_position((place.x0, higher(place.y0), place.width, place.height * height / taller))
    for text in figure.texts:
        text.set_y(higher(text.get_position()[1]))
    figure.set_size_inches(width, taller)
    style = {"fontsize": 7.5, "fontweight": "bold", "color": VERMILION, "va": "bottom"}
    for line, sentence in enumerate(marks):
        figure.text(4 / (72 * width), (3 + _LINE * line) / (72 * taller), sentence, **style)


def to_svg(figure: Figure) -> bytes:
    """The figure as SVG without date, program or background; a text of it is valid XML.

    Its description is the mark of what is restricted.
    """
    for text in _texts(figure):
        text.set_text(escaped(text.get_text(), keep="\n"))
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    head, start, rest = stream.getvalue().partition(b"<svg ")
    attributes, end, drawn = rest.partition(b">\n")
    description = fill(_DESCRIPTION, mark=RESTRICTED).encode()
    return b"".join([head, start, attributes, end, description, drawn])


def _texts(figure: Figure) -> list[Text]:
    """The texts of a figure, but for the numbers of its axes, which no text of others comes into.

    To ask an axis for its texts makes its ticks, also those of diagrams, which have none.
    """
    from matplotlib.text import Text

    parts = [part for whole in (figure, *figure.axes) for part in whole.get_children()]
    return [part for part in parts if isinstance(part, Text)]


def to_png(figure: Figure) -> bytes:
    """The figure as PNG on white."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", facecolor="white", metadata={"Software": None})
    return stream.getvalue()


@lru_cache(_MEASURED)
def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a line of text in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    return text_to_path.get_text_width_height_descent(text, font, False)[0]


def wrap(text: str, size: float, width: float, *, bold: bool = False) -> list[str]:
    """Break text into lines that fit a width in points; a longer word keeps its own line."""
    if text_width(text, size, bold=bold) <= width:
        return [text]
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size, bold=bold) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
