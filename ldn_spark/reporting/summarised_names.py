"""What our estimates are called in omopgenerics' `summarised_result`, so that tools know them.

`omopgenerics::suppress()` looks for names. An estimate whose name holds `count` is masked where it
is small, and with it the one called `percentage` in its place. A small `count` or `outcome_count`
masks every other estimate of its variable and level; a small `number subjects` everything of its
group. A count that is not small is never masked. So a count of persons is called `count` and its
share `percentage`; what is no count of persons is not called so; and every variable of statistics
carries an `outcome_count`: the smallest number of persons, above 0, that they rest on.

The four cells of users before and after are left to estimates.csv: beside their sums, no masking
would hide a small one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

from ldn_spark.catalogue.lookup import need
from ldn_spark.estimates.results import Estimate, Results
from ldn_spark.study.definition import OVERALL, StudyDefinition

SUBJECTS, RECORDS = "number subjects", "number records"
COUNT, PERCENTAGE, OUTCOME_COUNT = "count", "percentage", "outcome_count"
INTEGER, NUMERIC = "integer", "numeric"
CELLS = ("both", "before_only", "after_only", "neither")
_USERS = ("users_before", "users_after")


@dataclass(frozen=True, slots=True)
class Named:
    """The names of one estimate.

    Attributes:
        variable, level: what is measured; an empty level is the outcome's.
        name: the quantity.
        of: of a percentage, the counts whose sum is 100 %.
        type: what kind of number it is: integer for counts, percentage for shares, or numeric.
    """

    variable: str
    level: str
    name: str
    of: tuple[str, ...] = ()
    type: str = ""


_PERSONS = {
    "women": Named("sex", "Female", COUNT),
    "women_share": Named("sex", "Female", PERCENTAGE, of=("women", "women", "men")),
    "men": Named("sex", "Male", COUNT),
    "sex_unknown": Named("sex", "Unknown", COUNT),
    "age_known": Named("age", "", COUNT),
    "age_unknown": Named("age", "", "count_missing"),
    "age_sum": Named("age", "", "sum"),
    "age_mean": Named("age", "", "mean"),
    "age_sd": Named("age", "", "sd"),
    "age_se": Named("age", "", "se"),
}
_BASELINE = {
    "dispenses_before_mean": Named("dispenses_before", "", "mean"),
    "dispenses_before_sd": Named("dispenses_before", "", "sd"),
    "dispenses_before_se": Named("dispenses_before", "", "se"),
    "users_before": Named("users_before", "", COUNT),
    "users_before_share": Named("users_before", "", PERCENTAGE, of=("users_before", "persons")),
    "smd_women": Named("sex", "Female", "smd"),
    "smd_age": Named("age", "", "smd"),
    "smd_dispenses_before": Named("dispenses_before", "", "smd"),
    "smd_users_before": Named("users_before", "", "smd"),
}
_OUTCOMES = {
    "users_before": Named("users_before", "", COUNT),
    "users_after": Named("users_after", "", COUNT),
    "share_before": Named("users_before", "", PERCENTAGE, of=("users_before", "persons")),
    "share_after": Named("users_after", "", PERCENTAGE, of=("users_after", "persons")),
    "fills_before": Named("dispenses_before", "", "sum"),
    "fills_after": Named("dispenses_after", "", "sum"),
    "ddd_missing": Named("ddd", "", "sum_missing"),
    "ddd_missing_before": Named("ddd", "", "sum_missing_before"),
    "ddd_missing_after": Named("ddd", "", "sum_missing_after"),
}
_LEFT_OUT = {
    "cohort": {"persons", "share", "exposure_fills"},  # in the rows of sizes
    "users": {"persons", *CELLS},
}
_NAMES = {"cohort": _PERSONS, "baseline": _BASELINE}


@cache
def named(table: str, quantity: str) -> Named | None:
    """The names of an estimate; None for one that is left out or stands elsewhere."""
    if quantity in _LEFT_OUT.get(table, ()):
        return None
    found = _NAMES.get(table, _OUTCOMES).get(quantity, Named(table, "", quantity))
    kind = INTEGER if need(table, quantity).type is int else NUMERIC
    return replace(found, type=PERCENTAGE if found.name == PERCENTAGE else kind)


def percentage(results: Results, estimate: Estimate, name: Named) -> float | None:
    """A share in per cent, from its counts: rounded once."""
    if estimate.value is None:
        return None
    table = estimate.table
    counts = [
        _count(results, "cohort" if one == "persons" else table, estimate, one) for one in name.of
    ]
    return float(100 * Fraction(counts[0], sum(counts[1:])))


def _count(results: Results, table: str, estimate: Estimate, quantity: str) -> int:
    outcome = "" if table == "cohort" else estimate.outcome
    return int(results.value(table, estimate.stratum, outcome, quantity) or 0)


class Strata:
    """What the strata of a study's estimates are made of."""

    def __init__(self, study: StudyDefinition) -> None:
        levels = [level.id for level in study.strata.levels]
        pairs = {one.id: (one.comparator, one.exposed) for one in study.contrasts}
        self._parts = {**pairs, **{name: (name,) for name in (*levels, OVERALL)}}
        self._levels = tuple(levels)

    def of(self, stratum: str) -> tuple[str, ...]:
        """A stratum alone, the two of a contrast, or all of them together."""
        part, slash, name = stratum.rpartition("/")
        return tuple(f"{part}{slash}{one}" for one in self._parts[name])

    def along(self, stratum: str) -> tuple[str, ...]:
        """Every stratum of the same subgroup, in their order."""
        part, slash, _ = stratum.rpartition("/")
        return tuple(f"{part}{slash}{one}" for one in self._levels)


def smallest_cell(
    results: Results, study: StudyDefinition, strata: Strata, estimate: Estimate, name: Named
) -> int | None:
    """The smallest number of persons above 0 that statistics rest on; None where they need none.

    A count of persons masks its percentage and whatever else stands in its variable. The share of
    women tells that of men, too.
    """
    is_masked_by_its_count = name.name in (COUNT, PERCENTAGE) and estimate.quantity != "women_share"
    if is_masked_by_its_count or (estimate.table, name.variable) == ("cohort", "age"):
        return None
    is_along = estimate.table.startswith("trend_")
    rests_on = strata.along(estimate.stratum) if is_along else strata.of(estimate.stratum)
    quantities = [(one, *key) for one in rests_on for key in _rests_on(study, estimate, name)]
    counts = [results.value(table, one, what, which) for one, table, what, which in quantities]
    return min((int(number) for number in counts if number), default=0)


def _rests_on(
    study: StudyDefinition, estimate: Estimate, name: Named
) -> Iterable[tuple[str, str, str]]:
    """Table, outcome and quantity of the counts that an estimate of one stratum rests on."""
    if name.variable == "sex":
        return [("cohort", "", one) for one in ("women", "men")]
    if name.variable == "age":
        return [("cohort", "", "age_known")]
    if estimate.table == "baseline":
        total = study.total_outcome
        outcome = total.id if total is not None else ""
        return [("users", outcome, "users_before")]
    if estimate.table in ("users", "did_users", "trend_users") and name.variable == estimate.table:
        return [("users", estimate.outcome, one) for one in (*CELLS, *_USERS)]
    return [("users", estimate.outcome, one) for one in _USERS]
