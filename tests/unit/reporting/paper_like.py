"""Results that look like the published study: made from a small table, not from patients.

Intervals and p-values here are plain normal ones; only their look matters to the reports.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from statistics import NormalDist

from ldn_spark.catalogue.lookup import find
from ldn_spark.estimates.results import NOT_ESTIMABLE, AttritionStep, CurvePoint, Estimate, Results
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.texts.documents import find_document, read_document

STRATA = {"LDNx1": 3590, "LDNx2-3": 2554, "LDNx4+": 5103}
WOMEN = {"LDNx1": 2587, "LDNx2-3": 1836, "LDNx4+": 3821}
AGE = {"LDNx1": (50.6, 12.1), "LDNx2-3": (50.8, 13.6), "LDNx4+": (51.7, 12.0)}
DISPENSES = {"LDNx1": (5.25, 10.6), "LDNx2-3": (5.1, 12.5), "LDNx4+": (5.05, 11.3)}
CONTRASTS = (("LDNx1", "LDNx4+"), ("LDNx1", "LDNx2-3"), ("LDNx2-3", "LDNx4+"))

# outcome: DDDs before, after and half width of the interval, per stratum
DDD = {
    "all": ((225.8, 239.6, 7.35), (223.2, 236.6, 9.25), (221.8, 224.5, 5.75)),
    "N03A": ((38.5, 42.9, 3.8), (37.3, 40.5, 5.1), (49.2, 48.8, 3.0)),
    "N05A": ((3.4, 4.4, 0.85), (3.1, 4.0, 1.0), (3.3, 2.9, 0.4)),
    "N05B": ((26.0, 27.8, 1.7), (22.0, 23.3, 1.9), (16.4, 17.6, 0.95)),
    "N05C": ((76.1, 81.7, 3.35), (71.5, 80.9, 5.35), (71.4, 75.8, 3.15)),
    "N06A": ((78.1, 79.4, 4.15), (83.5, 82.4, 4.5), (75.2, 73.2, 3.2)),
    "N06B": ((3.8, 3.3, 1.1), (5.8, 5.4, 1.8), (6.2, 6.1, 1.05)),
    "benzo": ((60.8, 62.9, 4.3), (51.2, 51.6, 5.55), (40.0, 43.4, 2.6)),
    "zhyp": ((115.4, 124.9, 5.85), (108.6, 123.9, 8.6), (102.0, 110.2, 4.05)),
    "tca": ((9.4, 9.5, 1.0), (9.9, 10.1, 1.05), (10.8, 10.0, 0.7)),
    "ssri": ((48.1, 48.0, 3.3), (53.2, 51.3, 4.0), (43.8, 43.7, 2.3)),
    "otherad": ((20.4, 21.5, 2.4), (20.3, 20.7, 2.0), (20.4, 19.0, 2.1)),
    "lamo": ((4.0, 4.3, 1.75), (3.2, 4.1, 1.55), (5.9, 5.7, 1.0)),
    "gabapre": ((28.8, 32.4, 3.2), (28.2, 30.2, 4.25), (34.8, 34.2, 2.65)),
    "lith": ((0.5, 0.46, 0.25), (0.3, 0.3, 0.0), (0.7, 0.6, 0.15)),
}
# outcome: users before, after and how many changed, per stratum
USERS = {
    "all": ((2127, 2147, 676), (1482, 1525, 490), (2865, 2698, 873)),
    "N03A": ((546, 599, 475), (360, 410, 354), (807, 722, 581)),
    "N05A": ((186, 232, 180), (137, 133, 116), (239, 199, 168)),
    "N05B": ((829, 856, 463), (522, 533, 291), (912, 899, 531)),
    "N05C": ((1143, 1173, 492), (779, 834, 341), (1480, 1456, 560)),
    "N06A": ((1045, 1039, 580), (748, 730, 380), (1362, 1213, 601)),
    "N06B": ((31, 41, 28), (31, 31, 24), (74, 71, 17)),
    "benzo": ((910, 940, 500), (570, 590, 322), (1010, 1020, 590)),
    "zhyp": ((1010, 1030, 430), (690, 741, 311), (1300, 1290, 520)),
    "tca": ((402, 395, 301), (290, 280, 220), (575, 453, 340)),
    "ssri": ((500, 495, 265), (370, 365, 191), (610, 573, 271)),
    "otherad": ((310, 320, 204), (225, 220, 139), (430, 400, 260)),
    "lamo": ((40, 68, 48), (30, 36, 20), (80, 74, 36)),
    "gabapre": ((350, 372, 302), (240, 260, 214), (560, 468, 400)),
    "lith": ((10, 9, 3), (4, 4, 0), (21, 18, 7)),
}


NONE_MISSING = dict.fromkeys(("ddd_missing", "ddd_missing_before", "ddd_missing_after"), 0)
PROVENANCE = {
    "lake_version": 3,
    "files": [
        {"name": "2012.csv", "sha256": "a1" * 32, "lines": 9_700_500, "accepted": 9_700_412,
         "rejected": 88},
        {"name": "2013.csv", "sha256": "b2" * 32, "lines": 19_414_370, "accepted": 19_413_610,
         "rejected": 760},
    ],
    "persons": 1_204_551,
    "dispensings": 29_114_022,
    "codelists": {"ldn_products": 4},
}  # fmt: skip


def study_named(name: str) -> StudyDefinition:
    """A study file of the project."""
    return read_document(find_document(name, "studies"), StudyDefinition)


def changed(study: StudyDefinition, path: str, value: object) -> StudyDefinition:
    """The study with another value at a dotted path, such as `statistics.dispersion`."""
    content = study.model_dump(mode="json", by_alias=True, exclude_none=False)
    *way, last = path.split(".")
    node = content
    for key in way:
        node = node[key]
    node[last] = value
    return StudyDefinition.model_validate(content)


def with_values(results: Results, changes: dict[tuple, object]) -> Results:
    """Results with other values: (table, stratum, outcome, quantity) -> value, or str = reason."""
    kept = {(e.table, e.stratum, e.outcome, e.quantity): e for e in results.estimates}
    for key, value in changes.items():
        missing = isinstance(value, str)
        kept[key] = Estimate(*key, None, NOT_ESTIMABLE, value) if missing else Estimate(*key, value)
    return Results(tuple(kept.values()), results.curves, results.attrition)


def paper_like_results(study: StudyDefinition, *, subgroup: str = "", used: float = 1.0) -> Results:
    """The published study's shape.

    Args:
        study: the definition; its curves follow its windows.
        subgroup: put in front of every stratum.
        used: 0 makes lithium an outcome that nobody uses.
    """
    estimates = [
        Estimate(e.table, f"{subgroup}/{e.stratum}" if subgroup else e.stratum, *_rest(e))
        for e in _estimates(study, nobody_on=() if used else ("lith",))
    ]
    return Results(tuple(estimates), tuple(_curves(study)), ATTRITION)


def _rest(estimate: Estimate) -> tuple:
    return estimate.outcome, estimate.quantity, estimate.value, estimate.status, estimate.reason


def plain(text: str) -> str:
    """Text with ordinary spaces for thin and no-break ones."""
    return text.replace("\u202f", " ").replace("\xa0", " ")


def _like(study: StudyDefinition) -> dict[str, str]:
    """The outcome of the small table that stands for each outcome of a study."""
    rows = list(DDD)
    return {
        outcome.id: outcome.id if outcome.id in DDD else rows[number % len(rows)]
        for number, outcome in enumerate(study.outcomes)
    }


def _estimates(study: StudyDefinition, nobody_on: tuple[str, ...]) -> Iterator[Estimate]:
    for table, stratum, outcome, values in _values(study):
        for quantity, value in values.items():
            if find(table, quantity) is None:  # a part of a test that this table does not have
                continue
            if outcome in nobody_on and quantity in NEEDS_USERS:
                reason = "nobody used it in either period"
                yield Estimate(table, stratum, outcome, quantity, None, NOT_ESTIMABLE, reason)
            else:
                yield Estimate(table, stratum, outcome, quantity, value)


NEEDS_USERS = ("t", "p", "p_holm", "p_bh", "ci_low", "ci_high", "relative_change")


def _values(study: StudyDefinition) -> Iterator[tuple[str, str, str, dict]]:
    total = sum(STRATA.values())
    for stratum, n in (*STRATA.items(), ("overall", total)):
        yield "cohort", stratum, "", _cohort(stratum, n, total)
        yield "baseline", stratum, "", _baseline(stratum, n)
    for contrast in CONTRASTS:
        names = ("smd_women", "smd_age", "smd_dispenses_before", "smd_users_before")
        values = (-0.0647, -0.0913, 0.0184, 0.0629)
        yield "baseline", "-".join(contrast), "", dict(zip(names, values, strict=True))
    for outcome, row in _like(study).items():
        for number, (stratum, n) in enumerate(STRATA.items()):
            yield "ddd", stratum, outcome, _ddd(n, *DDD[row][number])
            yield "users", stratum, outcome, _users(n, *USERS[row][number])
        yield "ddd", "overall", outcome, NONE_MISSING
        for contrast in CONTRASTS:
            pair = [list(STRATA).index(stratum) for stratum in contrast]
            yield "did_ddd", "-".join(contrast), outcome, _did_ddd(row, *pair)
            yield "did_users", "-".join(contrast), outcome, _did_users(row, *pair)
        yield "trend_ddd", "overall", outcome, _test(-1.3, 0.8)
        yield "trend_users", "overall", outcome, _test(-0.0195, 0.0051)


def _cohort(stratum: str, n: int, total: int) -> dict:
    women = WOMEN.get(stratum, sum(WOMEN.values()))
    mean, sd = AGE.get(stratum, (51.1, 12.4))
    return {
        "persons": n,
        "share": n / total,
        "women": women,
        "men": n - women,
        "sex_unknown": 0,
        "women_share": women / n,
        "age_known": n,
        "age_unknown": 0,
        "age_sum": int(n * mean),
        "age_mean": mean,
        "age_sd": sd,
        "age_se": sd / math.sqrt(n),
        "exposure_fills": n * 3,
    }


def _baseline(stratum: str, n: int) -> dict:
    mean, sd = DISPENSES.get(stratum, (5.1, 11.4))
    users = USERS["all"][list(STRATA).index(stratum)][0] if stratum in STRATA else 6474
    return {
        "dispenses_before_mean": mean,
        "dispenses_before_sd": sd,
        "dispenses_before_se": sd / math.sqrt(n),
        "users_before": users,
        "users_before_share": users / n,
    }


def _test(estimate: float, se: float) -> dict:
    z = estimate / se if se else 0.0
    p = 2 * NormalDist().cdf(-abs(z))
    return {
        "estimate": estimate,
        "se": se,
        "ci_low": estimate - 1.96 * se,
        "ci_high": estimate + 1.96 * se,
        "p": p,
        "p_holm": min(1.0, 15 * p),
        "p_bh": min(1.0, 4 * p),
        "minimal_detectable_difference": 2.8 * se,
    }


def _ddd(n: int, before: float, after: float, half_width: float) -> dict:
    test = _test(after - before, half_width / 1.96)
    return {
        "sum_before": Decimal(str(before)) * n,
        "sum_after": Decimal(str(after)) * n,
        "mean_before": before,
        "mean_after": after,
        "mean_difference": test.pop("estimate"),
        "se_difference": test.pop("se"),
        **test,
        "relative_change": (after - before) / before,
        **NONE_MISSING,
    }


def _users(n: int, before: int, after: int, changed: int) -> dict:
    gained = (changed + after - before) // 2
    lost = gained - (after - before)
    test = _test((after - before) / n, _users_se(n, before, after, changed))
    return {
        "persons": n,
        "both": before - lost,
        "before_only": lost,
        "after_only": gained,
        "neither": n - before - gained,
        "users_before": before,
        "users_after": after,
        "share_before": before / n,
        "share_after": after / n,
        "difference": test.pop("estimate"),
        **test,
        "relative_change": (after - before) / before,
        "fills_before": before * 5,
        "fills_after": after * 5,
    }


def _users_se(n: int, before: int, after: int, changed: int) -> float:
    return math.sqrt(changed - (after - before) ** 2 / n) / n


def _did_ddd(outcome: str, comparator: int, exposed: int) -> dict:
    (b1, a1, h1), (b2, a2, h2) = DDD[outcome][comparator], DDD[outcome][exposed]
    return _test((a1 - b1) - (a2 - b2), math.hypot(h1, h2) / 1.96) | {"df": 6000.5}


def _did_users(outcome: str, comparator: int, exposed: int) -> dict:
    sizes = list(STRATA.values())
    sides = [(sizes[i], *USERS[outcome][i]) for i in (comparator, exposed)]
    changes = [(after - before) / n for n, before, after, _ in sides]
    return _test(changes[0] - changes[1], math.hypot(*(_users_se(*side) for side in sides)))


def _curves(study: StudyDefinition) -> Iterator[CurvePoint]:
    rows = _like(study)
    for position, outcome in enumerate(study.figures.curve_outcomes):
        (b1, a1, h1), _, (b2, a2, h2) = DDD[rows[outcome]]
        for day in range(study.windows.before.first, study.windows.after.last + 1):
            end, far = (b2 - b1, 365) if day < 0 else (a2 - a1, 364)
            part = abs(day) / far
            wave = 0.06 * math.sin(9 * part + position) * part
            value = end * (part + wave)
            half = 2.2 * math.hypot(h1, h2) * math.sqrt(part)
            yield CurvePoint("LDNx1-LDNx4+", outcome, day, value, value - half, value + half)


ATTRITION = (
    AttritionStep(1, "delivered", "Lines delivered", None, 29_114_870, None, 0),
    AttritionStep(
        2, "registry", "Dispensings accepted into the registry",
        1_204_551, 29_114_022, None, 848,
    ),
    AttritionStep(
        3, "exposure_atc", "Collected N07BB04 in 2013", 11_622, 48_210, 1_192_929, 29_065_812
    ),
    AttritionStep(
        4, "exposure_product", "Collected low dose naltrexone (by product number) in 2013",
        11_247, 46_904, 375, 1_306,
    ),
)  # fmt: skip
