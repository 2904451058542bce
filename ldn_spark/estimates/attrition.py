"""How many persons and records every step of the selection leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ldn_spark.estimates.results import AttritionStep
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
) -> tuple[AttritionStep, ...]:
    """The whole way from the delivered lines to the cohort.

    Args:
        study: names the steps, those of `selection_steps`.
        delivered, accepted: lines read and dispensings accepted by the ingest.
        persons: persons in the lake.
        counted: rows of `summarise_attrition`: persons and records by steps passed.

    Returns:
        One step per condition, each with what is left and what it excluded. Records are
        dispensings of the registry first, of the exposure in the index period later.
    """
    left: list[tuple[str, str, int | None, int]] = [
        ("delivered", "Lines delivered", None, delivered),
        ("registry", "Dispensings accepted into the registry", persons, accepted),
    ]
    for number, step in enumerate(selection_steps(study)):
        rows = [row for row in counted if row["steps_passed"] >= number]
        persons, records = (sum(row[name] for row in rows) for name in ("persons", step.records))
        left.append((step.id, step.label, persons, records))
    return tuple(
        AttritionStep(
            reason_id=number + 1,
            step=step,
            reason=reason,
            number_subjects=subjects,
            number_records=records,
            excluded_subjects=_less(left, number, 2),
            excluded_records=_less(left, number, 3) or 0,
        )
        for number, (step, reason, subjects, records) in enumerate(left)
    )


def _less(left: Sequence[tuple[Any, ...]], number: int, field: int) -> int | None:
    """What a step excluded; 0 at the first step, None where there is nothing to compare."""
    now = left[number][field]
    earlier = left[number - 1][field] if number else now
    return None if now is None or earlier is None else earlier - now
