"""The computed value of a published name: an estimate, or what the study itself implies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ldn_spark.estimates.results import Results
from ldn_spark.papers.audit.checks_design import (
    first_observation,
    last_observation,
    observed_months,
)
from ldn_spark.papers.quantities import SHARE_OF
from ldn_spark.papers.values import Key
from ldn_spark.study.definition import OVERALL, StudyDefinition

Value = int | float | Decimal | date


@dataclass(frozen=True, slots=True)
class Computed:
    """A value, or None and the reason why there is none."""

    value: Value | None
    reason: str = ""


def compute(results: Results, study: StudyDefinition, key: Key) -> Computed:
    """The value of one name, unrounded and in the unit of `docs/estimates.md`.

    Args:
        results: of a run.
        study: the definition of that run.
        key: table, stratum, outcome, quantity.
    """
    table, stratum, outcome, quantity = key
    if table == "design":
        return _design(results, study, quantity)
    if quantity.startswith(SHARE_OF):
        return _share_of(results, stratum, outcome, quantity.removeprefix(SHARE_OF))
    found = results.estimate(*key)
    if found is None:
        return Computed(None, "not among the estimates of this run")
    if found.value is None:
        return Computed(None, f"not estimable: {found.reason}")
    return Computed(found.value)


def _design(results: Results, study: StudyDefinition, quantity: str) -> Computed:
    if quantity == "first_observation":
        return Computed(first_observation(study))
    if quantity == "last_observation":
        return Computed(last_observation(study))
    persons = results.value("cohort", OVERALL, "", "persons")
    if persons is None:
        return Computed(None, "the number of persons is not among the estimates of this run")
    return Computed(int(persons) * observed_months(study))


def _share_of(results: Results, stratum: str, outcome: str, other: str) -> Computed:
    """DDDs of one outcome, before and after together, in those of another."""
    sums = [
        [results.value("ddd", stratum, name, f"sum_{when}") for when in ("before", "after")]
        for name in (outcome, other)
    ]
    if any(value is None for pair in sums for value in pair):
        return Computed(None, "the sums of DDDs are not among the estimates of this run")
    part, whole = (sum((Decimal(str(value)) for value in pair), Decimal(0)) for pair in sums)
    return Computed(part / whole) if whole else Computed(None, f"nothing of {other} was dispensed")
