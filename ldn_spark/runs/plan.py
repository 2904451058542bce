"""Tell what a study would read and find in a lake, without running it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ldn_spark.ingest.suspicions import warn_of_nobodies
from ldn_spark.lake.faults import translated_faults
from ldn_spark.lake.versions import Lake, LakeVersion
from ldn_spark.runs.exposed import ExposureFound
from ldn_spark.runs.other_exposures import count_other_exposures
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
        others: dispensings of each further exposure in the index period, by its id.
        warnings: where the extract may be too short, and what the codes leave open.
    """

    exposure_years: str
    outcome_years: str
    found: Preflight
    warnings: tuple[str, ...]
    others: Mapping[str, ExposureFound] = field(default_factory=dict)


def plan_study(lake: Lake, version: LakeVersion, study: Study, translation: Translation) -> Plan:
    """Count what the codes of a study find: two small aggregates, nothing written.

    For every further exposure there is one more.

    Raises:
        EmptyInputError: the lake holds no dispensing.
    """
    with translated_faults("planning the study", lake.root):
        found = preflight(lake, version, study, translation)
        others = count_other_exposures(lake, version, study, translation)
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
        others=others,
    )
