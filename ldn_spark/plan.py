"""What a study would read and find in a lake, without running it."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import functions as F

from ldn_spark import schemas, stages
from ldn_spark.io import collect
from ldn_spark.io.lake import Lake, LakeVersion
from ldn_spark.study.load import Study
from ldn_spark.transforms.codes import begins_with_any
from ldn_spark.transforms.exposure import select_exposures


@dataclass(frozen=True, slots=True)
class OutcomePlan:
    """What the codes of one outcome find in the years a run would read."""

    id: str
    asked: tuple[str, ...]
    codes_found: int
    dispensings: int
    may_be_empty: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would read, and what a person should know before."""

    exposure_years: str
    outcome_years: str
    exposure_dispensings: int
    product_dispensings: int
    outcomes: tuple[OutcomePlan, ...]
    warnings: tuple[str, ...]


def plan_study(lake: Lake, version: LakeVersion, study: Study) -> Plan:
    """Count what the codes of a study find: two small aggregates, nothing written."""
    definition = study.definition
    dispensings = lake.read(schemas.DISPENSINGS, version)
    first, last = stages.exposure_years(definition)
    event = definition.exposure.index_event
    in_period = dispensings.where(
        F.col("year").between(event.first.year, event.last.year)
        & F.col("dispensed_on").between(F.lit(event.first), F.lit(event.last))
    )
    exposures = collect.one(
        select_exposures(in_period, definition.exposure, study.exposure_products).agg(
            F.count(F.lit(1)).alias("atc"),
            F.count(F.when(F.col("is_exposure"), F.lit(1))).alias("product"),
        )
    )
    years = stages.outcome_years(definition)
    found = collect.rows(
        stages.in_years(dispensings, *years)
        .where(begins_with_any("atc", definition.outcome_prefixes))
        .groupBy("atc")
        .agg(F.count(F.lit(1)).alias("rows"))
    )
    outcomes = []
    for outcome in definition.outcomes:
        mine = [row for row in found if row["atc"].startswith(outcome.atc)]
        outcomes.append(
            OutcomePlan(
                outcome.id,
                outcome.atc,
                len(mine),
                sum(row["rows"] for row in mine),
                outcome.may_be_empty,
            )
        )
    return Plan(
        exposure_years=f"{'all' if first is None else first} to {last}",
        outcome_years=f"{years[0]} to {years[1]}",
        exposure_dispensings=exposures["atc"],
        product_dispensings=exposures["product"],
        outcomes=tuple(outcomes),
        warnings=tuple(coverage_warnings(version, study)),
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
