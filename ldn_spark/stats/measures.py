"""What is measured of a person's two windows, and which sums over persons a statistic needs.

A statistic declares its sums; the engine's query is made of what is declared, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

Measure = Literal["users", "ddd", "dispenses"]
"""users: 1 for a person with a dispense in the window, else 0; ddd: micro-DDD; dispenses."""
Sum = Literal["x", "y", "xx", "yy", "xy", "x_missing", "y_missing"]
"""Sums over persons of the value before (x) and after (y), of their squares and product, and of
dispenses whose amount is unknown."""
Needs = Mapping[Measure, tuple[Sum, ...]]

TOTALS: tuple[Sum, ...] = ("x", "y")
PAIRED_COUNTS: tuple[Sum, ...] = ("x", "y", "xy")
"""Of 0 and 1: both = xy, before only = x - xy, after only = y - xy."""
PAIRED_MOMENTS: tuple[Sum, ...] = ("x", "y", "xx", "yy", "xy")
"""Mean and variance of x, y and y - x: the sum of squares of y - x is xx + yy - 2 xy."""
MISSING: tuple[Sum, ...] = ("x_missing", "y_missing")
SUMS: tuple[Sum, ...] = (*PAIRED_MOMENTS, *MISSING)

Part = Literal[
    "x_largest", "y_largest", "x_second", "y_second", "x_negative", "y_negative", "changed"
]
"""What single persons add to the sums: the two largest amounts, whatever their sign, of each
window; how many persons have an amount below 0; how many have another amount after than before."""
PARTS: Mapping[Measure, tuple[Part, ...]] = {
    "users": (),
    "ddd": (
        "x_largest",
        "y_largest",
        "x_second",
        "y_second",
        "x_negative",
        "y_negative",
        "changed",
    ),
    "dispenses": ("x_largest", "y_largest", "changed"),
}
"""What is asked of every measure: a person is one user, and nobody has less than no dispense."""
PARTS_OF_ANY = PARTS["ddd"]

PERIODS = (7, 14, 28, 91)
"""Days of the periods in which persons are counted who have a part in a curve, beside the whole
window. Periods are laid out from where the windows face each other, outwards."""


def together(needs: Iterable[Needs]) -> dict[Measure, tuple[Sum, ...]]:
    """What several statistics need, each sum once, in the order of `SUMS`.

    >>> together([{"users": ("x",)}, {"users": ("xy", "x"), "ddd": ("y",)}])
    {'users': ('x', 'xy'), 'ddd': ('y',)}
    """
    found: dict[Measure, set[Sum]] = {}
    for one in needs:
        for measure, sums in one.items():
            found.setdefault(measure, set()).update(sums)
    return {
        measure: tuple(name for name in SUMS if name in sums) for measure, sums in found.items()
    }
