"""Numbers, titles and captions of the tables, from the study definition."""

from __future__ import annotations

from ldn_spark.reporting.cells import View
from ldn_spark.reporting.wording import (
    abbreviations,
    before_and_after,
    confidence,
    index_dispense,
    percent_text,
    strata_sentence,
)
from ldn_spark.study import choices
from ldn_spark.study.definition import StudyDefinition

NUMBERS = {
    "table1": "Table 1",
    "table2": "Table 2",
    "table3": "Table 3",
    "table4": "Table 4",
    "table5": "Table 5",
    "did_ddd": "Table 6",
    "did_users": "Table 7",
    "trend": "Table 8",
    "changes": "Table 9",
    "balance": "Table 10",
    "dispenses": "Table 11",
    "did_dispenses": "Table 12",
    "exposures": "Table 13",
    "exposures_flow": "Table 14",
    "exposures_outcomes": "Table 15",
}
"""How each table is cited."""


def number(study: StudyDefinition, view: View, table: str) -> str:
    """`Table 2`, or `Table 2, women` for a subgroup."""
    if not view.subgroup:
        return NUMBERS[table]
    label = next(group.label for group in study.subgroups if group.id == view.subgroup)
    return f"{NUMBERS[table]}, {label}"


def outcomes_caption(study: StudyDefinition, view: View, *names: str) -> str:
    """Under the tables of outcomes by stratum: windows, strata and abbreviations."""
    return (
        f"Dispensed to patients {before_and_after(study)}. Index date: {index_dispense(study)}. "
        f"{strata_sentence(study, view)} "
        f"{abbreviations(study, *names)}"
    )


def ddd_note(study: StudyDefinition) -> str:
    """What the columns of a DDD table are."""
    return (
        "Means are taken over all patients of a group, users or not. Difference: after − before, "
        f"with {confidence(study)} and p of the paired t-test."
    )


def dispenses_note(study: StudyDefinition) -> str:
    """What the columns of a table of dispenses are, and why it is there."""
    return (
        "Medicines whose doses are not known in a window or in both: no DDD was delivered, or the "
        "DDDs of every patient sum to 0. Means are taken over all patients of a group, users or "
        f"not. Difference: after − before, with {confidence(study)} and p of the paired t-test."
    )


def users_note(study: StudyDefinition) -> str:
    """What the columns of a users table are."""
    chosen = study.statistics
    return (
        "A user collected the medicine at least once in the period. % of all patients of the "
        f"group. Difference: after − before in percentage points, with {confidence(study)} by the "
        f"{choices.PAIRED_INTERVALS[chosen.paired_proportion_interval].words} and p by "
        f"{choices.MCNEMAR[chosen.mcnemar].words}."
    )


def did_note(study: StudyDefinition, unit: str) -> str:
    """What the columns of a difference-in-differences table are."""
    method = choices.MEAN_VARIANCES[study.statistics.did_mean_variance].words
    if unit == "users":
        method = "the normal approximation with paired variances that are not pooled"
    return (
        "Difference-in-differences: change (after − before) in the comparator minus change in "
        "the exposed group; positive means that the exposed group fell more (or rose less). "
        f"{confidence(study)} and p by {method}. Holm and BH: p adjusted for all outcomes of one "
        "contrast by Holm's and by Benjamini and Hochberg's method. MDD: the smallest difference "
        f"that this study would detect with {percent_text(study.statistics.power)} power."
    )


def exposures_note(study: StudyDefinition, unit: str) -> str:
    """What the columns of a table of exposures are, and what its rows are not."""
    interval = choices.PAIRED_INTERVALS[study.statistics.paired_proportion_interval].words
    method = choices.MEAN_VARIANCES[study.statistics.did_mean_variance].words
    of = "dose" if unit == "ddd" else "dispenses"
    between = (
        " Difference-in-differences: change (after − before) in the comparator minus change in "
        "the exposed group, of users by the normal approximation with paired variances that are "
        f"not pooled, of {of} by {method}."
        if study.contrasts
        else ""
    )
    return (
        "Each row is a cohort of its own, by the same rules. A patient may be in several of them: "
        "the rows are not independent, and no test compares them. Change: after − before in "
        f"percentage points, of all patients of a cohort, with {confidence(study)} by the "
        f"{interval}.{between}"
    )


def trend_note(study: StudyDefinition) -> str:
    """What a trend is."""
    return (
        "Slope of the change (after − before) over the strata in the order of exposure, per step "
        f"from one stratum to the next, with {confidence(study)} and p; negative means that more "
        "exposure goes with a larger fall or a smaller rise."
    )
