"""What moved between two runs, and which of it is above a threshold: cases by hand."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal

import pytest

from ldn_spark.drift.found import compare
from ldn_spark.drift.moves import find_moves, first_open_year
from ldn_spark.drift.records import COLUMNS, drift_csv, drift_json
from ldn_spark.drift.snapshot import MAIN_QUANTITY
from ldn_spark.drift.thresholds import Thresholds
from tests.unit.drift.snapshots import KEY, OLD, dispensed, estimate, moved, steps

MOVED = {
    # what is not the same: kind, where, old, new
    "lines of a registry": (moved(dispensings=1200), [("dispensings", (), 1000, 1200)]),
    "persons": (moved(persons=99), [("persons", (), 100, 99)]),
    "a closed year": (
        moved(dispensed=dispensed(2100, 1000)),
        [
            ("ddd_by_year", ("2013",), 2000, 2100),
            ("ddd_by_code", ("2013", "N03AX09"), 2000, 2100),
        ],
    ),
    "a code that is read otherwise": (
        moved(dispensed=dispensed(2000, 1000, "N03AX12")),
        [
            ("ddd_by_code", ("2013", "N03AX09"), 2000, 0),
            ("ddd_by_code", ("2013", "N03AX12"), 0, 2000),
            ("ddd_by_code", ("2014", "N03AX09"), 1000, 0),
            ("ddd_by_code", ("2014", "N03AX12"), 0, 1000),
        ],
    ),
    "a code of another study": (
        moved(same_study="2", dispensed=dispensed(2000, 1000, "N03AX12")),
        [],
    ),
    "a step": (moved(steps=steps(59, 50)), [("steps", ("study", "exposure"), 60, 59)]),
    "the last step": (moved(steps=steps(60, 51)), [("cohort", ("study",), 50, 51)]),
    "an estimate": (moved(estimates=estimate("2.5")), [("estimates", KEY, Decimal(2), 2.5)]),
    "an interval alone": (moved(estimates=estimate("2.0", "0.5")), [("estimates", KEY, 2, 2)]),
    "an estimate that is none": (
        moved(estimates=estimate(None, None, None)),
        [("estimates", KEY, 2, None)],
    ),
    "an estimate that another study has not": (moved(same_study="2", estimates={}), []),
    "what an earlier software did not say": (
        moved(dispensings=None, persons=None, dispensed=None, steps=(), estimates={}),
        [],
    ),
    "nothing": (moved(), []),
}


@pytest.mark.parametrize("case", MOVED)
def test_what_moved(case):
    new, expected = MOVED[case]
    found = [(move.kind, move.where, move.old, move.new) for move in find_moves(OLD, new)]
    assert found == expected


def test_a_year_is_open_from_the_day_after_the_last_one():
    assert first_open_year(OLD) == 2014
    assert first_open_year(moved(last_dispensed_on="2013-12-31")) == 2014
    assert first_open_year(moved(last_dispensed_on="2013-12-30")) == 2013
    assert first_open_year(moved(last_dispensed_on="")) == 2014  # the last that was dispensed in
    assert first_open_year(moved(last_dispensed_on="", dispensed=None)) is None


LIMIT = {"fall": 1, "rise": 10}
ABOVE = {
    # thresholds, the new run: what is above
    "rise at the limit": ({"persons": LIMIT}, moved(persons=110), []),
    "rise above": ({"persons": LIMIT}, moved(persons=111), ["persons: rise 10 %"]),
    "fall at the limit": ({"persons": LIMIT}, moved(persons=99), []),
    "fall above": ({"persons": LIMIT}, moved(persons=98), ["persons: fall 1 %"]),
    "no limit of that side": ({"persons": {"fall": 0}}, moved(persons=500), []),
    "no limit of that kind": ({"persons": LIMIT}, moved(dispensings=1), []),
    "not of a size": ({"persons": {**LIMIT, "at_least": 101}}, moved(persons=90), []),
    "of a size in one run": (
        {"persons": {**LIMIT, "at_least": 111}},
        moved(persons=111),
        ["persons: rise 10 %"],
    ),
    "a closed year": (
        {"ddd_by_year": LIMIT},
        moved(dispensed=dispensed(1000, 1)),
        ["ddd_by_year: fall 1 %"],
    ),
    "an open year": ({"ddd_by_year": LIMIT}, moved(dispensed=dispensed(2000, 1)), []),
    "from nothing": (
        {"ddd_by_code": {"rise": 1e6, "at_least": 2000}},
        moved(dispensed=(*OLD.dispensed, dispensed(2000, 5, "N03AX12")[0])),
        ["ddd_by_code: rise 1\u202f000\u202f000 %"],
    ),
    "a half of a half width": (
        {"estimates": {"half_widths": 0.5}},
        moved(estimates=estimate("2.5")),
        [],
    ),
    "more than it": (
        {"estimates": {"half_widths": 0.5}},
        moved(estimates=estimate("1.49")),
        ["estimates: half_widths 0.5"],
    ),
    "of too few": (
        {"estimates": {"half_widths": 0.5, "at_least": 51}},
        moved(estimates=estimate("9")),
        [],
    ),
    "a lost one": (
        {"estimates": {"lost": 0}},
        moved(estimates=estimate(None)),
        ["estimates: lost 0"],
    ),
    "as many lost as may be": ({"estimates": {"lost": 1}}, moved(estimates=estimate(None)), []),
}


@pytest.mark.parametrize("case", ABOVE)
def test_what_is_above_a_threshold(case):
    limits, new, expected = ABOVE[case]
    drift = compare(new, OLD, (), Thresholds.model_validate(limits))
    assert [one.threshold for one in drift.above] == expected
    assert drift.exceeds == bool(expected)


def test_a_width_of_nothing_is_left_by_any_move():
    old = replace(OLD, estimates=estimate("2", "2", "2"))
    drift = compare(
        moved(estimates=estimate("2.1")), old, (), Thresholds(estimates={"half_widths": 5})
    )
    assert [one.threshold for one in drift.above] == ["estimates: half_widths 5"]
    assert drift.moves[0].half_widths is None


def test_what_is_printed_for_programs():
    new = moved(persons=110, estimates=estimate("2.5", n=51), dispensed=None)
    drift = compare(new, OLD, (), Thresholds(persons={"rise": 5}))
    rows = list(csv.DictReader(io.StringIO(drift_csv(drift))))
    assert tuple(rows[0]) == COLUMNS
    persons, interval = rows
    assert (persons["kind"], persons["old"], persons["new"]) == ("persons", "100", "110")
    assert (persons["difference"], persons["percent"]) == ("10", "10.0")
    assert persons["threshold"] == "persons: rise 5 %"
    assert (interval["outcome"], interval["old_n"], interval["new_n"]) == ("N03A", "50", "51")
    assert (interval["old_low"], interval["half_widths"]) == ("1", "0.5")
    said = json.loads(drift_json(drift))
    assert said["restricted"].startswith("Restricted")
    assert (said["previous"]["run_id"], said["run"]["run_id"]) == ("monday", "tuesday")
    assert said["not_compared"] == ["DDDs by year and code: run tuesday does not say them"]
    assert said["moved"][0]["difference"] == 10
    assert said["above"] == 1
    assert json.loads(drift_json(compare(OLD, None)))["previous"] is None


def test_every_table_with_limits_has_the_quantity_that_they_are_of():
    from ldn_spark.catalogue.tables import TABLES

    with_limits = {
        table.name for table in TABLES if any(one.name == "ci_low" for one in table.quantities)
    }
    assert set(MAIN_QUANTITY) == with_limits


def test_what_moved_furthest_comes_first_and_what_is_above_before_it():
    from ldn_spark.drift.snapshot import Interval
    from ldn_spark.reporting.drift.rows import sections

    def of(*estimates):
        names = ("users@gap@exposure:ssri", "ddd", "did_ddd", "users")
        return {
            (name, "all", "N03A"): Interval(9, *map(Decimal, numbers))
            if len(numbers) == 3
            else Interval(9, Decimal(numbers[0]), None, None)
            for name, numbers in zip(names, estimates, strict=True)
        }

    old = replace(OLD, estimates=of(["1"], "024", "024", "024"))
    new = moved(estimates=of(["5"], "223", "125", "224"), steps=steps(60, 40))
    drift = compare(new, old, (), Thresholds(cohort={"fall": 5}))
    cohort, estimates = sections(drift, 2)
    assert [(row.label, row.threshold) for row in cohort.rows] == [("persons", "cohort: fall 5 %")]
    assert [(row.label, row.change) for row in estimates.rows] == [
        ("ddd, all: Antiepileptics", "2.00 half widths"),
        ("users, all: Antiepileptics", "2.00 half widths"),
    ]
    assert estimates.more == 2
    every = [row for section in sections(drift, 9) for row in section.rows]
    assert (every[-1].label, every[-1].change) == (
        "users, gap, ssri, all: Antiepileptics",
        "+400.00",
    )
