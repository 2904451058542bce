"""What a study would read and find in a lake, without running it."""

from __future__ import annotations

from dataclasses import dataclass

from ldn_spark import stages
from ldn_spark.io.faults import translated_faults
from ldn_spark.io.lake import Lake, LakeVersion
from ldn_spark.io.suspicions import warn_of_nobodies
from ldn_spark.preflight import Preflight, preflight
from ldn_spark.study.load import Study
from ldn_spark.study.translation import Translation


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would read, and what a person should know before.

    Attributes:
        exposure_years, outcome_years: the years that are read.
        found: what every code finds, and what would stop a run.
        warnings: where the extract may be too short, and what the codes leave open.
    """

    exposure_years: str
    outcome_years: str
    found: Preflight
    warnings: tuple[str, ...]


def plan_study(lake: Lake, version: LakeVersion, study: Study, translation: Translation) -> Plan:
    """Count what the codes of a study find: two small aggregates, nothing written.

    Raises:
        EmptyInputError: the lake holds no dispensing.
    """
    with translated_faults("planning the study", lake.root):
        found = preflight(lake, version, study, translation)
    first, last = stages.exposure_years(study.definition)
    years = stages.outcome_years(study.definition)
    return Plan(
        exposure_years=f"{'all' if first is None else first} to {last}",
        outcome_years=f"{years[0]} to {years[1]}",
        found=found,
        warnings=(
            *coverage_warnings(version, study),
            *warn_of_nobodies(version.files),
            *map(str, found.warnings),
        ),
    )


def coverage_warnings(version: LakeVersion, study: Study) -> list[str]:
    """Where the extract may be too short for the study's windows."""
    from datetime import date, timedelta

    definition = study.definition
    event, windows = definition.exposure.index_event, definition.windows
    needed_first = event.first + timedelta(days=windows.before.first)
    last_day = max(windows.after.last, definition.strata.counting_window.last)
    needed_last = event.last + timedelta(days=last_day)
    warnings = []
    if not version.first_dispensed_on:
        return ["the lake holds no dispensing"]
    tolerance = timedelta(days=31)
    if date.fromisoformat(version.first_dispensed_on) > needed_first + tolerance:
        warnings.append(
            f"the extract begins on {version.first_dispensed_on}; the study looks back to "
            f"{needed_first}: use before the index date may be missed"
        )
    if date.fromisoformat(version.last_dispensed_on) < needed_last - tolerance:
        warnings.append(
            f"the extract ends on {version.last_dispensed_on}; the study looks ahead to "
            f"{needed_last}: use after the index date may be missed"
        )
    return warnings
