"""Invented studies of every allowed shape over a few invented persons, and what is true of them.

A world holds its persons one by one, so that what a report says can be counted again without the
moments, the analysis or the reporting.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from ldn_spark.estimates.analysis import analyse
from ldn_spark.estimates.results import Results
from ldn_spark.study import choices
from ldn_spark.study.definition import OVERALL, StudyDefinition
from tests.registers import exposure_with, strata_with, study_like
from tests.sums import design_rows, persons_row
from tests.unit.estimates.few_persons import moments

WINDOWS = [
    ([-365, -1], [0, 364]),
    ([-366, -1], [0, 365]),
    ([-30, -1], [0, 29]),
    ([-730, -1], [0, 89]),
    ([-1, -1], [0, 0]),
    ([-365, -91], [0, 364]),  # a gap before
    ([-365, -1], [30, 394]),  # a gap after
    ([-365, -2], [1, 365]),
    ([-20, -11], [-10, 5]),  # both begin before the index date
    ([0, 10], [11, 40]),  # none before it
]
COUNTING = [[0, 364], [0, 0], [1, 100], [30, 60]]
RULES = [
    *[{"rule": "first_in_period", "washout_days": one} for one in ("none", "ever", 1, 365)],
    *[{"rule": "first_after_washout", "washout_days": one} for one in (1, 100)],
]
LEVELS = [  # how many dispenses make each stratum, after the lowest that is possible
    [(0, None)],
    [(0, 0), (1, None)],
    [(0, 1), (2, None)],
    [(0, 0), (1, 2), (3, None)],
    [(0, 2), (3, 5), (6, None)],
]
INTERVALS = list(choices.PAIRED_INTERVALS)
WHOLE = ("known", "zero", "unknown")
LABELS = ("One", "None", "Many")
OUTCOMES = ("all", "a", "b")
CODES = {"all": ["N05", "N06"], "a": ["N05A"], "b": ["N06A"]}

Filled = tuple[int, int, int, int, int, int]
"""Dispenses, DDDs, and dispenses without a DDD; each before and after."""


@dataclass(frozen=True)
class Person:
    """Who a person is, and what was dispensed of each outcome."""

    stratum: str
    sex: str | None
    age: int | None
    filled: dict[str, Filled]


@dataclass(frozen=True)
class World:
    """A study, its persons, and what the analysis makes of them."""

    study: StudyDefinition
    persons: tuple[Person, ...]
    results: Results = field(repr=False)

    def of(self, stratum: str, subgroup: str = "") -> list[Person]:
        """The persons of a stratum, of all of them, or of a subgroup of either."""
        return [
            person
            for person in self.persons
            if stratum in (person.stratum, OVERALL) and (not subgroup or person.sex == "F")
        ]


def world(seed: int) -> World:
    """One of endlessly many: the choices of the study first, then the persons."""
    chance = random.Random(seed)
    study = _study(chance, seed)
    persons = tuple(_persons(chance, study))
    return World(study, persons, _analysed(study, persons))


def _study(chance: random.Random, seed: int) -> StudyDefinition:
    before, after = WINDOWS[seed % len(WINDOWS)]
    counting = chance.choice(COUNTING)
    index = chance.choice(["counted", "not_counted"])
    lowest = 1 if index == "counted" and counting[0] == 0 else 0
    levels = [
        {
            "id": f"s{number}",
            "label": LABELS[number],
            "at_least": low + lowest,
            "at_most": None if high is None else high + lowest,
        }
        for number, (low, high) in enumerate(chance.choice(LEVELS))
    ]
    ids = [level["id"] for level in levels]
    pairs = [{"comparator": one, "exposed": two} for one in ids for two in ids if one < two]
    curve = {"comparator": ids[0], "exposed": ids[-1]}
    if len(ids) == 1:  # a curve needs two strata: add one that nobody can be in
        levels[0]["at_most"] = 90
        levels.append({"id": "s1", "label": LABELS[1], "at_least": 91, "at_most": None})
        pairs, curve = [], {"comparator": "s0", "exposed": "s1"}
    roles = chance.choice([("total", "main", "secondary"), ("main", "main", "additional")])
    women = {"id": "women", "label": "Women", "keep_if": {"sex": "F"}}
    return study_like(
        exposure=exposure_with(**chance.choice(RULES)),
        windows={"before": before, "after": after},
        strata=strata_with(
            counting_window=counting,
            index_dispense=index,
            same_day=chance.choice(["each_dispense", "one_a_day"]),
            levels=levels,
        ),
        eligibility=[],
        subgroups=chance.choice([[], [women]]),
        outcomes=[
            {"id": name, "label": f"Group {name}", "role": role, "may_be_empty": True, "atc": atc}
            for role, (name, atc) in zip(roles, CODES.items(), strict=True)
        ],
        contrasts=chance.choice([[], pairs, pairs]),
        statistics={
            "confidence_level": chance.choice([0.9, 0.95, 0.999]),
            "paired_proportion_interval": INTERVALS[seed % len(INTERVALS)],
            "mcnemar": chance.choice(list(choices.MCNEMAR)),
            "did_mean_variance": chance.choice(list(choices.MEAN_VARIANCES)),
            "dispersion": chance.choice(list(choices.DISPERSIONS)),
            "power": 0.8,
        },
        figures={"curve_contrast": curve, "curve_outcomes": ["a", "b"]},
    ).definition


def _persons(chance: random.Random, study: StudyDefinition):
    sexes = chance.choice([["F"], ["M"], [None], ["F", "M"], ["F", "M", None]])
    ages = chance.choice([[40], [None], [30, 50], [20, 70, None]])
    doses = chance.choice([*WHOLE, "known", "mixed", "one stratum", "one window"])
    uses = {
        name: chance.choice(["nobody", "one", "all", "before", "after", "some", "same"])
        for name in OUTCOMES[1:]
    }
    window = chance.randrange(2)  # the one without doses
    for number, level in enumerate(study.strata.levels):
        for place in range(chance.choice([0, 1, 2, 5, 7])):
            filled = {
                name: _filled(chance, use, doses, first=place == 0, stratum=number, lacking=window)
                for name, use in uses.items()
            }
            filled["all"] = tuple(map(sum, zip(*filled.values(), strict=True)))
            yield Person(level.id, chance.choice(sexes), chance.choice(ages), filled)


def _filled(
    chance: random.Random, use: str, doses: str, *, first: bool, stratum: int, lacking: int
) -> Filled:
    if use == "nobody" or (use == "one" and not (first and stratum == 0)):
        return (0,) * 6
    if use == "same":
        earlier = later = 2
    elif use in ("before", "after"):
        earlier, later = (1, 0) if use == "before" else (0, 1)
    elif use == "some":
        earlier, later = chance.randrange(3), chance.randrange(3)
    else:
        earlier, later = 1 + chance.randrange(2), chance.randrange(4)
    kind = doses
    if doses == "one stratum":
        kind = "unknown" if stratum == 0 else "known"
    kinds = [kind, kind]
    if kind == "mixed":
        kinds = [chance.choice(WHOLE)] * 2
    elif kind == "one window":
        kinds = [chance.choice(WHOLE[1:]), "known"][:: 1 - 2 * lacking]
    each = [10 * (one == "known") for one in kinds]
    missing = [one * (kind == "unknown") for one, kind in zip((earlier, later), kinds, strict=True)]
    return (earlier, later, each[0] * earlier, each[1] * later, *missing)


def _analysed(study: StudyDefinition, persons: tuple[Person, ...]) -> Results:
    cohort, groups, days = [], [], []
    for subgroup in (OVERALL, *(group.id for group in study.subgroups)):
        for level in study.strata.levels:
            mine = [
                one
                for one in persons
                if one.stratum == level.id and (subgroup == OVERALL or one.sex == "F")
            ]
            if not mine:
                continue
            cohort.append(_cohort_row(subgroup, level.id, mine))
            for name in OUTCOMES:
                people = [one.filled[name] for one in mine]
                if any(one[0] or one[1] for one in people):
                    row = moments(level.id, name, people, subgroup)
                    groups.append(row)
                    days.append(_day(study, row))
    return analyse(
        study,
        cohort_moments=[persons_row(study, row) for row in cohort],
        design_moments=[new for row in groups for new in design_rows(study, row)],
        daily_moments=days,
        attrition=(),
    )


def _cohort_row(subgroup: str, stratum: str, people: list[Person]) -> dict:
    ages = [one.age for one in people if one.age is not None]
    return {
        "subgroup": subgroup,
        "stratum": stratum,
        "persons": len(people),
        "women": sum(one.sex == "F" for one in people),
        "men": sum(one.sex == "M" for one in people),
        "age_known": len(ages),
        "age_sum": sum(ages),
        "age_sum_squares": sum(age * age for age in ages),
        "exposure_dispenses": len(people),
    }


def _day(study: StudyDefinition, row: dict) -> dict:
    """Everything dispensed on the first day of the window after."""
    return {
        "subgroup": row["subgroup"],
        "stratum": row["stratum"],
        "outcome": row["outcome"],
        "day": study.windows.after.first,
        "step_sum": row["sum_after"],
        "step_sum_squares": row["sum_squares_after"],
    }


def users(people: list[Person], outcome: str, place: int) -> int:
    """Who was dispensed it before (0) or after (1)."""
    return sum(one.filled[outcome][place] > 0 for one in people)


def mean(people: list[Person], outcome: str, place: int) -> Fraction:
    """Mean of one of the six numbers of an outcome."""
    return Fraction(sum(one.filled[outcome][place] for one in people), len(people))


def knows_doses(people: list[Person], outcome: str, places: Sequence[int] = (0, 1)) -> bool:
    """Whether a dose of any of these persons is known, or none was dispensed it.

    `places` are the windows: before (0), after (1) or both together.
    """
    filled = [one.filled[outcome] for one in people]
    is_dosed = any(one[2 + place] for one in filled for place in places)
    return is_dosed or not any(one[place] for one in filled for place in places)
