"""The names of published values and how each kind of number is printed.

The names are those of `docs/estimates.md`; the table `design` is derived from the study alone.
"""

from __future__ import annotations

from enum import Enum

from ldn_spark.study import choices
from ldn_spark.study.definition import OVERALL, StudyDefinition


class Kind(Enum):
    """What a printed number is: decides its unit, its rounding and its possible range."""

    COUNT = "count"  # an integer, printed exactly
    SHARE = "share"  # a fraction of 1, printed in per cent or percentage points
    NUMBER = "number"  # printed in its own unit: DDD, years, dispenses
    P = "p"  # three decimals or a bound
    DATE = "date"


SCALE = {Kind.SHARE: 100}
"""What a computed value is multiplied by before it is printed; 1 where not listed."""

_COUNTS = (
    "persons both before_only after_only neither users_before users_after fills_before fills_after "
    "women men sex_unknown age_known age_unknown age_sum exposure_fills ddd_missing "
    "ddd_missing_before ddd_missing_after patient_months"
)
_SHARES = "share women_share users_before_share share_before share_after relative_change"
_DATES = "first_observation last_observation"
_FRACTION_TABLES = frozenset({"users", "did_users", "trend_users"})
_ESTIMATED = frozenset(
    {"difference", "estimate", "se", "ci_low", "ci_high", "minimal_detectable_difference"}
)

_TEST = "p p_holm p_bh minimal_detectable_difference"
_PAIRED = (
    "mean_before mean_after sd_before sd_after mean_difference sd_difference se_difference ci_low "
    f"ci_high t df relative_change {_TEST}"
)
_DID_MEANS = (
    "estimate se df ci_low ci_high "
    + " ".join(f"ci_low_{name} ci_high_{name} p_{name}" for name in choices.MEAN_VARIANCES)
    + f" {_TEST}"
)
_QUANTITIES: dict[str, str] = {
    "cohort": "persons share women men sex_unknown women_share age_sum age_known age_unknown "
    "age_mean age_sd age_se exposure_fills",
    "baseline": "dispenses_before_mean dispenses_before_sd dispenses_before_se users_before "
    "users_before_share smd_women smd_age smd_dispenses_before smd_users_before",
    "users": "persons both before_only after_only neither users_before users_after share_before "
    "share_after difference ci_low ci_high relative_change fills_before fills_after "
    + " ".join(f"ci_low_{name} ci_high_{name}" for name in choices.PAIRED_INTERVALS)
    + " "
    + " ".join(f"p_{name}" for name in choices.MCNEMAR)
    + f" {_TEST}",
    "ddd": f"sum_before sum_after {_PAIRED} ddd_missing ddd_missing_before ddd_missing_after",
    "dispenses": f"fills_before fills_after {_PAIRED}",
    "did_users": f"estimate se ci_low ci_high {_TEST}",
    "did_ddd": _DID_MEANS,
    "did_dispenses": _DID_MEANS,
    "trend_users": "estimate se ci_low ci_high p p_holm p_bh",
    "trend_ddd": "estimate se ci_low ci_high p p_holm p_bh",
    "trend_dispenses": "estimate se ci_low ci_high p p_holm p_bh",
    "design": "patient_months first_observation last_observation",
}
TABLES = tuple(_QUANTITIES)
WITHOUT_OUTCOME = frozenset({"cohort", "baseline", "design"})
SHARE_OF = "share_of_"
"""`ddd ... share_of_<outcome>`: of the DDDs of that outcome, before and after together."""


def kind_of(table: str, quantity: str) -> Kind:
    """How a quantity of a table is printed."""
    if quantity in _DATES.split():
        return Kind.DATE
    if quantity == "p" or quantity.startswith("p_"):
        return Kind.P
    if quantity in _COUNTS.split():
        return Kind.COUNT
    if quantity in _SHARES.split() or quantity.startswith(SHARE_OF):
        return Kind.SHARE
    stem = "ci_low" if quantity.startswith(("ci_low", "ci_high")) else quantity
    if table in _FRACTION_TABLES and stem in _ESTIMATED:
        return Kind.SHARE
    return Kind.NUMBER


def quantities(table: str, study: StudyDefinition) -> tuple[str, ...]:
    """Every quantity of a table."""
    shares = [SHARE_OF + outcome.id for outcome in study.outcomes] if table == "ddd" else []
    return (*_QUANTITIES[table].split(), *shares)


def strata(table: str, study: StudyDefinition) -> tuple[str, ...]:
    """What may stand as the stratum of a table: strata, contrasts, `overall`; also of subgroups."""
    levels = [level.id for level in study.strata.levels]
    contrasts = [contrast.id for contrast in study.contrasts]
    if table == "design":
        return (OVERALL,)
    if table.startswith("did_"):
        names = contrasts
    elif table.startswith("trend_"):
        names = [OVERALL]
    else:
        names = [*levels, OVERALL, *(contrasts if table == "baseline" else ())]
    within = [f"{group.id}/{name}" for group in study.subgroups for name in names]
    return (*names, *within)


def outcomes(table: str, study: StudyDefinition) -> tuple[str, ...]:
    """What may stand as the outcome of a table; nothing where the number is the stratum's own."""
    return ("",) if table in WITHOUT_OUTCOME else tuple(one.id for one in study.outcomes)
