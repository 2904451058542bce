"""One outcome within a group, between two groups and along the strata: every number of it.

Names, units and formulas of every quantity: `catalogue.tables`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction

from ldn_spark.estimates.groups import OutcomeMoments
from ldn_spark.schemas import MICRO
from ldn_spark.stats import contrasts, means, proportions
from ldn_spark.stats.measures import MISSING, PAIRED_COUNTS, PAIRED_MOMENTS, TOTALS, Needs, together
from ldn_spark.stats.moments import Moments
from ldn_spark.stats.not_estimable import NOBODY, NotEstimable, Number
from ldn_spark.study import choices
from ldn_spark.study.definition import StudyDefinition

Value = int | Decimal | Number

_INTERVALS = choices.PAIRED_INTERVALS.matched(proportions.INTERVALS)
_TESTS = choices.MCNEMAR.matched(proportions.MCNEMAR)
_VARIANCES = choices.MEAN_VARIANCES.matched(means.VARIANCES)
_UNUSED = NotEstimable("nobody used it in either period")


def share(part: int, whole: int) -> Number:
    """A part of a whole; of no persons it is not estimable."""
    return part / whole if whole else NOBODY


def _users(study: StudyDefinition, moments: OutcomeMoments) -> dict[str, Value]:
    chosen, counts = study.statistics, moments.counts
    level = chosen.confidence_level
    intervals = {name: proportions.paired_interval(counts, level, name) for name in _INTERVALS}
    tests = {name: test(counts) for name, test in _TESTS.items()}
    low, high = intervals[chosen.paired_proportion_interval]
    values: dict[str, Value] = {
        "persons": counts.n,
        "both": counts.both,
        "before_only": counts.before_only,
        "after_only": counts.after_only,
        "neither": counts.neither,
        "users_before": counts.users_before,
        "users_after": counts.users_after,
        "share_before": share(counts.users_before, counts.n),
        "share_after": share(counts.users_after, counts.n),
        "difference": counts.difference,
        "ci_low": low,
        "ci_high": high,
        "p": tests[chosen.mcnemar],
        "relative_change": contrasts.relative_change(counts.users_before, counts.users_after),
        "minimal_detectable_difference": contrasts.minimal_detectable_difference(
            contrasts.paired_se(counts), level, chosen.power
        ),
        "fills_before": moments.fills_before,
        "fills_after": moments.fills_after,
    }
    for name, (low, high) in intervals.items():
        values |= {f"ci_low_{name}": low, f"ci_high_{name}": high}
    values |= {f"p_{name}": p for name, p in tests.items()}
    return _explain_unused(values, moments)


def _ddd(study: StudyDefinition, moments: OutcomeMoments) -> dict[str, Value]:
    values = {
        "sum_before": _decimal(moments.before.total),
        "sum_after": _decimal(moments.after.total),
        **_paired_means(study, moments.before, moments.after, moments.difference),
        "ddd_missing": moments.ddd_missing_before + moments.ddd_missing_after,
        "ddd_missing_before": moments.ddd_missing_before,
        "ddd_missing_after": moments.ddd_missing_after,
    }
    return _explain_unused(values, moments)


def _dispenses(study: StudyDefinition, moments: OutcomeMoments) -> dict[str, Value]:
    before, after = moments.dispenses_before, moments.dispenses_after
    values = {
        "fills_before": moments.fills_before,
        "fills_after": moments.fills_after,
        **_paired_means(study, before, after, moments.dispenses_difference),
    }
    return _explain_unused(values, moments)


def _paired_means(
    study: StudyDefinition, before: Moments, after: Moments, difference: Moments
) -> dict[str, Value]:
    level = study.statistics.confidence_level
    result = means.paired_t(difference, level)
    return {
        "mean_before": before.mean,
        "mean_after": after.mean,
        "sd_before": before.sd,
        "sd_after": after.sd,
        "mean_difference": result.estimate,
        "sd_difference": difference.sd,
        "se_difference": result.se,
        "ci_low": result.ci_low,
        "ci_high": result.ci_high,
        "t": result.t,
        "df": result.df,
        "p": result.p,
        "relative_change": contrasts.relative_change(before.total, after.total),
        "minimal_detectable_difference": contrasts.minimal_detectable_difference(
            result.se, level, study.statistics.power
        ),
    }


def _decimal(value: Fraction) -> Decimal:
    """An exact sum of micro-DDD as a decimal number of DDD."""
    return Decimal(int(value * MICRO)).scaleb(-6)


def _explain_unused(values: dict[str, Value], moments: OutcomeMoments) -> dict[str, Value]:
    """Give an outcome that nobody used the plainest reason for what it has no estimate of."""
    if moments.counts.n == 0 or moments.counts.neither < moments.counts.n:
        return values
    return {
        name: _UNUSED if isinstance(value, NotEstimable) else value
        for name, value in values.items()
    }


def _did_users(
    study: StudyDefinition, comparator: OutcomeMoments, exposed: OutcomeMoments
) -> dict[str, Value]:
    level = study.statistics.confidence_level
    result = contrasts.did_of_proportions(comparator.counts, exposed.counts, level)
    return {
        "estimate": result.estimate,
        "se": result.se,
        "ci_low": result.ci_low,
        "ci_high": result.ci_high,
        "p": result.p,
        "minimal_detectable_difference": contrasts.minimal_detectable_difference(
            result.se, level, study.statistics.power
        ),
    }


def _did_ddd(
    study: StudyDefinition, comparator: OutcomeMoments, exposed: OutcomeMoments
) -> dict[str, Value]:
    return _did_means(study, comparator.difference, exposed.difference)


def _did_dispenses(
    study: StudyDefinition, comparator: OutcomeMoments, exposed: OutcomeMoments
) -> dict[str, Value]:
    return _did_means(study, comparator.dispenses_difference, exposed.dispenses_difference)


def _did_means(study: StudyDefinition, comparator: Moments, exposed: Moments) -> dict[str, Value]:
    level, chosen = study.statistics.confidence_level, study.statistics.did_mean_variance
    pair = comparator, exposed
    result = means.did_of_means(*pair, level, variance=chosen)
    values: dict[str, Value] = {
        "estimate": result.estimate,
        "se": result.se,
        "df": result.df,
        "ci_low": result.ci_low,
        "ci_high": result.ci_high,
        "p": result.p,
        "minimal_detectable_difference": contrasts.minimal_detectable_difference(
            result.se, level, study.statistics.power
        ),
    }
    for name, of_two in _VARIANCES.items():
        variant = of_two(*pair, level)
        values |= {
            f"ci_low_{name}": variant.ci_low,
            f"ci_high_{name}": variant.ci_high,
            f"p_{name}": variant.p,
        }
    return values


def _trend_users(study: StudyDefinition, groups: list[OutcomeMoments]) -> dict[str, Value]:
    level = study.statistics.confidence_level
    return _z_values(contrasts.trend_of_proportions([group.counts for group in groups], level))


def _trend_ddd(study: StudyDefinition, groups: list[OutcomeMoments]) -> dict[str, Value]:
    level = study.statistics.confidence_level
    return _z_values(contrasts.trend_of_means([group.difference for group in groups], level))


def _trend_dispenses(study: StudyDefinition, groups: list[OutcomeMoments]) -> dict[str, Value]:
    level = study.statistics.confidence_level
    return _z_values(
        contrasts.trend_of_means([group.dispenses_difference for group in groups], level)
    )


def _z_values(result: contrasts.ZResult) -> dict[str, Value]:
    names = ("estimate", "se", "ci_low", "ci_high", "p")
    return {name: getattr(result, name) for name in names}


Within = Callable[[StudyDefinition, OutcomeMoments], dict[str, Value]]
Between = Callable[[StudyDefinition, OutcomeMoments, OutcomeMoments], dict[str, Value]]
WITHIN: dict[str, Within] = {"users": _users, "ddd": _ddd, "dispenses": _dispenses}
"""One group before and after, by table."""
BETWEEN: dict[str, Between] = {
    "did_users": _did_users,
    "did_ddd": _did_ddd,
    "did_dispenses": _did_dispenses,
}
"""The changes of two groups, comparator first, by table."""
ALONG = {
    "trend_users": _trend_users,
    "trend_ddd": _trend_ddd,
    "trend_dispenses": _trend_dispenses,
}
"""The changes of all strata in their order, by table."""
DOSES = ("ddd", "did_ddd", "trend_ddd")
"""The tables that are of DDDs."""

_COUNTS: Needs = {"users": PAIRED_COUNTS}
_DOSES: Needs = {"ddd": (*PAIRED_MOMENTS, *MISSING), "dispenses": TOTALS}
_DISPENSES: Needs = {"dispenses": PAIRED_MOMENTS}
NEEDS: Mapping[str, Needs] = {
    "users": together([_COUNTS, {"dispenses": TOTALS}]),
    "ddd": together([_COUNTS, _DOSES]),
    "dispenses": together([_COUNTS, _DISPENSES]),
    "did_users": _COUNTS,
    "did_ddd": _DOSES,
    "did_dispenses": _DISPENSES,
    "trend_users": _COUNTS,
    "trend_ddd": _DOSES,
    "trend_dispenses": _DISPENSES,
}
"""The sums over persons that the numbers of a table are made of."""
