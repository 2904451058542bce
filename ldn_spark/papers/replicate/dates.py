"""The cohort's dispensings day by day: sums inside the windows are the cohort's, to the tenth.

Dispensings of a year are spread over its window, one in each equal part, some of them on its first
and last day. The years outside the windows repeat those inside, so that the day before and the day
after hold dispensings too, which may not count.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from ldn_spark.papers.replicate.cohort import Cohort
from ldn_spark.papers.replicate.draws import Draws
from ldn_spark.papers.replicate.leaves import Leaf, find_leaves
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.reach import observed_reach
from ldn_spark.study.windows import DayWindowPair
from ldn_spark.synthetic.background import Dispensings, together
from ldn_spark.synthetic.calendar import Calendar
from ldn_spark.synthetic.exposure import MONTHS
from ldn_spark.synthetic.formulary import Catalogue

EDGE_SHARE = 0.04  # of a person's leaves with a dispensing on the first or last day of the window
GOES_ON = 0.3  # of persons with exposure dispensings after the counting window
FURTHER = 0.72  # each further exposure dispensing beyond the least of an open stratum
MOST_FILLS = 14
MEDICINES = {"N06AG02": "Moklobemid"}
"""Where the formulary has no medicine of a leaf."""


@dataclass(frozen=True)
class CohortCatalogue:
    """The formulary's pieces of text, with more products and with tails for tenths of DDDs.

    Attributes:
        product_texts, tail_texts: as in `Catalogue`, longer.
        products: of each leaf, numbers into `product_texts`.
        first_tail: the tail of no DDD; that of one tenth follows.
    """

    product_texts: list[bytes]
    tail_texts: list[bytes]
    products: tuple[np.ndarray, ...]
    first_tail: int

    @classmethod
    def of(cls, catalogue: Catalogue, leaves: tuple[Leaf, ...], most: int) -> CohortCatalogue:
        """For amounts of up to `most` tenths a dispensing."""
        texts = list(catalogue.product_texts)
        codes = [text.split(b";")[0].decode() for text in texts]
        products = []
        for number, leaf in enumerate(leaves):
            own = [place for place, code in enumerate(codes) if leaf.holds(code)]
            if not own:
                atc = next(filter(leaf.holds, (*MEDICINES, *_invented(leaf))))
                name = MEDICINES.get(atc, f"Legemiddel {atc}")
                own = [len(texts)]
                texts.append(f"{atc};{950_000 + number:06d};{name};".encode("iso-8859-1"))
            products.append(np.array(own))
        tails = [f"{tenths // 10},{tenths % 10};;\n".encode() for tenths in range(most + 1)]
        return cls(
            texts, [*catalogue.tail_texts, *tails], tuple(products), len(catalogue.tail_texts)
        )


def _invented(leaf: Leaf):
    """Codes of seven characters that could belong to a leaf."""
    letters = "GKPXABCDEFHIJLMNOQRSTUVWYZ"
    for prefix in leaf.atc:
        kinds = "A00AA00"[len(prefix) :]
        parts = [letters if kind == "A" else "123456789" for kind in kinds]
        yield from (prefix + "".join(part) for part in itertools.product(*parts))


def index_days(study: StudyDefinition, cohort: Cohort, calendar: Calendar, seed: int) -> np.ndarray:
    """The day number of everyone's index date; its first and last day occur in every stratum."""
    event = study.exposure.index_event
    first, last = calendar.number(event.first), calendar.number(event.last)
    months = [day.month for day in calendar.dates()[first : last + 1]]
    weight = np.cumsum([MONTHS[month - 1] for month in months], dtype=np.float64)
    places = Draws(seed, 11).uniform(len(cohort))
    days = first + np.searchsorted(weight / weight[-1], places, side="right")
    for stratum in np.unique(cohort.stratum):
        persons = np.flatnonzero(cohort.stratum == stratum)
        busiest = np.argsort(-cohort.dispenses_before[persons].sum(axis=1), kind="stable")
        for place, day in zip(persons[busiest[:4]].tolist(), (first, last) * 2, strict=False):
            days[place] = day
    return np.minimum(days, last)


def dispense_cohort(
    study: StudyDefinition,
    cohort: Cohort,
    index: np.ndarray,
    texts: CohortCatalogue,
    catalogue: Catalogue,
    calendar: Calendar,
    seed: int,
) -> Dispensings:
    """Every dispensing of an examined medicine or of the exposure to the cohort."""
    windows = study.windows
    draws = Draws(seed, 12)
    products = [texts.products[leaf] for leaf in range(len(find_leaves(study)))]
    usual = np.stack(
        [own[draws.below(len(own), len(cohort))] for own in products], axis=1
    )  # (person, leaf)
    parts = [
        _window(draws, cohort.before, cohort.dispenses_before, windows.before, -1, usual, texts),
        _window(draws, cohort.after, cohort.dispenses_after, windows.after, 1, usual, texts),
        _exposure(study, Draws(seed, 13), cohort, catalogue),
    ]
    drawn = together(parts)
    drawn = Dispensings(drawn.person, drawn.product, drawn.tail, drawn.day + index[drawn.person])
    return drawn.where((drawn.day >= 0) & (drawn.day < calendar.days))


def _window(
    draws: Draws,
    tenths: np.ndarray,
    dispenses: np.ndarray,
    window: DayWindowPair,
    direction: int,
    usual: np.ndarray,
    texts: CohortCatalogue,
) -> Dispensings:
    """Dispensings of one window and of its repetitions further out; days from the index."""
    person, leaf = np.nonzero(dispenses)
    count = dispenses[person, leaf]
    cell = np.repeat(np.arange(len(count)), count)
    turn = np.arange(len(cell)) - np.repeat(np.cumsum(count) - count, count)
    whole, rest = np.divmod(tenths[person, leaf], count)
    amount = whole[cell] + (turn < rest[cell])
    length = window.last - window.first + 1
    day = ((turn + draws.uniform(len(cell))) * length / count[cell]).astype(np.int64)
    edge = draws.uniform(len(count))
    edge[::50], edge[1::50] = 0.0, 1.0  # small cohorts have both edges too
    day = np.where((turn == 0) & (edge[cell] < EDGE_SHARE), 0, np.minimum(day, length - 1))
    last = (turn == count[cell] - 1) & (edge[cell] > 1 - EDGE_SHARE)
    day = window.first + np.where(last, length - 1, day)
    who = person[cell]
    product, tail = usual[person, leaf][cell], texts.first_tail + amount
    return together(
        [Dispensings(who, product, tail, day + direction * length * far) for far in range(4)]
    )


def _exposure(
    study: StudyDefinition, draws: Draws, cohort: Cohort, catalogue: Catalogue
) -> Dispensings:
    """The exposure: nothing before the index, each stratum's number inside its window."""
    strata, size = study.strata, len(cohort)
    low = np.array([level.at_least for level in strata.levels])[cohort.stratum]
    high = np.array([level.at_most or -1 for level in strata.levels])[cohort.stratum]
    further = (np.log1p(-draws.uniform(size)) / np.log(FURTHER)).astype(np.int64)
    fills = np.where(high < 0, low + further, low + draws.below(high - low + 1, size))
    fills = np.minimum(fills, np.maximum(MOST_FILLS, low))
    counted = strata.index_dispense == "counted" and strata.counting_window.first <= 0
    later = fills - 1 if counted else fills
    first, last = max(strata.counting_window.first, 1), strata.counting_window.last
    person = np.repeat(np.arange(size), later)
    turn = np.arange(len(person)) - np.repeat(np.cumsum(later) - later, later)
    part = (last - first + 1) / np.maximum(later, 1)
    day = first + ((turn + draws.uniform(len(person))) * part[person]).astype(np.int64)
    edge = (turn == later[person] - 1) & (draws.uniform(size) < EDGE_SHARE)[person]
    day = np.where(edge, last, np.minimum(day, last))
    beyond = np.flatnonzero(draws.uniform(size) < GOES_ON)
    after = last + 1 + draws.below(60, len(beyond))
    after[::10] = last + 1
    who = np.concatenate([np.arange(size), person, beyond])
    days = np.concatenate([np.zeros(size, dtype=np.int64), day, after])
    medicine = catalogue.ldn_medicine
    product = catalogue.first_product[medicine] + draws.below(
        int(catalogue.products[medicine]), len(who)
    )
    tails = int(catalogue.packs[medicine] * catalogue.codes[medicine])
    tail = catalogue.first_tail[medicine] + draws.below(tails, len(who))
    return Dispensings(who, product, tail, days)


def calendar_of(study: StudyDefinition) -> Calendar:
    """The calendar years of the index period and of all windows."""
    return Calendar(*observed_reach(study).closed_years)
