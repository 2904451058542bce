"""Counts that one row of users can have, and which of its printed values each would miss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ldn_spark.papers.replicate.boxes import Range, inside, printing
from ldn_spark.papers.values import PublishedValue
from ldn_spark.stats.not_estimable import NotEstimable
from ldn_spark.stats.proportions import MCNEMAR, PairedCounts, paired_interval
from ldn_spark.study.definition import StudyDefinition

MOST = 900  # candidates of a stratum in a contrast
CHURN = 0.5  # share of users, on average over both windows, whose use changes


@dataclass(frozen=True)
class Candidates:
    """Possible counts of one row, one element each.

    Attributes:
        before, gain, changed: users before, net change, persons whose use changed.
        faults: printed values of the row that come out otherwise.
        distance: from the guess; smaller is more plausible.
    """

    before: np.ndarray
    gain: np.ndarray
    changed: np.ndarray
    faults: np.ndarray
    distance: np.ndarray

    def best(self) -> int:
        """The candidate with the fewest faults, then the smallest distance."""
        return int(np.lexsort((self.distance, self.faults))[0])

    def few(self) -> Candidates:
        """At most `MOST` of the best, each gain and number of changed once."""
        order = np.lexsort((self.distance, self.faults))
        order = order[self.faults[order] == self.faults[order[0]]]
        pairs = np.stack([self.gain[order], self.changed[order]])
        _, first = np.unique(pairs, axis=1, return_index=True)
        order = order[np.sort(first)]
        if len(order) > MOST:
            order = order[np.linspace(0, len(order) - 1, MOST).astype(int)]
        return self.only(order)

    def only(self, places: np.ndarray | list[int]) -> Candidates:
        """The candidates at some places."""
        return Candidates(*(getattr(self, name)[places] for name in self.__dataclass_fields__))

    def find(self, some: Candidates, place: int) -> int:
        """Where a candidate out of some of these is."""
        same = (self.before == some.before[place]) & (self.gain == some.gain[place])
        return int(np.flatnonzero(same & (self.changed == some.changed[place]))[0])


@dataclass(frozen=True)
class Guess:
    """What is plausible for a row: users before, gain and share of users that changes."""

    before: float
    gain: float
    churn: float


def table(persons: int, before: int, gain: int, changed: int) -> PairedCounts:
    """The four counts."""
    lost = (changed - gain) // 2
    gained = changed - lost
    return PairedCounts(before - lost, lost, gained, persons - before - gained)


def candidates(
    study: StudyDefinition, row: Mapping[str, PublishedValue], n: int, guess: Guess | None
) -> Candidates:
    """Possible counts of one row, with their faults in what does not need both strata."""
    printed = {q: int(row[q].text) for q in ("users_before", "users_after") if q in row}
    if len(printed) == 2 or guess is None:
        before = printed.get("users_before", 0)
        gain = printed.get("users_after", before) - before
        pairs = [(before, gain)]
        guess = Guess(before, gain, CHURN)
    else:
        pairs = list(_pairs(row, n, guess, printed))
    parts = [(b, g, s) for b, g in pairs for s in _changed(n, b, g, guess, len(pairs) == 1)]
    before, gain, changed = np.array(parts).T
    faults = np.zeros(len(parts), dtype=int)
    for name, numbers in _exact(n, before, gain).items():
        if name in row:
            faults += ~inside(numbers, printing(row[name]))
    expected = guess.churn * (before + gain / 2)
    distance = (
        np.abs(np.log((before + 1) / (guess.before + 1)))
        + np.abs(gain - guess.gain) / (0.1 * guess.before + 1)
        + 0.3 * np.abs(np.log((changed + 1) / (expected + 1)))
    )
    found = _with_tests(study, row, n, Candidates(before, gain, changed, faults, distance))
    return _from_the_middle(found) if len(pairs) == 1 else found


def _exact(n: int, before: np.ndarray, gain: np.ndarray) -> dict[str, np.ndarray]:
    """What of a row does not depend on how many changed."""
    after = before + gain
    return {
        "users_before": before,
        "users_after": after,
        "share_before": before / n,
        "share_after": after / n,
        "difference": gain / n,
        "relative_change": gain / np.maximum(before, 1),
    }


def _from_the_middle(some: Candidates) -> Candidates:
    """Prefer the middle of the numbers that print right: far from what prints otherwise."""
    best = some.changed[some.faults == some.faults.min()]
    middle, width = (best.min() + best.max()) / 2, best.max() - best.min() + 2
    return replace(some, distance=np.abs(some.changed - middle) / width)


def _pairs(
    row: Mapping[str, PublishedValue], n: int, guess: Guess, printed: Mapping[str, int]
) -> Iterator[tuple[int, int]]:
    """Users before and gain near the guess; those that the text asks for where it does."""
    low, high = max(2, int(0.5 * guess.before)), min(n, int(1.6 * guess.before) + 3)
    far = np.geomspace(2, 0.9 * n, 40)
    grid = np.unique(np.concatenate([np.linspace(low, high, 40), far]).astype(int))
    if {"difference", "relative_change"} <= row.keys():
        grid = _bases(printing(row["difference"]), printing(row["relative_change"]), n)
    if "users_before" in printed:
        grid = np.array([printed["users_before"]])
    for before in grid.tolist():
        middle = guess.gain * before / max(guess.before, 1)
        least, most = int(middle - 0.05 * before - 1), int(middle + 0.05 * before + 1)
        for name, factor in (("difference", n), ("relative_change", before)):
            if name in row:
                box = printing(row[name])
                least, most = int(np.ceil(box[0] * factor)), int(np.floor(box[1] * factor))
        step = max(1, (most - least) // 8)
        for gain in range(max(least, -before), most + 1, step):
            yield before, gain


def _bases(difference: Range, relative: Range, n: int) -> np.ndarray:
    """Users before that agree with a change in points and a relative one."""
    gains = [n * limit for limit in difference]
    ends = [gain / limit for gain in gains for limit in relative if limit]
    positive = [min(max(end, 1.0), float(n)) for end in ends] or [1.0]
    return np.unique(np.linspace(min(positive), max(positive), 60).astype(int))


def _changed(n: int, before: int, gain: int, guess: Guess, every: bool) -> range | list[int]:
    """Numbers of persons whose use changed: of the parity of the gain, not beyond the users."""
    least, most = abs(gain), min(2 * before + gain, 2 * n - 2 * before - gain)
    if every:
        return range(least, most + 1, 2)
    expected = guess.churn * (before + gain / 2)
    grid = np.linspace(max(least, 0.3 * expected), min(most, 2.2 * expected), 40)
    return sorted(
        {least + 2 * int((value - least) // 2) for value in grid if least <= value <= most}
    )


def _with_tests(
    study: StudyDefinition, row: Mapping[str, PublishedValue], n: int, some: Candidates
) -> Candidates:
    """Add the faults in p and limits; only candidates without other faults need them."""
    methods = study.statistics
    faults = some.faults.copy()
    if "p" in row:
        box = printing(row["p"])
        for place in np.flatnonzero(faults == faults.min()).tolist():
            p = MCNEMAR[methods.mcnemar](_table(n, some, place))
            faults[place] += isinstance(p, NotEstimable) or not inside(p, box)
    if "ci_low" in row or "ci_high" in row:
        for place in np.flatnonzero(faults == faults.min()).tolist():
            limits = paired_interval(
                _table(n, some, place),
                methods.confidence_level,
                methods.paired_proportion_interval,
            )
            for name, limit in zip(("ci_low", "ci_high"), limits, strict=True):
                if name in row:
                    wrong = isinstance(limit, NotEstimable)
                    faults[place] += wrong or not inside(limit, printing(row[name]))
    return Candidates(some.before, some.gain, some.changed, faults, some.distance)


def _table(n: int, some: Candidates, place: int) -> PairedCounts:
    return table(n, int(some.before[place]), int(some.gain[place]), int(some.changed[place]))
