"""The transforms in study order: DataFrames in, DataFrames out, nothing read or written."""

from __future__ import annotations

from pyspark.sql import DataFrame, functions as F

from ldn_spark.schemas import COHORT
from ldn_spark.study.criteria import Criterion
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.load import Study
from ldn_spark.transforms import cohort as selection
from ldn_spark.transforms import moments, outcomes
from ldn_spark.transforms.exposure import find_candidates, select_exposures


def exposure_years(study: StudyDefinition) -> tuple[int | None, int]:
    """First and last year whose exposures are looked at; None = from the beginning."""
    event = study.exposure.index_event
    last = event.last.toordinal() + study.strata.counting_window.last
    first: int | None = event.first.year
    if event.washout_days == "ever":
        first = None
    elif event.washout_days != "none":
        first = _year(event.first.toordinal() - event.washout_days)
    return first, _year(last)


def outcome_years(study: StudyDefinition) -> tuple[int, int]:
    """First and last year that any observation window can reach."""
    event = study.exposure.index_event
    return (
        _year(event.first.toordinal() + study.windows.before.first),
        _year(event.last.toordinal() + study.windows.after.last),
    )


def _year(ordinal: int) -> int:
    from datetime import date

    return date.fromordinal(ordinal).year


def in_years(dispensings: DataFrame, first: int | None, last: int) -> DataFrame:
    """Keep the dispensings of these years, both included, so that other years are never read."""
    dispensings = dispensings.where(F.col("year") <= last)
    return dispensings if first is None else dispensings.where(F.col("year") >= first)


def find_candidates_of(study: Study, dispensings: DataFrame, persons: DataFrame) -> DataFrame:
    """Everyone with the exposure's ATC codes in the index period, with all that decides on them.

    Returns:
        One row per person: index_day, index_date, previous_day, exposure_dispenses, stratum,
        atc_records, product_records, sex, age, and a count per look of a criterion.
    """
    definition = study.definition
    exposures = select_exposures(
        in_years(dispensings, *exposure_years(definition)),
        definition.exposure,
        study.exposure_products,
    )
    candidates = find_candidates(exposures, definition.exposure.index_event, definition.strata)
    candidates = selection.add_person_attributes(candidates, persons)
    candidates = selection.add_stratum(candidates, definition)
    return selection.add_leaf_counts(
        candidates, dispensings, selection.name_leaves(_criteria(definition))
    )


def _criteria(definition: StudyDefinition) -> list[Criterion]:
    return [step.keep_if for step in (*definition.eligibility, *definition.subgroups)]


def find_cohort(study: Study, candidates: DataFrame) -> DataFrame:
    """The persons of the study: one row each, as in `schemas.COHORT`."""
    leaves = selection.name_leaves(_criteria(study.definition))
    steps = selection.selection_steps(study.definition, leaves)
    chosen = selection.require_selected(candidates, steps)
    chosen = selection.add_subgroups(chosen, study.definition.subgroups, leaves)
    return chosen.select(*COHORT.names)


def find_attrition(study: Study, candidates: DataFrame) -> tuple[list[str], DataFrame]:
    """The step ids, and one row with persons and records after each of them."""
    leaves = selection.name_leaves(_criteria(study.definition))
    steps = selection.selection_steps(study.definition, leaves)
    return [name for name, _, _ in steps], selection.summarise_attrition(candidates, steps)


def measure(study: Study, dispensings: DataFrame, cohort: DataFrame) -> DataFrame:
    """The cohort's dispensings of the examined medicines, in the one look at the registry."""
    definition = study.definition
    return outcomes.sum_cohort_dispensings(
        in_years(dispensings, *outcome_years(definition)),
        cohort,
        prefixes=definition.outcome_prefixes,
        windows=definition.windows,
    )


def sum_outcomes(study: Study, cohort_dispensings: DataFrame) -> DataFrame:
    """DDDs and dispenses per person and outcome, before and after."""
    definition = study.definition
    return outcomes.sum_person_outcomes(
        cohort_dispensings, outcomes=definition.outcomes, windows=definition.windows
    )


def summarise(
    study: Study, cohort: DataFrame, cohort_dispensings: DataFrame, person_outcomes: DataFrame
) -> tuple[DataFrame, DataFrame, DataFrame]:
    """Cohort moments, group moments and daily moments: no person from here on."""
    wanted = study.definition.figures.curve_outcomes
    shown = [outcome for outcome in study.definition.outcomes if outcome.id in wanted]
    return (
        moments.summarise_cohort(cohort),
        moments.summarise_outcomes(person_outcomes, cohort),
        moments.summarise_days(cohort_dispensings, cohort, shown),
    )
