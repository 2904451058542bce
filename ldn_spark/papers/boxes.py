"""Interval arithmetic on printed numbers, and what an estimate and its SE can be together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

TOLERANCE = 1e-9
"""Slack of every comparison, far below the last printed digit: no finding rests on a float."""


@dataclass(frozen=True, slots=True)
class Box:
    """All numbers from `low` to `high`; empty when `low` exceeds `high`."""

    low: float
    high: float

    def __add__(self, other: Box) -> Box:
        return Box(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Box) -> Box:
        return Box(self.low - other.high, self.high - other.low)

    def __mul__(self, other: Box) -> Box:
        corners = [x * y for x in (self.low, self.high) for y in (other.low, other.high)]
        return Box(min(corners), max(corners))

    def __truediv__(self, other: Box) -> Box:
        """The quotient by a positive box; unbounded where the divisor may be 0.

        >>> Box(1, 2) / Box(4, 5)
        Box(low=0.2, high=0.5)
        """
        if other.low <= 0:
            return Box(-inf, inf)
        return self * Box(1 / other.high, 1 / other.low)

    def __and__(self, other: Box) -> Box:
        return Box(max(self.low, other.low), min(self.high, other.high))

    def meets(self, other: Box) -> bool:
        """Whether some number lies in both."""
        return max(self.low, other.low) <= min(self.high, other.high) + TOLERANCE

    @property
    def empty(self) -> bool:
        """Whether no number lies in it."""
        return self.low > self.high + TOLERANCE


ANYTHING = Box(-inf, inf)


def total(boxes: Iterable[Box]) -> Box:
    """The sum of numbers that each lie in a box."""
    return sum(boxes, start=Box(0.0, 0.0))


Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Region:
    """A convex set of pairs (estimate, standard error), by its corners; none = empty."""

    corners: tuple[Point, ...]

    @classmethod
    def rectangle(cls, estimate: Box, se: Box) -> Region:
        """All pairs with each part in its box."""
        if estimate.empty or se.empty:
            return cls(())
        low, high = estimate.low, max(estimate.low, estimate.high)
        bottom, top = se.low, max(se.low, se.high)
        return cls(((low, bottom), (high, bottom), (high, top), (low, top)))

    def cut(self, a: float, b: float, c: float) -> Region:
        """The part where a * estimate + b * se <= c (Sutherland and Hodgman 1974)."""
        kept: list[Point] = []
        for here, after in zip(self.corners, self.corners[1:] + self.corners[:1], strict=True):
            inside, beyond = (a * x + b * y - c for x, y in (here, after))
            if inside <= TOLERANCE:
                kept.append(here)
            if (inside <= TOLERANCE) != (beyond <= TOLERANCE):
                part = min(max(inside / (inside - beyond), 0.0), 1.0)
                kept.append(
                    (here[0] + part * (after[0] - here[0]), here[1] + part * (after[1] - here[1]))
                )
        return Region(tuple(kept))

    def within(self, low: Box, high: Box, quantiles: Box) -> Region:
        """The part whose confidence limits, estimate -+ quantile * se, lie in these boxes.

        Where the quantile is only known to lie in a box, whatever some value of it allows.
        """
        least, most = quantiles.low, quantiles.high
        region = self
        for a, b, c in (
            (1.0, -most, low.high),
            (-1.0, least, -low.low),
            (1.0, least, high.high),
            (-1.0, -most, -high.low),
        ):
            if c < inf:
                region = region.cut(a, b, c)
        return region

    def with_ratio(self, ratio: Box) -> Region:
        """The part whose estimate / se lies in a box."""
        region = self
        if ratio.high < inf:
            region = region.cut(1.0, -ratio.high, 0.0)
        if ratio.low > -inf:
            region = region.cut(-1.0, ratio.low, 0.0)
        return region

    @property
    def empty(self) -> bool:
        """Whether nothing satisfies every condition."""
        return not self.corners

    @property
    def estimate(self) -> Box:
        """The range of the estimate; only of a region that is not empty."""
        return Box(min(x for x, _ in self.corners), max(x for x, _ in self.corners))

    @property
    def se(self) -> Box:
        """The range of the standard error; only of a region that is not empty."""
        return Box(min(y for _, y in self.corners), max(y for _, y in self.corners))

    @property
    def ratio(self) -> Box:
        """The range of estimate / se: its extremes lie in corners; only where se > 0 throughout."""
        if self.se.low <= 0:
            return ANYTHING
        ratios = [x / y for x, y in self.corners]
        return Box(min(ratios), max(ratios))
