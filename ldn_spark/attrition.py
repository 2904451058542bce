"""How many persons and records every step of the selection leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ldn_spark.results import AttritionStep
from ldn_spark.study.definition import StudyDefinition

Row = Mapping[str, Any]


def attrition_steps(
    study: StudyDefinition,
    *,
    step_ids: Sequence[str],
    delivered: int,
    accepted: int,
    persons: int,
    counted: Sequence[Row],
) -> tuple[AttritionStep, ...]:
    """The whole way from the delivered lines to the cohort.

    Args:
        study: names the steps.
        step_ids: the selection's steps in order, from `stages.step_ids`.
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
    labels = _labels(study)
    for number, step in enumerate(step_ids):
        rows = [row for row in counted if row["steps_passed"] >= number]
        records = "atc_records" if step == "exposure_atc" else "product_records"
        left.append(
            (
                step,
                labels[step],
                sum(row["persons"] for row in rows),
                sum(row[records] for row in rows),
            )
        )
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


def _labels(study: StudyDefinition) -> dict[str, str]:
    exposure, event = study.exposure, study.exposure.index_event
    period = f"{event.first.isoformat()} to {event.last.isoformat()}"
    if (event.first.month, event.first.day, event.last.month, event.last.day) == (1, 1, 12, 31):
        years = sorted({event.first.year, event.last.year})
        period = "–".join(str(year) for year in years)
    washout = "before the index date"
    if event.washout_days != "ever":
        number = event.washout_days
        washout = f"in the {'day' if number == 1 else f'{number} days'} before the index date"
    labels = {
        "exposure_atc": f"Collected {', '.join(exposure.atc)} in {period}",
        "exposure_product": f"Collected {exposure.name} (by product number) in {period}",
        "washout": f"No {exposure.abbreviation} {washout}",
    }
    return labels | {step.id: step.label for step in study.eligibility}
