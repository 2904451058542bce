"""Sums of squared changes of outcomes of several leaves, by exchanging persons' amounts.

Two persons of the same state in a leaf may exchange their amounts in it, before and after: sums,
users and squares of the leaf stay, those of the unions move.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from ldn_spark.papers.replicate.draws import Draws

PROPOSALS = 4000
TURNS = 6000
TIGHT = 1e-4  # relative error of a union's sum of squares that is good enough


def choose_squares(member: np.ndarray, wanted: dict[int, float], natural: np.ndarray) -> np.ndarray:
    """Sums of squared changes of the leaves: printed ones, else near the natural ones.

    Chosen so that the unions' are as near as possible to the sums of their leaves', which is what
    they are when changes in different leaves have nothing to do with each other.

    Args:
        member: (outcome, leaf).
        wanted: by outcome number.
        natural: of each leaf, what its users and amounts suggest.
    """
    leaves = member.shape[1]
    fixed = {
        int(np.flatnonzero(member[o])[0]): q for o, q in wanted.items() if member[o].sum() == 1
    }
    unions = [o for o in wanted if member[o].sum() > 1]
    scale = max(natural.max(), max(wanted.values(), default=1.0))
    # variables: leaves, distance of each union, distance of each leaf from the natural one
    cost = np.concatenate(
        [np.zeros(leaves), [scale / wanted[o] for o in unions], 0.05 * scale / natural]
    )
    sums = np.vstack([member[unions].astype(float), np.eye(leaves)])
    limits = np.concatenate([[wanted[o] for o in unions], natural]) / scale
    apart = np.eye(len(limits))
    rows = np.vstack([np.hstack([sums, -apart]), np.hstack([-sums, -apart])])
    bounds = [
        (fixed[i] / scale,) * 2 if i in fixed else (0.15 * q / scale, 6 * q / scale)
        for i, q in enumerate(natural)
    ]
    bounds += [(0, None)] * (len(cost) - leaves)
    answer = linprog(cost, A_ub=rows, b_ub=np.concatenate([limits, -limits]), bounds=bounds)
    return answer.x[:leaves] * scale


def natural_squares(state: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """What users and sums of each leaf suggest: every user's change is as large as an amount."""
    users = np.maximum((state > 0).sum(axis=0), 1)
    mean = (before + after) / np.maximum((state & 1).sum(axis=0) + (state >> 1).sum(axis=0), 1)
    changed = ((state == 1) | (state == 2)).sum(axis=0)
    return mean**2 * (0.7 * changed + 0.5 * (users - changed)) + 1.0


def join_unions(
    draws: Draws,
    state: np.ndarray,
    amounts: np.ndarray,
    member: np.ndarray,
    wanted: dict[int, float],
) -> np.ndarray:
    """Amounts (window, person, leaf) with the unions' sums of squared changes near the wanted."""
    unions = [o for o in wanted if member[o].sum() > 1]
    if not unions:
        return amounts
    inside = member[unions].astype(np.float64)
    target = np.array([wanted[o] for o in unions])
    change = (amounts[1] - amounts[0]).astype(np.float64)
    totals = change @ inside.T
    classes = _classes(state)
    amounts = amounts.copy()
    for _ in range(TURNS):
        error = (totals**2).sum(axis=0) / target - 1
        if np.abs(error).max() < TIGHT:
            break
        leaf, one, other = _propose(draws, classes)
        step = change[other, leaf] - change[one, leaf]
        moved = 2 * step[:, None] * (totals[one] - totals[other]) + 2 * step[:, None] ** 2
        moved = np.where(inside[:, leaf].T > 0, moved, 0.0) / target
        left = ((error + moved) ** 2).sum(axis=1)
        best = int(np.argmin(left))
        if left[best] < (error**2).sum():
            i, j, place = one[best], other[best], leaf[best]
            amounts[:, [i, j], place] = amounts[:, [j, i], place]
            change[[i, j], place] = change[[j, i], place]
            totals[[i, j]] = change[[i, j]] @ inside.T
    return amounts


def _classes(state: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Leaf and persons of the same state in it, where there are two or more."""
    found = []
    for leaf in range(state.shape[1]):
        for value in (1, 2, 3):
            persons = np.flatnonzero(state[:, leaf] == value)
            if len(persons) > 1:
                found.append((leaf, persons))
    return found


def _propose(draws: Draws, classes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exchanges in random classes: leaf and two persons of the same state."""
    size = np.array([len(persons) for _, persons in classes])
    start = np.cumsum(size) - size
    everyone = np.concatenate([persons for _, persons in classes])
    leaves = np.array([leaf for leaf, _ in classes])
    weight = np.cumsum(size) / size.sum()
    chosen = np.searchsorted(weight, draws.uniform(PROPOSALS), side="right")
    chosen = np.minimum(chosen, len(classes) - 1)
    one, other = (everyone[start[chosen] + draws.below(size[chosen], PROPOSALS)] for _ in "12")
    return leaves[chosen], one, other
