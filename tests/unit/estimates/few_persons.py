"""Results of a few persons, summed by hand: nothing between them and the analysis but moments."""

from __future__ import annotations

from ldn_spark.estimates.analysis import analyse
from ldn_spark.schemas import MICRO
from ldn_spark.study.definition import OVERALL
from tests.registers import study_like
from tests.sums import design_rows, persons_row


def small_study():
    outcomes = [
        {
            "id": "all",
            "label": "All",
            "role": "total",
            "may_be_empty": False,
            "atc": ["N05", "N06"],
        },
        {"id": "N05A", "label": "A", "role": "main", "may_be_empty": True, "atc": ["N05A"]},
        {"id": "N06A", "label": "B", "role": "main", "may_be_empty": True, "atc": ["N06A"]},
        {"id": "N06B", "label": "C", "role": "main", "may_be_empty": True, "atc": ["N06B"]},
    ]
    figures = {
        "curve_contrast": {"comparator": "LDNx1", "exposed": "LDNx4+"},
        "curve_outcomes": ["N05A", "N06A", "N06B"],
    }
    women = [{"id": "women", "label": "Women", "keep_if": {"sex": "F"}}]
    return study_like(outcomes=outcomes, figures=figures, subgroups=women).definition


def moments(stratum, outcome, people, subgroup=OVERALL):
    """Sums of a stratum and outcome; people as (dispenses, DDD, missing), each before and after."""
    sides = list(zip(*people, strict=True))
    earlier, later, before, after = (
        sides[0],
        sides[1],
        *([x * MICRO for x in s] for s in sides[2:4]),
    )
    used = [(x > 0, y > 0) for x, y in zip(earlier, later, strict=True)]

    def squares(values):
        return sum(value * value for value in values)

    def changes(one, other):
        return [y - x for x, y in zip(one, other, strict=True)]

    return {
        "subgroup": subgroup,
        "stratum": stratum,
        "outcome": outcome,
        "both": used.count((True, True)),
        "before_only": used.count((True, False)),
        "after_only": used.count((False, True)),
        "dispenses_before": sum(earlier),
        "dispenses_after": sum(later),
        "dispenses_before_sum_squares": squares(earlier),
        "dispenses_after_sum_squares": squares(later),
        "dispenses_difference_sum_squares": squares(changes(earlier, later)),
        "ddd_missing_before": sum(sides[4]),
        "ddd_missing_after": sum(sides[5]),
        "sum_before": sum(before),
        "sum_after": sum(after),
        "sum_squares_before": squares(before),
        "sum_squares_after": squares(after),
        "sum_squares_difference": squares(changes(before, after)),
        **{
            f"{side}_{name}": value
            for side, of in (("x", before), ("y", after))
            for name, value in zip(
                ("largest", "second"), sorted([0, 0, *map(abs, of)])[:-3:-1], strict=True
            )
        },
        "changed": sum(x != y for x, y in zip(before, after, strict=True)),
    }


def persons(stratum, number, subgroup=OVERALL):
    return {
        "subgroup": subgroup,
        "stratum": stratum,
        "persons": number,
        "women": number,
        "men": 0,
        "age_known": number,
        "age_sum": 50 * number,
        "age_sum_squares": 2500 * number,
        "exposure_dispenses": number,
    }


def analysed(groups, sizes=(4, 4), study=None):
    cohort = [persons(s, n) for s, n in zip(("LDNx1", "LDNx4+"), sizes, strict=True)]
    cohort += [persons("LDNx1", 4, "women")]
    days = [
        {
            "subgroup": OVERALL,
            "stratum": "LDNx1",
            "outcome": row["outcome"],
            "day": 1,
            "step_sum": row["sum_after"],
            "step_sum_squares": row["sum_squares_after"],
        }
        for row in groups
        if row["stratum"] == "LDNx1" and row["subgroup"] == OVERALL and "design" not in row
    ]
    study = study or small_study()
    return analyse(
        study,
        cohort_moments=[persons_row(study, row) for row in cohort],
        design_moments=[new for row in groups for new in design_rows(study, row)],
        daily_moments=days,
        attrition=(),
    )
