"""Who uses which leaf in which window: whole persons whose unions have the chosen counts.

States are numbers: 0 neither, 1 before only, 2 after only, 3 both; a person's state in an outcome
is the bitwise or of those in its leaves. A local search changes or exchanges states, the best of
many random proposals at a time, until every outcome has its counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ldn_spark.papers.replicate.draws import Draws
from ldn_spark.stats.proportions import PairedCounts

PROPOSALS = 3000
TURNS = 12_000
NEITHER, BEFORE, AFTER, BOTH = range(4)


@dataclass
class Patterns:
    """States of one stratum while they are searched for.

    Attributes:
        state: (person, leaf).
        member: (outcome, leaf), whether a leaf belongs to an outcome; outcomes with targets only.
        target: (outcome, state) number of persons.
    """

    state: np.ndarray
    member: np.ndarray
    target: np.ndarray

    def __post_init__(self) -> None:
        outcomes = len(self.member)
        self.uses = np.stack([(self.state & bit > 0).astype(np.int32) for bit in (1, 2)])
        self.inside = np.einsum("bpl,ol->bpo", self.uses, self.member.astype(np.int32))
        union = self.unions(self.inside)
        self.counts = np.stack(
            [np.bincount(union[:, o], minlength=4) for o in range(outcomes)]
        ).reshape(outcomes, 4)

    @staticmethod
    def unions(inside: np.ndarray) -> np.ndarray:
        """States of outcomes from how many of their leaves are used: (window, person, outcome)."""
        return (inside[0] > 0) + 2 * (inside[1] > 0)

    @property
    def misses(self) -> int:
        """Persons, counted in every outcome, that stand in the wrong place."""
        return int(np.abs(self.counts - self.target).sum())

    def gains(self, person: np.ndarray, leaf: np.ndarray, new: np.ndarray) -> np.ndarray:
        """Change of `misses` by proposals, each (persons, 2): a person of -1 stays as it is."""
        size, outcomes = len(person), len(self.member)
        change = np.zeros((size, outcomes, 4), dtype=np.int32)
        rows, places = np.arange(size)[:, None], np.arange(outcomes)[None, :]
        for side in range(person.shape[1]):
            who, what = person[:, side], new[:, side]
            before = self.inside[:, who, :]
            step = np.stack([what & 1, what >> 1]) - self.uses[:, who, leaf]
            after = before + step[:, :, None] * self.member[:, leaf].T[None]
            real = (who >= 0)[:, None].astype(np.int32)
            change[rows, places, self.unions(before)] -= real
            change[rows, places, self.unions(after)] += real
        now = self.counts - self.target
        return np.abs(now[None] + change).sum(axis=(1, 2)) - np.abs(now).sum()

    def apply(self, person: np.ndarray, leaf: int, new: np.ndarray) -> None:
        """Make one proposal true."""
        for who, what in zip(person.tolist(), new.tolist(), strict=True):
            if who < 0:
                continue
            places = np.arange(len(self.member))
            self.counts[places, self.unions(self.inside[:, [who], :])[0]] -= 1
            step = np.array([what & 1, what >> 1]) - self.uses[:, who, leaf]
            self.uses[:, who, leaf] += step
            self.inside[:, who, :] += step[:, None] * self.member[:, leaf][None]
            self.state[who, leaf] = what
            self.counts[places, self.unions(self.inside[:, [who], :])[0]] += 1


def find_patterns(
    seed: int,
    stratum: int,
    persons: int,
    member: np.ndarray,
    targets: Mapping[int, PairedCounts],
    users: np.ndarray,
    least: np.ndarray,
) -> np.ndarray:
    """States of every person of a stratum in every leaf.

    Args:
        member: (outcome, leaf).
        targets: counts by outcome number; other outcomes are free.
        users: plausible users of each leaf before.
        least: users that a leaf must have in (window, leaf), so that it can have DDDs.
    """
    draws = Draws(seed, 1, stratum)
    chosen = sorted(targets)
    target = np.array(
        [
            [targets[o].neither, targets[o].before_only, targets[o].after_only, targets[o].both]
            for o in chosen
        ]
    ).reshape(len(chosen), 4)
    state = _begin(draws, persons, member, chosen, target, users)
    patterns = Patterns(state, member[chosen].astype(np.int32), target)
    for _ in range(TURNS):
        if patterns.misses == 0:
            break
        person, leaf, new = _propose(draws, patterns)
        gain = patterns.gains(person, leaf, new)
        gain = gain + 100 * _starves(patterns, person, leaf, new, least)
        best = int(np.argmin(gain))
        if gain[best] <= 0:
            patterns.apply(person[best], int(leaf[best]), new[best])
    return patterns.state


def _begin(draws, persons, member, chosen, target, users) -> np.ndarray:
    """States to begin with: about the right users, inside the largest outcome's users."""
    whole = int(np.argmin(target[:, 0] - 1e6 * member[chosen].sum(axis=1))) if chosen else None
    outer = np.full(persons, BOTH)
    if whole is not None:
        outer = np.repeat([NEITHER, BEFORE, AFTER, BOTH], target[whole])
    state = np.zeros((persons, member.shape[1]), dtype=np.int64)
    both = np.flatnonzero(outer == BOTH)
    single = np.flatnonzero((outer == BEFORE) | (outer == AFTER))
    for leaf, count in enumerate(users):
        own = [i for i, o in enumerate(chosen) if member[o].sum() == 1 and member[o][leaf]]
        if own:
            numbers = target[own[0]][[BEFORE, AFTER, BOTH]].tolist()
        else:
            change = max(int(0.2 * count), 0)
            numbers = [change, change, max(int(count) - change, 2)]
        picked = both[draws.order(len(both))]
        ends = np.cumsum([numbers[2], max(numbers[0] // 2, 0), max(numbers[1] // 2, 0)])
        state[picked[: ends[0]], leaf] = BOTH
        state[picked[ends[0] : ends[1]], leaf] = BEFORE
        state[picked[ends[1] : ends[2]], leaf] = AFTER
        for value, number in ((BEFORE, numbers[0]), (AFTER, numbers[1])):
            mine = single[outer[single] == value]
            mine = mine[draws.order(len(mine))][: number - number // 2]
            state[mine, leaf] = value
    return state


def _propose(draws: Draws, patterns: Patterns) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Half changes of one person's state in a leaf, half exchanges between two persons."""
    persons, leaves = patterns.state.shape
    person = draws.below(persons, PROPOSALS, 2)
    leaf = draws.below(leaves, PROPOSALS)
    new = np.empty((PROPOSALS, 2), dtype=np.int64)
    half = PROPOSALS // 2
    person[:half, 1] = -1
    new[:half, 0] = draws.below(4, half)
    new[:half, 1] = 0
    new[half:, 0] = patterns.state[person[half:, 1], leaf[half:]]
    new[half:, 1] = patterns.state[person[half:, 0], leaf[half:]]
    return person, leaf, new


def _starves(patterns: Patterns, person, leaf, new, least) -> np.ndarray:
    """Whether a change of one person would leave a leaf with too few users in a window."""
    users = patterns.uses.sum(axis=1)
    change = np.stack([new[:, 0] & 1, new[:, 0] >> 1]) - patterns.uses[:, person[:, 0], leaf]
    change = np.where(person[:, 1] >= 0, 0, change)
    return (users[:, leaf] + change < np.minimum(least[:, leaf], users[:, leaf])).any(axis=0)
