"""What moved between two runs of a study: every number of theirs that is not the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ldn_spark.drift.snapshot import Interval, Snapshot

REGISTRY, BY_YEAR, BY_CODE = ("lines", "dispensings", "persons"), "ddd_by_year", "ddd_by_code"
COHORT, STEPS, ESTIMATES = "cohort", "steps", "estimates"
KINDS = (*REGISTRY, BY_YEAR, BY_CODE, COHORT, STEPS, ESTIMATES)
"""In the order in which they are told."""
_NOTHING = Interval(None, None, None, None)


@dataclass(frozen=True, slots=True)
class Move:
    """A number that is not what it was.

    Attributes:
        kind: one of `KINDS`.
        where: what it is of: nothing, a year, a year and a code, an exposure, an exposure and a
            step, or table, stratum and outcome of an estimate.
        old, new: None where a run does not have it.
        was, became: of an estimate, with its interval and persons.
        is_open: whether it is of a year that was still being dispensed in at the earlier run, or
            later; such a year grows.
    """

    kind: str
    where: tuple[str, ...]
    old: Decimal | None
    new: Decimal | None
    was: Interval = _NOTHING
    became: Interval = _NOTHING
    is_open: bool = False

    @property
    def difference(self) -> Decimal | None:
        """New less old, exact; None where either is no number."""
        return None if self.old is None or self.new is None else self.new - self.old

    @property
    def percent(self) -> Decimal | None:
        """The difference in per cent of the old; None where there is none, or the old is 0."""
        if self.kind == ESTIMATES or self.difference is None or not self.old:
            return None
        return 100 * self.difference / abs(self.old)

    @property
    def half_widths(self) -> Decimal | None:
        """How far an estimate moved, in halves of the width of its earlier interval."""
        half = self.was.half_width
        if self.kind != ESTIMATES or self.difference is None or not half:
            return None
        return abs(self.difference) / half

    @property
    def is_lost(self) -> bool:
        """Whether an estimate was a number and is none."""
        return self.kind == ESTIMATES and self.old is not None and self.new is None


def find_moves(old: Snapshot, new: Snapshot) -> tuple[Move, ...]:
    """Every number that differs, in the order of `KINDS`.

    What one of the runs does not tell at all is not compared, see `not_compared`. Of runs with
    other study files, codes, steps and estimates are compared that both have.
    """
    return tuple(_moves(old, new, in_both=old.same_study != new.same_study))


def _moves(old: Snapshot, new: Snapshot, *, in_both: bool) -> Iterator[Move]:
    for kind in REGISTRY:
        before, after = getattr(old, kind), getattr(new, kind)
        if before is not None and after is not None:
            yield from _differs(kind, (), before, after)
    yield from _dispensed(old, new, in_both=in_both)
    for exposure in _keys(old.cohorts, new.cohorts, in_both=True):
        yield from _differs(COHORT, (exposure,), old.cohorts[exposure], new.cohorts[exposure])
    steps = [
        {(s.exposure, s.id): s.persons for s in one.steps_between if s.persons is not None}
        for one in (old, new)
    ]
    for key in _keys(*steps, in_both=in_both or not (old.steps and new.steps)):
        yield from _differs(STEPS, key, steps[0].get(key), steps[1].get(key))
    in_both = in_both or not (old.estimates and new.estimates)
    for name in _keys(old.estimates, new.estimates, in_both=in_both):
        was, became = (one.estimates.get(name, _NOTHING) for one in (old, new))
        if was != became:
            yield Move(ESTIMATES, name, was.value, became.value, was, became)


def _dispensed(old: Snapshot, new: Snapshot, *, in_both: bool) -> Iterator[Move]:
    if old.dispensed is None or new.dispensed is None:
        return
    by_code = [{(one.year, one.atc): one.ddd for one in run.dispensed or ()} for run in (old, new)]
    if in_both:  # a code that only one study asks for did not move
        codes = set.intersection(*({atc for _, atc in found} for found in by_code))
        by_code = [{k: v for k, v in found.items() if k[1] in codes} for found in by_code]
    opened = first_open_year(old)
    for kind, (before, after) in ((BY_YEAR, map(_by_year, by_code)), (BY_CODE, by_code)):
        for key in sorted(before.keys() | after.keys()):
            pair = before.get(key, Decimal(0)), after.get(key, Decimal(0))
            is_open = opened is not None and key[0] >= opened
            yield from _differs(kind, tuple(map(str, key)), *pair, is_open=is_open)


def _by_year(by_code: Mapping[tuple[int, str], Decimal]) -> dict[Any, Decimal]:
    found: dict[Any, Decimal] = defaultdict(Decimal)
    for (year, _), ddd in by_code.items():
        found[(year,)] += ddd
    return found


def first_open_year(run: Snapshot) -> int | None:
    """The year of the day after the registry's last one; None where the run tells no day."""
    if run.last_dispensed_on:
        return (date.fromisoformat(run.last_dispensed_on) + timedelta(days=1)).year
    return max((one.year for one in run.dispensed or ()), default=None)


def _keys(old: Mapping[Any, Any], new: Mapping[Any, Any], *, in_both: bool) -> list[Any]:
    """Keys of either in their order, or those of both."""
    either = dict.fromkeys([*old, *new])
    return [key for key in either if not in_both or (key in old and key in new)]


def _differs(
    kind: str,
    where: tuple[str, ...],
    old: Decimal | int | None,
    new: Decimal | int | None,
    *,
    is_open: bool = False,
) -> Iterator[Move]:
    if old != new:
        yield Move(kind, where, _decimal(old), _decimal(new), is_open=is_open)


def _decimal(number: Decimal | int | None) -> Decimal | None:
    return None if number is None else Decimal(number)


def not_compared(old: Snapshot, new: Snapshot) -> tuple[str, ...]:
    """What cannot be compared because a run does not say it, in words."""
    parts: dict[str, Callable[[Snapshot], bool]] = {
        "lines and persons of the registry": lambda run: None in (run.dispensings, run.persons),
        "DDDs by year and code": lambda run: run.dispensed is None,
        "the steps of the selection": lambda run: not run.steps,
        "estimates": lambda run: not run.estimates,
    }
    return tuple(
        f"{what}: run {run.run_id} does not say them"
        for what, is_missing in parts.items()
        for run in (old, new)
        if is_missing(run)
    )
