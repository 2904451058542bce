"""What an audit finds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ldn_spark.catalogue.quantity import Kind
from ldn_spark.papers.boxes import Box
from ldn_spark.papers.quantities import SCALE
from ldn_spark.papers.values import Key, PublishedValue

IMPOSSIBLE = "impossible"
"""No data can give the named cells, the rest of the paper being as printed."""
INCONSISTENT = "inconsistent"
"""Printed numbers exclude one another and arithmetic cannot tell which of them is wrong."""
NOTE = "note"
"""Nothing is wrong; something that the numbers reveal about how they were made."""
SEVERITIES = (IMPOSSIBLE, INCONSISTENT, NOTE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a paper contradicts itself, or says more than it seems to.

    Attributes:
        check: id of the check.
        severity: `impossible`, `inconsistent` or `note`.
        place: where it is printed.
        subject: what it is about: `ddd LDNx1 zhyp`.
        printed: the printed numbers concerned.
        recomputed: what they can be, from the other printed numbers.
        explanation: one sentence in plain words.
        involved: the published values that were weighed against each other.
        cells: those of them that no data can give.
    """

    check: str
    severity: str
    place: str
    subject: str
    printed: str
    recomputed: str
    explanation: str
    involved: tuple[Key, ...]
    cells: tuple[Key, ...] = ()


def finding(
    check: str,
    severity: str,
    values: Iterable[PublishedValue | None],
    *,
    recomputed: str,
    explanation: str,
    wrong: Iterable[PublishedValue | None] = (),
    shown: Iterable[PublishedValue | None] | None = None,
) -> Finding:
    """A finding about these values, of which `wrong` cannot be.

    `shown` are the ones to print; by default the wrong ones, or all where none is singled out.
    """
    involved = [value for value in values if value is not None]
    cells = [value for value in wrong if value is not None]
    subjects = cells or involved
    printed = [v for v in shown if v is not None] if shown is not None else subjects
    return Finding(
        check,
        severity,
        ", ".join(dict.fromkeys(value.place for value in subjects)),
        "; ".join(dict.fromkeys(" ".join(filter(None, v.key[:3])) for v in subjects)),
        ", ".join(f"{value.quantity} {value.text}" for value in printed),
        recomputed,
        explanation,
        tuple(value.key for value in involved),
        tuple(value.key for value in cells),
    )


def span(box: Box, kind: Kind = Kind.NUMBER, decimals: int = 1) -> str:
    """A range in words, in the printed unit.

    >>> span(Box(0.304, 0.343), Kind.SHARE), span(Box(3, 3), decimals=0)
    ('30.4 to 34.3', '3')
    """
    scale = SCALE.get(kind, 1)
    low, high = (f"{end * scale:.{decimals}f}" for end in (box.low, box.high))
    low, high = (text.removeprefix("-") if float(text) == 0 else text for text in (low, high))
    return low if low == high else f"{low} to {high}"
