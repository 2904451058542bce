"""Who lives in the invented country, from which day to which, and who is given naltrexone.

Grain everywhere: one element per person of a block, in order of person number.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from ldn_spark.synthetic.calendar import Calendar
from ldn_spark.synthetic.draws import (
    Distribution,
    Integers,
    Purpose,
    Stream,
    coprime,
    spread,
)

BLOCK = 10_000
"""People made together; part of what the output depends on, so it is no setting."""

NATIONWIDE_PEOPLE = 5_300_000
NATIONWIDE = {"LDNx1": 3590, "LDNx2-3": 2554, "LDNx4+": 5103}
STRATA = tuple(NATIONWIDE)
NATIONWIDE_STOPPED_BEFORE = 300  # LDN in 2012 only
NATIONWIDE_LATER = 4050  # first LDN in 2014
CONTINUING_SHARE = 0.02  # of the starters of 2013 who had LDN in 2012 too

SHARE_WOMEN = 0.502
SHARE_WOMEN_ROLE = np.array([0.502, 0.721, 0.719, 0.749, 0.73, 0.73])  # by role
AGE_PYRAMID = (12.2, 12.7, 13.2, 13.4, 14.6, 12.6, 10.9, 6.2, 3.4, 0.8)  # per cent, ten-year bands
DEATHS = (0.0003, 0.0002, 0.0006, 0.0008, 0.0016, 0.004, 0.010, 0.024, 0.075, 0.22)  # a year
BIRTHS, ARRIVALS, DEPARTURES = 0.0118, 0.013, 0.006  # a year, share of the people


class Role(IntEnum):
    """What a person has to do with low dose naltrexone."""

    NONE = 0
    ONCE = 1  # LDNx1
    FEW = 2  # LDNx2-3
    MANY = 3  # LDNx4+
    STOPPED_BEFORE = 4  # dispensed in 2012 only
    LATER = 5  # first dispensed in 2014


@dataclass(frozen=True)
class Roles:
    """How many people have each role, and which people: exact numbers, evenly over the blocks.

    Attributes:
        people: all people.
        starters: number of LDNx1, LDNx2-3 and LDNx4+.
        stopped_before, later: number of people with LDN in 2012 only, and first in 2014.
    """

    people: int
    starters: tuple[int, ...]
    stopped_before: int
    later: int

    @classmethod
    def of(cls, people: int, starters: int | None) -> Roles:
        """In the nationwide proportion, or with a given number of starters of 2013."""
        if starters is None:
            starters = round(sum(NATIONWIDE.values()) * people / NATIONWIDE_PEOPLE)
        scale = starters / sum(NATIONWIDE.values())
        return cls(
            people,
            spread(starters, tuple(NATIONWIDE.values())),
            round(NATIONWIDE_STOPPED_BEFORE * scale),
            round(NATIONWIDE_LATER * scale),
        )

    @property
    def counts(self) -> tuple[int, ...]:
        """People by role, from LDNx1 on."""
        return (*self.starters, self.stopped_before, self.later)

    @property
    def continuing(self) -> tuple[int, ...]:
        """Starters of 2013 by stratum who had LDN in 2012 too."""
        return tuple(round(CONTINUING_SHARE * count) for count in self.starters)

    def of_block(self, first: int, stop: int) -> tuple[Integers, np.ndarray]:
        """The role of the people first .. stop - 1, and whether they continue from 2012.

        The j-th of the T people with a role is person number floor((2j + 1) people / 2T); which
        role it has goes by j times a number prime to T, so that roles are mixed.
        """
        total = sum(self.counts)
        role = np.zeros(stop - first, dtype=np.int64)
        continuing = np.zeros(stop - first, dtype=bool)
        if total == 0:
            return role, continuing
        low, high = first * total // self.people - 1, stop * total // self.people + 1
        j = np.arange(max(low, 0), min(high + 1, total), dtype=np.int64)
        number = (2 * j + 1) * self.people // (2 * total)
        inside = (number >= first) & (number < stop)
        j, place = j[inside], number[inside] - first
        rank = j * coprime(total) % total
        ends = np.cumsum(self.counts)
        role[place] = 1 + np.searchsorted(ends, rank, side="right")
        for end, count, continued in zip(ends, self.starters, self.continuing, strict=False):
            continuing[place] |= (rank >= end - count) & (rank < end - count + continued)
        return role, continuing


@dataclass(frozen=True)
class People:
    """One block of people.

    Attributes:
        number: person number in the country.
        woman: 0 or 1.
        birth_year: year.
        enters, leaves: first and last day of living in the country, calendar day numbers, both
            included; before the first or after the last day for most.
        death_month: 12 * year + month - 1; 0 for the living.
        role: see `Role`.
        continuing: starter of 2013 who had LDN in 2012 too.
        band: ten-year age band in the middle of the period.
    """

    number: Integers
    woman: Integers
    birth_year: Integers
    enters: Integers
    leaves: Integers
    death_month: Integers
    role: Integers
    continuing: np.ndarray
    band: Integers


def make_people(seed: int, block: int, roles: Roles, calendar: Calendar) -> People:
    """The people of one block.

    Whoever has a role lives in the country through the whole period, so that a change in what
    they are dispensed is never a death.
    """
    first, stop = block * BLOCK, min((block + 1) * BLOCK, roles.people)
    size = stop - first
    stream = Stream(seed, block, Purpose.PEOPLE)
    role, continuing = roles.of_block(first, stop)
    woman = (stream.uniform(size) < SHARE_WOMEN_ROLE[role]).astype(np.int64)
    age = _ages(stream, size, calendar)
    age = np.where(role > 0, _starter_age().draw(stream, size) - 2013 + calendar.first_year, age)
    enters, leaves, died = _presence(stream, age, role, calendar)
    death_month = np.where(died, _month_numbers(calendar)[np.clip(leaves, 0, None)], 0)
    middle_age = np.clip(age + len(calendar.years) // 2, 0, 99)
    return People(
        number=np.arange(first, stop),
        woman=woman,
        birth_year=calendar.first_year - age,
        enters=enters,
        leaves=leaves,
        death_month=death_month,
        role=role,
        continuing=continuing,
        band=middle_age // 10,
    )


def _ages(stream: Stream, size: int, calendar: Calendar) -> Integers:
    """Age reached in the first year; below 0 for those who are born in a later one."""
    years = len(calendar.years)
    bands = Distribution.of(range(10), AGE_PYRAMID).draw(stream, size)
    age = np.minimum(bands * 10 + stream.below(10, size), 101)
    born_now = stream.uniform(size) < BIRTHS * years
    return np.where(born_now, -stream.below(years, size), np.maximum(age, 1))


def _starter_age() -> Distribution:
    """Age of starters in 2013: normal, mean 51 and SD 12.4 years, cut at 18 and 89."""
    normal = statistics.NormalDist(51.0, 12.4)
    ages = range(18, 90)
    return Distribution.of(ages, [normal.cdf(age + 0.5) - normal.cdf(age - 0.5) for age in ages])


def _presence(
    stream: Stream, age: Integers, role: Integers, calendar: Calendar
) -> tuple[Integers, Integers, np.ndarray]:
    """First and last day in the country, and whether the last is a death."""
    size, days, years = len(age), calendar.days, len(calendar.years)
    moved, fate = stream.uniform(size), stream.uniform(size)
    when, end = stream.below(days, size), stream.below(days, size)
    starts = calendar.year_starts()
    birth = starts[np.clip(-age, 0, years)] + when % 365
    enters = np.where(moved < ARRIVALS * years, when, -1)
    enters = np.where(age <= 0, birth, enters)
    dying = 1.0 - (1.0 - np.array(DEATHS)[np.clip(age, 0, 99) // 10]) ** years
    died = (fate < dying) & (role == 0)
    left = (fate >= 1.0 - DEPARTURES * years) & (role == 0)
    leaves = np.where(died | left, np.maximum(end, enters), days)
    return np.where(role > 0, -1, enters), leaves, died


def _month_numbers(calendar: Calendar) -> Integers:
    """12 * year + month - 1 of each day, and once more for the day after the last."""
    numbers = [12 * day.year + day.month - 1 for day in calendar.dates()]
    return np.array([*numbers, 0])
