"""What is known of the persons of a group, and how far two groups are apart before the exposure.

A share is one of the persons whose attribute is known; of an attribute that is known of nobody
there is no number at all: unknown is not 0.
"""

from __future__ import annotations

from ldn_spark.estimates.comparisons import Value, share
from ldn_spark.estimates.groups import Group, OutcomeMoments
from ldn_spark.stats import contrasts
from ldn_spark.stats.measures import PAIRED_COUNTS, Needs
from ldn_spark.stats.not_estimable import NotEstimable, Number
from ldn_spark.study.definition import StudyDefinition

NO_SEX = NotEstimable("nobody's sex is known")
NO_AGE = NotEstimable("nobody's age is known")
ONE_AGE = NotEstimable("fewer than two persons of known age")
NO_SEX_IN_A_GROUP = NotEstimable("a group has nobody of known sex")
NEEDS: Needs = {"users": PAIRED_COUNTS, "dispenses": ("x", "xx")}
"""The sums over persons that the table `baseline` is made of."""
ONE_AGE_IN_A_GROUP = NotEstimable("a group has fewer than two persons of known age")


def cohort_values(group: Group, everyone: int) -> dict[str, Value]:
    """The table `cohort` of one group among `everyone` persons."""
    sexes: dict[str, Value] = {
        "women": group.women,
        "men": group.men,
        "women_share": share(group.women, group.sex_known),
    }
    ages: dict[str, Value] = {
        "age_sum": int(group.age.total),
        "age_mean": group.age.mean,
        "age_sd": group.age.sd,
        "age_se": group.age.se,
    }
    if group.persons and not group.sex_known:
        sexes = dict.fromkeys(sexes, NO_SEX)
    if group.persons and group.age.n == 0:
        ages = dict.fromkeys(ages, NO_AGE)
    elif group.persons > group.age.n == 1:
        ages |= {"age_sd": ONE_AGE, "age_se": ONE_AGE}
    return {
        "persons": group.persons,
        "share": share(group.persons, everyone),
        **sexes,
        "sex_unknown": group.persons - group.sex_known,
        "age_known": group.age.n,
        "age_unknown": group.persons - group.age.n,
        **ages,
        "exposure_fills": group.exposure_fills,
    }


def baseline_values(group: Group, total: OutcomeMoments) -> dict[str, Value]:
    """The table `baseline` of one group: the examined medicines before the exposure."""
    return {
        "dispenses_before_mean": total.dispenses_before.mean,
        "dispenses_before_sd": total.dispenses_before.sd,
        "dispenses_before_se": total.dispenses_before.se,
        "users_before": total.counts.users_before,
        "users_before_share": share(total.counts.users_before, group.persons),
    }


def balance_values(study: StudyDefinition, one: Group, other: Group) -> dict[str, Value]:
    """The table `baseline` of a contrast: standardised mean differences, comparator - exposed."""
    values: dict[str, Value] = {
        "smd_women": _smd_women(one, other),
        "smd_age": _smd_age(one, other),
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


def _smd_women(one: Group, other: Group) -> Number:
    if any(group.persons and not group.sex_known for group in (one, other)):
        return NO_SEX_IN_A_GROUP
    return contrasts.smd_of_proportions(one.women, one.sex_known, other.women, other.sex_known)


def _smd_age(one: Group, other: Group) -> Number:
    if any(group.persons >= 2 > group.age.n for group in (one, other)):
        return ONE_AGE_IN_A_GROUP
    return contrasts.smd_of_means(one.age, other.age)
