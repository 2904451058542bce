"""How far the work is, in a terminal: one line a stage, whole at 80 columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from ldn_spark.progress import Progress
from ldn_spark.shown import counted

if TYPE_CHECKING:
    from rich.progress import Task

Hear = Callable[[Progress], None]
_WIDE = 110
"""From so many columns on, further counts have room beside the bar."""
_MANY = 10_000_000
"""From here on, amounts are shown in millions."""


@contextmanager
def open_bars(stream: TextIO) -> Iterator[Hear]:
    """Draw a bar for every stage that is told; those that came before stay, as finished."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress
    from rich.table import Column
    from rich.text import Text

    class Amount(TextColumn):
        def render(self, task: Task) -> Text:
            return Text(amount(task.fields["progress"]))

    class Counts(TextColumn):
        def render(self, task: Task) -> Text:
            counts = task.fields["progress"].counts if console.width >= _WIDE else {}
            return Text(counts_text(counts), style="dim")

    def column(width: int = 0) -> Column:
        return Column(no_wrap=True, min_width=width)

    console = Console(file=stream)
    with RichProgress(
        TextColumn("{task.description}", table_column=column(26)),
        BarColumn(bar_width=12, table_column=column(12)),
        Amount("", table_column=column(22)),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True, table_column=column(5)),
        Counts("", table_column=column()),
        console=console,
    ) as shown:
        bars = _Bars(shown)
        yield bars.hear
        bars.finish()


class _Bars:
    def __init__(self, shown) -> None:
        self._shown, self._stage, self._bar = shown, "", None

    def hear(self, progress: Progress) -> None:
        # a step of a whole has no amounts of its own: its bar moves until the next step begins
        total = None if progress.unit == "stages" else progress.total
        if progress.stage != self._stage:
            self.finish()
            self._stage = progress.stage
            self._bar = self._shown.add_task(progress.stage, total=total, progress=progress)
        done = 0 if total is None else min(progress.done, total)
        self._shown.update(self._bar, completed=done, total=total, progress=progress)

    def finish(self) -> None:
        """The stage under way has ended."""
        if self._bar is None:
            return
        task = self._shown.tasks[self._bar]
        total = task.total or 1
        self._shown.update(self._bar, total=total, completed=total)


def amount(progress: Progress) -> str:
    """How much of how much, with its unit.

    >>> amount(Progress("parsing lines", 3, 4, "blocks"))
    '3 of 4 blocks'
    >>> amount(Progress("writing dispensings", 12_345_678, 984_000_000, "rows"))
    '12.3 of 984.0 million rows'
    >>> amount(Progress("checking files", 16_800_000, 40_500_000, "bytes"))
    '16.8 of 40.5 MB'
    >>> amount(Progress("summing groups", 3, 5, "stages"))
    'step 4 of 5'
    """
    done, total, unit = progress.done, progress.total, progress.unit
    if total is None:
        return f"{counted(done)} {unit}"
    done = min(done, total)
    if unit == "stages":
        return f"step {min(done + 1, total)} of {total}"
    if unit == "bytes":
        for size, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
            if total >= size:
                return f"{done / size:.1f} of {total / size:.1f} {name}"
    if total >= _MANY:
        return f"{counted(done / 1e6, 1)} of {counted(total / 1e6, 1)} million {unit}"
    return f"{counted(done)} of {counted(total)} {unit}"


def counts_text(counts: dict[str, int]) -> str:
    """Further counts of a stage in words.

    >>> counts_text({"rows": 4200, "rejected": 2})
    'rows 4\u202f200, rejected 2'
    """
    return ", ".join(f"{name} {counted(value)}" for name, value in counts.items())
