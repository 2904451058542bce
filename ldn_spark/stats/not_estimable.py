"""Undefined is never a number: what stands in its place says why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NotEstimable:
    """A quantity that cannot be computed, and the reason in one plain phrase."""

    reason: str


Number = float | NotEstimable

NOBODY_CHANGED = NotEstimable("nobody's use changed")
ALL_CHANGED_ALIKE = NotEstimable("everybody's use changed alike")
FEWER_THAN_TWO = NotEstimable("fewer than two persons")
NOBODY = NotEstimable("no persons")
NOTHING_BEFORE = NotEstimable("nothing was dispensed before")
NO_DDD = NotEstimable("no DDD was delivered")
NO_VARIANCE = NotEstimable("no variance within any group")
