"""From moments to estimates: which statistic is formed of which group, contrast and outcome.

Names and units of every quantity: docs/estimates.md. Nothing here knows of an engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ldn_spark import comparisons
from ldn_spark.comparisons import Value, share
from ldn_spark.curves import cumulative_curves
from ldn_spark.groups import Group, OutcomeMoments, groups_of
from ldn_spark.results import NOT_ESTIMABLE, AttritionStep, Estimate, Results
from ldn_spark.stats import contrasts, multiplicity
from ldn_spark.stats.not_estimable import NotEstimable
from ldn_spark.study.definition import OVERALL, Outcome, StudyDefinition

Row = Mapping[str, Any]


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
    without_ddd = outcomes_without_ddd(groups_of(study, OVERALL, cohort_moments, group_moments))
    for subgroup in (OVERALL, *(group.id for group in study.subgroups)):
        strata = groups_of(study, subgroup, cohort_moments, group_moments)
        estimates.extend(_estimates(study, subgroup, strata, without_ddd))
    persons = {
        row["stratum"]: row["persons"] for row in cohort_moments if row["subgroup"] == OVERALL
    }
    curves = cumulative_curves(
        study,
        persons,
        [row for row in daily_moments if row["subgroup"] == OVERALL],
        leave_out=without_ddd,
    )
    return Results(tuple(estimates), tuple(curves), tuple(attrition))


def outcomes_without_ddd(strata: Sequence[Group]) -> frozenset[str]:
    """The outcomes whose doses are unknown: a sum of no DDD at all is no 0.

    It is a property of the delivery, so the whole cohort decides and not a stratum. An outcome
    that nobody used has a dose of 0, unless no dispense of any outcome has a DDD.
    """
    outcomes = sum(strata[1:], start=strata[0]).outcomes
    used = {name: one for name, one in outcomes.items() if one.counts.neither < one.counts.n}
    lacking = frozenset(name for name, one in used.items() if one.lacks_ddd)
    return frozenset(outcomes) if lacking and len(lacking) == len(used) else lacking


def _estimates(
    study: StudyDefinition, subgroup: str, strata: list[Group], without_ddd: frozenset[str]
) -> Iterator[Estimate]:
    """Every estimate of one subgroup, strata first, then all of them together."""
    everyone = sum(strata[1:], start=strata[0])
    whole = Group(OVERALL, *(getattr(everyone, name) for name in Group.__slots__[1:]))
    put = _Writer("" if subgroup == OVERALL else f"{subgroup}/", without_ddd)
    for group in (*strata, whole):
        yield from put("cohort", group.name, "", _cohort(group, whole.persons))
        if study.total_outcome is not None:
            baseline = _baseline(group, group.outcomes[study.total_outcome.id])
            yield from put("baseline", group.name, "", baseline)
    by_name = {group.name: group for group in strata}
    for contrast in study.contrasts:
        pair = by_name[contrast.comparator], by_name[contrast.exposed]
        yield from put("baseline", contrast.id, "", _balance(study, *pair))
    for table, one in comparisons.WITHIN.items():
        for group in (*strata, whole):
            family = [one(study, group.outcomes[outcome.id]) for outcome in study.outcomes]
            yield from put.family(table, group.name, study.outcomes, family)
    for table, one in comparisons.BETWEEN.items():
        for contrast in study.contrasts:
            pair = by_name[contrast.comparator].outcomes, by_name[contrast.exposed].outcomes
            family = [
                one(study, *(side[outcome.id] for side in pair)) for outcome in study.outcomes
            ]
            yield from put.family(table, contrast.id, study.outcomes, family)
    for table, one in comparisons.ALONG.items():
        family = [
            one(study, [g.outcomes[outcome.id] for g in strata]) for outcome in study.outcomes
        ]
        yield from put.family(table, OVERALL, study.outcomes, family)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Turns named values into estimates of one subgroup."""

    prefix: str
    without_ddd: frozenset[str]

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
        rows = [
            comparisons.without_doses(row)
            if table in comparisons.DOSES and outcome.id in self.without_ddd
            else row
            for outcome, row in zip(outcomes, rows, strict=True)
        ]
        p_values = [row["p"] for row in rows]
        adjusted = zip(
            multiplicity.holm(p_values), multiplicity.benjamini_hochberg(p_values), strict=True
        )
        for outcome, row, (holm, bh) in zip(outcomes, rows, adjusted, strict=True):
            yield from self(table, stratum, outcome.id, {**row, "p_holm": holm, "p_bh": bh})


def _cohort(group: Group, everyone: int) -> dict[str, Value]:
    return {
        "persons": group.persons,
        "share": share(group.persons, everyone),
        "women": group.women,
        "men": group.men,
        "sex_unknown": group.persons - group.women - group.men,
        "women_share": share(group.women, group.persons),
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
        "users_before_share": share(total.counts.users_before, group.persons),
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
