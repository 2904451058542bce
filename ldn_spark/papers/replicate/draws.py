"""Random numbers of the solver: uniforms of one counter-based generator, turned by tables."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaincinv


class Draws:
    """Uniform numbers that depend on a seed and a purpose alone."""

    def __init__(self, seed: int, *purpose: int) -> None:
        counter = [0, *purpose, *([0] * (3 - len(purpose)))]
        self._generator = np.random.Generator(np.random.Philox(key=[seed, 815], counter=counter))

    def uniform(self, *shape: int) -> np.ndarray:
        """Uniform numbers in [0, 1)."""
        return self._generator.random(shape)

    def below(self, stop: int | np.ndarray, *shape: int) -> np.ndarray:
        """Whole numbers 0 .. stop - 1."""
        return (self.uniform(*shape) * stop).astype(np.int64)

    def order(self, size: int) -> np.ndarray:
        """The numbers 0 .. size - 1 in a random order."""
        return np.argsort(self.uniform(size), kind="stable")


def gamma(uniform: np.ndarray, shape: float) -> np.ndarray:
    """Gamma quantiles with mean 1; far tails are cut at 40 times the mean."""
    return np.minimum(gammaincinv(shape, np.clip(uniform, 1e-9, 1 - 1e-9)) / shape, 40.0)
