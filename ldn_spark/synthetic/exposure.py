"""Dispensings of low dose naltrexone: index dates, number of dispensings, the years around."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from ldn_spark.synthetic.background import Dispensings
from ldn_spark.synthetic.calendar import Calendar
from ldn_spark.synthetic.draws import Distribution, Integers, Purpose, Stream
from ldn_spark.synthetic.formulary import Catalogue
from ldn_spark.synthetic.people import People, Role

INDEX_YEAR = 2013
MONTHS = (2, 3, 11, 13, 12, 10, 7, 9, 9, 10, 8, 6)  # of first dispensings, per cent
FILLS = {  # LDN dispensings on days 0 .. 364, the index dispensing counted
    Role.ONCE: Distribution.of([1], [1]),
    Role.FEW: Distribution.of([2, 3], [0.6, 0.4]),
    Role.MANY: Distribution.of(range(4, 14), (20, 17, 14, 12, 10, 8, 7, 5, 4, 3)),
    Role.STOPPED_BEFORE: Distribution.of(range(1, 5), (6, 2, 1, 1)),
    Role.LATER: Distribution.of(range(1, 8), (35, 15, 12, 12, 10, 9, 7)),
}
LAST_DAY_SHARE = 0.05  # of those with two or more whose last dispensing is on day 364 exactly
GOES_ON = {Role.ONCE: 0.04, Role.FEW: 0.15, Role.MANY: 0.6}  # with dispensings from day 365 on
YEAR = 365


@dataclass(frozen=True)
class Exposed:
    """The people of a block with a role: place in the block, role and index day (day number)."""

    place: Integers
    role: Integers
    index: Integers
    continuing: np.ndarray

    @property
    def starters(self) -> np.ndarray:
        """Whether a person starts in the index year."""
        return self.role <= Role.MANY


def find_exposed(stream: Stream, people: People, calendar: Calendar) -> Exposed:
    """Index days: by month in the index year for starters, evenly in the year of other roles."""
    place = np.flatnonzero(people.role)
    role = people.role[place]
    starts = {year: calendar.number(date(year, 1, 1)) for year in calendar.years}
    first = starts[INDEX_YEAR]
    weights = [
        MONTHS[day.month - 1] / (28 if day.month == 2 else 30)
        for day in calendar.dates()[first : first + YEAR]
    ]
    index = first + Distribution.of(range(YEAR), weights).draw(stream, len(place))
    early = starts[INDEX_YEAR - 1] + stream.below(YEAR, len(place))
    late = starts[INDEX_YEAR + 1] + stream.below(YEAR, len(place))
    index = np.where(role == Role.STOPPED_BEFORE, early, index)
    index = np.where(role == Role.LATER, late, index)
    return Exposed(place, role, index, people.continuing[place])


def dispense_ldn(
    seed: int, block: int, people: People, catalogue: Catalogue, calendar: Calendar
) -> tuple[Exposed, Dispensings]:
    """LDN dispensings of a block: never two on one day for a person."""
    stream = Stream(seed, block, Purpose.EXPOSURE)
    exposed = find_exposed(stream, people, calendar)
    size = len(exposed.place)
    fills = np.zeros(size, dtype=np.int64)
    for role, distribution in FILLS.items():
        fills = np.where(exposed.role == role, distribution.draw(stream, size), fills)
    who, day = _fill_days(stream, fills)
    chance = np.array([GOES_ON.get(Role(role), 0.0) for role in exposed.role])
    again = stream.uniform(size) < chance
    later = np.flatnonzero(again[who])
    previous = np.flatnonzero(exposed.continuing)
    who_all = np.concatenate([who, who[later], previous])
    day_all = np.concatenate(
        [
            exposed.index[who] + day,
            exposed.index[who[later]] + day[later] + YEAR,
            _day_before(stream, exposed, calendar)[previous],
        ]
    )
    return exposed, _kept(stream, exposed, who_all, day_all, catalogue, calendar)


def _fill_days(stream: Stream, fills: Integers) -> tuple[Integers, Integers]:
    """Person and day from index of each fill: day 0, then one in each equal part of 1 .. 364."""
    who = np.repeat(np.arange(len(fills)), fills)
    turn = np.arange(len(who)) - np.repeat(np.cumsum(fills) - fills, fills)
    gaps = np.maximum(fills[who] - 1, 1)
    day = 1 + ((turn - 1 + stream.uniform(len(who))) * (YEAR - 1) / gaps).astype(np.int64)
    edge = (stream.uniform(len(fills)) < LAST_DAY_SHARE)[who] & (turn == fills[who] - 1)
    day = np.where(edge, YEAR - 1, np.minimum(day, YEAR - 1))
    return who, np.where(turn == 0, 0, day)


def _day_before(stream: Stream, exposed: Exposed, calendar: Calendar) -> Integers:
    """For those who continue: a day of the year before, at most 365 days before the index."""
    last = calendar.number(date(INDEX_YEAR, 1, 1)) - 1
    earliest = exposed.index - YEAR
    return earliest + stream.below(np.maximum(last - earliest + 1, 1), len(exposed.index))


def _kept(
    stream: Stream,
    exposed: Exposed,
    who: Integers,
    day: Integers,
    catalogue: Catalogue,
    calendar: Calendar,
) -> Dispensings:
    """Dispensings inside the period; those of people who stopped, inside their year."""
    medicine = catalogue.ldn_medicine
    product = catalogue.first_product[medicine] + stream.below(
        int(catalogue.products[medicine]), len(who)
    )
    tail = catalogue.first_tail[medicine] + stream.below(
        int(catalogue.packs[medicine] * catalogue.codes[medicine]), len(who)
    )
    stop = np.where(
        exposed.role[who] == Role.STOPPED_BEFORE,
        calendar.number(date(INDEX_YEAR, 1, 1)),
        calendar.days,
    )
    return Dispensings(exposed.place[who], product, tail, day).where(day < stop)
