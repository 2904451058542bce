"""How long work says how far it is: as records of stdlib `logging`.

`report` writes to the logger `ldn_spark.progress`. The command line makes a bar, lines of text or
lines of JSON of it (`cli/reporters.py`); a program that calls these functions hears what it asks
`logging` for. No record holds a value of a row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

_LOGGER = logging.getLogger("ldn_spark.progress")
logging.getLogger("ldn_spark").addHandler(logging.NullHandler())  # who wants to hear adds another


@dataclass(frozen=True, slots=True)
class Progress:
    """One report of how far a stage is.

    Attributes:
        stage: what is being done, in words a user knows (`reading files`).
        done: units finished.
        total: units in all; None when it is not known.
        unit: what is counted (`files`, `rows`, `bytes`).
        counts: further group-level counts to show (`rows`, `rejected`).
    """

    stage: str
    done: int
    total: int | None
    unit: str
    counts: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """How far it is, for whoever hears `logging` as it is.

        >>> str(Progress("parsing lines", 3, 4, "blocks", {"rejected": 2}))
        'parsing lines: 3 of 4 blocks (rejected 2)'
        """
        of = "" if self.total is None else f" of {self.total}"
        counts = ", ".join(f"{name} {number}" for name, number in self.counts.items())
        return f"{self.stage}: {self.done}{of} {self.unit}" + (f" ({counts})" if counts else "")


def report(progress: Progress) -> None:
    """Say how far the work is, at level INFO; the record has it as `progress`."""
    _LOGGER.info("%s", progress, extra={"progress": progress})


def count_bytes(stage: str, total: int | None, *, every: int) -> Callable[[int], None]:
    """What to call with the bytes of each piece that was read: it reports after so many of them.

    Args:
        stage: what is being done.
        total: bytes in all; None when it is not known.
        every: at least so many bytes between two reports.
    """
    read = said = 0

    def told(size: int) -> None:
        nonlocal read, said
        read += size
        if read - said >= every:
            said = read
            report(Progress(stage, read, total, "bytes"))

    return told
