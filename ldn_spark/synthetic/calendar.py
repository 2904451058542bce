"""The days of the simulated years: numbers, dates, seasons and closed pharmacies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

SLOTS = 4096
SEASONS = {  # relative demand, January to December
    "": (1.00, 0.98, 1.00, 0.97, 0.99, 1.02, 0.92, 1.00, 1.00, 1.00, 1.00, 1.20),
    "winter": (1.60, 1.55, 1.40, 1.05, 0.80, 0.60, 0.45, 0.60, 0.85, 1.00, 1.20, 1.65),
    "spring": (0.45, 0.60, 1.10, 2.20, 2.60, 2.00, 1.20, 0.70, 0.45, 0.35, 0.35, 0.55),
    "summer": (0.80, 0.80, 0.85, 0.90, 1.05, 1.35, 1.50, 1.35, 1.05, 0.90, 0.80, 0.90),
}
SEASON_NAMES = tuple(SEASONS)


@dataclass(frozen=True)
class Calendar:
    """Days counted from 1 January of the first year, day 0.

    Attributes:
        first_year, last_year: both included.
        days: number of days in all.
    """

    first_year: int
    last_year: int

    @property
    def days(self) -> int:
        """Number of days of all years."""
        return self.number(date(self.last_year, 12, 31)) + 1

    @property
    def years(self) -> range:
        """The years in order."""
        return range(self.first_year, self.last_year + 1)

    def number(self, day: date) -> int:
        """The number of a date.

        >>> Calendar(2012, 2014).number(date(2013, 1, 1))
        366
        """
        return (day - date(self.first_year, 1, 1)).days

    def dates(self) -> list[date]:
        """The date of each day."""
        first = date(self.first_year, 1, 1)
        return [first + timedelta(days=number) for number in range(self.days)]

    def year_starts(self) -> NDArray[np.int64]:
        """The number of each 1 January, and the day after the last."""
        return np.array(
            [self.number(date(year, 1, 1)) for year in (*self.years, self.last_year + 1)]
        )

    def opening_days(self) -> NDArray[np.int32]:
        """The day on which what was wanted on a day is fetched: Sundays and Christmas are closed.

        The last days of the period fall back rather than out of it.
        """
        closed = [
            day.weekday() == 6 or (day.month, day.day) in {(12, 25), (12, 26), (5, 17)}
            for day in self.dates()
        ]
        opening = np.arange(self.days, dtype=np.int32)
        for number in range(self.days - 1, -1, -1):
            if closed[number]:
                opening[number] = opening[number + 1] if number + 1 < self.days else number - 1
        return opening

    def january_days(self) -> NDArray[np.bool_]:
        """Whether a day is one of the first 21 of a year, except the first year's."""
        return np.array(
            [
                day.month == 1 and day.day <= 21 and day.year > self.first_year
                for day in self.dates()
            ]
        )

    def season_slots(self) -> NDArray[np.int32]:
        """For each season and year, `SLOTS` equally likely days: shape (season, year, slot)."""
        starts = self.year_starts()
        slots = np.empty((len(SEASONS), len(self.years), SLOTS), dtype=np.int32)
        for row, demand in enumerate(SEASONS.values()):
            for column, year in enumerate(self.years):
                days = range(starts[column], starts[column + 1])
                first = date(year, 1, 1)
                weight = [
                    demand[(first + timedelta(days=int(day - starts[column]))).month - 1]
                    for day in days
                ]
                cumulative = np.cumsum(weight) / np.sum(weight)
                places = (np.arange(SLOTS) + 0.5) / SLOTS
                slots[row, column] = starts[column] + np.searchsorted(cumulative, places)
        return slots
