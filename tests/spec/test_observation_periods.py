"""Delivered observation periods become disjoint ones that hold the same days."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ldn_spark import schemas
from ldn_spark.engine.collect import rows
from ldn_spark.transforms.periods import merge_periods
from tests.registers import frame

CASES = {
    "one day: from = to": ([("2013-05-01", "2013-05-01")], [("2013-05-01", "2013-05-01")]),
    "an open end stays open": ([("2013-05-01", None)], [("2013-05-01", None)]),
    "overlapping by one day": (
        [("2013-01-01", "2013-06-30"), ("2013-06-30", "2013-12-31")],
        [("2013-01-01", "2013-12-31")],
    ),
    "adjacent: the day after the last": (
        [("2013-07-01", "2013-12-31"), ("2013-01-01", "2013-06-30")],
        [("2013-01-01", "2013-12-31")],
    ),
    "one day between them": (
        [("2013-01-01", "2013-06-29"), ("2013-07-01", "2013-12-31")],
        [("2013-01-01", "2013-06-29"), ("2013-07-01", "2013-12-31")],
    ),
    "a short one inside a long one, and one that only the long one reaches": (
        [("2013-01-01", "2013-12-31"), ("2013-02-01", "2013-02-10"), ("2014-01-01", "2014-03-01")],
        [("2013-01-01", "2014-03-01")],
    ),
    "over a leap day": (
        [("2012-01-01", "2012-02-28"), ("2012-02-29", "2012-03-01")],
        [("2012-01-01", "2012-03-01")],
    ),
    "an open end holds whatever comes later": (
        [("2013-01-01", None), ("2015-01-01", "2016-01-01"), ("2020-01-01", None)],
        [("2013-01-01", None)],
    ),
    "a closed one before an open one": (
        [("2010-01-01", "2010-12-31"), ("2012-01-01", None)],
        [("2010-01-01", "2010-12-31"), ("2012-01-01", None)],
    ),
    "the same twice": (
        [("2013-01-01", "2013-02-01"), ("2013-01-01", "2013-02-01")],
        [("2013-01-01", "2013-02-01")],
    ),
    "the last day there is, and no end": (
        [("2013-01-01", "9999-12-31"), ("2200-01-01", None)],
        [("2013-01-01", None)],
    ),
    "the last day there is": ([("2013-01-01", "9999-12-31")], [("2013-01-01", "9999-12-31")]),
}


def _day(text):
    return None if text is None else date.fromisoformat(text)


def _merged(spark, periods_by_person):
    delivered = [
        {"person_key": person, "observed_from": first, "observed_to": last}
        for person, periods in periods_by_person.items()
        for first, last in periods
    ]
    random.Random(1).shuffle(delivered)
    merged = merge_periods(frame(spark, schemas.OBSERVATION_PERIODS, delivered))
    found = defaultdict(list)
    for row in sorted(rows(merged), key=lambda row: (row["person_key"], row["observed_from"])):
        found[row["person_key"]].append((row["observed_from"], row["observed_to"]))
    return dict(found)


def test_every_case(spark):
    delivered, expected = {}, {}
    for person, (given_, wanted) in enumerate(CASES.values()):
        delivered[person] = [(_day(first), _day(last)) for first, last in given_]
        expected[person] = [(_day(first), _day(last)) for first, last in wanted]
    got = _merged(spark, delivered)
    for person, name in enumerate(CASES):
        assert got[person] == expected[person], name
    assert len(got) == len(CASES)


def test_no_period_is_no_row(spark):
    assert _merged(spark, {}) == {}


ORIGIN, HORIZON = date(2012, 1, 1), 80
_PERIOD = st.tuples(st.integers(0, 60), st.one_of(st.none(), st.integers(0, 12)))
_PERSONS = st.lists(st.lists(_PERIOD, min_size=1, max_size=6), min_size=1, max_size=40)


def _half_open(first, last):
    """The days of a period with both ends as [start, end): end = day after the last."""
    start = (first - ORIGIN).days
    return start, HORIZON if last is None else (last - ORIGIN).days + 1


@pytest.mark.only_engine("sail")  # Spark runs every case above; here the engine is asked often
@settings(max_examples=25, deadline=None, suppress_health_check=[*HealthCheck], derandomize=True)
@given(_PERSONS)
def test_half_open_intervals_cover_the_same_days_and_never_touch(spark, persons):
    delivered = {
        person: [
            (
                ORIGIN + timedelta(days=start),
                None if length is None else ORIGIN + timedelta(days=start + length),
            )
            for start, length in periods
        ]
        for person, periods in enumerate(persons)
    }
    got = _merged(spark, delivered)
    assert got.keys() == delivered.keys()
    for person, periods in got.items():
        merged = [_half_open(*period) for period in periods]
        days = {day for interval in merged for day in range(*interval)}
        wanted = {day for one in delivered[person] for day in range(*_half_open(*one))}
        assert days == wanted
        assert all(end < start for (_, end), (start, _) in pairwise(merged))
        is_open = any(last is None for _, last in delivered[person])
        assert [last is None for _, last in periods] == [False] * (len(periods) - 1) + [is_open]
