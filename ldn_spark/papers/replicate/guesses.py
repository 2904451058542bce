"""How many users a leaf or an outcome plausibly has, from its DDDs and the printed users."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ldn_spark.papers.replicate.candidates import CHURN, Guess
from ldn_spark.papers.replicate.counts import Key
from ldn_spark.papers.replicate.doses import Doses
from ldn_spark.papers.replicate.leaves import Leaf
from ldn_spark.papers.values import Published
from ldn_spark.study.definition import StudyDefinition

OVERLAP = 1.15  # users of the leaves of a group, counted one by one, per user of the group
PER_USER = 150.0  # DDD a year, where no number of users is printed


def guess_users(
    study: StudyDefinition,
    published: Published,
    leaves: tuple[Leaf, ...],
    doses: Doses,
    persons: Mapping[str, int],
) -> tuple[dict[tuple[str, int], float], dict[Key, Guess]]:
    """Users before of every leaf by (stratum, leaf number), and guesses of every outcome."""
    users: dict[tuple[str, int], float] = {}
    guesses: dict[Key, Guess] = {}
    for stratum, n in persons.items():
        printed = {o.id: _printed(published, stratum, o.id) for o in study.outcomes}
        for number, leaf in enumerate(leaves):
            users[stratum, number] = _of_leaf(leaves, doses, stratum, number, leaf, printed, n)
        pool = 1.05 * max([pair[0] for pair in printed.values() if pair] + [0.3 * n])
        for outcome in study.outcomes:
            inside = [i for i, leaf in enumerate(leaves) if outcome.id in leaf.outcomes]
            before = pool * (1 - np.prod([1 - min(users[stratum, i] / pool, 0.95) for i in inside]))
            groups = [printed[name] for name in printed if printed[name]]
            growth = _growth(study, leaves, inside, printed)
            guesses[stratum, outcome.id] = Guess(before, before * growth if groups else 0.0, CHURN)
    return users, guesses


def _printed(published: Published, stratum: str, outcome: str) -> tuple[int, int] | None:
    before = published.count("users", stratum, outcome, "users_before")
    after = published.count("users", stratum, outcome, "users_after")
    return None if before is None or after is None else (before, after)


def _of_leaf(leaves, doses, stratum, number, leaf, printed, n) -> float:
    """In proportion to DDDs within the smallest outcome whose users are printed."""
    mean = (doses.before[stratum, number] + doses.after[stratum, number]) / 2
    around = [
        (sum(printed[name]) / 2, doses.mean(leaves, stratum, name, "before"))
        for name in leaf.outcomes
        if printed[name]
    ]
    if not around:
        return min(0.9 * n, mean * n / PER_USER)
    count, whole = min(around)
    share = min(1.0, OVERLAP * mean / max(whole, 1e-9))
    return count * max(share, 0.01)


def _growth(study, leaves, inside, printed) -> float:
    """The relative change of users of the groups an outcome lies in."""
    around = {
        name
        for i in inside
        for name in leaves[i].outcomes
        if printed[name] and name != getattr(study.total_outcome, "id", None)
    }
    before = sum(printed[name][0] for name in around)
    return sum(printed[name][1] for name in around) / before - 1 if before else 0.0
