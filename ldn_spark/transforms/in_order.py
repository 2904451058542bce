"""The transforms in study order: DataFrames in, DataFrames out, nothing read or written."""

from __future__ import annotations

from collections.abc import Collection

from pyspark.sql import DataFrame

from ldn_spark.schemas import CANDIDATES, COHORT, INDEX_EVENTS, PERSONS
from ldn_spark.stats.measures import Needs
from ldn_spark.study.atc.translation import Translation
from ldn_spark.study.criteria import Delivered
from ldn_spark.study.definition import Returns
from ldn_spark.study.load import Study
from ldn_spark.study.reach import Reach, exposure_reach, outcome_reach
from ldn_spark.transforms import cohort as selection
from ldn_spark.transforms import exposure, moments, outcomes
from ldn_spark.transforms.cohort import Registry
from ldn_spark.transforms.days import require_years
from ldn_spark.transforms.exposure import select_exposures


def readable(dispensings: DataFrame, reach: Reach, returns: Returns) -> DataFrame:
    """The lines of the years of a reach; of all where a return may cancel what lies in another."""
    return dispensings if returns == "cancel" else require_years(dispensings, *reach.years)


def find_index_events(
    study: Study,
    dispensings: DataFrame,
    translation: Translation,
    returns: Returns,
) -> DataFrame:
    """Everyone with the exposure's ATC codes in the index period, from the exposure's rows alone.

    Args:
        study: what is asked.
        dispensings: one row per line of the registry.
        translation: how the lake's codes are read in the study's ATC index.
        returns: what a returned package does: as the study says, or `as_dispense` where the
            registry is known to hold no return, which is the least work.

    Returns:
        One row per person, as in `schemas.INDEX_EVENTS`.
    """
    definition = study.definition
    exposures = select_exposures(
        readable(dispensings, exposure_reach(definition), returns),
        definition.exposure,
        study.exposure_products,
        translation,
        returns=returns,
    )
    found = exposure.find_candidates(exposures, definition.exposure.index_event, definition.strata)
    return found.select(*INDEX_EVENTS.names)


def find_candidates(
    study: Study,
    index_events: DataFrame,
    registry: Registry,
    translation: Translation,
    returns: Returns,
    undelivered: Collection[Delivered],
) -> DataFrame:
    """What the conditions ask of everyone with an index event, and how far they get.

    The index events should be a table: every look joins it, and sees that it is small. `registry`
    hands out the tables of the lake, of which a condition may ask any; `returns` is that of
    `find_index_events`; `undelivered` is what the lake does not hold.

    Returns:
        One row per person, as in `schemas.CANDIDATES`.
    """
    definition = study.definition
    found = selection.add_person_attributes(index_events, registry(PERSONS))
    found = selection.add_stratum(found, definition)
    criteria = [step.keep_if for step in (*definition.eligibility, *definition.subgroups)]
    looks = selection.name_looks(criteria)
    found = selection.add_looks(
        found,
        index_events,
        registry,
        looks,
        translation,
        returns=returns,
        undelivered=undelivered,
    )
    found = selection.add_steps_passed(found, definition, looks)
    found = selection.add_subgroups(found, definition.subgroups, looks)
    return found.select(*CANDIDATES.names)


def find_cohort(study: Study, candidates: DataFrame) -> DataFrame:
    """The persons of the study: one row each, as in `schemas.COHORT`."""
    chosen = selection.require_selected(candidates, study.definition)
    return chosen.select(*COHORT.names)


def measure(
    study: Study,
    dispensings: DataFrame,
    cohort: DataFrame,
    translation: Translation,
    returns: Returns,
) -> DataFrame:
    """The cohort's dispensings of the examined medicines, in the one look at the registry.

    `returns` is that of `find_index_events`.
    """
    definition = study.definition
    return outcomes.sum_cohort_dispensings(
        readable(dispensings, outcome_reach(definition), returns),
        cohort,
        prefixes=definition.outcome_prefixes,
        windows=tuple(definition.windows_by_design.values()),
        translation=translation,
        returns=returns,
    )


def sum_outcomes(study: Study, cohort_dispensings: DataFrame) -> DataFrame:
    """DDDs and dispenses per design, person and outcome, before and after."""
    definition = study.definition
    return outcomes.sum_person_outcomes(
        cohort_dispensings,
        outcomes=definition.outcomes,
        designs=definition.windows_by_design,
    )


def summarise(
    study: Study,
    cohort: DataFrame,
    cohort_dispensings: DataFrame,
    person_outcomes: DataFrame,
    needs: Needs,
) -> tuple[DataFrame, DataFrame, DataFrame]:
    """Cohort moments, design moments and daily moments: no person from here on.

    `needs` are the sums that the study's statistics declare.
    """
    most = moments.most_fills(study.definition)
    wanted = study.definition.figures.curve_outcomes
    shown = [outcome for outcome in study.definition.outcomes if outcome.id in wanted]
    return (
        moments.summarise_cohort(cohort, most),
        moments.summarise_outcomes(person_outcomes, cohort, needs, most),
        moments.summarise_days(cohort_dispensings, cohort, shown, study.definition.windows),
    )
