"""What an analysis is given and hands to the reports: group-level values, no person among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from ldn_spark.catalogue.designs import OF_DESIGN, table_and_design, without_exposure
from ldn_spark.study.ids import STUDY

OK = "ok"
NOT_ESTIMABLE = "not_estimable"


class Estimate(NamedTuple):
    """One number of a study, or the reason why there is none.

    Attributes:
        table: a name in `catalogue.tables`. In files those of a further design and of a further
            exposure follow, as `table_of` and `with_exposure` say it.
        stratum: id of a stratum, `overall`, or of a contrast (`LDNx1-LDNx4+`); a subgroup is put
            in front as `subgroup/stratum`.
        outcome: id of an outcome; empty where the number belongs to the stratum itself.
        quantity: what is measured; see `catalogue.tables` for every name and its unit.
        value: int for counts, Decimal for exact sums, float for statistics; None when undefined.
        status: `ok` or `not_estimable`.
        reason: why it is not estimable; empty when it is.
    """

    table: str
    stratum: str
    outcome: str
    quantity: str
    value: int | Decimal | float | None
    status: str = OK
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The cumulative difference exposed - comparator of mean DDDs at one day, with its band.

    Cumulated outwards: on a day of the window after over its first day to t, on a day of the
    window before over t to its last; see `curves`.
    Units: DDD per person. `ci_low` and `ci_high` are None where no variance can be formed.
    """

    contrast: str
    outcome: str
    day: int
    difference: float
    ci_low: float | None
    ci_high: float | None


@dataclass(frozen=True, slots=True)
class AttritionStep:
    """Persons and records that remain after a step of the selection, and how many it excluded.

    `records` are dispensings: of the registry before the exposure is looked for, of the exposure
    drug from then on. `number_subjects` is None where persons cannot be counted: a rejected line
    has no person. What was excluded is None where nobody is known not to meet a condition that is
    unknown, because what it asks for was not delivered.
    """

    reason_id: int
    step: str
    reason: str
    number_subjects: int | None
    number_records: int
    excluded_subjects: int | None
    excluded_records: int | None

    @property
    def is_unknown(self) -> bool:
        """Whether it cannot be told who does not meet it; nobody is excluded then."""
        return self.excluded_records is None


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """Delivered lines that did not become rows of the registry, for one reason.

    Attributes:
        kind: what their files hold: `dispensings`, `persons`, `deaths`, `observation_periods`.
        reason: its code; `left_out` where the source does not mean the lines.
        meaning: the reason in words.
        lines: how many, of all files together.
    """

    kind: str
    reason: str
    meaning: str
    lines: int


@dataclass(frozen=True, slots=True)
class CohortFound:
    """What was found of one cohort.

    Attributes:
        moments: rows of the three tables of moments, by name; of a cohort of nobody none. Those
            of days are not looked at: curves are drawn of the study's own exposure alone.
        attrition: from `attrition_steps`.
    """

    moments: Mapping[str, Sequence[Mapping[str, Any]]]
    attrition: Sequence[AttritionStep]


@dataclass(frozen=True)
class Results:
    """All that a study found; enough to draw every table and figure.

    Attributes:
        estimates, curves, attrition: what was computed in the study's own windows.
        invented: whether the persons were: every table and figure carries it.
        turned_away: why delivered lines are not in the registry, the commonest reason first.
            Those of dispensings add up to what the step `registry` excludes.
        designs: what is compared in the windows of further designs, by their ids.
        others: what was found for the further exposures, by their ids: of each what a study of
            that exposure alone would have found, without curves.
    """

    estimates: tuple[Estimate, ...]
    curves: tuple[CurvePoint, ...]
    attrition: tuple[AttritionStep, ...]
    invented: bool = False
    turned_away: tuple[TurnedAway, ...] = ()
    designs: Mapping[str, tuple[Estimate, ...]] = field(default_factory=dict)
    others: Mapping[str, Results] = field(default_factory=dict)

    def of_lake(self, *, invented: bool, turned_away: Sequence[TurnedAway]) -> Results:
        """The same, with what is known of the lake's lines."""
        others = {
            exposure: found.of_lake(invented=invented, turned_away=turned_away)
            for exposure, found in self.others.items()
        }
        return replace(self, invented=invented, turned_away=tuple(turned_away), others=others)

    @property
    def by_exposure(self) -> dict[str, Results]:
        """What was found for the study's own exposure, `study`, and for each further one."""
        return {STUDY: self, **self.others}

    def compared_in(self, design: str) -> tuple[Estimate, ...]:
        """The estimates of a further design; of the study's own windows where it is empty."""
        return self.designs[design] if design else self.estimates

    def of_design(self, design: str) -> Results:
        """What was compared in the windows of a further design.

        The persons are the same; there is no baseline table, there are no curves and no others.
        """
        return self._of_designs[design]

    @cached_property
    def _of_designs(self) -> dict[str, Results]:
        persons = tuple(one for one in self.estimates if one.table == "cohort")
        bare = replace(self, curves=(), designs={}, others={})
        return {
            design: replace(bare, estimates=(*persons, *compared))
            for design, compared in self.designs.items()
        }

    @cached_property
    def _by_key(self) -> dict[tuple[str, str, str, str], Estimate]:
        return {(e.table, e.stratum, e.outcome, e.quantity): e for e in self.estimates}

    def estimate(self, table: str, stratum: str, outcome: str, quantity: str) -> Estimate | None:
        """One estimate by its four names; None when the analysis never formed it.

        The name of a table may be that in files.
        """
        found = self._by_key.get((table, stratum, outcome, quantity))
        if found is not None or OF_DESIGN not in table:
            return found
        name, exposure = without_exposure(table)
        name, design = table_and_design(name)
        within = self.by_exposure.get(exposure)
        if within is not None and design:
            within = within._of_designs.get(design)
        return None if within is None else within.estimate(name, stratum, outcome, quantity)

    def value(
        self, table: str, stratum: str, outcome: str, quantity: str
    ) -> int | Decimal | float | None:
        """The value of one estimate; None when it is undefined or was never formed."""
        found = self.estimate(table, stratum, outcome, quantity)
        return None if found is None else found.value
