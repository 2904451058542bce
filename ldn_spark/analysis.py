"""From moments to estimates: which statistic is formed of which group, contrast and outcome.

Names and units of every quantity: docs/estimates.md. Nothing here knows of an engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ldn_spark.curves import cumulative_curves
from ldn_spark.groups import Group, OutcomeMoments, groups_of
from ldn_spark.results import NOT_ESTIMABLE, AttritionStep, Estimate, Results
from ldn_spark.schemas import MICRO
from ldn_spark.stats import contrasts, means, multiplicity, proportions
from ldn_spark.stats.not_estimable import NOBODY, NotEstimable, Number
from ldn_spark.study.definition import OVERALL, Outcome, StudyDefinition

Row = Mapping[str, Any]
Value = int | Decimal | Number

_UNUSED = NotEstimable("nobody used it in either period")


def analyse(
    study: StudyDefinition,
    *,
    cohort_moments: Sequence[Row],
    group_moments: Sequence[Row],
    daily_moments: Sequence[Row],
    attrition: Sequence[AttritionStep],
) -> Results:
    """All estimates, curves and attrition of a study.

    Args:
        study: the definition.
        cohort_moments, group_moments, daily_moments: the rows of these tables, in any order.
        attrition: from `attrition_steps`.

    Returns:
        Results in a fixed order: subgroups, then strata, then outcomes, as in the study file.
    """
    estimates: list[Estimate] = []
    for subgroup in (OVERALL, *(group.id for group in study.subgroups)):
        strata = groups_of(study, subgroup, cohort_moments, group_moments)
        estimates.extend(_estimates(study, subgroup, strata))
    persons = {
        row["stratum"]: row["persons"] for row in cohort_moments if row["subgroup"] == OVERALL
    }
    curves = cumulative_curves(
        study, persons, [row for row in daily_moments if row["subgroup"] == OVERALL]
    )
    return Results(tuple(estimates), tuple(curves), tuple(attrition))


def _estimates(study: StudyDefinition, subgroup: str, strata: list[Group]) -> Iterator[Estimate]:
    """Every estimate of one subgroup, strata first, then all of them together."""
    everyone = sum(strata[1:], start=strata[0])
    whole = Group(OVERALL, *(getattr(everyone, name) for name in Group.__slots__[1:]))
    put = _Writer("" if subgroup == OVERALL else f"{subgroup}/")
    for group in (*strata, whole):
        yield from put("cohort", group.name, "", _cohort(group, whole.persons))
        if study.total_outcome is not None:
            baseline = _baseline(group, group.outcomes[study.total_outcome.id])
            yield from put("baseline", group.name, "", baseline)
    by_name = {group.name: group for group in strata}
    for contrast in study.contrasts:
        pair = by_name[contrast.comparator], by_name[contrast.exposed]
        yield from put("baseline", contrast.id, "", _balance(study, *pair))
    for table, one in (("users", _users), ("ddd", _ddd)):
        for group in (*strata, whole):
            family = [one(study, group.outcomes[outcome.id]) for outcome in study.outcomes]
            yield from put.family(table, group.name, study.outcomes, family)
    for table, one in (("did_users", _did_users), ("did_ddd", _did_ddd)):
        for contrast in study.contrasts:
            pair = by_name[contrast.comparator].outcomes, by_name[contrast.exposed].outcomes
            family = [
                one(study, *(side[outcome.id] for side in pair)) for outcome in study.outcomes
            ]
            yield from put.family(table, contrast.id, study.outcomes, family)
    for table, one in (("trend_users", _trend_users), ("trend_ddd", _trend_ddd)):
        family = [
            one(study, [g.outcomes[outcome.id] for g in strata]) for outcome in study.outcomes
        ]
        yield from put.family(table, OVERALL, study.outcomes, family)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Turns named values into estimates of one subgroup."""

    prefix: str

    def __call__(
        self, table: str, stratum: str, outcome: str, values: Mapping[str, Value]
    ) -> Iterator[Estimate]:
        for quantity, value in values.items():
            key = (table, self.prefix + stratum, outcome, quantity)
            if isinstance(value, NotEstimable):
                yield Estimate(*key, None, NOT_ESTIMABLE, value.reason)
            else:
                yield Estimate(*key, value)

    def family(
        self,
        table: str,
        stratum: str,
        outcomes: Sequence[Outcome],
        rows: Sequence[dict[str, Value]],
    ) -> Iterator[Estimate]:
        """The rows of one family of tests, one per outcome, with adjusted p-values.

        A family is one table and one stratum or contrast: all outcomes of the study.
        """
        p_values = [row["p"] for row in rows]
        adjusted = zip(
            multiplicity.holm(p_values), multiplicity.benjamini_hochberg(p_values), strict=True
        )
        for outcome, row, (holm, bh) in zip(outcomes, rows, adjusted, strict=True):
            yield from self(table, stratum, outcome.id, {**row, "p_holm": holm, "p_bh": bh})


def _share(part: int, whole: int) -> Number:
    return part / whole if whole else NOBODY


def _cohort(group: Group, everyone: int) -> dict[str, Value]:
    return {
        "persons": group.persons,
        "share": _share(group.persons, everyone),
        "women": group.women,
        "men": group.men,
        "sex_unknown": group.persons - group.women - group.men,
        "women_share": _share(group.women, group.persons),
        "age_sum": int(group.age.total),
        "age_known": group.age.n,
        "age_unknown": group.persons - group.age.n,
        "age_mean": group.age.mean,
        "age_sd": group.age.sd,
        "age_se": group.age.se,
        "exposure_fills": group.exposure_fills,
    }


def _baseline(group: Group, total: OutcomeMoments) -> dict[str, Value]:
    return {
        "dispenses_before_mean": total.dispenses_before.mean,
        "dispenses_before_sd": total.dispenses_before.sd,
        "dispenses_before_se": total.dispenses_before.se,
        "users_before": total.counts.users_before,
        "users_before_share": _share(total.counts.users_before, group.persons),
    }


def _balance(study: StudyDefinition, one: Group, other: Group) -> dict[str, Value]:
    values: dict[str, Value] = {
        "smd_women": contrasts.smd_of_proportions(
            one.women, one.persons, other.women, other.persons
        ),
        "smd_age": contrasts.smd_of_means(one.age, other.age),
    }
    if study.total_outcome is not None:
        mine, theirs = (g.outcomes[study.total_outcome.id] for g in (one, other))
        values["smd_dispenses_before"] = contrasts.smd_of_means(
            mine.dispenses_before, theirs.dispenses_before
        )
        values["smd_users_before"] = contrasts.smd_of_proportions(
            mine.counts.users_before, one.persons, theirs.counts.users_before, other.persons
        )
    return values


def _users(study: StudyDefinition, moments: OutcomeMoments) -> dict[str, Value]:
    chosen, counts = study.statistics, moments.counts
    level = chosen.confidence_level
    intervals = {
        name: proportions.paired_interval(counts, level, name) for name in proportions.INTERVALS
    }
    tests = {name: test(counts) for name, test in proportions.MCNEMAR.items()}
    low, high = intervals[chosen.paired_proportion_interval]
    values: dict[str, Value] = {
        "persons": counts.n,
        "both": counts.both,
        "before_only": counts.before_only,
        "after_only": counts.after_only,
        "neither": counts.neither,
        "users_before": counts.users_before,
        "users_after": counts.users_after,
        "share_before": _share(counts.users_before, counts.n),
        "share_after": _share(counts.users_after, counts.n),
        "difference": counts.difference,
        "ci_low": low,
        "ci_high": high,
        "p": tests[chosen.mcnemar],
        "relative_change": contrasts.relative_change(counts.users_before, counts.users_after),
        "minimal_detectable_difference": contrasts.minimal_detectable_difference(
            contrasts.paired_se(counts), level, chosen.power
        ),
        "fills_before": int(moments.dispenses_before.total),
        "fills_after": moments.fills_after,
    }
    for name, (low, high) in intervals.items():
        values |= {f"ci_low_{name}": low, f"ci_high_{name}": high}
    values |= {f"p_{name}": p for name, p in tests.items()}
    return _explain_unused(values, moments)


def _ddd(study: StudyDefinition, moments: OutcomeMoments) -> dict[str, Value]:
    level = study.statistics.confidence_level
    result = means.paired_t(moments.difference, level)
    values: dict[str, Value] = {
        "sum_before": _decimal(moments.before.total),
        "sum_after": _decimal(moments.after.total),
        "mean_before": moments.before.mean,
        "mean_after": moments.after.mean,
        "sd_before": moments.before.sd,
        "sd_after": moments.after.sd,
        "mean_difference": result.estimate,
        "sd_difference": moments.difference.sd,
        "se_difference": result.se,
        "ci_low": result.ci_low,
        "ci_high": result.ci_high,
        "t": result.t,
        "df": result.df,
        "p": result.p,
        "relative_change": contrasts.relative_change(moments.before.total, moments.after.total),
        "minimal_detectable_difference": contrasts.minimal_detectable_difference(
            result.se, level, study.statistics.power
        ),
        "ddd_missing": moments.ddd_missing,
    }
    return _explain_unused(values, moments)


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
    level, chosen = study.statistics.confidence_level, study.statistics.did_mean_variance
    pair = comparator.difference, exposed.difference
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
    for name in ("welch", "pooled"):
        variant = means.did_of_means(*pair, level, variance=name)
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


def _z_values(result: contrasts.ZResult) -> dict[str, Value]:
    names = ("estimate", "se", "ci_low", "ci_high", "p")
    return {name: getattr(result, name) for name in names}
