"""What a study would read and find in a lake, without running it."""

from __future__ import annotations

from dataclasses import dataclass

from ldn_spark.ingest.suspicions import warn_of_nobodies
from ldn_spark.lake.faults import translated_faults
from ldn_spark.lake.versions import Lake, LakeVersion
from ldn_spark.runs.preflight import Preflight, preflight
from ldn_spark.study.atc.translation import Translation
from ldn_spark.study.load import Study
from ldn_spark.study.reach import exposure_reach, outcome_reach


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
    first, last = exposure_reach(study.definition).years
    years = outcome_reach(study.definition).closed_years
    return Plan(
        exposure_years=f"{'all' if first is None else first} to {last}",
        outcome_years=f"{years[0]} to {years[1]}",
        found=found,
        warnings=(
            *warn_of_nobodies(version.files),
            *map(str, found.warnings),
        ),
    )
