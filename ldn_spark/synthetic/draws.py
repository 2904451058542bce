"""Random numbers that depend on (seed, block, purpose) alone, and tables to draw from.

Everything random is made of uniform numbers of one counter-based generator (Philox 4x64, Salmon et
al. 2011), whose bits NumPy guarantees, turned into values by tables of this module. No other
NumPy distribution is used: their streams may change between NumPy versions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Purpose(IntEnum):
    """What a stream of random numbers is for; each has its own, so that they don't disturb."""

    PEOPLE = 1
    BACKGROUND = 2
    EXPOSURE = 3
    EXAMINED = 4


class Stream:
    """Uniform numbers of one seed, block of people and purpose."""

    def __init__(self, seed: int, block: int, purpose: Purpose) -> None:
        bits = np.random.Philox(key=[seed, block], counter=[0, 0, 0, int(purpose)])
        self._generator = np.random.Generator(bits)

    def uniform(self, *shape: int) -> Floats:
        """Uniform numbers in [0, 1), multiples of 2**-53."""
        return self._generator.random(shape)

    def coarse(self, *shape: int) -> NDArray[np.float32]:
        """Uniform numbers in [0, 1), multiples of 2**-24: half the price."""
        return self._generator.random(shape, dtype=np.float32)

    def below(self, stop: int | Integers, *shape: int) -> Integers:
        """Whole numbers 0 .. stop - 1, each equally likely; `stop` may differ by element."""
        return (self.uniform(*shape) * stop).astype(np.int64)


@dataclass(frozen=True)
class Distribution:
    """A distribution over a few values; `mean` is its exact expectation, not an estimate."""

    values: Integers
    cumulative: Floats

    @classmethod
    def of(cls, values: Sequence[int], weights: Sequence[float]) -> Distribution:
        """Values with weights that need not sum to one."""
        cumulative = np.cumsum(np.asarray(weights, dtype=np.float64))
        return cls(np.asarray(values, dtype=np.int64), cumulative / cumulative[-1])

    def draw(self, stream: Stream, *shape: int) -> Integers:
        """Independent draws."""
        place = np.searchsorted(self.cumulative, stream.uniform(*shape), side="right")
        return self.values[np.minimum(place, len(self.values) - 1)]

    @property
    def mean(self) -> float:
        """The expectation.

        >>> Distribution.of([2, 3], [3, 1]).mean
        2.25
        """
        return float(self.values @ np.diff(self.cumulative, prepend=0.0))


def poisson_weights(mean: float, size: int) -> Floats:
    """Poisson probabilities of 0 .. size - 1, scaled to sum to one.

    >>> poisson_weights(1.0, 30).round(4)[:3]
    array([0.3679, 0.3679, 0.1839])
    """
    counts = np.arange(size)
    factorials = np.array([math.lgamma(count + 1.0) for count in counts])
    weights = np.exp(counts * math.log(mean) - mean - factorials) if mean > 0 else counts == 0
    return weights / weights.sum()


def spread(count: int, part: Sequence[float]) -> tuple[int, ...]:
    """Split `count` in proportion to `part`, whole numbers that add up (largest remainders).

    >>> spread(424, [3590, 2554, 5103])
    (135, 96, 193)
    """
    exact = [count * share / sum(part) for share in part]
    whole = [math.floor(value) for value in exact]
    order = sorted(range(len(part)), key=lambda place: (whole[place] - exact[place], place))
    for place in order[: count - sum(whole)]:
        whole[place] += 1
    return tuple(whole)


def coprime(count: int) -> int:
    """A step near the golden section of `count` that visits every residue once.

    >>> coprime(10), sorted(place * coprime(10) % 10 for place in range(10))
    (7, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    step = max(1, int(count * 0.6180339887))
    while math.gcd(step, count) != 1:
        step += 1
    return step


def shuffled(count: int) -> Integers:
    """The numbers 0 .. count - 1 in an order far from sorted, at the price of a multiplication."""
    if count == 0:
        return np.zeros(0, dtype=np.int64)
    return (np.arange(count, dtype=np.int64) * coprime(count) + count // 3) % count
