"""Undefined is never a number: what stands in its place says why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NotEstimable:
    """A quantity that cannot be computed, and the reason in one plain phrase."""

    reason: str


Number = float | NotEstimable

NOBODY_SWITCHED = NotEstimable("nobody was a user in one period alone")
ALL_SWITCHED_ALIKE = NotEstimable("everybody was a user in the same one period alone")
NO_CHANGE = NotEstimable("everybody's change is 0")
ALL_CHANGED_ALIKE = NotEstimable("everybody's change is the same")
FEWER_THAN_TWO = NotEstimable("fewer than two persons")
NOBODY = NotEstimable("no persons")
NOTHING_BEFORE = NotEstimable("it was not above 0 before")
NO_DDD = NotEstimable("no DDD was delivered")
"""Dispenses there are, and the DDD of every one is unknown."""
ZERO_DDD = NotEstimable("the DDDs of every patient sum to 0")
"""Dispenses there are, some with a DDD, and nobody has a dose: what is delivered is no dose."""
NO_VARIANCE = NotEstimable("no variance within what is compared")
NO_DDD_IN_A_GROUP = NotEstimable("no DDD was delivered for a group")
ZERO_DDD_IN_A_GROUP = NotEstimable("the DDDs of every patient of a group sum to 0")
NO_DDD_BEFORE = NotEstimable("in the window before no DDD was delivered")
NO_DDD_AFTER = NotEstimable("in the window after no DDD was delivered")
ZERO_DDD_BEFORE = NotEstimable("in the window before the DDDs of every patient sum to 0")
ZERO_DDD_AFTER = NotEstimable("in the window after the DDDs of every patient sum to 0")
NO_DDD_IN_A_WINDOW = NotEstimable("in a window no DDD was delivered for a group")
ZERO_DDD_IN_A_WINDOW = NotEstimable("in a window the DDDs of every patient of a group sum to 0")
A_GROUP_IS_EMPTY = NotEstimable("a group has no persons")
A_GROUP_OF_ONE = NotEstimable("a group has fewer than two persons")
