"""Rich's console, for texts that others wrote and for numbers that stay whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.containers import Lines
from rich.measure import Measurement
from rich.segment import Segment
from rich.text import Text

from ldn_spark.shown import THOUSANDS, escaped

_WIDTH = 110
# Rich breaks lines at whatever Python calls a blank; a private character is none
_HELD = {ord(THOUSANDS): "\ue000", ord("\N{NO-BREAK SPACE}"): "\ue001"}
_FREED = {ord(held): chr(blank) for blank, held in _HELD.items()}


def standard_output() -> PlainConsole:
    """Standard output; a fixed width where it is no terminal, so that tables stay whole."""
    console = PlainConsole(highlight=False, emoji=False)
    if console.is_terminal:
        return console
    return PlainConsole(highlight=False, emoji=False, width=_WIDTH)


def standard_error() -> PlainConsole:
    """Standard error, for messages."""
    return PlainConsole(stderr=True, highlight=False, emoji=False)


class PlainConsole(Console):
    """A console that shows what a terminal would obey, and breaks no line at a no-break space.

    Control characters of a text, such as a file's name may hold, are written as escapes.
    """

    def print(self, *objects: Any, **how: Any) -> None:
        """As its parent does."""
        texts = (escaped(one, keep="\n") if isinstance(one, str) else one for one in objects)
        super().print(*texts, **how)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """As its parent does, which calls it for every part of a table too."""
        return super().render(_whole(renderable), options)

    def render_str(self, text: str, **how: Any) -> Text:
        """As its parent does."""
        return _whole(super().render_str(text, **how))


class _Whole(Text):
    """A text that is broken at ordinary blanks only."""

    def wrap(self, *place: Any, **how: Any) -> Lines:
        lines = _held(self).wrap(*place, **how)
        for line in lines:
            line.plain = line.plain.translate(_FREED)
        return lines

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return _held(self).__rich_measure__(console, options)


def _held(text: Text) -> Text:
    copy = text.copy()
    copy.plain = text.plain.translate(_HELD)
    return copy


def _whole(part: Any) -> Any:
    if type(part) is not Text or part.plain.isascii():
        return part
    return _Whole(
        part.plain,
        style=part.style,
        justify=part.justify,
        overflow=part.overflow,
        no_wrap=part.no_wrap,
        end=part.end,
        tab_size=part.tab_size,
        spans=part.spans,
    )
