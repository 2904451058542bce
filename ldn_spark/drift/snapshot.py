"""What one run of a study says that can be held against another run of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from ldn_spark.catalogue.tables import TABLES
from ldn_spark.drift.dispensed import Dispensed

Key = tuple[str, str, str]
"""Table, stratum or contrast, and outcome, as in estimates.csv."""
_MAIN = ("estimate", "mean_difference", "difference")


def _main_quantity(names: frozenset[str]) -> str | None:
    return next((name for name in _MAIN if name in names), None) if "ci_low" in names else None


MAIN_QUANTITY: Mapping[str, str] = {
    table.name: main
    for table in TABLES
    if (main := _main_quantity(frozenset(one.name for one in table.quantities)))
}
"""The quantity that `ci_low` and `ci_high` are the limits of, by table."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its confidence limits; None where it could not be formed.

    Attributes:
        n: persons of the stratum, or of both strata of a contrast; None where nobody says it.
        value: in the unit of its quantity.
        low, high: its limits.
    """

    n: int | None
    value: Decimal | None
    low: Decimal | None
    high: Decimal | None

    @property
    def half_width(self) -> Decimal | None:
        """Half the distance of its limits; None without limits."""
        if self.low is None or self.high is None:
            return None
        return (self.high - self.low) / 2


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the selection.

    Attributes:
        exposure: whose cohort: `study`, or the id of a further exposure.
        id: as in attrition.csv.
        label: in words.
        persons: who remain; None where persons cannot be counted.
        records: dispensings that remain.
    """

    exposure: str
    id: str
    label: str
    persons: int | None
    records: int


class Change(NamedTuple):
    """One thing that two runs were made of otherwise.

    Attributes:
        kind: `study`, `data`, `software` or `call`.
        what: in words.
        old, new: of either run; empty where there is nothing to say.
    """

    kind: str
    what: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one run says.

    Attributes:
        run_id: its name.
        folder: where it lies.
        ended: when, in ISO 8601.
        study, title: the study's id and title.
        outcomes: what its outcomes are called, by id.
        shown: the contrast and the outcomes that the study's figures show.
        same_study, same_data, same_software: texts that are equal for two runs of the same study,
            data, software.
        invented: whether the persons were.
        dispensings, persons: of the registry; None where the run does not say it.
        last_dispensed_on: the last day of the registry, an ISO date; empty as above.
        dispensed: what the study's codes were dispensed; None as above.
        steps: of the selection, in order.
        estimates: by key, in the order of estimates.csv.
    """

    run_id: str
    folder: str
    ended: str
    study: str
    title: str
    outcomes: Mapping[str, str]
    shown: tuple[str, tuple[str, ...]]
    same_study: str
    same_data: str
    same_software: str
    invented: bool
    dispensings: int | None
    persons: int | None
    last_dispensed_on: str
    dispensed: tuple[Dispensed, ...] | None
    steps: tuple[Step, ...]
    estimates: Mapping[Key, Interval]

    @property
    def lines(self) -> int | None:
        """Lines delivered, those of replaced dispensings left out."""
        return next((step.records for step in self.steps if step.id == "delivered"), None)

    @property
    def steps_between(self) -> tuple[Step, ...]:
        """The steps between the registry and the cohort, which are told by themselves."""
        last = {step.exposure: step.id for step in self.steps}
        return tuple(
            step
            for step in self.steps
            if step.id not in ("delivered", "registry", last[step.exposure])
        )

    @property
    def cohorts(self) -> dict[str, int | None]:
        """Persons who remain at the end, by exposure."""
        return {step.exposure: step.persons for step in self.steps}

    def changed_since(self, earlier: Snapshot) -> frozenset[str]:
        """Which of study, data and software are not those of an earlier run."""
        kinds = {
            "study": self.same_study != earlier.same_study,
            "data": self.same_data != earlier.same_data,
            "software": self.same_software != earlier.same_software,
        }
        return frozenset(kind for kind, is_other in kinds.items() if is_other)
