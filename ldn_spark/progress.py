"""How long work says how far it is; the command line turns it into a bar or into log lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


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


Reporter = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Report to nobody."""
