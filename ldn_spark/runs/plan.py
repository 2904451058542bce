"""What a study would read and find in a lake, without running it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ldn_spark.ingest.suspicions import warn_of_nobodies
from ldn_spark.lake.faults import translated_faults
from ldn_spark.lake.versions import Lake, LakeVersion
from ldn_spark.runs.exposed import ExposureFound
from ldn_spark.runs.preflight import Preflight, preflight
from ldn_spark.study.ids import STUDY
from ldn_spark.study.reach import exposure_reach, outcome_reach
from ldn_spark.study.sets import StudySet


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would read, and what a person should know before.

    Attributes:
        exposure_years, outcome_years: the years that are read.
        found: what every code finds, and what would stop a run.
        others: dispensings of each further exposure in the index period, by its id.
        warnings: where the extract may be too short, and what the codes leave open.
    """

    exposure_years: str
    outcome_years: str
    found: Preflight
    warnings: tuple[str, ...]
    others: Mapping[str, ExposureFound] = field(default_factory=dict)


def plan_study(lake: Lake, version: LakeVersion, cohorts: Mapping[str, StudySet]) -> Plan:
    """Count what the codes of a study find: a few small aggregates, nothing written.

    Args:
        lake, version: where it is looked.
        cohorts: those of the study by exposure, its own first.

    Raises:
        EmptyInputError: the lake holds no dispensing.
    """
    with translated_faults("planning the study", lake.root):
        found = preflight(lake, version, cohorts)
    study = cohorts[STUDY]
    first, last = exposure_reach(study.definition).years
    years = outcome_reach(study.definition).closed_years
    return Plan(
        exposure_years=f"{'all' if first is None else first} to {last}",
        outcome_years=f"{years[0]} to {years[1]}",
        found=found,
        others=found.others,
        warnings=(
            *warn_of_nobodies(version.files),
            *map(str, found.warnings),
        ),
    )
