"""Small studies as sums, for the numbers that may leave of them."""

from __future__ import annotations

import random

from ldn_spark.estimates.groups import Group, OutcomeMoments, PairSums
from ldn_spark.estimates.results import AttritionStep
from ldn_spark.schemas import MICRO
from ldn_spark.stats.moments import Moments
from ldn_spark.study.definition import OVERALL
from tests.registers import study_like

OUTCOMES = [
    {"id": "all", "label": "All", "role": "total", "atc": ["N05", "N06"]},
    {"id": "N05", "label": "A", "role": "main", "atc": ["N05"]},
    {"id": "N06", "label": "B", "role": "main", "atc": ["N06"]},
    {"id": "benzo", "label": "C", "role": "secondary", "atc": ["N05BA", "N05CD"]},
]
FIGURES = {
    "curve_contrast": {"comparator": "LDNx1", "exposed": "LDNx4+"},
    "curve_outcomes": ["N05"],
}
WOMEN = [{"id": "women", "label": "Women", "keep_if": {"sex": "F"}}]


def study(*, subgroups=()):
    outcomes = [one | {"may_be_empty": True} for one in OUTCOMES]
    made = study_like(outcomes=outcomes, figures=FIGURES, subgroups=list(subgroups))
    return made.definition


def people(definition, sizes, seed, rare=0.1):
    """Persons of every stratum: sex, age, fills and amounts by code, before and after."""
    draw = random.Random(seed)
    found = {}
    for level, size in zip(definition.strata.levels, sizes, strict=True):
        most = level.at_most or level.at_least + 5
        found[level.id] = [
            {
                "sex": draw.choice("FFM"),
                "age": draw.randint(20, 80),
                "fills": draw.randint(level.at_least, most),
                "use": {
                    code: [
                        draw.choice((10, 20, 98.5, 300)) if draw.random() < often else 0
                        for _ in range(2)
                    ]
                    for code, often in (("N05AX", rare), ("N05BA01", rare), ("N06AB", 4 * rare))
                },
            }
            for _ in range(size)
        ]
    return found


def groups(definition, persons):
    """The strata of the cohort and of its women, as sums."""
    parts = {OVERALL: lambda one: True}
    parts |= {one.id: lambda one: one["sex"] == "F" for one in definition.subgroups}
    return {
        part: [
            _group(definition, level.id, [one for one in persons[level.id] if is_in(one)])
            for level in definition.strata.levels
        ]
        for part, is_in in parts.items()
    }


def _group(definition, name, members):
    return Group(
        name,
        len(members),
        sum(one["sex"] == "F" for one in members),
        sum(one["sex"] == "M" for one in members),
        Moments.of([one["age"] for one in members]),
        sum(one["fills"] for one in members),
        {one.id: _outcome(one, members) for one in definition.outcomes},
    )


def _outcome(outcome, members):
    mine = [
        [pair for code, pair in one["use"].items() if code.startswith(outcome.atc)]
        for one in members
    ]
    sides = (0, 1)
    ddd = [[round(sum(pair[at] for pair in of) * MICRO) for at in sides] for of in mine]
    fills = [[sum(pair[at] > 0 for pair in of) for at in sides] for of in mine]
    users = [[int(number > 0) for number in of] for of in fills]
    return OutcomeMoments(
        len(members), {"users": _sums(users), "ddd": _sums(ddd), "dispenses": _sums(fills)}
    )


def _sums(pairs):
    xs, ys = [x for x, _ in pairs], [y for _, y in pairs]
    tops = {
        f"{side}_{name}": value
        for side, of in (("x", xs), ("y", ys))
        for name, value in zip(("largest", "second"), sorted([0, 0, *of])[:-3:-1], strict=True)
    }
    return PairSums(
        x=sum(xs),
        y=sum(ys),
        xx=sum(x * x for x in xs),
        yy=sum(y * y for y in ys),
        xy=sum(x * y for x, y in pairs),
        changed=sum(x != y for x, y in pairs),
        **tops,
    )


def attrition(persons):
    """Two steps, of which the last excludes two persons."""
    left = sum(map(len, persons.values()))
    return (
        AttritionStep(1, "exposure", "exposed", left + 2, 900, 0, 0),
        AttritionStep(2, "adult", "adults", left, 800, 2, 100),
    )
