"""How many use each outcome in both windows, one of them or none, so that the rows print right.

Where both numbers of users are printed, only S, the number of persons whose use changed, is free.
Where the text alone speaks of an outcome, users before, gain and S are chosen near a guess that
follows from its DDDs. Contrasts tie two strata together: both are then chosen at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from scipy.special import ndtr

from ldn_spark.papers.replicate.boxes import cells, inside, printing
from ldn_spark.papers.replicate.candidates import Candidates, Guess, candidates, table
from ldn_spark.papers.values import Published, PublishedValue
from ldn_spark.stats.distributions import z_quantile
from ldn_spark.stats.proportions import PairedCounts
from ldn_spark.study.definition import Outcome, StudyDefinition

Key = tuple[str, str]
"""stratum, outcome."""
Pair = tuple[str, str, Mapping[str, PublishedValue]]
"""comparator, exposed and what is printed of their contrast."""


def choose_counts(
    study: StudyDefinition,
    published: Published,
    persons: Mapping[str, int],
    guesses: Mapping[Key, Guess],
) -> dict[Key, PairedCounts]:
    """Counts of every row of users that anything is printed of, itself or in a contrast.

    Args:
        guesses: of every row whose counts are not both printed.
    """
    found: dict[Key, PairedCounts] = {}
    for outcome in study.outcomes:
        pairs = [
            (one.comparator, one.exposed, row)
            for one in study.contrasts
            if (row := cells(published, "did_users", one.id, outcome.id))
        ]
        options = {}
        for name, n in persons.items():
            row = cells(published, "users", name, outcome.id)
            if row or any(name in pair[:2] for pair in pairs):
                some = candidates(study, row, n, guesses.get((name, outcome.id)))
                options[name] = _nested(some, list(_kin(study, outcome, name, found)), n)
        for name, place in _choose(options, pairs, persons, study).items():
            one = options[name]
            numbers = (int(part[place]) for part in (one.before, one.gain, one.changed))
            found[name, outcome.id] = table(persons[name], *numbers)
    return found


def _choose(
    options: Mapping[str, Candidates],
    pairs: list[Pair],
    persons: Mapping[str, int],
    study: StudyDefinition,
) -> dict[str, int]:
    """The candidate of every stratum: the best of each contrast, in order, else of its own.

    A stratum that an earlier contrast has chosen stays as it is in a later one.
    """
    chosen: dict[str, int] = {}
    for pair in pairs:
        some = {
            name: options[name].only([chosen[name]]) if name in chosen else options[name].few()
            for name in pair[:2]
        }
        level = study.statistics.confidence_level
        for name, place in _choose_pair(some, pair, persons, level).items():
            chosen.setdefault(name, options[name].find(some[name], place))
    return {stratum: some.best() for stratum, some in options.items()} | chosen


def _kin(
    study: StudyDefinition, outcome: Outcome, stratum: str, found: Mapping[Key, PairedCounts]
) -> Iterator[tuple[PairedCounts, bool]]:
    """Rows already chosen of outcomes that hold this one (True) or lie in it (False)."""
    for other in study.outcomes:
        if (stratum, other.id) in found:
            if all(code.startswith(tuple(other.atc)) for code in outcome.atc):
                yield found[stratum, other.id], True
            elif all(code.startswith(tuple(outcome.atc)) for code in other.atc):
                yield found[stratum, other.id], False


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


def _choose_pair(
    options: Mapping[str, Candidates], pair: Pair, persons: Mapping[str, int], level: float
) -> dict[str, int]:
    """The candidates of two strata so that their contrast prints right.

    Difference of the changes and sum of the paired variances, as in
    `stats.contrasts.did_of_proportions`, for every pair of candidates at once.
    """
    comparator, exposed, row = pair
    one, other = options[comparator], options[exposed]
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
    if "p" in row:  # of two that clash, p gives way
        faults = faults + 0.9 * ~inside(2 * ndtr(-np.abs(estimate / se)), printing(row["p"]))
    distance = one.distance[:, None] + other.distance[None, :]
    best = np.argmin(np.where(faults < faults.min() + 1e-9, distance, np.inf))
    places = np.unravel_index(best, faults.shape)
    return dict(zip((comparator, exposed), map(int, places), strict=True))
