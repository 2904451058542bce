"""What the reference model says of groups: their sizes, sums day by day, and the attrition."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from tests import reference_model as model

OVERALL = "overall"
PERIODS = (7, 14, 28, 91, 10**6)
STEPS = ("step_sum", "step_sum_squares", "new_7", "new_14", "new_28", "new_91", "new_all")


def answer(study, products, register, persons):
    """Everything that a run computes of a study, by table.

    Returns:
        candidates and cohort by person, person_outcomes by design, person and outcome, sizes by
        subgroup and stratum, group_moments with the outcome for every design, daily_moments with
        outcome and day; cohort_moments by subgroup and number of exposure dispenses,
        design_moments by design, subgroup, number of dispenses, outcome and measure; attrition:
        (step, persons, records) in order; and refused: the outcomes and subgroups that stop a run.
        Groups of nobody are there, with zeros.
    """
    found = model.candidates(study, products, register, persons)
    members = model.cohort(study, products, found)
    by_design = {
        name: model.person_outcomes(one, register, members) for name, one in designs(study).items()
    }
    return {
        "candidates": found,
        "cohort": members,
        "person_outcomes": {
            (name, *key): row for name, of in by_design.items() for key, row in of.items()
        },
        "sizes": sizes(groups(study, members), members),
        "cohort_moments": sizes(groups_by_fills(study, members), members),
        "design_moments": {
            (name, *key): row
            for name, of in by_design.items()
            for key, row in design_moments(study, of, members).items()
        },
        "group_moments": {
            name: model.group_moments(study, of, members) for name, of in by_design.items()
        },
        "daily_moments": daily_moments(study, register, members),
        "attrition": attrition(study, products, found),
        "refused": refused(study, register) | unknown_subgroups(study, persons),
    }


def designs(study):
    """name -> the study with that pair of windows; its own is `main`."""
    others = {one.id: study.model_copy(update={"windows": one}) for one in study.designs}
    return {"main": study, **others}


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


def groups_by_fills(study, members):
    """(subgroup, exposure dispenses) -> the keys of its persons; the last group is open."""
    levels = study.strata.levels
    most = max([12, levels[-1].at_least, *(level.at_least for level in levels)])
    found = defaultdict(list)
    for key, person in members.items():
        for subgroup in (OVERALL, *person["subgroups"]):
            found[subgroup, min(person["exposure_dispenses"], most)].append(key)
    return found


def design_moments(study, outcomes, members):
    """(subgroup, exposure dispenses, outcome, measure) -> sums over persons, no zeros spelt out."""
    moments = {}
    for (subgroup, fills), keys in groups_by_fills(study, members).items():
        for outcome in study.outcomes:
            used = [outcomes[key, outcome.id] for key in keys if (key, outcome.id) in outcomes]
            if not used:
                continue
            dispenses = [(one["dispenses_before"], one["dispenses_after"]) for one in used]
            of = {
                "users": [(int(x > 0), int(y > 0)) for x, y in dispenses],
                "ddd": [(one["ddd_micro_before"], one["ddd_micro_after"]) for one in used],
                "dispenses": dispenses,
            }
            for measure, pairs in of.items():
                moments[subgroup, fills, outcome.id, measure] = _sums(measure, pairs, used)
    return moments


def _sums(measure, pairs, used):
    xs, ys = zip(*pairs, strict=True)
    of_doses = measure == "ddd"
    has_squares = measure != "users"  # their squares are the users
    return {
        "x": sum(xs),
        "y": sum(ys),
        "xx": sum(x * x for x in xs) if has_squares else None,
        "yy": sum(y * y for y in ys) if has_squares else None,
        "xy": sum(x * y for x, y in pairs),
        "x_missing": sum(one["ddd_missing_before"] for one in used) if of_doses else None,
        "y_missing": sum(one["ddd_missing_after"] for one in used) if of_doses else None,
        **_single_persons(measure, xs, ys),
    }


def _single_persons(measure, xs, ys):
    """What single persons add: the two largest amounts, how many below 0, how many changed."""
    of_doses, counted = measure == "ddd", measure != "users"
    found = {"changed": sum(x != y for x, y in zip(xs, ys, strict=True)) if counted else None}
    for side, values in (("x", xs), ("y", ys)):
        largest, second = sorted([0, 0, *map(abs, values)])[:-3:-1]
        found[f"{side}_largest"] = largest if counted else None
        found[f"{side}_second"] = second if of_doses else None
        found[f"{side}_negative"] = sum(v < 0 for v in values) if of_doses else None
    return found


def sizes(groups, members):
    """Persons, sexes, ages and exposure dispenses of every group."""
    moments = {}
    for group, keys in groups.items():
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

    A person's DDDs are added up outwards from where the windows face each other. Behind the two
    stand, for every length of `PERIODS` and the whole window, the persons who change on that day
    for the first time in a period of as many days.
    """
    shown = [one for one in study.outcomes if one.id in study.figures.curve_outcomes]
    daily = defaultdict(lambda: defaultdict(int))
    for row, _, day in model.in_windows(study, register, members):
        for outcome in shown:
            if row["atc"].startswith(outcome.atc) and row["ddd"] is not None:
                daily[row["person_key"], outcome.id][day] += int(row["ddd"] * model.MICRO)
    steps = defaultdict(lambda: (0,) * (2 + len(PERIODS)))
    after, before = study.windows.after.first, study.windows.before.last
    for group, keys in groups(study, members).items():
        for key in keys:
            for outcome in shown:
                days = daily[key, outcome.id]
                ways = sorted(d for d in days if d >= after), sorted(d for d in days if d < after)
                for outwards in (ways[0], ways[1][::-1]):
                    total, met = 0, set()
                    for day in outwards:
                        if days[day] == 0:
                            continue
                        away = day - after if day >= after else before - day
                        periods = {(length, away // length) for length in PERIODS}
                        new = [int((length, away // length) not in met) for length in PERIODS]
                        met |= periods
                        now = total + days[day]
                        added = (days[day], now**2 - total**2, *new)
                        place = (*group, outcome.id, day)
                        steps[place] = tuple(
                            a + b for a, b in zip(steps[place], added, strict=True)
                        )
                        total = now
    return {key: step for key, step in steps.items() if any(step)}


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
    event, pairs = study.exposure.index_event, (study.windows, *study.designs)
    days = [day for one in pairs for w in (one.before, one.after) for day in (w.first, w.last)]
    first = (event.first + timedelta(days=min(days))).year
    last = (event.last + timedelta(days=max(days))).year
    return {
        f"outcome {outcome.id}"
        for outcome in study.outcomes
        if not outcome.may_be_empty
        and not any(
            row["atc"].startswith(outcome.atc) and first <= row["year"] <= last for row in register
        )
    }


def unknown_subgroups(study, persons):
    """The subgroups that ask for what was delivered of nobody."""
    lacking = set()
    if all(row.get("periods", []) in (None, []) for row in persons.values()):
        lacking.add("observed")
    if all(row.get("died_on") in (None, model.NOT_DELIVERED) for row in persons.values()):
        lacking.add("alive")
    return {f"subgroup {group.id}" for group in study.subgroups if lacking & _kinds(group.keep_if)}


def _kinds(criterion):
    inner = [*(criterion.all or ()), *(criterion.any or ())]
    inner += [criterion.not_] if criterion.not_ is not None else []
    own = {name for name in ("observed", "alive") if getattr(criterion, name) is not None}
    return own.union(*map(_kinds, inner))


def rows_of(found):
    """The moments of an answer as rows, as an engine hands them over."""
    keys = {
        "cohort_moments": ("subgroup", "fills"),
        "design_moments": ("design", "subgroup", "fills", "outcome", "measure"),
    }
    tables = {
        name: [dict(zip(names, key, strict=True)) | row for key, row in found[name].items()]
        for name, names in keys.items()
    }
    tables["daily_moments"] = [
        dict(zip(("subgroup", "stratum", "outcome", "day"), key, strict=True))
        | dict(zip(STEPS, step, strict=True))
        for key, step in found["daily_moments"].items()
    ]
    return tables
