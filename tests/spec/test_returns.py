"""What returned packages do, by hand: lines of one person, what is left of them, and a study."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest

from ldn_spark.engine.collect import rows
from ldn_spark.transforms import in_order
from ldn_spark.transforms.returns import add_matched
from tests import reference_model
from tests.reference_model import dispensing
from tests.registers import (
    dispensings,
    exposure_with,
    find_candidates,
    find_cohort,
    frame,
    measure,
    persons,
    study_like,
    sum_outcomes,
)

FIRST = date(2013, 1, 1)

# (day, DDDs, packages, product) of each line -> (day, DDDs) that are left, and how much of each
# return has found what it takes back
MATCHES = {
    "all of it": ([(0, 30), (2, -30)], [], ["whole"]),
    "on the same day, whatever the order": ([(0, -30), (0, 30)], [], ["whole"]),
    "nothing before": ([(0, -30), (1, 30)], [(1, 30)], ["none"]),
    "one of two packages": ([(0, 60, 2), (2, -30, -1)], [(0, 60 - 30)], ["whole"]),
    "the latest before, not a later one": (
        [(0, 30), (5, 30), (6, -30), (9, 30)], [(0, 30), (9, 30)], ["whole"],
    ),
    "more than the latest goes on to the one before": (
        [(0, 30), (5, 20), (6, -40)], [(0, 30 - 20)], ["whole"],
    ),
    "more than there is": ([(0, 30), (6, -40)], [], ["part"]),
    "twice": ([(0, 30), (3, -30), (4, -30)], [], ["whole", "none"]),
    "in and out again": ([(0, 30), (3, -30), (4, 30), (5, 30), (6, -30)], [(4, 30)], ["whole"] * 2),
    "a return that finds nothing leaves what comes later": (
        [(0, -90), (1, 30), (2, -10)], [(1, 20)], ["none", "whole"],
    ),
    "two parts of one": ([(0, 90), (3, -30), (4, -30)], [(0, 30)], ["whole"] * 2),
    "of one day the smallest first": ([(0, 60), (0, 30), (2, -30)], [(0, 60)], ["whole"]),
    "another product": (
        [(0, 30, None, "1"), (2, -30, None, "2")], [(0, 30)], ["none"],
    ),
    "no product anywhere": ([(0, 30, None, None), (2, -30, None, None)], [], ["whole"]),
    "a return without a product: the latest of the code": (
        [(0, 30, None, "1"), (1, 30, None, "2"), (2, -30, None, None)],
        [(0, 30)], ["whole"],
    ),
    "those with a product take theirs first": (
        [(0, 30, None, "1"), (1, 30, None, "2"), (2, -30, None, None), (3, -30, None, "2")],
        [], ["whole"] * 2,
    ),
    "a return with a product, bought without": (
        [(0, 30, None, None), (2, -30, None, "1")], [(0, 30)], ["none"],
    ),
    "no DDD known: by packages": ([(0, None, 2), (2, None, -2)], [], ["whole"]),
    "no DDD known: one of two packages": ([(0, None, 2), (2, None, -1)], [(0, None)], ["whole"]),
    "the DDDs of a part of the packages are unknown": (
        [(0, 60, 2), (2, None, -1)], [(0, None)], ["whole"],
    ),
    "negative packages and positive DDDs": ([(0, 30, 1), (2, 30, -1)], [], ["whole"]),
    "negative DDDs and positive packages": ([(0, 30, 1), (2, -30, 1)], [], ["whole"]),
    "nothing to compare by: one for one": (
        [(0, None), (1, 30), (2, None, -1)], [(0, None)], ["whole"],
    ),
    "DDDs of 0: by packages": ([(0, 0, 1), (1, 0, -1)], [], ["whole"]),
    "to the millionth": (
        [(0, "0.000003"), (1, "-0.000001")], [(0, "0.000002")], ["whole"],
    ),
    "no return": ([(0, 30), (0, 30), (1, None), (2, 0)], [(0, 30), (0, 30), (1, None), (2, 0)], []),
}  # fmt: skip


def line_of(person, day, ddd, packages=None, product="971001"):
    texts = [None if amount is None else str(amount) for amount in (ddd, packages)]
    on = FIRST + timedelta(days=day)
    row = dispensing(person, on, "N06AB03", product=product, ddd=texts[0], packages=texts[1])
    return row


def kept(matched):
    """(day, DDDs) of what is left, as often as it is."""
    return Counter(
        ((row["dispensed_on"] - FIRST).days, row["ddd"])
        for row in matched
        if not row["is_return"] and row["matched"] != "whole"
    )


def test_what_returns_take_back(spark):
    register = [
        line_of(person, *line) for person, case in enumerate(MATCHES) for line in MATCHES[case][0]
    ]
    found = rows(add_matched(dispensings(spark, register)))
    assert len(found) == len(register)
    for person, (case, (_, left, how)) in enumerate(MATCHES.items()):
        mine = sorted(
            (row for row in found if row["person_key"] == person),
            key=lambda row: (row["dispensed_on"], row["product_number"] or ""),
        )
        expected = Counter((day, None if ddd is None else Decimal(ddd)) for day, ddd in left)
        assert kept(mine) == expected, case
        assert sorted(row["matched"] for row in mine if row["is_return"]) == sorted(how), case


def test_nobody_takes_back_what_another_bought(spark):
    register = [
        line_of(1, 0, 30),
        line_of(2, 1, -30),
        line_of(1, 2, -30) | {"atc": "N06AB04"},  # another code of the same product number
    ]
    found = rows(add_matched(dispensings(spark, register)))
    assert sorted(row["matched"] for row in found) == ["none"] * 3


@pytest.mark.parametrize("seed", range(3))
def test_random_lines_are_matched_as_by_a_walk(spark, seed):
    """Few persons and products with many returns, against the reference model."""
    chance = random.Random(seed)
    register = []
    for person in range(60):
        amounts = chance.choice([["30", "60", "10"], ["30", None, "0"], [None], ["0.5", "0.25"]])
        products = chance.choice([["1"], ["1", "2"], [None], ["1", None]])
        for _ in range(chance.randrange(14)):
            sign = chance.choice([1, 1, -1])
            ddd, packages = chance.choice(amounts), chance.choice([None, "1", "2"])
            row = dispensing(
                person,
                FIRST + timedelta(days=chance.randrange(6)),
                chance.choice(["N06AB03", "N06AB04"]),
                product=chance.choice(products),
                ddd=ddd,
                packages=packages,
                icd=chance.choice([None, "G35"]),
            )
            for name in ("ddd", "packages"):
                row[name] = row[name] and sign * row[name]
            register.append(row)
    found = rows(add_matched(dispensings(spark, register)))
    left, unmatched = reference_model.cancelled(register)
    assert Counter(
        tuple(row[name] for name in KEPT)
        for row in found
        if not row["is_return"] and row["matched"] != "whole"
    ) == Counter(tuple(row[name] for name in KEPT) for row in left)
    assert sum(row["is_return"] and row["matched"] != "whole" for row in found) == len(unmatched)
    ways = Counter((row["is_return"], row["matched"]) for row in found)
    assert min(ways[side, how] for side in (0, 1) for how in ("whole", "part", "none")) > 3


KEPT = (
    "person_key", "atc", "product_number", "dispensed_on", "ddd", "packages", "reimbursement_icd",
)  # fmt: skip
LDN, SSRI = "N07BB04", "N06AB03"
PRODUCT = "971001"
INDEX = date(2013, 6, 1)


def bought(day, atc=LDN, ddd="30"):
    return dispensing(1, INDEX + timedelta(days=day), atc, product=PRODUCT, ddd=ddd)


def returned(day, atc=LDN, ddd="-30"):
    return bought(day, atc, ddd)


# lines of one person -> index day (None: not in the cohort), exposure dispenses, by choice
STARTS = {
    "bought and returned": ([bought(0), returned(2)], {
        "cancel": None, "no_dispense": (0, 1), "as_dispense": (0, 2)}),
    "bought the year before, returned in the period": ([bought(-155), returned(-149)], {
        "cancel": None, "no_dispense": None, "as_dispense": (-149, 1)}),
    "returned after the counting window": ([bought(0), bought(300), returned(400)], {
        "cancel": (0, 1), "no_dispense": (0, 2), "as_dispense": (0, 2)}),
    "the second is the first that stays": ([bought(0), returned(2), bought(9)], {
        "cancel": (9, 1), "no_dispense": (0, 2), "as_dispense": (0, 3)}),
    "a part of it": ([bought(0, ddd="60"), returned(2), bought(9)], {
        "cancel": (0, 2), "no_dispense": (0, 2), "as_dispense": (0, 3)}),
    "a return alone": ([returned(0)], {
        "cancel": None, "no_dispense": None, "as_dispense": (0, 1)}),
}  # fmt: skip


@pytest.mark.parametrize("returns", ["cancel", "no_dispense", "as_dispense"])
def test_a_return_and_the_index_event(spark, returns):
    study = study_like(returns=returns)
    register = [
        row | {"person_key": person}
        for person, (lines, _) in enumerate(STARTS.values())
        for row in lines
    ]
    candidates = find_candidates(study, dispensings(spark, register), persons(spark, {}))
    found = {row["person_key"]: row for row in rows(find_cohort(study, candidates))}
    for person, (case, (_, expected)) in enumerate(STARTS.items()):
        row = found.get(person)
        got = row and ((row["index_date"] - INDEX).days, row["exposure_dispenses"])
        assert got == expected[returns], case


@pytest.mark.parametrize(
    ("returns", "is_in"), [("cancel", True), ("no_dispense", False), ("as_dispense", False)]
)
def test_a_return_and_the_washout(spark, returns, is_in):
    """What was bought and returned before the index date is no earlier use."""
    study = study_like(returns=returns, exposure=exposure_with(washout_days=365))
    register = [bought(-100), returned(-90), bought(0)]
    register = [
        row | {"dispensed_on": row["dispensed_on"] + timedelta(days=-120)} for row in register
    ]
    register = [row | {"year": row["dispensed_on"].year} for row in register]
    candidates = find_candidates(study, dispensings(spark, register), persons(spark, {}))
    assert bool(rows(find_cohort(study, candidates))) == is_in


WINDOWS = {"days": [-365, -1]}
PERIOD = {"period": ["2013-01-01", "2013-05-31"]}


@pytest.mark.parametrize("when", [WINDOWS, PERIOD], ids=["days", "period"])
@pytest.mark.parametrize(
    ("returns", "passes"), [("cancel", False), ("no_dispense", True), ("as_dispense", True)]
)
def test_a_return_and_a_condition(spark, returns, passes, when):
    """The return lies outside of the days that the condition looks at, and names no diagnosis."""
    leaf = {"atc": ["N06A"], "reimbursement_icd": ["F32"], "at_least": 1} | when
    step = {"id": "ad", "label": "x", "keep_if": {"dispensed": leaf | {"counting": "one_a_day"}}}
    study = study_like(returns=returns, eligibility=[step])
    use = bought(-30, SSRI) | {"reimbursement_icd": "F32"}
    register = [bought(0), use, returned(0, SSRI)]
    candidates = find_candidates(study, dispensings(spark, register), persons(spark, {}))
    assert bool(rows(find_cohort(study, candidates))) == passes


# (DDDs before, after, dispenses before, after) of one person's SSRI, by choice; None: no row
SUMS = {
    "bought before, returned after": ([bought(-5, SSRI), returned(3, SSRI)], {
        "cancel": None, "no_dispense": (30, -30, 1, 0), "as_dispense": (30, -30, 1, 1)}),
    "bought before the window": ([bought(-400, SSRI), returned(-300, SSRI)], {
        "cancel": None, "no_dispense": (-30, 0, 0, 0), "as_dispense": (-30, 0, 1, 0)}),
    "returned after the window": ([bought(300, SSRI), returned(500, SSRI)], {
        "cancel": None, "no_dispense": (0, 30, 0, 1), "as_dispense": (0, 30, 0, 1)}),
    "a part of it": ([bought(5, SSRI, "60"), returned(8, SSRI)], {
        "cancel": (0, 30, 0, 1), "no_dispense": (0, 30, 0, 1), "as_dispense": (0, 30, 0, 2)}),
    "nothing to take back": ([returned(8, SSRI)], {
        "cancel": None, "no_dispense": (0, -30, 0, 0), "as_dispense": (0, -30, 0, 1)}),
    "unknown DDDs": ([
        bought(5, SSRI, None) | {"packages": Decimal(1)},
        bought(8, SSRI, None) | {"packages": Decimal(-1)}], {
        "cancel": None, "no_dispense": (0, 0, 0, 1), "as_dispense": (0, 0, 0, 2)}),
}  # fmt: skip


@pytest.mark.parametrize("returns", ["cancel", "no_dispense", "as_dispense"])
def test_a_return_and_the_outcomes(spark, returns):
    study = study_like(returns=returns)
    register = [
        row | {"person_key": person}
        for person, (lines, _) in enumerate(SUMS.values())
        for row in lines
    ]
    member = {"index_date": INDEX, "exposure_dispenses": 1, "stratum": "LDNx1", "subgroups": []}
    members = [member | {"person_key": person} for person in range(len(SUMS))]
    cohort = frame(spark, in_order.COHORT, members)
    cut = measure(study, dispensings(spark, register), cohort)
    outcomes = {
        row["person_key"]: tuple(
            int(row[f"{what}_{side}"]) // (1_000_000 if what == "ddd_micro" else 1)
            for what in ("ddd_micro", "dispenses")
            for side in ("before", "after")
        )
        for row in rows(sum_outcomes(study, cut))
        if row["outcome"] == "ssri"
    }
    for person, (case, (_, expected)) in enumerate(SUMS.items()):
        assert outcomes.get(person) == expected[returns], case
    counted = [(row["returns"], row["returns_unmatched"]) for row in rows(cut)]
    sums = tuple(map(sum, zip(*counted, strict=True)))
    # in the windows: of "returned after the window" the return lies outside
    assert sums == {"cancel": (5, 1), "no_dispense": (5, 0), "as_dispense": (0, 0)}[returns]


def test_without_returns_the_least_work_finds_the_same(spark):
    study = study_like()
    register = [bought(day, atc) for day in (-400, -20, 0, 0, 30) for atc in (LDN, SSRI)]
    registry = dispensings(spark, register)

    def found(returns):
        candidates = find_candidates(study, registry, persons(spark, {}), returns=returns)
        cut = measure(study, registry, find_cohort(study, candidates), returns=returns)
        return rows(candidates), sorted(map(str, rows(cut)))

    assert found("cancel") == found("as_dispense")
