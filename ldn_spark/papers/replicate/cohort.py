"""The constructed cohort as arrays, and the tables a study of it prints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from ldn_spark.estimates.analysis import Row, analyse
from ldn_spark.estimates.results import Results
from ldn_spark.papers.compare.comparison import Comparison, compare
from ldn_spark.papers.replicate.leaves import find_leaves, membership
from ldn_spark.papers.values import Published
from ldn_spark.schemas import MICRO
from ldn_spark.stats.measures import PARTS, PARTS_OF_ANY, Measure, Part
from ldn_spark.study.definition import MAIN, OVERALL, StudyDefinition

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
        people.append(_cohort_moments(cohort, chosen, level.at_least))
        for outcome, inside in zip(study.outcomes, member, strict=True):
            names = {"design": MAIN, "subgroup": OVERALL, "fills": level.at_least}
            names |= {"outcome": outcome.id}
            outcomes += [names | row for row in _design_moments(cohort, chosen, inside)]
    return analyse(
        study, cohort_moments=people, design_moments=outcomes, daily_moments=[], attrition=[]
    )


def check(cohort: Cohort, study: StudyDefinition, published: Published) -> Comparison:
    """What is published beside what a study of the cohort prints."""
    return compare(published, tabulate(cohort, study), study)


def _cohort_moments(cohort: Cohort, chosen: np.ndarray, least: int) -> Row:
    age = cohort.age[chosen].astype(np.int64)
    women = int(cohort.woman[chosen].sum())
    return {
        "subgroup": OVERALL,
        "fills": least,  # at least; the dates decide
        "persons": len(age),
        "women": women,
        "men": len(age) - women,
        "age_known": len(age),
        "age_sum": int(age.sum()),
        "age_sum_squares": int((age**2).sum()),
        "exposure_dispenses": least * len(age),
    }


def _design_moments(cohort: Cohort, chosen: np.ndarray, inside: np.ndarray) -> Iterator[Row]:
    """The rows of one stratum and outcome, by measure; none where nobody used it."""
    before, after, fills, later = (
        getattr(cohort, name)[chosen][:, inside].sum(axis=1).astype(np.int64)
        for name in ("before", "after", "dispenses_before", "dispenses_after")
    )
    if not (fills.any() or later.any()):
        return
    yield _sums("users", (fills > 0).astype(np.int64), (later > 0).astype(np.int64))
    yield _sums("ddd", before, after, unit=TENTH)
    yield _sums("dispenses", fills, later)


def _sums(measure: Measure, x: np.ndarray, y: np.ndarray, unit: int = 1) -> Row:
    products = {"xx": x * x, "yy": y * y, "xy": x * y}
    return {
        "measure": measure,
        "x": int(x.sum()) * unit,
        "y": int(y.sum()) * unit,
        **{name: int(values.sum()) * unit**2 for name, values in products.items()},
        "x_missing": 0,
        "y_missing": 0,
        **dict.fromkeys(PARTS_OF_ANY),
        **{name: part for name, part in _parts(x, y, unit).items() if name in PARTS[measure]},
    }


def _parts(x: np.ndarray, y: np.ndarray, unit: int) -> dict[Part, int]:
    """What single persons add to the sums; no amount is below 0."""
    (x_second, x_largest), (y_second, y_largest) = (
        np.sort(np.append(side, [0, 0]))[-2:].tolist() for side in (x, y)
    )
    return {
        "x_largest": x_largest * unit,
        "y_largest": y_largest * unit,
        "x_second": x_second * unit,
        "y_second": y_second * unit,
        "x_negative": 0,
        "y_negative": 0,
        "changed": int((x != y).sum()),
    }
