"""Periods are counted outwards, end where the windows do, and name the persons in each."""

from __future__ import annotations

from collections import defaultdict

from ldn_spark.estimates.periods import GRIDS, WHOLE, period_moments
from tests.reference_sums import daily_moments, rows_of
from tests.registers import study_like
from tests.spec.test_windows_and_outcomes import member

MICRO = 1_000_000


def test_periods_of_two_persons():
    """Against sums written down by person, day and period."""
    from datetime import date, timedelta

    from tests.reference_model import dispensing

    index = date(2013, 6, 1)
    days = {1: {-1: 3, -8: 4, -365: 5, 0: 1, 6: 2, 7: 4}, 2: {-7: 1, 6: -1, 364: 2, 13: 3}}
    register = [
        dispensing(person, index + timedelta(days=day), "N06AB03", ddd=str(ddd))
        for person, of in days.items()
        for day, ddd in of.items()
    ]
    study = study_like(returns="as_dispense").definition
    members = {
        person: member(person, index) | {"subgroups": [], "sex": "F", "age": 50} for person in days
    }
    rows = rows_of(
        {
            "cohort_moments": {},
            "design_moments": {},
            "daily_moments": daily_moments(study, register, members),
        }
    )["daily_moments"]
    found = {
        (one.days, one.side, one.number): one
        for one in period_moments(study.windows, rows)
        if one.outcome == "N06A" and one.subgroup == "overall"
    }
    assert len(found) == sum(2 * (-(-365 // days) if days else 1) for days in GRIDS)
    for (length, side, number), one in found.items():
        size = length or 365
        running, persons = defaultdict(int), set()
        for person, of in days.items():
            for day, ddd in of.items():
                if (day < 0) != (side == "before"):
                    continue
                away = -1 - day if side == "before" else day
                if away // size == number:
                    persons.add(person)
                if away // size <= number:
                    running[person] += ddd * MICRO
        assert one.persons == len(persons)
        assert one.total == sum(running.values())
        assert one.squares == sum(value**2 for value in running.values())
        assert one.last == (
            max(-size * (number + 1), -365)
            if side == "before"
            else min(size * (number + 1) - 1, 364)
        )
    assert found[7, "before", 0].persons == 2
    assert found[7, "before", 1].persons == 1
    assert found[7, "after", 1].persons == 2
    assert found[WHOLE, "after", 0].total == (1 + 2 + 4 - 1 + 2 + 3) * MICRO
