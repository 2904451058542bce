"""The transforms in study order: DataFrames in, DataFrames out, nothing read or written.

Each takes the cohorts of a run (`StudySet`), one or hundreds of them, in one look at the registry.
Only where a returned package does different things in them there is a look for each.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pyspark.sql import DataFrame

from ldn_spark.schemas import (
    CANDIDATES,
    COHORT,
    COHORT_MOMENTS,
    DAILY_MOMENTS,
    DESIGN_MOMENTS,
    INDEX_EVENTS,
    PERSONS,
)
from ldn_spark.stats.measures import Needs
from ldn_spark.study.criteria import Delivered
from ldn_spark.study.definition import Returns
from ldn_spark.study.reach import Reach, exposure_reach, outcome_reach
from ldn_spark.study.sets import StudySet, by_returns
from ldn_spark.transforms import cohort as selection
from ldn_spark.transforms import exposure, moments, outcomes
from ldn_spark.transforms.cohort import Registry
from ldn_spark.transforms.days import require_years
from ldn_spark.transforms.sets import of_sets, together

Sets = Sequence[StudySet]


def readable(dispensings: DataFrame, reaches: Sequence[Reach], returns: Returns) -> DataFrame:
    """The lines of the years of any reach; of all where a return may cancel one of another year."""
    if returns == "cancel":
        return dispensings
    firsts, lasts = zip(*[reach.years for reach in reaches], strict=True)
    first = None if None in firsts else min(firsts)
    return require_years(dispensings, first, max(lasts))


def find_index_events(sets: Sets, dispensings: DataFrame) -> DataFrame:
    """Everyone with an exposure's ATC codes in the index period, from the exposures' rows alone.

    Args:
        sets: the cohorts.
        dispensings: one row per line of the registry.

    Returns:
        One row per set and person, as in `schemas.INDEX_EVENTS`.
    """
    exposures = [
        exposure.select_exposures(
            readable(dispensings, [exposure_reach(one.definition) for one in alike], returns),
            alike,
            returns=returns,
        )
        for returns, alike in by_returns(sets).items()
    ]
    return exposure.find_candidates(together(exposures), sets).select(*INDEX_EVENTS.names)


def find_candidates(
    sets: Sets, index_events: DataFrame, registry: Registry, undelivered: Collection[Delivered]
) -> DataFrame:
    """What the conditions ask of everyone with an index event, and how far they get.

    The index events should be a table: the look joins it, and sees that it is small. `registry`
    hands out the tables of the lake, of which a condition may ask any; `undelivered` is what the
    lake does not hold.

    Returns:
        One row per set and person, as in `schemas.CANDIDATES`.
    """
    found = selection.add_person_attributes(index_events, registry(PERSONS))
    found = selection.add_stratum(found, sets)
    looks = selection.name_looks(sets)
    found = selection.add_looks(found, index_events, registry, sets, looks, undelivered)
    found = selection.add_steps_passed(found, sets, looks)
    return selection.add_subgroups(found, sets, looks).select(*CANDIDATES.names)


def find_cohort(sets: Sets, candidates: DataFrame) -> DataFrame:
    """The persons of every cohort: one row per set and person, as in `schemas.COHORT`."""
    return selection.require_selected(candidates, sets).select(*COHORT.names)


def measure(sets: Sets, dispensings: DataFrame, cohort: DataFrame) -> DataFrame:
    """The cohorts' dispensings of the examined medicines, in the one look at the registry."""
    return together(
        [
            outcomes.find_cohort_dispensings(
                readable(dispensings, [outcome_reach(one.definition) for one in alike], returns),
                of_sets(cohort, alike, sets),
                alike,
                returns=returns,
            )
            for returns, alike in by_returns(sets).items()
        ]
    )


def sum_outcomes(sets: Sets, cohort_dispensings: DataFrame, *, sums_fit: bool = False) -> DataFrame:
    """DDDs and dispenses per set, design, person and outcome, before and after."""
    return outcomes.sum_person_outcomes(cohort_dispensings, sets, sums_fit=sums_fit)


def summarise(
    sets: Sets,
    cohort: DataFrame,
    cohort_dispensings: DataFrame,
    person_outcomes: DataFrame,
    needs: Needs,
) -> dict[str, DataFrame]:
    """Cohort moments, design moments and daily moments by table: no person from here on.

    Daily moments are only made where a cohort has curves. `needs` are the sums that the statistics
    declare.
    """
    found = {
        COHORT_MOMENTS.name: moments.summarise_cohort(cohort, sets),
        DESIGN_MOMENTS.name: moments.summarise_outcomes(person_outcomes, cohort, sets, needs),
    }
    if drawn := [one for one in sets if one.has_curves]:
        mine = of_sets(cohort_dispensings, drawn, sets)
        found[DAILY_MOMENTS.name] = moments.summarise_days(mine, cohort, drawn)
    return found
