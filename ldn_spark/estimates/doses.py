"""Of what the doses are unknown: a sum of no DDD is no 0, and DDDs of 0 are no doses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ldn_spark.estimates.groups import Group, OutcomeMoments
from ldn_spark.stats.not_estimable import (
    NO_DDD,
    NO_DDD_AFTER,
    NO_DDD_BEFORE,
    NO_DDD_IN_A_GROUP,
    NO_DDD_IN_A_WINDOW,
    ZERO_DDD,
    ZERO_DDD_AFTER,
    ZERO_DDD_BEFORE,
    ZERO_DDD_IN_A_GROUP,
    ZERO_DDD_IN_A_WINDOW,
    NotEstimable,
)

Value = TypeVar("Value")

_IN_A_GROUP = {NO_DDD: NO_DDD_IN_A_GROUP, ZERO_DDD: ZERO_DDD_IN_A_GROUP}
_IN_A_WINDOW = {NO_DDD: NO_DDD_IN_A_WINDOW, ZERO_DDD: ZERO_DDD_IN_A_WINDOW}
_BEFORE = {NO_DDD: NO_DDD_BEFORE, ZERO_DDD: ZERO_DDD_BEFORE}
_AFTER = {NO_DDD: NO_DDD_AFTER, ZERO_DDD: ZERO_DDD_AFTER}
_OF_A_WINDOW = frozenset(
    f"{what}_{when}" for what in ("sum", "mean", "sd") for when in ("before", "after")
)
"""The quantities of doses that rest on one window alone."""


@dataclass(frozen=True, slots=True)
class LackingDoses:
    """Why doses are unknown: those of the window before, of the window after, and their change.

    A window whose doses are known has no reason; the change always has one.
    """

    before: NotEstimable | None
    after: NotEstimable | None
    change: NotEstimable

    def leave(self, values: Mapping[str, Value]) -> dict[str, Value | NotEstimable]:
        """What remains of the values: those of a known window, and how many lack a DDD."""
        return {name: self._reason(name) or value for name, value in values.items()}

    def _reason(self, name: str) -> NotEstimable | None:
        if name.startswith("ddd_missing"):
            return None
        if name in _OF_A_WINDOW:
            return self.before if name.endswith("_before") else self.after
        return self.change


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

    def lacking(self, outcome: str, sides: Sequence[OutcomeMoments]) -> LackingDoses | None:
        """Why the doses of these groups cannot be compared; None where all are known.

        They are unknown as well in a group of a cohort that knows others: a group whose every
        DDD is unknown was not dispensed 0 DDD. So it is with one window of a group: the doses of
        the other one stay known, their change is not.
        """
        if outcome in self.of_cohort:
            reason = self.of_cohort[outcome]
            return LackingDoses(reason, reason, reason)
        if (own := _first(side.no_doses for side in sides)) is not None:
            reason = own if len(sides) == 1 else _IN_A_GROUP[own]
            return LackingDoses(reason, reason, reason)
        before = _first(side.no_doses_before for side in sides)
        after = _first(side.no_doses_after for side in sides)
        if len(sides) > 1:
            one = before or after
            return None if one is None else LackingDoses(None, None, _IN_A_WINDOW[one])
        earlier = None if before is None else _BEFORE[before]
        later = None if after is None else _AFTER[after]
        change = earlier or later
        return None if change is None else LackingDoses(earlier, later, change)


def _first(reasons: Iterable[NotEstimable | None]) -> NotEstimable | None:
    return next((reason for reason in reasons if reason is not None), None)
