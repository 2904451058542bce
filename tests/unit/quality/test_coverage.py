"""Both sides of every edge of the extract, around hand-made index dates."""

from __future__ import annotations

from datetime import date

import pytest

from ldn_spark.quality.coverage import Extract, cover, days_looked_at
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
