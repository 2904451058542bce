"""What everybody is dispensed: courses and regular treatments, by season, age and sex."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from ldn_spark.synthetic.calendar import SLOTS, Calendar
from ldn_spark.synthetic.draws import Integers, Purpose, Stream
from ldn_spark.synthetic.formulary import Catalogue
from ldn_spark.synthetic.people import People, Role

FRAILTY = np.array(  # relative need of medicines: equally likely classes, mean 1
    [0.0, 0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.9, 1.05, 1.25, 1.5, 1.9, 2.5, 3.7]
)
LEVEL = 2.22  # brings the country to about 9.4 dispensings per person and year
RUSH = 0.3  # share of January's refills that are fetched in December already
RUSH_DAYS = 21
BRAND_KEPT = 0.85  # of dispensings within a treatment with the usual product number


@dataclass(frozen=True)
class Dispensings:
    """Dispensings of one block, one element each, in no order.

    Attributes:
        person: place of the person in the block.
        product, tail: numbers into the catalogue's texts.
        day: calendar day number.
    """

    person: Integers
    product: Integers
    tail: Integers
    day: Integers

    def where(self, kept: np.ndarray) -> Dispensings:
        """The dispensings for which `kept` is true."""
        return Dispensings(*(getattr(self, field.name)[kept] for field in fields(self)))


def together(parts: list[Dispensings]) -> Dispensings:
    """All dispensings of several lists."""
    return Dispensings(
        *(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Dispensings))
    )


class Background:
    """Draws the ordinary dispensings of a block; tables are prepared once."""

    def __init__(self, catalogue: Catalogue, calendar: Calendar) -> None:
        years = len(calendar.years)
        regular = catalogue.refill_days > 0
        reach = np.where(regular, 1.15, 0.75 * years) * LEVEL
        self._catalogue, self._calendar = catalogue, calendar
        self._chance = (catalogue.shares * reach).reshape(-1, len(catalogue.medicines))
        self._chance = self._chance.astype(np.float32)
        self._opening = calendar.opening_days()
        self._january = calendar.january_days()
        self._slots = calendar.season_slots().reshape(-1)

    def draw(self, seed: int, block: int, people: People) -> Dispensings:
        """Dispensings of a block, each on a day on which its person lives in the country."""
        stream = Stream(seed, block, Purpose.BACKGROUND)
        person, medicine = self._users(stream, people)
        regular = self._catalogue.refill_days[medicine] > 0
        usual = stream.below(self._catalogue.products[medicine], len(medicine))
        tail = self._tails(stream, medicine)
        parts = []
        for draw, chosen in ((self._regular, regular), (self._courses, ~regular)):
            treatment, day = draw(stream, person[chosen], medicine[chosen], people)
            which = medicine[chosen][treatment]
            product = self._products(stream, which, usual[chosen][treatment])
            parts.append(
                Dispensings(person[chosen][treatment], product, tail[chosen][treatment], day)
            )
        drawn = together(parts)
        return drawn.where(
            (drawn.day >= people.enters[drawn.person]) & (drawn.day <= people.leaves[drawn.person])
        )

    def _users(self, stream: Stream, people: People) -> tuple[Integers, Integers]:
        """Pairs of person and medicine that is used at some time in the period."""
        size, count = len(people.number), self._chance.shape[1]
        frailty = FRAILTY[stream.below(len(FRAILTY), size)]
        chance = self._chance[people.woman * 10 + people.band]
        chance *= frailty[:, None].astype(np.float32)
        starter = (people.role >= Role.ONCE) & (people.role <= Role.MANY)
        factor = self._catalogue.ldn.astype(np.float32)
        ordinary = self._chance[people.woman * 10 + people.band][starter]
        chance[starter] = np.maximum(chance[starter], 0.5 * ordinary) * factor
        place = np.flatnonzero(stream.coarse(size, count) < np.minimum(chance, 0.97))
        return place // count, place % count

    def _tails(self, stream: Stream, medicine: Integers) -> Integers:
        """Usual pack and reimbursement code of each user of a medicine."""
        size, catalogue = len(medicine), self._catalogue
        pack = stream.below(catalogue.packs[medicine], size)
        code = stream.below(catalogue.codes[medicine], size)
        return catalogue.first_tail[medicine] + pack * catalogue.codes[medicine] + code

    def _products(self, stream: Stream, medicine: Integers, usual: Integers) -> Integers:
        """The product number of each dispensing: mostly the usual one, else its neighbour."""
        other = stream.coarse(len(medicine)) >= BRAND_KEPT
        place = (usual + other) % self._catalogue.products[medicine]
        return self._catalogue.first_product[medicine] + place

    def _regular(
        self, stream: Stream, person: Integers, medicine: Integers, people: People
    ) -> tuple[Integers, Integers]:
        """Treatment and day of the dispensings of regular users.

        Six of ten are treated all the time; of the others, three of five start in the period and
        two of five stop in it. The
        interval is 0.9 to 1.4 times the one the packs would last: nobody is fully adherent.
        """
        size, days = len(person), self._calendar.days
        interval = self._catalogue.refill_days[medicine] * (0.9 + 0.5 * stream.uniform(size))
        course, turn = stream.uniform(size), stream.below(days, size)
        begin = np.where((course >= 0.6) & (course < 0.84), turn, 0)
        begin = np.maximum(begin, people.enters[person])
        end = np.where(course >= 0.84, turn, days - 1)
        first = begin + interval * stream.uniform(size)
        count = np.maximum(np.floor((end - first) / interval).astype(np.int64) + 1, 0)
        treatment = np.repeat(np.arange(size), count)
        turn = np.arange(len(treatment)) - np.repeat(np.cumsum(count) - count, count)
        wobble = 14 * stream.coarse(len(treatment)) - 7
        day = (first[treatment] + turn * interval[treatment] + wobble).astype(np.int64)
        day = np.clip(day, 0, days - 1)
        rush = self._january[day] & (stream.coarse(len(day)) < RUSH)
        return treatment, self._opening[day - RUSH_DAYS * rush].astype(np.int64)

    def _courses(
        self, stream: Stream, person: Integers, medicine: Integers, people: People
    ) -> tuple[Integers, Integers]:
        """Treatment and day of the dispensings of those who take a medicine in courses.

        The number of further courses is geometric with the medicine's mean.
        """
        repeats = self._catalogue.repeats[medicine]
        more = np.log1p(-stream.uniform(len(person))) / np.log(repeats / (1.0 + repeats))
        count = 1 + np.minimum(more, 40).astype(np.int64)
        treatment = np.repeat(np.arange(len(person)), count)
        years = len(self._calendar.years)
        slot = stream.below(years * SLOTS, len(treatment))
        season = self._catalogue.seasons[medicine][treatment]
        day = self._slots[season * years * SLOTS + slot]
        return treatment, self._opening[day].astype(np.int64)
