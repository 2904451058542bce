"""What the reference model says of groups: their sizes, sums day by day, and the attrition."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from tests import reference_model as model

OVERALL = "overall"


def answer(study, products, register, persons):
    """Everything that a run computes of a study, by table.

    Returns:
        candidates and cohort by person, person_outcomes by person and outcome, cohort_moments by
        subgroup and stratum, group_moments with the outcome, daily_moments with outcome and day,
        attrition: (step, persons, records) in order; and refused: the outcomes that stop a run.
        Groups of nobody are there, with zeros.
    """
    found = model.candidates(study, products, register, persons)
    members = model.cohort(study, products, found)
    outcomes = model.person_outcomes(study, register, members)
    return {
        "candidates": found,
        "cohort": members,
        "person_outcomes": outcomes,
        "cohort_moments": cohort_moments(study, members),
        "group_moments": model.group_moments(study, outcomes, members),
        "daily_moments": daily_moments(study, register, members),
        "attrition": attrition(study, products, found),
        "refused": refused(study, register),
    }


def groups(study, members):
    """(subgroup, stratum) -> the keys of its persons."""
    return {
        (subgroup, level.id): [
            key
            for key, person in members.items()
            if person["stratum"] == level.id
            and (subgroup == OVERALL or subgroup in person["subgroups"])
        ]
        for subgroup in (OVERALL, *(group.id for group in study.subgroups))
        for level in study.strata.levels
    }


def cohort_moments(study, members):
    """(subgroup, stratum) -> persons, sexes, ages and exposure dispenses."""
    moments = {}
    for group, keys in groups(study, members).items():
        persons = [members[key] for key in keys]
        ages = [person["age"] for person in persons if person["age"] is not None]
        moments[group] = {
            "persons": len(persons),
            "women": sum(person["sex"] == "F" for person in persons),
            "men": sum(person["sex"] == "M" for person in persons),
            "age_known": len(ages),
            "age_sum": sum(ages),
            "age_sum_squares": sum(age * age for age in ages),
            "exposure_dispenses": sum(person["exposure_dispenses"] for person in persons),
        }
    return moments


def daily_moments(study, register, members):
    """(subgroup, stratum, outcome, day) -> change of the sum and of the sum of squares.

    A person's DDDs are added up outwards from where the windows face each other.
    """
    shown = [one for one in study.outcomes if one.id in study.figures.curve_outcomes]
    daily = defaultdict(lambda: defaultdict(int))
    for row, _, day in model.in_windows(study, register, members):
        for outcome in shown:
            if row["atc"].startswith(outcome.atc) and row["ddd"] is not None:
                daily[row["person_key"], outcome.id][day] += int(row["ddd"] * model.MICRO)
    steps = defaultdict(lambda: (0, 0))
    after = study.windows.after.first
    for group, keys in groups(study, members).items():
        for key in keys:
            for outcome in shown:
                days = daily[key, outcome.id]
                ways = sorted(d for d in days if d >= after), sorted(d for d in days if d < after)
                for outwards in (ways[0], ways[1][::-1]):
                    total = 0
                    for day in outwards:
                        change, squares = steps[*group, outcome.id, day]
                        now = total + days[day]
                        change, squares = change + days[day], squares + now**2 - total**2
                        steps[*group, outcome.id, day] = change, squares
                        total = now
    return {key: step for key, step in steps.items() if step != (0, 0)}


def attrition(study, products, found):
    """(step, persons, records) from the exposure's codes on.

    Records are dispensings in the index period: of the codes at first, of the exposure then.
    """
    names = ["exposure_atc"]
    if products is not None:
        names.append("exposure_product")
    if study.exposure.index_event.washout_days != "none":
        names.append("washout")
    names += [step.id for step in study.eligibility]
    steps = []
    for number, name in enumerate(names):
        left = [person for person in found.values() if person["steps_passed"] >= number]
        records = "product_records" if number else "atc_records"
        steps.append((name, len(left), sum(person[records] for person in left)))
    return steps


def refused(study, register):
    """The outcomes of which something must be found, and nothing is in the years looked at."""
    event, windows = study.exposure.index_event, study.windows
    first = (event.first + timedelta(days=windows.before.first)).year
    last = (event.last + timedelta(days=windows.after.last)).year
    return {
        outcome.id
        for outcome in study.outcomes
        if not outcome.may_be_empty
        and not any(
            row["atc"].startswith(outcome.atc) and first <= row["year"] <= last for row in register
        )
    }


def rows_of(found):
    """The moments of an answer as rows, as an engine hands them over."""
    groups = ("subgroup", "stratum")
    named = {
        "cohort_moments": groups,
        "group_moments": (*groups, "outcome"),
    }
    tables = {
        name: [dict(zip(keys, key, strict=True)) | row for key, row in found[name].items()]
        for name, keys in named.items()
    }
    for row in tables["group_moments"]:
        row["largest"] = 0
    tables["daily_moments"] = [
        dict(zip((*groups, "outcome", "day"), key, strict=True))
        | {"step_sum": step[0], "step_sum_squares": step[1]}
        for key, step in found["daily_moments"].items()
    ]
    return tables
