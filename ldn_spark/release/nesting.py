"""How the outcomes of a study lie within each other, told by their ATC codes alone."""

from __future__ import annotations

from dataclasses import dataclass

from ldn_spark.study.definition import Outcome, StudyDefinition


def _is_within(inner: Outcome, outer: Outcome) -> bool:
    return all(code.startswith(tuple(outer.atc)) for code in inner.atc)


def _meet(one: Outcome, other: Outcome) -> bool:
    return any(a.startswith(b) or b.startswith(a) for a in one.atc for b in other.atc)


def _without_covered(parts: list[Outcome]) -> list[Outcome]:
    """The parts without those of which the others have every code; the first are looked at last."""
    for part in reversed(parts):
        others = [one for one in parts if one is not part]
        codes = tuple(code for one in others for code in one.atc)
        if codes and all(code.startswith(codes) for code in part.atc):
            return _without_covered(others)
    return parts


@dataclass(frozen=True, slots=True)
class Nesting:
    """Pairs and unions of outcomes, by their ids.

    Attributes:
        within: (child, parent) for every outcome whose codes all lie in those of another.
        direct: those of them between which no third one lies.
        unions: an outcome and as few as needed of the outcomes directly within it that have all its
            codes together.
        disjoint: the unions of which no two parts have a code in common.
    """

    within: tuple[tuple[str, str], ...]
    direct: tuple[tuple[str, str], ...]
    unions: tuple[tuple[str, tuple[str, ...]], ...]
    disjoint: frozenset[str]


def nesting_of(study: StudyDefinition) -> Nesting:
    """The nesting of a study's outcomes; of two with the same codes the first is the parent."""
    outcomes = study.outcomes
    within = [
        (inner.id, outer.id)
        for at, inner in enumerate(outcomes)
        for place, outer in enumerate(outcomes)
        if at != place and _is_within(inner, outer) and (place < at or not _is_within(outer, inner))
    ]
    pairs = set(within)
    direct = [
        (child, parent)
        for child, parent in within
        if not any((child, one.id) in pairs and (one.id, parent) in pairs for one in outcomes)
    ]
    by_id = {one.id: one for one in outcomes}
    unions, disjoint = [], set()
    for one in outcomes:
        parts = _without_covered([by_id[child] for child, parent in direct if parent == one.id])
        codes = tuple(code for part in parts for code in part.atc)
        if parts and all(code.startswith(codes) for code in one.atc):
            unions.append((one.id, tuple(part.id for part in parts)))
            if not any(_meet(a, b) for n, a in enumerate(parts) for b in parts[n + 1 :]):
                disjoint.add(one.id)
    return Nesting(tuple(within), tuple(direct), tuple(unions), frozenset(disjoint))
