"""How far the numbers of a study may move between two runs before somebody must look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from ldn_spark.drift.moves import BY_CODE, BY_YEAR, ESTIMATES, Move
from ldn_spark.shown import counted
from ldn_spark.texts.documents import Document, find_document, read_document
from ldn_spark.texts.faults import Faults, refuse

FOLDER = "thresholds"
"""Of the shipped ones, in `conf`."""
_MOST = 1_000_000_000

Amount = Annotated[float, Field(ge=0, le=_MOST, allow_inf_nan=False)]


class Limits(Document):
    """How far a number may fall and rise, in per cent of what it was."""

    fall: Amount | None = Field(None, description="per cent that it may fall; none: any")
    rise: Amount | None = Field(None, description="per cent that it may rise; none: any")
    at_least: Amount = Field(
        0, description="numbers are looked at which are at least so large in either run"
    )

    @model_validator(mode="after")
    def _check(self) -> Limits:
        refuse(self._empty())
        return self

    def _empty(self) -> Faults:
        if self.fall is None and self.rise is None:
            yield (), "limits nothing; name `fall`, `rise` or both"

    def above(self, move: Move) -> str:
        """What a move is above, in words; empty for nothing."""
        if move.old is None or move.new is None:
            if move.old == move.new:
                return ""
            return "only one run has it"
        if max(move.old, move.new) < _exact(self.at_least):
            return ""
        fell = move.new < move.old
        limit = self.fall if fell else self.rise
        moved = abs(move.new - move.old)
        if limit is None or moved * 100 <= _exact(limit) * abs(move.old):
            return ""
        return f"{'fall' if fell else 'rise'} {_shown(limit)} %"


class EstimateLimits(Document):
    """How far estimates may move."""

    half_widths: Amount | None = Field(
        None, description="how far one may move, in halves of the width of its earlier interval"
    )
    at_least: Amount = Field(
        0, description="estimates are looked at which are of so many persons in either run"
    )
    lost: Annotated[int, Field(ge=0, le=_MOST)] | None = Field(
        None, description="how many may be none that were numbers; none: any"
    )

    @model_validator(mode="after")
    def _check(self) -> EstimateLimits:
        refuse(self._empty())
        return self

    def _empty(self) -> Faults:
        if self.half_widths is None and self.lost is None:
            yield (), "limits nothing; name `half_widths`, `lost` or both"

    def above(self, move: Move, lost: int) -> str:
        """What a move is above, in words; empty for nothing.

        Args:
            move: of an estimate.
            lost: how many estimates were numbers and are none.
        """
        if move.is_lost:
            return f"lost {self.lost}" if self.lost is not None and lost > self.lost else ""
        half = move.was.half_width
        if self.half_widths is None or not move.difference or half is None:
            return ""
        persons = max(move.was.n or 0, move.became.n or 0)
        if persons < self.at_least or abs(move.difference) <= _exact(self.half_widths) * half:
            return ""
        return f"half_widths {_shown(self.half_widths)}"


class Thresholds(Document):
    """What may move between two runs of a study; what is not named has no limit."""

    lines: Limits | None = Field(None, description="delivered lines of dispensings")
    dispensings: Limits | None = Field(None, description="dispensings in the registry")
    persons: Limits | None = Field(None, description="persons in the registry")
    ddd_by_year: Limits | None = Field(
        None,
        description="DDDs of the study's codes in a year that was over at the earlier run",
    )
    ddd_by_code: Limits | None = Field(
        None, description="DDDs of one of the study's codes in such a year"
    )
    cohort: Limits | None = Field(None, description="persons of the cohort")
    steps: Limits | None = Field(
        None, description="persons who remain after a step of the selection"
    )
    estimates: EstimateLimits | None = Field(None, description="every estimate with an interval")

    @model_validator(mode="after")
    def _check(self) -> Thresholds:
        refuse(self._empty())
        return self

    def _empty(self) -> Faults:
        if not any(getattr(self, name) for name in type(self).model_fields):
            yield (), f"limits nothing; name any of {', '.join(type(self).model_fields)}"


@dataclass(frozen=True, slots=True)
class Above:
    """A move that is above its threshold, and which: `ddd_by_code: fall 5 %`."""

    move: Move
    threshold: str


def read_thresholds(name: str) -> Thresholds:
    """Thresholds by the path of a YAML file, or by name in `conf/thresholds`.

    Raises:
        ConfigError: the file is missing, is no YAML, or says what it cannot.
    """
    return read_document(find_document(name, FOLDER), Thresholds)


def find_above(moves: Sequence[Move], thresholds: Thresholds) -> tuple[Above, ...]:
    """The moves that are above a threshold, in their order."""
    lost, found = sum(move.is_lost for move in moves), []
    for move in moves:
        limits = getattr(thresholds, move.kind)
        if limits is None or (move.is_open and move.kind in (BY_YEAR, BY_CODE)):
            continue
        words = limits.above(move, lost) if move.kind == ESTIMATES else limits.above(move)
        if words:
            found.append(Above(move, f"{move.kind}: {words}"))
    return tuple(found)


def _exact(number: float) -> Decimal:
    """A number of a file as it is written there."""
    return Decimal(repr(number))


def _shown(number: float) -> str:
    return counted(int(number) if number.is_integer() else number)
