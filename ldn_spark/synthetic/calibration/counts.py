"""How many use each outcome in both windows, one of them or none, so that the rows print right.

Where both numbers of users are printed, only S, the number of persons whose use changed, is free.
Where the text alone speaks of an outcome, users before, gain and S are chosen near a guess that
follows from its DDDs. Contrasts tie two strata together: both are then chosen at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ldn_spark.published.values import Published, PublishedValue
from ldn_spark.stats.distributions import z_quantile, z_two_sided
from ldn_spark.stats.not_estimable import NotEstimable
from ldn_spark.stats.proportions import MCNEMAR, PairedCounts, paired_interval
from ldn_spark.study.definition import Outcome, StudyDefinition
from ldn_spark.synthetic.calibration.boxes import Range, cells, inside, printing

SWEEPS = 3  # over all contrasts, each time with the other strata fixed
MOST = 900  # candidates of a stratum in a contrast
Key = tuple[str, str]
"""stratum, outcome."""


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
        return Candidates(*(getattr(self, name)[order] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Guess:
    """What is plausible for a row: users before, gain and share of users that changes."""

    before: float
    gain: float
    churn: float


def choose_counts(
    study: StudyDefinition,
    published: Published,
    persons: Mapping[str, int],
    guesses: Mapping[Key, Guess],
) -> dict[Key, PairedCounts]:
    """Counts of every row of users that anything is printed of, in all strata that have any.

    Args:
        guesses: of every row whose counts are not both printed.
    """
    level = study.statistics.confidence_level
    found: dict[Key, PairedCounts] = {}
    for outcome in study.outcomes:
        rows = {stratum: cells(published, "users", stratum, outcome.id) for stratum in persons}
        contrasts = [
            (one.comparator, one.exposed, cells(published, "did_users", one.id, outcome.id))
            for one in study.contrasts
        ]
        wanted = {name for *pair, row in contrasts if row for name in pair}
        wanted |= {name for name, row in rows.items() if row}
        options = {
            name: _nested(
                _candidates(study, rows[name], n, guesses.get((name, outcome.id))),
                [(found[key], *sides) for key, *sides in _kin(study, outcome, name, found)],
                n,
            )
            for name, n in persons.items()
            if name in wanted
        }
        chosen = {stratum: candidates.best() for stratum, candidates in options.items()}
        for _ in range(SWEEPS):
            for comparator, exposed, row in contrasts:
                if row:
                    _choose_pair(options, chosen, comparator, exposed, row, persons, level)
        for stratum, one in options.items():
            n, place = persons[stratum], chosen[stratum]
            found[stratum, outcome.id] = table(
                n, int(one.before[place]), int(one.gain[place]), int(one.changed[place])
            )
    return found


def _kin(
    study: StudyDefinition, outcome: Outcome, stratum: str, found: Mapping[Key, PairedCounts]
) -> Iterator[tuple[Key, bool]]:
    """Rows already chosen of outcomes that hold this one (True) or lie in it (False)."""
    for other in study.outcomes:
        if (stratum, other.id) in found:
            if all(code.startswith(tuple(other.atc)) for code in outcome.atc):
                yield (stratum, other.id), True
            elif all(code.startswith(tuple(outcome.atc)) for code in other.atc):
                yield (stratum, other.id), False


def _nested(some: Candidates, kin: list[tuple[PairedCounts, bool]], n: int) -> Candidates:
    """Count it as a fault when whoever uses the part would not use the whole."""
    lost = (some.changed - some.gain) // 2
    both, neither = some.before - lost, n - some.before - (some.changed - lost)
    wrong = np.zeros(len(both), dtype=bool)
    for counts, holds in kin:
        sign = 1 if holds else -1
        wrong |= sign * both > sign * counts.both
        wrong |= sign * neither < sign * counts.neither
    return replace(some, faults=some.faults + 10 * wrong)


def table(persons: int, before: int, gain: int, changed: int) -> PairedCounts:
    """The four counts."""
    lost = (changed - gain) // 2
    gained = changed - lost
    return PairedCounts(before - lost, lost, gained, persons - before - gained)


def _candidates(
    study: StudyDefinition, row: Mapping[str, PublishedValue], n: int, guess: Guess | None
) -> Candidates:
    """Possible counts of one row, with their faults in what does not need both strata."""
    printed = {q: int(row[q].text) for q in ("users_before", "users_after") if q in row}
    if len(printed) == 2 or guess is None:
        before = printed.get("users_before", 0)
        gain = printed.get("users_after", before) - before
        pairs = [(before, gain)]
        guess = Guess(before, gain, 0.45)
    else:
        pairs = list(_pairs(row, n, guess, printed))
    parts = [(b, g, s) for b, g in pairs for s in _changed(n, b, g, guess, len(pairs) == 1)]
    before, gain, changed = np.array(parts).T
    faults = np.zeros(len(parts), dtype=int)
    after = before + gain
    exact = {
        "users_before": before,
        "users_after": after,
        "share_before": before / n,
        "share_after": after / n,
        "difference": gain / n,
        "relative_change": gain / np.maximum(before, 1),
    }
    for name, numbers in exact.items():
        if name in row:
            faults += ~inside(numbers, printing(row[name]))
    expected = guess.churn * (before + after) / 2
    distance = (
        np.abs(np.log((before + 1) / (guess.before + 1)))
        + np.abs(gain - guess.gain) / (0.1 * guess.before + 1)
        + 0.3 * np.abs(np.log((changed + 1) / (expected + 1)))
    )
    unfinished = Candidates(before, gain, changed, faults, distance)
    return _with_tests(study, row, n, unfinished)


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


def _choose_pair(
    options: Mapping[str, Candidates],
    chosen: dict[str, int],
    comparator: str,
    exposed: str,
    row: Mapping[str, PublishedValue],
    persons: Mapping[str, int],
    level: float,
) -> None:
    """Choose the candidates of two strata so that their contrast prints right."""
    one, other = options[comparator].few(), options[exposed].few()
    n, m = persons[comparator], persons[exposed]
    estimate = (one.gain / n)[:, None] - (other.gain / m)[None, :]
    variance = ((one.changed - one.gain**2 / n) / n**2)[:, None]
    variance = variance + ((other.changed - other.gain**2 / m) / m**2)[None, :]
    se = np.sqrt(np.maximum(variance, 1e-300))
    half = z_quantile(level) * se
    values = {"estimate": estimate, "ci_low": estimate - half, "ci_high": estimate + half}
    faults = one.faults[:, None] + other.faults[None, :] + 0.0
    for name, value in values.items():
        if name in row:
            faults = faults + ~inside(value, printing(row[name]))
    if "p" in row:
        p = np.vectorize(z_two_sided)(estimate / se)
        faults = faults + 0.9 * ~inside(p, printing(row["p"]))  # of two that clash, p gives way
    distance = one.distance[:, None] + other.distance[None, :]
    best = np.lexsort((distance.ravel(), faults.ravel()))[0]
    for stratum, few, place in zip(
        (comparator, exposed), (one, other), np.unravel_index(best, faults.shape), strict=True
    ):
        whole = options[stratum]
        same = (whole.before == few.before[place]) & (whole.gain == few.gain[place])
        chosen[stratum] = int(np.flatnonzero(same & (whole.changed == few.changed[place]))[0])
