"""The study written once more with loops and dictionaries: slow, plain, and easy to believe.

A register is a list of dispensings (dicts) and a dict of persons; nothing here shares code with
the transforms. A person's `periods` are the pairs of days between which the register saw the
person (no last day: it still does), and None where no periods were delivered of anybody; where no
day of death was, `died_on` is `NOT_DELIVERED`.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

MICRO = 1_000_000
SIDES = ("before", "after")
NOT_DELIVERED = "not delivered"


def is_return(row):
    """Whether a line brings something back."""
    return any(row[name] is not None and row[name] < 0 for name in ("ddd", "packages"))


def settled(register, returns):
    """What is dispensed, and with `no_dispense` what is subtracted (`subtracted`: True)."""
    if returns == "as_dispense":
        return register
    if returns == "cancel":
        return cancelled(register)[0]
    rows = []
    for row in register:
        ddd = row["ddd"]
        if is_return(row):
            row = row | {"subtracted": True, "ddd": None if ddd is None else -abs(ddd)}
        rows.append(row)
    return rows


def cancelled(register):
    """The dispensings that returns leave, and the returns that found too little."""
    left, unmatched = [], []
    groups = defaultdict(list)
    for row in register:
        groups[row["person_key"], row["atc"]].append(dict(row))
    for lines in groups.values():
        bought = [row for row in lines if not is_return(row)]
        brought = [row for row in lines if is_return(row)]
        products = {row["product_number"] for row in lines} - {None}
        for product in sorted(products):
            mine = [row for row in bought if row["product_number"] == product]
            theirs = [row for row in brought if row["product_number"] == product]
            unmatched += _take_back(mine, theirs)
        unmatched += _take_back(bought, [row for row in brought if row["product_number"] is None])
        left += [row for row in bought if not row.get("gone")]
    return left, unmatched


def _take_back(bought, brought):
    """Let every return walk backwards through what is left; the returns that found too little."""
    bought = [row for row in bought if not row.get("gone")]
    unit = None
    for name in ("packages", "ddd"):
        if all(row[name] for row in (*bought, *brought)):
            unit = name
    unmatched = []
    for back in sorted(brought, key=lambda row: row["dispensed_on"]):
        amount = abs(back[unit]) if unit else 1
        while amount:
            before = [
                row
                for row in bought
                if row["dispensed_on"] <= back["dispensed_on"] and not row.get("gone")
            ]
            if not before:
                unmatched.append(back)
                break
            last = min(before, key=lambda row: _from_the_top(row, unit))
            size = last.get("left", last[unit]) if unit else 1
            taken = min(amount, size)
            amount -= taken
            last["left"] = size - taken
            last["gone"] = last["left"] == 0
    for row in bought:
        rest = row.pop("left", None)
        if rest and unit:
            row["ddd"], row["packages"] = (rest, None) if unit == "ddd" else (None, rest)
    return unmatched


def _from_the_top(row, unit):
    """The latest first; of one day the smallest, as it was before anything came back."""
    size = row[unit] if unit else 1
    texts = [
        row[name] or "" for name in ("product_number", "reimbursement_icd", "reimbursement_icpc")
    ]
    amounts = [-1 if row[name] is None else row[name] for name in ("ddd", "packages")]
    order = [row["dispensed_on"].toordinal(), -size, *amounts, *texts]
    return _Downwards(order)


class _Downwards:
    """Sorts the other way round."""

    def __init__(self, order):
        self.order = order

    def __lt__(self, other):
        return self.order > other.order


def candidates(study, products, register, persons):
    """person -> what `schemas.CANDIDATES` holds, by the study's rules."""
    register = [row for row in settled(register, study.returns) if not row.get("subtracted")]
    found = {}
    for person in {row["person_key"] for row in register}:
        mine = [row for row in register if row["person_key"] == person]
        candidate = _candidate(study, products, mine, persons.get(person, {}))
        if candidate is not None:
            found[person] = candidate
    return found


def _candidate(study, products, mine, attributes):
    event = study.exposure.index_event
    coded = [row for row in mine if row["atc"].startswith(study.exposure.atc)]
    in_period = [row for row in coded if event.first <= row["dispensed_on"] <= event.last]
    if not in_period:
        return None
    days = sorted(
        row["dispensed_on"]
        for row in coded
        if products is None or row["product_number"] in products
    )
    index = None
    for day in days:
        if not event.first <= day <= event.last:
            continue
        earlier = [other for other in days if other < day]
        clean = not earlier or (
            event.rule != "first_after_washout" or (day - max(earlier)).days > event.washout_days
        )
        if event.rule == "first_in_period" or clean:
            index = day
            break
    age = None
    if index is not None and attributes.get("birth_year") is not None:
        age = index.year - attributes["birth_year"]
    exposure_dispenses = _count_exposures(study, days, index)
    person = {
        "index_date": index,
        "exposure_dispenses": exposure_dispenses,
        "stratum": None if index is None else _stratum(study, exposure_dispenses),
        "sex": attributes.get("sex"),
        "age": age,
        "periods": attributes.get("periods", []),
        "died_on": attributes.get("died_on"),
        "atc_records": len(in_period),
        "product_records": sum(event.first <= day <= event.last for day in days),
    }
    passed = 0
    for condition in _conditions(study, products, mine, days, person):
        if not condition:
            break
        passed += 1
    person["steps_passed"] = passed
    person["subgroups"] = [
        group.id for group in study.subgroups if is_met(group.keep_if, mine, person) is True
    ]
    return person


def _count_exposures(study, days, index):
    if index is None:
        counted = []
    else:
        window = study.strata.counting_window
        counted = [day for day in days if window.first <= (day - index).days <= window.last]
    if study.strata.same_day == "one_a_day":
        counted = sorted(set(counted))
    less = study.strata.index_dispense == "not_counted" and study.strata.counting_window.first == 0
    return len(counted) - (1 if less else 0)


def _stratum(study, number):
    for level in study.strata.levels:
        if number >= level.at_least and (level.at_most is None or number <= level.at_most):
            return level.id
    return None


def _conditions(study, products, mine, days, person):
    event = study.exposure.index_event
    if products is not None:
        yield person["product_records"] > 0
    earlier = [day for day in days if person["index_date"] and day < person["index_date"]]
    if event.rule == "first_after_washout":
        yield person["index_date"] is not None
    elif event.washout_days == "ever":
        yield not earlier
    elif event.washout_days != "none":
        yield not earlier or (person["index_date"] - max(earlier)).days > event.washout_days
    for step in study.eligibility:
        yield is_met(step.keep_if, mine, person) is not False  # unknown excludes nobody


def is_met(criterion, mine, person):
    """True, False, or None where what is asked was not delivered."""
    if criterion.all is not None:
        found = [is_met(child, mine, person) for child in criterion.all]
        return False if False in found else None if None in found else True
    if criterion.any is not None:
        found = [is_met(child, mine, person) for child in criterion.any]
        return True if True in found else None if None in found else False
    if criterion.not_ is not None:
        found = is_met(criterion.not_, mine, person)
        return None if found is None else not found
    if criterion.sex is not None:
        return person["sex"] == criterion.sex
    if criterion.age is not None:
        low, high = criterion.age.at_least, criterion.age.at_most
        age = person["age"]
        return age is not None and (low is None or age >= low) and (high is None or age <= high)
    if criterion.dispensed is not None:
        return _is_dispensed(criterion.dispensed, mine, person)
    if criterion.observed is not None:
        return _is_observed(criterion.observed.days, person)
    if criterion.alive is not None:
        return _is_alive(criterion.alive.on_day, person)
    raise ValueError(f"the reference model knows no {criterion!r}")


def _is_observed(days, person):
    """Day by day: each lies in a period, and none after the death."""
    if person["periods"] is None:
        return None
    if person["index_date"] is None:
        return False
    for number in range(days.first, days.last + 1):
        day = person["index_date"] + timedelta(days=number)
        dead = isinstance(person["died_on"], date) and person["died_on"] < day
        if dead or not any(
            first <= day and (last is None or day <= last) for first, last in person["periods"]
        ):
            return False
    return True


def _is_alive(number, person):
    if person["died_on"] == NOT_DELIVERED:
        return None
    if person["index_date"] is None:
        return False
    died = person["died_on"]
    return died is None or died >= person["index_date"] + timedelta(days=number)


def _is_dispensed(leaf, mine, person):
    days = []
    for row in mine:
        if leaf.atc and not row["atc"].startswith(leaf.atc):
            continue
        if leaf.reimbursement_icd or leaf.reimbursement_icpc:
            icd, icpc = row["reimbursement_icd"] or "", row["reimbursement_icpc"] or ""
            by_icd = bool(leaf.reimbursement_icd) and icd.startswith(leaf.reimbursement_icd)
            by_icpc = bool(leaf.reimbursement_icpc) and icpc.startswith(leaf.reimbursement_icpc)
            if not (by_icd or by_icpc):
                continue
        if leaf.period and not leaf.period.first <= row["dispensed_on"] <= leaf.period.last:
            continue
        if leaf.days:
            if person["index_date"] is None:
                continue
            day = (row["dispensed_on"] - person["index_date"]).days
            if not leaf.days.first <= day <= leaf.days.last:
                continue
        days.append(row["dispensed_on"])
    return (len(days) if leaf.counting == "each_dispense" else len(set(days))) >= leaf.at_least


def cohort(study, products, found):
    """The candidates who pass every step."""
    steps = (products is not None) + (study.exposure.index_event.washout_days != "none")
    steps += len(study.eligibility)
    return {
        key: person
        for key, person in found.items()
        if person["steps_passed"] == steps and person["stratum"] is not None
    }


def person_outcomes(study, register, members):
    """(person, outcome) -> sums and dispenses, before and after; only where there is a dispense."""
    sums = defaultdict(
        lambda: {
            "ddd_micro_before": 0,
            "ddd_micro_after": 0,
            "dispenses_before": 0,
            "dispenses_after": 0,
            "ddd_missing_before": 0,
            "ddd_missing_after": 0,
        }
    )
    for row, side, _ in in_windows(study, register, members):
        for outcome in study.outcomes:
            if not row["atc"].startswith(outcome.atc):
                continue
            entry = sums[row["person_key"], outcome.id]
            subtracted = row.get("subtracted", False)
            entry[f"dispenses_{side}"] += not subtracted
            if row["ddd"] is None:
                entry[f"ddd_missing_{side}"] += not subtracted
            else:
                entry[f"ddd_micro_{side}"] += int(row["ddd"] * MICRO)
    return {
        key: entry
        for key, entry in sums.items()
        if any(entry[f"{what}_{side}"] for what in ("dispenses", "ddd_micro") for side in SIDES)
    }


def in_windows(study, register, members):
    """Every line inside a window: (line, side, day); one that is subtracted says so."""
    for row in settled(register, study.returns):
        person = members.get(row["person_key"])
        if person is None:
            continue
        day = (row["dispensed_on"] - person["index_date"]).days
        for side in ("before", "after"):
            window = getattr(study.windows, side)
            if window.first <= day <= window.last:
                yield row, side, day


def group_moments(study, outcomes, members):
    """(subgroup, stratum, outcome) -> counts, sums and sums of squares; every zero spelt out."""
    moments = {}
    for subgroup in ("overall", *(group.id for group in study.subgroups)):
        for level in study.strata.levels:
            inside = [
                key
                for key, person in members.items()
                if person["stratum"] == level.id
                and (subgroup == "overall" or subgroup in person["subgroups"])
            ]
            for outcome in study.outcomes:
                moments[subgroup, level.id, outcome.id] = _moments(
                    [outcomes.get((key, outcome.id)) for key in inside]
                )
    return moments


def _moments(entries):
    whats = ("ddd_micro", "dispenses", "ddd_missing")
    zero = dict.fromkeys([f"{what}_{side}" for what in whats for side in SIDES], 0)
    entries = [entry or zero for entry in entries]
    before = [entry["ddd_micro_before"] for entry in entries]
    after = [entry["ddd_micro_after"] for entry in entries]
    used = [(e["dispenses_before"] > 0, e["dispenses_after"] > 0) for e in entries]
    return {
        "both": used.count((True, True)),
        "before_only": used.count((True, False)),
        "after_only": used.count((False, True)),
        "neither": used.count((False, False)),
        "dispenses_before": sum(e["dispenses_before"] for e in entries),
        "dispenses_after": sum(e["dispenses_after"] for e in entries),
        "dispenses_before_sum_squares": sum(e["dispenses_before"] ** 2 for e in entries),
        "dispenses_after_sum_squares": sum(e["dispenses_after"] ** 2 for e in entries),
        "dispenses_difference_sum_squares": sum(
            (e["dispenses_after"] - e["dispenses_before"]) ** 2 for e in entries
        ),
        "ddd_missing_before": sum(e["ddd_missing_before"] for e in entries),
        "ddd_missing_after": sum(e["ddd_missing_after"] for e in entries),
        "sum_before": sum(before),
        "sum_after": sum(after),
        "sum_squares_before": sum(x * x for x in before),
        "sum_squares_after": sum(x * x for x in after),
        "sum_squares_difference": sum((y - x) ** 2 for x, y in zip(before, after, strict=True)),
    }


def dispensing(person, day, atc, *, product="971001", ddd="1", packages=None, icd=None, icpc=None):
    """One row of a register; `day` as ISO text, `ddd` and `packages` as text or None."""
    on = date.fromisoformat(day) if isinstance(day, str) else day
    return {
        "person_key": person,
        "atc": atc,
        "product_number": product,
        "dispensed_on": on,
        "ddd": None if ddd is None else Decimal(ddd),
        "packages": None if packages is None else Decimal(packages),
        "reimbursement_icd": icd,
        "reimbursement_icpc": icpc,
        "file_id": 1,
        "year": on.year,
    }
