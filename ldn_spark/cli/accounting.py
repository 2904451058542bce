"""What became of the lines of delivered files, every reason among it, at any width of terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ldn_spark.delivery.reasons import explain
from ldn_spark.shown import counted, shown

if TYPE_CHECKING:
    from ldn_spark.lake.versions import FileRecord

_COUNTS = ("lines", "accepted", "rejected", "left_out")
_GAP, _LEAST_NAME = 3, 12
_KINDS = ("rejected", "repaired", "noted")
_TOGETHER = "\N{NO-BREAK SPACE}"


def accounting(files: Sequence[FileRecord], width: int) -> list[str]:
    """The account of files as lines of text: a file's counts, then its reasons; the totals.

    A line has at most `width` columns, and no word or number is cut; only a longer name is.

    Args:
        files: with their accounts.
        width: of the terminal.
    """
    counts = [name for name in _COUNTS if name != "left_out" or any(f.left_out for f in files)]
    totals = [sum(getattr(file, name) for file in files) for name in counts]
    titles = [name.replace("_", " ") for name in counts]
    widths = [max(len(t), len(counted(n))) for t, n in zip(titles, totals, strict=True)]
    room = max(_LEAST_NAME, width - sum(widths) - _GAP * len(widths))
    names = [shown(file.name) for file in files]
    first = min(room, max(map(len, ["all files", *names])))

    def row(name: str, cells: Sequence[str]) -> Iterator[str]:
        *before, last = textwrap.wrap(name, first, break_on_hyphens=False) or [""]
        yield from before
        numbers = (f"{cell:>{_GAP + wide}}" for cell, wide in zip(cells, widths, strict=True))
        yield f"{last:<{first}}{''.join(numbers)}"

    lines = [*row("file", titles)]
    rule = "-" * len(lines[0])
    lines.append(rule)
    for file, name in zip(files, names, strict=True):
        lines += row(name, [counted(getattr(file, count)) for count in counts])
        lines += _reasons(file, width)
    if len(files) > 1:
        lines += [rule, *row("all files", [counted(total) for total in totals])]
    return [*lines, *_meanings(files, width)]


def _reasons(file: FileRecord, width: int) -> Iterator[str]:
    """Why lines are rejected, what was mended in others and what is noted of them."""
    for kind in _KINDS:
        reasons: Mapping[str, int] = getattr(file, f"{kind}_by_reason")
        if reasons:
            parts = (f"{reason}{_TOGETHER}{counted(lines)}" for reason, lines in reasons.items())
            yield from _wrapped(f"  {kind}: ", ", ".join(parts), width)


def _meanings(files: Sequence[FileRecord], width: int) -> Iterator[str]:
    """What each note means."""
    codes = sorted({code for file in files for code in file.noted_by_reason})
    if codes:
        yield ""
    for code in codes:
        yield from _wrapped("  ", f"{code}: {explain(code)}", width)


def _wrapped(begin: str, text: str, width: int) -> Iterator[str]:
    lines = textwrap.wrap(
        text,
        max(width, 2 * _LEAST_NAME),
        initial_indent=begin,
        subsequent_indent=" " * (len(begin) + 2 * (not begin.strip())),
        break_long_words=False,
        break_on_hyphens=False,
    )
    yield from (line.replace(_TOGETHER, " ") for line in lines)
