"""Disjoint parts of the outcomes: every outcome of a study is a union of leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ldn_spark.study.definition import StudyDefinition


@dataclass(frozen=True, slots=True)
class Leaf:
    """All ATC codes that belong to the same outcomes.

    Attributes:
        atc: prefixes of its codes.
        without: longer prefixes that belong to another leaf.
        outcomes: ids of the outcomes that hold it.
    """

    atc: tuple[str, ...]
    without: tuple[str, ...]
    outcomes: frozenset[str]

    def holds(self, code: str) -> bool:
        """Whether an ATC code belongs to the leaf.

        >>> Leaf(("N03A",), ("N03AE01",), frozenset()).holds("N03AE01")
        False
        """
        return code.startswith(self.atc) and not code.startswith(self.without or ("-",))


def find_leaves(study: StudyDefinition) -> tuple[Leaf, ...]:
    """The leaves of a study's outcomes, in the order of their codes."""
    prefixes = sorted({str(code) for outcome in study.outcomes for code in outcome.atc})
    found: dict[frozenset[str], list[str]] = {}
    for prefix in prefixes:
        inside = frozenset(
            outcome.id
            for outcome in study.outcomes
            if any(prefix.startswith(str(code)) for code in outcome.atc)
        )
        found.setdefault(inside, []).append(prefix)
    return tuple(
        Leaf(
            tuple(atc),
            tuple(p for p in prefixes if p.startswith(tuple(atc)) and p not in atc),
            outcomes,
        )
        for outcomes, atc in found.items()
    )


def membership(study: StudyDefinition, leaves: tuple[Leaf, ...]) -> np.ndarray:
    """Whether a leaf belongs to an outcome: (outcome, leaf), in the study's order."""
    return np.array(
        [[outcome.id in leaf.outcomes for leaf in leaves] for outcome in study.outcomes]
    )
