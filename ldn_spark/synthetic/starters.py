"""The planted model: what LDN starters are dispensed of the examined medicines, before and after.

Per starter and medicine, in words:

1.  A starter is susceptible with probability `SUSCEPTIBLE`; nobody else uses an examined medicine.
2.  A susceptible starter uses a medicine in the 365 days before with probability
    before = users / SUSCEPTIBLE, independently of the other medicines, and in the 365 days after
    with probability after = before x (1 + drift of users) x (1 - effect on users).
    They use it in both with probability `PERSISTENCE` x min(before, after).
3.  A user has 1 + N dispensings in a window. N is Poisson, cut at `MOST`, with mean
    (dispenses - 1) x intensity, after the index date x (1 + drift) x (1 - effect). Intensity
    is 0.25, 0.75 or 2, equally likely and the same in both windows.
4.  The DDDs of a dispensing are one of the medicine's packs, each equally likely.

Drift is the same in every stratum; the effect acts in LDNx4+ alone. So trends are parallel by
construction, and the difference in differences is the effect exactly. Starters neither die nor
move while they are observed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ldn_spark.synthetic.background import Dispensings
from ldn_spark.synthetic.calendar import Calendar
from ldn_spark.synthetic.draws import Floats, Integers, Purpose, Stream, poisson_weights
from ldn_spark.synthetic.exposure import YEAR, Exposed
from ldn_spark.synthetic.formulary import Catalogue, read_table
from ldn_spark.synthetic.people import STRATA, Role

SUSCEPTIBLE = 0.68
PERSISTENCE = 0.75
INTENSITY = (0.25, 0.75, 2.0)
MOST = 60
EDGE_SHARE = 0.04  # of users whose first or last dispensing lies on the window's first or last day
DRIFT_USERS = {"N03A": 0.10, "N05A": 0.10, "N05B": 0.03, "N05C": 0.03, "N06A": 0.01, "N06B": 0.0}
DRIFT_DISPENSES = {"N03A": 0.03, "N05A": 0.03, "N05B": 0.04, "N05C": 0.04, "N06A": 0.02, "N06B": 0}
EFFECT_USERS = {"N03A": 0.20, "N05A": 0.25, "N06A": 0.12}
EFFECT_DISPENSES = {"N03A": 0.06, "N05A": 0.06, "N06A": 0.06}


@dataclass(frozen=True)
class Window:
    """One window's model, by medicine: probability of use and the distribution of dispensings.

    Attributes:
        share: probability that a susceptible starter uses the medicine.
        cumulative: cumulative probabilities of N = 0 .. MOST - 1, (medicine, intensity, N).
    """

    share: Floats
    cumulative: Floats

    @cached_property
    def mean_dispenses(self) -> Floats:
        """Expected dispensings of a user: exact under the cut Poisson distribution."""
        weights = np.diff(self.cumulative, axis=2, prepend=0.0)
        return 1.0 + (weights @ np.arange(MOST)).mean(axis=1)


@dataclass(frozen=True)
class StarterModel:
    """The planted model with its numbers; `null_effect` leaves out both effect and drift.

    Attributes:
        atc, group: of each examined medicine.
        medicine: its place in the catalogue.
        users: share of all starters who use it in the window before.
        dispenses: mean dispensings of a user in the window before.
    """

    atc: tuple[str, ...]
    group: tuple[str, ...]
    medicine: Integers
    users: Floats
    dispenses: Floats
    null_effect: bool

    @classmethod
    def load(cls, catalogue: Catalogue, *, null_effect: bool) -> StarterModel:
        """The model of `starters.csv`."""
        rows = read_table("starters.csv")
        return cls(
            atc=tuple(row["atc"] for row in rows),
            group=tuple(row["group"] for row in rows),
            medicine=np.array([catalogue.place(row["atc"]) for row in rows]),
            users=np.array([float(row["users"]) / 100 for row in rows]),
            dispenses=np.array([float(row["dispenses"]) for row in rows]),
            null_effect=null_effect,
        )

    @cached_property
    def before(self) -> Window:
        """The 365 days before the index date: the same in every stratum."""
        return self._window(np.ones(len(self.atc)), np.ones(len(self.atc)))

    @cached_property
    def drifted(self) -> Window:
        """The 365 days from the index date on, without any effect."""
        return self._window(1 + self._by_group(DRIFT_USERS), 1 + self._by_group(DRIFT_DISPENSES))

    @cached_property
    def after(self) -> tuple[Window, ...]:
        """The 365 days from the index date on, by stratum."""
        affected = self._window(
            (1 + self._by_group(DRIFT_USERS)) * (1 - self._by_group(EFFECT_USERS)),
            (1 + self._by_group(DRIFT_DISPENSES)) * (1 - self._by_group(EFFECT_DISPENSES)),
        )
        return tuple(affected if stratum == STRATA[-1] else self.drifted for stratum in STRATA)

    def _by_group(self, values: dict[str, float]) -> Floats:
        scale = 0.0 if self.null_effect else 1.0
        return scale * np.array([values.get(group, 0.0) for group in self.group])

    def _window(self, users: Floats, dispenses: Floats) -> Window:
        further = (self.dispenses - 1) * dispenses
        weights = [[poisson_weights(mean * i, MOST) for i in INTENSITY] for mean in further]
        return Window(self.users / SUSCEPTIBLE * users, np.cumsum(weights, axis=2))


def draw_counts(
    stream: Stream, model: StarterModel, stratum: Integers
) -> tuple[Integers, Integers]:
    """Number of dispensings before and after, (starter, medicine); 0 = no user.

    Args:
        stratum: 0, 1 or 2 of each starter: LDNx1, LDNx2-3, LDNx4+.
    """
    shape = (len(stratum), len(model.atc))
    susceptible = stream.uniform(shape[0], 1) < SUSCEPTIBLE
    state, intensity = stream.uniform(*shape), stream.below(len(INTENSITY), *shape)
    u_before, u_after = stream.uniform(*shape), stream.uniform(*shape)
    share_after = np.array([window.share for window in model.after])[stratum]
    share_before = np.broadcast_to(model.before.share, shape)
    both = PERSISTENCE * np.minimum(share_before, share_after)
    uses_before = susceptible & (state < share_before)
    uses_after = susceptible & (
        (state < both) | ((state >= share_before) & (state < share_before + share_after - both))
    )
    before = _numbers(uses_before, model.before.cumulative, intensity, u_before)
    after = np.zeros(shape, dtype=np.int64)
    for place, window in enumerate(model.after):
        chosen = uses_after & (stratum == place)[:, None]
        after += _numbers(chosen, window.cumulative, intensity, u_after)
    return before, after


def _numbers(uses: np.ndarray, cumulative: Floats, intensity: Integers, u: Floats) -> Integers:
    """1 + N where `uses`, else 0; N by the inverse of its cumulative distribution."""
    starter, medicine = np.nonzero(uses)
    chosen = cumulative[medicine, intensity[uses]]
    further = (u[uses][:, None] >= chosen).sum(axis=1)
    numbers = np.zeros(uses.shape, dtype=np.int64)
    numbers[starter, medicine] = 1 + np.minimum(further, MOST - 1)
    return numbers


def dispense_examined(
    seed: int,
    block: int,
    exposed: Exposed,
    model: StarterModel,
    catalogue: Catalogue,
    calendar: Calendar,
) -> Dispensings:
    """Dispensings of the examined medicines to the starters of a block.

    Days -365 .. -1 and 0 .. 364 hold what `draw_counts` says, and some of them lie on each of
    those four days. The years before and after repeat the days of the window next to them, one
    year further out, so that days -366 and 365 occur too.
    """
    stream = Stream(seed, block, Purpose.EXAMINED)
    starters = np.flatnonzero(exposed.starters)
    stratum = exposed.role[starters] - Role.ONCE
    counts = draw_counts(stream, model, stratum)
    years = len(calendar.years)
    people, places, days = [], [], []
    for count, window_start, direction in ((counts[0], -YEAR, -1), (counts[1], 0, 1)):
        cell, day = _days(stream, count)
        starter, medicine = np.divmod(cell, count.shape[1])
        for further in range(years):
            people.append(starters[starter])
            places.append(model.medicine[medicine])
            days.append(
                exposed.index[starters[starter]] + window_start + day + direction * YEAR * further
            )
    who, which, day = np.concatenate(people), np.concatenate(places), np.concatenate(days)
    product = catalogue.first_product[which] + stream.below(catalogue.products[which], len(which))
    tails = catalogue.packs[which] * catalogue.codes[which]
    tail = catalogue.first_tail[which] + stream.below(tails, len(which))
    drawn = Dispensings(exposed.place[who], product, tail, day)
    return drawn.where((day >= 0) & (day < calendar.days))


def _days(stream: Stream, count: Integers) -> tuple[Integers, Integers]:
    """Cell and day 0 .. 364 of each dispensing: one in each equal part of the window."""
    flat = count.reshape(-1)
    cell = np.repeat(np.arange(len(flat)), flat)
    turn = np.arange(len(cell)) - np.repeat(np.cumsum(flat) - flat, flat)
    day = ((turn + stream.uniform(len(cell))) * YEAR / flat[cell]).astype(np.int64)
    edge = stream.uniform(len(cell))
    day = np.where((turn == 0) & (edge < EDGE_SHARE), 0, day)
    last = (turn == flat[cell] - 1) & (edge >= 1 - EDGE_SHARE)
    return cell, np.where(last, YEAR - 1, np.minimum(day, YEAR - 1))
