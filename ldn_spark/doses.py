"""Of which outcomes the doses are unknown: a sum of no DDD is no 0, and DDDs of 0 are no doses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ldn_spark.groups import Group, OutcomeMoments
from ldn_spark.stats.not_estimable import (
    NO_DDD,
    NO_DDD_IN_A_GROUP,
    ZERO_DDD,
    ZERO_DDD_IN_A_GROUP,
    NotEstimable,
)

_IN_A_GROUP = {NO_DDD: NO_DDD_IN_A_GROUP, ZERO_DDD: ZERO_DDD_IN_A_GROUP}


@dataclass(frozen=True, slots=True)
class UnknownDoses:
    """The outcomes without a known dose in the whole cohort, each with the reason."""

    of_cohort: Mapping[str, NotEstimable]

    @classmethod
    def of(cls, strata: Sequence[Group]) -> UnknownDoses:
        """What the strata of the cohort show together.

        An outcome that nobody used has a dose of 0, unless no dose of any outcome is known.
        """
        outcomes = sum(strata[1:], start=strata[0]).outcomes
        used = {name: one for name, one in outcomes.items() if one.counts.neither < one.counts.n}
        lacking = {name: one.no_doses for name, one in used.items() if one.no_doses is not None}
        if lacking and len(lacking) == len(used):
            of_others = ZERO_DDD if ZERO_DDD in lacking.values() else NO_DDD
            lacking = {name: lacking.get(name, of_others) for name in outcomes}
        return cls(lacking)

    def reason(self, outcome: str, sides: Sequence[OutcomeMoments]) -> NotEstimable | None:
        """Why the doses of these groups cannot be compared; None where all are known.

        They are unknown as well in a group of a cohort that knows others: a group whose every
        DDD is unknown was not dispensed 0 DDD.
        """
        if outcome in self.of_cohort:
            return self.of_cohort[outcome]
        own = next((side.no_doses for side in sides if side.no_doses is not None), None)
        return own if own is None or len(sides) == 1 else _IN_A_GROUP[own]
