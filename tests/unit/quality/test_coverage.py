"""Both sides of every edge of the extract, around hand-made index dates."""

from __future__ import annotations

from datetime import date

import pytest

from ldn_spark.quality.coverage import Extract, cover, find_uncovered
from ldn_spark.study.reach import days_looked_at, exposure_reach, outcome_reach
from tests.registers import exposure_with, strata_with, study_like

STUDY = study_like().definition  # 365 days before, 364 after
EXTRACT = Extract(date(2012, 1, 10), date(2014, 12, 10), frozenset())
JULY = frozenset({(2012, 7)})

# index date, months without a dispensing: begins too late, ends too early, over a gap
EDGES = {
    "8 days before the first dispensing": (date(2013, 1, 1), (), (1, 0, 0)),
    "7 days before it": (date(2013, 1, 2), (), (0, 0, 0)),
    "7 days after the last dispensing": (date(2013, 12, 18), (), (0, 0, 0)),
    "8 days after it": (date(2013, 12, 19), (), (0, 1, 0)),
    "begins on the last day of the gap": (date(2013, 7, 31), JULY, (0, 0, 1)),
    "begins on the day after the gap": (date(2013, 8, 1), JULY, (0, 0, 0)),
    "ends on the first day of the gap": (date(2013, 7, 2), {(2014, 7)}, (0, 0, 1)),
    "ends on the day before the gap": (date(2013, 7, 1), {(2014, 7)}, (0, 0, 0)),
}


@pytest.mark.parametrize("case", EDGES)
def test_edges(case):
    index, gaps, expected = EDGES[case]
    found = cover(STUDY, {index: 3}, Extract(EXTRACT.first, EXTRACT.last, frozenset(gaps)), None)
    parts = (found.short_before, found.short_after, found.over_a_gap)
    assert parts == tuple(3 * part for part in expected)
    assert found.uncovered == 3 * any(expected)


def test_persons_are_counted_once():
    dates = {date(2013, 1, 1): 5, date(2013, 1, 2): 1, date(2013, 8, 1): 20, date(2013, 12, 19): 6}
    gap = Extract(EXTRACT.first, EXTRACT.last, frozenset({(2012, 2)}))
    found = cover(STUDY, dates, gap, 25)
    assert (found.persons, found.first_index, found.last_index) == (
        32, date(2013, 1, 1), date(2013, 12, 19),
    )  # fmt: skip
    assert (found.short_before, found.short_after, found.over_a_gap) == (5, 6, 5 + 1)
    assert (found.uncovered, found.observed) == (5 + 1 + 6, 25)


def test_nobody():
    found = cover(STUDY, {}, None, None)
    assert (found.persons, found.first_index, found.uncovered) == (0, None, 0)


def test_the_days_looked_at():
    assert days_looked_at(STUDY) == (-365, 364)
    longer = study_like(
        exposure=exposure_with(washout_days=730), strata=strata_with(counting_window=[0, 400])
    )
    assert days_looked_at(longer.definition) == (-730, 400)
    ever = study_like(exposure=exposure_with(washout_days="ever"))
    assert days_looked_at(ever.definition) == (-365, 364)


def looking(**when):
    leaf = {"atc": ["N02A"], "at_least": 1, "counting": "each_dispense"} | when
    return {"id": "opioid", "label": "An opioid", "keep_if": {"not": {"dispensed": leaf}}}


def seeing(condition):
    return {"id": "seen", "label": "Seen", "keep_if": condition}


def test_conditions_are_looked_at_too():
    far = study_like(subgroups=[looking(days=[-900, -800])], eligibility=[looking(days=[1, 500])])
    assert days_looked_at(far.definition) == (-900, 500)
    assert outcome_reach(far.definition).years == (2012, 2014)
    assert exposure_reach(far.definition).years == (2013, 2014)


# changes of the study, first and last day of the extract -> parts that stop, parts that warn
PARTS = {
    "covered": ({}, "2012-01-01", "2014-12-30", [], []),
    "closed on the first and the last days": ({}, "2012-01-09", "2014-12-23", [], []),
    "a day more at either end": (
        {}, "2012-01-10", "2014-12-22",
        [], [("window before the index date", "begins on 2012-01-10"),
             ("window after the index date", "ends on 2014-12-22"),
             ("counting window", "ends on 2014-12-22")],
    ),
    "a fixed period before the extract": (
        {"eligibility": [looking(period=["2009-01-01", "2010-12-31"])]}, "2012-01-01", "2014-12-31",
        [("condition opioid", "looks at 2009-01-01 to 2010-12-31, which lie before the extract: it "
          "holds 2012-01-01 to 2014-12-31")], [],
    ),
    "after it, in a subgroup": (
        {"subgroups": [looking(period=["2016-01-01", "2016-12-31"])]}, "2012-01-01", "2014-12-31",
        [("subgroup opioid", "which lie after the extract")], [],
    ),
    "days from the index date that nobody reaches": (
        {"eligibility": [looking(days=[-1500, -1000])]}, "2012-01-01", "2014-12-31",
        [("condition opioid", "looks at 2008-11-23 to 2011-04-06")], [],
    ),
    "days that some reach": (
        {"eligibility": [looking(days=[-700, -400])]}, "2012-01-01", "2014-12-31",
        [], [("condition opioid", "looks at 2011-02-01 to 2012-11-26; the extract begins on")],
    ),
    "a period that is cut": (
        {"eligibility": [looking(period=["2011-06-01", "2012-06-30"])]}, "2012-01-01", "2014-12-31",
        [], [("condition opioid", "looks at 2011-06-01 to 2012-06-30; the extract begins on")],
    ),
    "a period of days on which pharmacies were closed": (
        {"eligibility": [looking(period=["2012-01-01", "2012-01-01"])]}, "2012-01-02", "2014-12-31",
        [], [],
    ),
    "observed and alive after its end, not before its beginning": (
        {"eligibility": [seeing({"observed": {"days": [-900, 365]}})],
         "subgroups": [seeing({"not": {"alive": {"on_day": 373}}})]}, "2012-01-01", "2014-12-31",
        [], [("subgroup seen", "asks who is observed or alive until 2015-01-08; the extract ends")],
    ),
    "a wash-out that is cut": (
        {"exposure": exposure_with(washout_days=730)}, "2012-01-01", "2014-12-31",
        [], [("wash-out", "looks at 2011-01-02 to 2013-12-30; the extract begins on 2012-01-01")],
    ),
    "a wash-out without an end": (
        {"exposure": exposure_with(washout_days="ever")}, "2012-01-01", "2014-12-31",
        [], [("wash-out", "of the first index date it sees 366 days")],
    ),
    "no index date": (
        {}, "2015-03-01", "2016-12-31",
        [("index period", "looks at 2013-01-01 to 2013-12-31, which lie before the extract")], [],
    ),
    "half an index period": (
        {}, "2013-07-01", "2014-12-31",
        [], [("index period", "begins on 2013-07-01"),
             ("window before the index date", "looks at 2012-07-01 to 2013-12-30; the extract")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PARTS)
def test_the_parts_of_a_study(case):
    changes, first, last, problems, warnings = PARTS[case]
    extract = Extract(date.fromisoformat(first), date.fromisoformat(last), frozenset())
    found = find_uncovered(study_like(**changes).definition, extract)
    for expected, got in ((problems, found.problems), (warnings, found.warnings)):
        assert [one.where for one in got] == [part for part, _ in expected]
        for (_, says), one in zip(expected, got, strict=True):
            assert says in one.what
            assert "ATC" not in str(one)


def test_months_without_any_dispensing_are_named_once():
    gaps = frozenset({(2011, 5), (2012, 2), (2013, 3), (2014, 1), (2014, 6)})
    extract = Extract(date(2011, 1, 1), date(2014, 12, 31), gaps)
    (warning,) = find_uncovered(STUDY, extract).warnings
    assert warning.where == "extract"
    assert "in 2012-02, 2013-03, 2014-01 and 1 more month that" in warning.what
