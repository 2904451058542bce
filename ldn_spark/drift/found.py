"""What is found of a run beside an earlier one of its study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ldn_spark.drift.moves import ESTIMATES, Move, find_moves, not_compared
from ldn_spark.drift.snapshot import Change, Snapshot
from ldn_spark.drift.thresholds import Above, Thresholds, find_above


@dataclass(frozen=True, slots=True)
class Drift:
    """What moved between two runs of a study, and why.

    Attributes:
        new: the run.
        old: the earlier one; None where there is none.
        changes: what they were made of otherwise.
        moves: every number that is not the same.
        above: those above a threshold; None where no thresholds were given.
        not_compared: what one of them does not say.
    """

    new: Snapshot
    old: Snapshot | None
    changes: tuple[Change, ...]
    moves: tuple[Move, ...]
    above: tuple[Above, ...] | None
    not_compared: tuple[str, ...]

    @property
    def exceeds(self) -> bool:
        """Whether anything is above a threshold."""
        return bool(self.above)

    def of(self, kind: str) -> list[Move]:
        """The moves of a kind, those above a threshold first, then by how far."""
        limits = {id(one.move) for one in self.above or ()}
        found = [move for move in self.moves if move.kind == kind]
        return sorted(found, key=lambda move: (id(move) not in limits, -_far(move)))

    def threshold(self, move: Move) -> str:
        """What a move is above, in words; empty for nothing."""
        return next((one.threshold for one in self.above or () if one.move is move), "")


def compare(
    new: Snapshot,
    old: Snapshot | None,
    changes: Sequence[Change] = (),
    thresholds: Thresholds | None = None,
) -> Drift:
    """Hold a run against an earlier one of its study, and against thresholds."""
    moves = () if old is None else find_moves(old, new)
    above = None if thresholds is None else find_above(moves, thresholds)
    missing = () if old is None else not_compared(old, new)
    return Drift(new, old, tuple(changes), moves, above, missing)


def _far(move: Move) -> float:
    """How far a number moved, for an order: in half widths, or in per cent.

    An estimate without an interval cannot be told; it comes after those that can.
    """
    if move.difference is None:
        return float("inf") if move.old != move.new else 0
    if not move.difference:
        return 0
    if move.kind == ESTIMATES:
        return float(move.half_widths or 0)
    return float("inf") if move.percent is None else abs(float(move.percent))
