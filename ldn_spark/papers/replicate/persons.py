"""Sex, age and number of dispenses: whole numbers with exact sums and the printed SD."""

from __future__ import annotations

import statistics

import numpy as np

from ldn_spark.papers.replicate.amounts import share_out
from ldn_spark.papers.replicate.boxes import Range
from ldn_spark.papers.replicate.draws import Draws, gamma

YOUNGEST, OLDEST = 18, 95


def sample_sd(values: np.ndarray) -> float:
    """Sample standard deviation."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def draw_ages(draws: Draws, persons: int, mean: Range, sd: Range) -> np.ndarray:
    """Ages with mean and SD in the middle of what prints right."""
    places = (draws.order(persons) + 0.5) / persons
    quantile = np.vectorize(statistics.NormalDist().inv_cdf)(places)
    middle, wanted = sum(mean) / 2, sum(sd) / 2
    low, high = 0.8 * wanted, 1.2 * wanted + 1
    for _ in range(40):
        scale = (low + high) / 2
        ages = np.clip(np.rint(middle + scale * quantile), YOUNGEST, OLDEST).astype(np.int64)
        if sample_sd(ages) < wanted:
            low = scale
        else:
            high = scale
    missing = round(middle * persons) - int(ages.sum())
    able = np.flatnonzero((ages > YOUNGEST + 1) & (ages < OLDEST - 1))
    turns = able[draws.order(len(able))]
    for start in range(0, abs(missing), len(turns)):
        ages[turns[: abs(missing) - start]] += np.sign(missing)
    return ages


def draw_dispenses(
    draws: Draws, used: np.ndarray, tenths: np.ndarray, total: int, sd: float | None
) -> np.ndarray:
    """Dispenses of every person in every leaf of one window: (person, leaf).

    Everyone has at least one in each leaf used, and no more than tenths of DDDs. How unequal the
    rest is, is found by bisection, so that persons' numbers have the wanted SD.

    Args:
        used: (person, leaf), who uses which leaf.
        tenths: their tenths of DDDs.
        total: of all persons and leaves.
        sd: of persons' numbers, users or not; None = as unequal as the amounts.
    """
    least, most = used.sum(axis=1), np.minimum(tenths, 400).sum(axis=1)
    users = np.flatnonzero(least)
    order = np.argsort(tenths.sum(axis=1)[users] * (0.5 + draws.uniform(len(users))))
    rank = np.empty(len(users))
    rank[order] = (np.arange(len(users)) + 0.5) / len(users)

    def numbers(shape: float) -> np.ndarray:
        found = np.zeros(len(used), dtype=np.int64)
        weight = gamma(rank, shape) + 1e-9
        extra = share_out(weight, total - int(least.sum()) + len(users)) - 1
        found[users] = least[users] + extra
        return _within(found, least, most)

    low, high = -4.0, 3.0
    for _ in range(30 if sd is not None else 1):
        middle = (low + high) / 2 if sd is not None else 0.0
        found = numbers(10.0**middle)
        if sd is not None and sample_sd(found) > sd:
            low = middle
        else:
            high = middle
    if sd is not None:
        found = _settle(draws, found, least, most, sd)
    return np.stack([_over_leaves(*row) for row in zip(found, used, tenths, strict=True)])


def _within(numbers: np.ndarray, least: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Bring numbers within bounds and give what was cut to those who have room, evenly."""
    cut = np.clip(numbers, least, most)
    over = int(numbers.sum() - cut.sum())
    while over > 0:
        able = np.flatnonzero((cut < most) & (least > 0))
        if not len(able):
            raise ValueError("more dispenses than tenths of DDDs")
        cut[able[:over]] += 1
        over -= min(over, len(able))
    return cut


def _settle(draws: Draws, numbers, least, most, sd: float) -> np.ndarray:
    """Move single dispenses between persons until the SD is on target."""
    numbers = numbers.copy()
    n = len(numbers)
    wanted = sd**2 * (n - 1) + numbers.sum() ** 2 / n
    for _ in range(20_000):
        error = int((numbers**2).sum()) - wanted
        if abs(error) < 0.0005 * wanted:
            break
        pairs = draws.below(n, 300, 2)
        one, other = numbers[pairs[:, 0]], numbers[pairs[:, 1]]
        real = (one > least[pairs[:, 0]]) & (other < most[pairs[:, 1]]) & (least[pairs[:, 1]] > 0)
        real &= pairs[:, 0] != pairs[:, 1]
        left = np.where(real, np.abs(error + 2 * (other - one) + 2), np.inf)
        best = int(np.argmin(left))
        if left[best] < abs(error):
            numbers[pairs[best, 0]] -= 1
            numbers[pairs[best, 1]] += 1
    return numbers


def _over_leaves(number: int, used: np.ndarray, tenths: np.ndarray) -> np.ndarray:
    """One person's dispenses over the leaves used: one each, the rest in proportion to DDDs."""
    if number == 0:
        return np.zeros(len(used), dtype=np.int64)
    found = share_out(np.where(used, np.sqrt(tenths) + 1e-9, 0.0), int(number))
    most = np.minimum(tenths, 400)
    while (over := np.maximum(found - most, 0)).any():
        found -= over
        room = np.flatnonzero((found < most) & used)
        found[room[: over.sum()]] += 1
        lost = int(over.sum()) - len(room[: over.sum()])
        if lost > 0:
            found[room[0]] += lost
    return found
