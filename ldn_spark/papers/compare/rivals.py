"""Which cells another interval for paired proportions would print differently."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ldn_spark.estimates.results import Results
from ldn_spark.papers.values import PublishedValue, agrees, in_print
from ldn_spark.study.definition import StudyDefinition

_LIMITS = ("ci_low", "ci_high")


@dataclass(frozen=True, slots=True)
class Lost:
    """A printed limit that another method would print as `computed`."""

    published: PublishedValue
    computed: str


@dataclass(frozen=True, slots=True)
class RivalInterval:
    """An interval beside the study's own, and the cells that would be lost by it."""

    method: str
    lost: tuple[Lost, ...]


def rival_intervals(
    equal: Iterable[PublishedValue], results: Results, study: StudyDefinition
) -> tuple[RivalInterval, ...]:
    """For each other method among the estimates, the equal limits of users that it would lose.

    Args:
        equal: the published values that the study's own method gives.
        results: with `ci_low_<method>` and `ci_high_<method>` of table `users`.
        study: its chosen method is left out.
    """
    cells = [v for v in equal if v.table == "users" and v.quantity in _LIMITS]
    prefix = "ci_low_"
    names = dict.fromkeys(
        e.quantity.removeprefix(prefix)
        for e in results.estimates
        if e.table == "users" and e.quantity.startswith(prefix)
    )
    chosen = study.statistics.paired_proportion_interval
    return tuple(
        RivalInterval(name, tuple(lost for cell in cells for lost in _lost(cell, results, name)))
        for name in names
        if name != chosen
    )


def _lost(cell: PublishedValue, results: Results, method: str) -> Iterable[Lost]:
    value = results.value("users", cell.stratum, cell.outcome, f"{cell.quantity}_{method}")
    if value is None:
        return [Lost(cell, "")]
    text = in_print(value, cell.kind, cell.text)
    return [] if agrees(cell.text, text, value) else [Lost(cell, text)]
