"""Tables of invented persons, printed without any mistake: an audit must find nothing in them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from ldn_spark.catalogue.quantity import Kind
from ldn_spark.estimates.analysis import analyse
from ldn_spark.estimates.results import Results
from ldn_spark.papers.audit.checks_design import (
    first_observation,
    last_observation,
    observed_months,
)
from ldn_spark.papers.quantities import kind_of
from ldn_spark.papers.values import Published, PublishedValue, in_print
from ldn_spark.study.definition import OVERALL, StudyDefinition
from ldn_spark.texts.documents import read_document
from tests.sums import design_rows, persons_row

DATA = Path(__file__).parent / "data"
CODES = ("N05AX08", "N05BA01", "N05BB01", "N05CD02", "N05CF01")
LIKE = {Kind.COUNT: "0", Kind.SHARE: "0.0", Kind.NUMBER: "0.0", Kind.P: "0.000"}
PRINTED = {
    "cohort": "persons share women women_share age_mean age_sd",
    "baseline": "dispenses_before_mean dispenses_before_sd users_before users_before_share",
    "users": "fills_before users_before share_before users_after share_after difference "
    "ci_low ci_high p relative_change",
    "ddd": "mean_before mean_after mean_difference ci_low ci_high p relative_change share_of_psy",
    "did_users": "estimate ci_low ci_high p",
    "did_ddd": "estimate ci_low ci_high p",
    "trend_users": "estimate ci_low ci_high p",
    "trend_ddd": "estimate ci_low ci_high p",
}


def small_study() -> StudyDefinition:
    """A study of another drug: two strata, six outcomes that nest."""
    return read_document(DATA / "small_study.yaml", StudyDefinition)


Uses = dict[str, tuple[int, int, int]]
"""Per outcome: micro-DDD before and after, and dispenses before."""


def _person(draw: random.Random, study: StudyDefinition) -> Uses:
    by_code = {}
    for code in CODES:
        likely = 0.5 if draw.random() < 0.3 else 0.08
        doses = [
            draw.randrange(5, 4000) * 100_000 if draw.random() < likely else 0 for _ in range(2)
        ]
        by_code[code] = (*doses, draw.randrange(1, 9) if doses[0] else 0)
    return {
        outcome.id: tuple(
            sum(by_code[code][part] for code in CODES if code.startswith(outcome.atc))
            for part in range(3)
        )
        for outcome in study.outcomes
    }


def honest_results(study: StudyDefinition, seed: int, sizes: tuple[int, ...]) -> Results:
    """The analysis of invented persons; `sizes` are those of the strata."""
    draw = random.Random(seed)
    cohort, groups = [], []
    for level, size in zip(study.strata.levels, sizes, strict=True):
        people = [_person(draw, study) for _ in range(size)]
        ages = [draw.randrange(18, 90) for _ in people]
        women = sum(draw.random() < 0.7 for _ in people)
        cohort.append(
            {
                "subgroup": OVERALL, "stratum": level.id, "persons": size, "women": women,
                "men": size - women, "age_known": size, "age_sum": Decimal(sum(ages)),
                "age_sum_squares": Decimal(sum(age**2 for age in ages)),
                "exposure_dispenses": size,
            }
        )  # fmt: skip
        groups += [_group(level.id, o.id, [one[o.id] for one in people]) for o in study.outcomes]
    return analyse(
        study,
        cohort_moments=[persons_row(study, row) for row in cohort],
        design_moments=[new for row in groups for new in design_rows(study, row)],
        daily_moments=[],
        attrition=[],
    )


def _group(stratum: str, outcome: str, uses: list[tuple[int, int, int]]) -> dict[str, Any]:
    before, after = [use[0] for use in uses], [use[1] for use in uses]
    return {
        "subgroup": OVERALL, "stratum": stratum, "outcome": outcome,
        "both": sum(bool(x and y) for x, y, _ in uses),
        "before_only": sum(bool(x and not y) for x, y, _ in uses),
        "after_only": sum(bool(y and not x) for x, y, _ in uses),
        "dispenses_before": sum(n for *_, n in uses),
        "dispenses_before_sum_squares": Decimal(sum(n**2 for *_, n in uses)),
        "dispenses_after": 0, "dispenses_after_sum_squares": Decimal(0),
        "dispenses_difference_sum_squares": Decimal(sum(n**2 for *_, n in uses)),
        "ddd_missing_before": 0, "ddd_missing_after": 0,
        "sum_before": Decimal(sum(before)), "sum_after": Decimal(sum(after)),
        "sum_squares_before": Decimal(sum(x**2 for x in before)),
        "sum_squares_after": Decimal(sum(x**2 for x in after)),
        "sum_squares_difference": Decimal(sum((y - x) ** 2 for x, y, _ in uses)),
    }  # fmt: skip


def honest_table(study: StudyDefinition, results: Results) -> Published:
    """Everything that a paper could print of these results, rounded as papers round."""
    lines = enumerate(_printed(study, results), start=2)
    return Published(tuple(PublishedValue(line, *fields) for line, fields in lines))


def _printed(study: StudyDefinition, results: Results) -> Iterator[tuple[str, ...]]:
    for e in results.estimates:
        if e.quantity in PRINTED.get(e.table, "").split() and e.value is not None:
            kind = kind_of(e.table, e.quantity)
            like = "0" if e.quantity == "relative_change" else LIKE[kind]
            text = in_print(e.value, kind, like)
            yield f"Table {e.table}", e.table, e.stratum, e.outcome, e.quantity, text
    persons = results.value("cohort", OVERALL, "", "persons")
    for name, text in (
        ("patient_months", str(persons * observed_months(study))),
        ("first_observation", first_observation(study).isoformat()),
        ("last_observation", last_observation(study).isoformat()),
    ):
        yield "Text", "design", OVERALL, "", name, text
    part, whole = (
        sum(results.value("ddd", OVERALL, name, f"sum_{when}") for when in ("before", "after"))
        for name in ("N05B", "psy")
    )
    if whole:
        share = in_print(part / whole, Kind.SHARE, "0")
        yield "Text", "ddd", OVERALL, "N05B", "share_of_psy", share
