"""How many persons and records every step of the selection leaves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ldn_spark.estimates.results import AttritionStep
from ldn_spark.study.criteria import Delivered
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.selection import selection_steps

Row = Mapping[str, Any]


def attrition_steps(
    study: StudyDefinition,
    *,
    delivered: int,
    accepted: int,
    persons: int,
    counted: Sequence[Row],
    undelivered: Collection[Delivered],
) -> tuple[AttritionStep, ...]:
    """The whole way from the delivered lines to the cohort.

    Args:
        study: names the steps, those of `selection_steps`.
        delivered, accepted: lines read and dispensings accepted by the ingest.
        persons: persons in the lake.
        counted: rows of `summarise_attrition`: persons and records by steps passed.
        undelivered: what conditions ask for and the lake does not hold.

    Returns:
        One step per condition, each with what is left and what it excluded. Records are
        dispensings of the registry first, of the exposure in the index period later. How many
        do not meet a condition that is unknown, and excludes nobody, is None.
    """
    left = [
        _Left("delivered", "Lines delivered", None, delivered),
        _Left("registry", "Dispensings accepted into the registry", persons, accepted),
    ]
    for number, step in enumerate(selection_steps(study)):
        rows = [row for row in counted if row["steps_passed"] >= number]
        persons, records = (sum(row[name] for row in rows) for name in ("persons", step.records))
        label, is_unknown = step.label_where(undelivered), bool(step.unknown(undelivered))
        left.append(_Left(step.id, label, persons, records, is_unknown))
    before = (left[0], *left)
    return tuple(
        _step(number, now, earlier)
        for number, (now, earlier) in enumerate(zip(left, before, strict=False), start=1)
    )


@dataclass(frozen=True, slots=True)
class _Left:
    """What a step leaves; `is_unknown`: whether some of it cannot be told."""

    step: str
    reason: str
    persons: int | None
    records: int
    is_unknown: bool = False


def _step(number: int, now: _Left, earlier: _Left) -> AttritionStep:
    persons, records = None, earlier.records - now.records
    if now.persons is not None and earlier.persons is not None:
        persons = earlier.persons - now.persons
    nobody_known = now.is_unknown and not persons
    return AttritionStep(
        reason_id=number,
        step=now.step,
        reason=now.reason,
        number_subjects=now.persons,
        number_records=now.records,
        excluded_subjects=None if nobody_known else persons,
        excluded_records=None if nobody_known else records,
    )
