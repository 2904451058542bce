"""Raw data as exact moments, and what generated tests draw from."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st

from ldn_spark.stats.moments import Moments
from ldn_spark.stats.proportions import PairedCounts

LEVEL = 0.95
unhurried = settings(deadline=None)

integers = st.integers(-(10**9), 10**9)
counts = st.integers(0, 60)
tables = st.builds(PairedCounts, counts, counts, counts, counts).filter(lambda table: table.n)


def moments(values: Iterable) -> Moments:
    """Moments of raw numbers; a float counts as the exact fraction that it is."""
    return Moments.of([Fraction(value) for value in values])


def swapped(table: PairedCounts) -> PairedCounts:
    """Before and after exchanged."""
    return PairedCounts(table.both, table.after_only, table.before_only, table.neither)


def individual_changes(table: PairedCounts) -> list[int]:
    """Every person's change of use: -1 stopped, 1 started, 0 neither."""
    return [-1] * table.before_only + [1] * table.after_only + [0] * (table.n - table.discordant)
