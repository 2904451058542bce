"""The constructed cohort as arrays, and the tables a study of it prints."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from ldn_spark.analysis import Row, analyse
from ldn_spark.published.comparison import Comparison, compare
from ldn_spark.published.values import Published
from ldn_spark.results import Results
from ldn_spark.schemas import MICRO
from ldn_spark.study.definition import OVERALL, StudyDefinition
from ldn_spark.synthetic.calibration.leaves import find_leaves, membership

TENTH = MICRO // 10
"""Millionths of a DDD in the unit of the cohort's amounts."""


@dataclass(frozen=True)
class Cohort:
    """One element or row per person; columns are the leaves of `find_leaves`, in order.

    Attributes:
        stratum: number of the stratum in the study's order.
        woman: 0 or 1.
        age: index year - birth year.
        before, after: tenths of DDDs in either window: (person, leaf).
        dispenses_before, dispenses_after: dispenses: (person, leaf), 0 where no DDDs are.
    """

    stratum: np.ndarray
    woman: np.ndarray
    age: np.ndarray
    before: np.ndarray
    after: np.ndarray
    dispenses_before: np.ndarray
    dispenses_after: np.ndarray

    def __len__(self) -> int:
        return len(self.stratum)

    @classmethod
    def together(cls, parts: list[Cohort]) -> Cohort:
        """The persons of several cohorts."""
        return cls(
            *(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls))
        )


def tabulate(cohort: Cohort, study: StudyDefinition) -> Results:
    """All estimates of a study of the cohort, by the analysis every run uses."""
    people: list[Row] = []
    outcomes: list[Row] = []
    member = membership(study, find_leaves(study))
    for number, level in enumerate(study.strata.levels):
        chosen = cohort.stratum == number
        people.append(_cohort_moments(cohort, chosen, level.id, level.at_least))
        for outcome, inside in zip(study.outcomes, member, strict=True):
            row = _group_moments(cohort, chosen, inside)
            if row["both"] + row["before_only"] + row["after_only"]:
                names = {"subgroup": OVERALL, "stratum": level.id, "outcome": outcome.id}
                outcomes.append({**names, **row})
    return analyse(
        study, cohort_moments=people, group_moments=outcomes, daily_moments=[], attrition=[]
    )


def check(cohort: Cohort, study: StudyDefinition, published: Published) -> Comparison:
    """What is published beside what a study of the cohort prints."""
    return compare(published, tabulate(cohort, study), study)


def _cohort_moments(cohort: Cohort, chosen: np.ndarray, stratum: str, least: int) -> Row:
    age = cohort.age[chosen].astype(np.int64)
    women = int(cohort.woman[chosen].sum())
    return {
        "subgroup": OVERALL,
        "stratum": stratum,
        "persons": len(age),
        "women": women,
        "men": len(age) - women,
        "age_known": len(age),
        "age_sum": int(age.sum()),
        "age_sum_squares": int((age**2).sum()),
        "exposure_dispenses": least * len(age),  # at least; the dates decide
    }


def _group_moments(cohort: Cohort, chosen: np.ndarray, inside: np.ndarray) -> Row:
    before, after, fills, later = (
        getattr(cohort, name)[chosen][:, inside].sum(axis=1).astype(np.int64)
        for name in ("before", "after", "dispenses_before", "dispenses_after")
    )
    used, uses = fills > 0, later > 0
    unit = TENTH**2
    return {
        "both": int((used & uses).sum()),
        "before_only": int((used & ~uses).sum()),
        "after_only": int((~used & uses).sum()),
        "dispenses_before": int(fills.sum()),
        "dispenses_after": int(later.sum()),
        "dispenses_before_sum_squares": int((fills**2).sum()),
        "dispenses_after_sum_squares": int((later**2).sum()),
        "dispenses_difference_sum_squares": int(((later - fills) ** 2).sum()),
        "ddd_missing_before": 0,
        "ddd_missing_after": 0,
        "sum_before": int(before.sum()) * TENTH,
        "sum_after": int(after.sum()) * TENTH,
        "sum_squares_before": int((before**2).sum()) * unit,
        "sum_squares_after": int((after**2).sum()) * unit,
        "sum_squares_difference": int(((after - before) ** 2).sum()) * unit,
        "largest": int(max(before.max(initial=0), after.max(initial=0))) * TENTH,
    }
