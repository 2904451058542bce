"""DDDs of every person in every leaf, in tenths: exact sums, sums of squared changes on target.

Users in both windows have a gamma amount before; the amount after is a mixture of that and of an
independent draw. Users in one window have smaller ones. One number t between 0 (nobody changes)
and 2 (few persons have nearly everything) orders all these distributions by their sum of squared
changes, and bisection finds the target.
"""

from __future__ import annotations

import numpy as np

from ldn_spark.papers.replicate.draws import Draws, gamma
from ldn_spark.papers.replicate.patterns import AFTER, BEFORE, BOTH

SHAPE = 0.9  # of gamma amounts
TIGHT = 2e-5  # relative error of the sum of squared changes that is good enough
STEPS = 4000


def draw_amounts(
    draws: Draws, state: np.ndarray, before: int, after: int, squares: float
) -> tuple[np.ndarray, np.ndarray]:
    """Tenths of DDDs of each person before and after, of one leaf in one stratum.

    Args:
        state: of each person.
        before, after: exact sums, at least one tenth per user.
        squares: the sum of squared changes to come near to.
    """
    users = np.flatnonzero(state)
    kind = state[users]
    uniform = draws.uniform(3, len(users))
    drawn = _nearest(uniform, kind, before, after, squares)
    drawn = _refine(draws, drawn, kind, squares)
    found = np.zeros((2, len(state)), dtype=np.int64)
    found[:, users] = drawn
    return found[0], found[1]


def _at(t: float, uniform: np.ndarray, kind: np.ndarray, before: int, after: int) -> np.ndarray:
    """Amounts at one point of the path, with exact sums: (window, user)."""
    shape = SHAPE * 0.02 ** max(t - 1.0, 0.0)
    mixed, small = min(t, 1.0), 0.02 * 50.0 ** min(t, 1.0)
    first, second = gamma(uniform[0], shape), gamma(uniform[1], shape)
    second = np.where(kind == BOTH, (1 - mixed) * first + mixed * second, small * second)
    first = np.where(kind == BOTH, first, small * first)
    rows = []
    for window, absent, total in ((first, AFTER, before), (second, BEFORE, after)):
        weight = np.where(kind == absent, 0.0, window + 1e-9)
        rows.append(share_out(weight, total))
    return np.stack(rows)


def share_out(weight: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers that add up to `total`, in proportion; at least 1 where weight is positive."""
    used = weight > 0
    rest = total - int(used.sum())
    if rest < 0:
        raise ValueError("more users than tenths of DDDs")
    exact = weight / max(weight.sum(), 1e-300) * rest
    whole = np.floor(exact).astype(np.int64)
    missing = rest - int(whole.sum())
    order = np.argsort(whole - exact, kind="stable")
    whole[order[:missing]] += 1
    return whole + used


def _squares(amounts: np.ndarray) -> int:
    return int(((amounts[1] - amounts[0]) ** 2).sum())


def _nearest(uniform, kind, before: int, after: int, squares: float) -> np.ndarray:
    """The point of the path nearest to the target: a coarse grid, then bisection."""
    grid = np.linspace(0.0, 2.0, 21)
    size = [_squares(_at(t, uniform, kind, before, after)) for t in grid]
    above = [i for i in range(1, len(grid)) if size[i] >= squares > size[i - 1]]
    if not above:
        best = int(np.argmin(np.abs(np.array(size) - squares)))
        return _at(grid[best], uniform, kind, before, after)
    low, high = grid[above[0] - 1], grid[above[0]]
    for _ in range(30):
        middle = (low + high) / 2
        if _squares(_at(middle, uniform, kind, before, after)) < squares:
            low = middle
        else:
            high = middle
    return _at(high, uniform, kind, before, after)


def _refine(draws: Draws, amounts: np.ndarray, kind: np.ndarray, squares: float) -> np.ndarray:
    """Move tenths between two users of a window, sums kept, until the target is met."""
    amounts = amounts.copy()
    for _ in range(STEPS):
        error = _squares(amounts) - squares
        if abs(error) <= TIGHT * squares:
            break
        window = int(draws.below(2, 1)[0])
        able = np.flatnonzero(amounts[window] > 0)
        if len(able) < 2:
            continue
        pairs = able[draws.below(len(able), 400, 2)]
        step = 1 + draws.below(np.maximum(amounts[window][pairs[:, 0]] - 1, 1), 400)
        step = np.where(draws.uniform(400) < 0.5, 1, step)
        real = (amounts[window][pairs[:, 0]] > step) & (pairs[:, 0] != pairs[:, 1])
        change = amounts[1] - amounts[0]
        sign = 2 * window - 1
        one, other = change[pairs[:, 0]], change[pairs[:, 1]]
        gain = (one - sign * step) ** 2 - one**2 + (other + sign * step) ** 2 - other**2
        left = np.where(real, np.abs(error + gain), np.inf)
        best = int(np.argmin(left))
        if left[best] < abs(error):
            amounts[window, pairs[best, 0]] -= step[best]
            amounts[window, pairs[best, 1]] += step[best]
    return amounts
