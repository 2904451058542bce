"""The cumulative difference between two strata, day by day, from daily moments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ldn_spark.estimates.results import CurvePoint
from ldn_spark.schemas import MICRO
from ldn_spark.stats.means import TResult, welch
from ldn_spark.stats.moments import Moments
from ldn_spark.stats.not_estimable import NotEstimable
from ldn_spark.study.definition import StudyDefinition

Row = Mapping[str, Any]
Steps = Mapping[int, tuple[int, int]]
"""Change of the sum and of the sum of squares of the running sums, by day."""


def cumulative_curves(
    study: StudyDefinition,
    persons: Mapping[str, int],
    daily_moments: Sequence[Row],
    *,
    leave_out: Collection[str] = (),
) -> Iterator[CurvePoint]:
    """Mean running sum of the exposed minus that of the comparator, with a Welch band, per day.

    Sums are cumulated outwards from where the windows face each other, the index date as a rule: a
    day of the window after holds its first day to t, a day of the window before holds t to its
    last, so that the two ends of a curve are the differences of the two windows and their
    asymmetry is the difference-in-differences.

    Args:
        study: names contrast, outcomes and windows.
        persons: size of each stratum.
        daily_moments: rows of the whole cohort, in any order.
        leave_out: outcomes without a curve, because their doses are unknown.
    """
    contrast = study.figures.curve_contrast
    steps: dict[tuple[str, str], dict[int, tuple[int, int]]] = defaultdict(dict)
    for row in daily_moments:
        change = int(row["step_sum"]), int(row["step_sum_squares"])
        steps[row["stratum"], row["outcome"]][row["day"]] = change
    for outcome in study.figures.curve_outcomes:
        if outcome in leave_out:
            continue
        sides = [
            _running_moments(study, persons.get(stratum, 0), steps[stratum, outcome])
            for stratum in (contrast.exposed, contrast.comparator)
        ]
        for day, exposed in sides[0].items():
            result = welch(exposed, sides[1][day], study.statistics.confidence_level)
            yield from _point(contrast.id, outcome, day, result)


def _point(contrast: str, outcome: str, day: int, result: TResult) -> Iterator[CurvePoint]:
    if isinstance(result.estimate, NotEstimable):
        return
    limits = [
        None if isinstance(limit, NotEstimable) else limit
        for limit in (result.ci_low, result.ci_high)
    ]
    yield CurvePoint(contrast, outcome, day, result.estimate, *limits)


def _running_moments(study: StudyDefinition, persons: int, steps: Steps) -> dict[int, Moments]:
    """Moments of the running sums on every day of both windows, in the order of days."""
    moments: dict[int, Moments] = {}
    windows = study.windows
    outwards = (
        range(windows.before.last, windows.before.first - 1, -1),
        range(windows.after.first, windows.after.last + 1),
    )
    for days in outwards:
        total = squares = 0
        for day in days:
            change = steps.get(day, (0, 0))
            total, squares = total + change[0], squares + change[1]
            moments[day] = Moments.from_sums(persons, total, squares, units=MICRO)
    return dict(sorted(moments.items()))
