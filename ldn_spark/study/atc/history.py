"""Read a code of one year's ATC index in another year's.

An index changes once a year. A step from the index of the year before into that of a year is
given by the alterations of that year; a walk goes step by step, forwards or backwards. The answer
is a set: a code that was split or joined does not tell which of several it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ldn_spark.study.atc.alterations import Alteration
from ldn_spark.study.codes import ATC_LENGTHS

BEGINNING, FOR_EVER = 0, 9999
"""The first and the last index, where no alteration says when a code came or went."""

Walk = Mapping[str, tuple[Alteration, ...]]
"""The codes a walk may end at, each with the alterations on the way."""


class AtcHistory:
    """The alterations of a table, in the order of their years."""

    def __init__(self, rows: Iterable[Alteration]) -> None:
        """Take the rows that are followed; those decided to `stay` are not."""
        self._years: dict[int, list[Alteration]] = defaultdict(list)
        for row in _with_implied_kinds(row for row in rows if row.decision != "stay"):
            self._years[row.year].append(row)
        self._order = sorted(self._years)
        self._moved = {year: _by_code(rows, "previous") for year, rows in self._years.items()}
        self._arrived = {year: _by_code(rows, "new") for year, rows in self._years.items()}

    def in_force(self, code: str, year: int) -> tuple[int, int]:
        """First and last index of the time a code was in force that holds `year` or is nearest.

        A code that went and came back stands for two things; between the two it is the earlier:
        an old code may linger in data, a coming one cannot be known yet.
        """
        times = self._times(code)
        begun = [time for time in times if time[0] <= year]
        return begun[-1] if begun else times[0]

    def _times(self, code: str) -> list[tuple[int, int]]:
        """The times a code was in force, in order; at least one."""
        times: list[tuple[int, int]] = []
        began: int | None = BEGINNING
        for number, year in enumerate(self._years_of(code)):
            arrives, leaves = self._arrives(code, year), self._leaves(code, year)
            if number == 0 and arrives and not leaves:
                began = None
            if leaves and began is not None:
                times.append((began, year - 1))
                began = None
            if arrives:
                began = year
        return times if began is None else [*times, (began, FOR_EVER)]

    def _years_of(self, code: str) -> list[int]:
        """The years in which a code comes or goes."""
        return [
            year for year in self._order if self._arrives(code, year) or self._leaves(code, year)
        ]

    def read(self, code: str, index: int, asked_index: int) -> Walk:
        """What a code that stands in data of one index is in another.

        A code that is not in force in `index` is taken as of the nearest index that has it.
        """
        first, last = self.in_force(code, index)
        return self._walk(code, min(max(index, first), last), asked_index)

    def _walk(self, code: str, start: int, stop: int) -> Walk:
        found: dict[str, tuple[Alteration, ...]] = {code: ()}
        forwards = start < stop
        low, high = min(start, stop), max(start, stop)
        years = [year for year in self._order if low < year <= high]
        for year in years if forwards else reversed(years):
            step = self._forward if forwards else self._backward
            following: dict[str, tuple[Alteration, ...]] = {}
            for one, passed in found.items():
                for other, row in step(one, year).items():
                    following.setdefault(other, passed if row is None else (*passed, row))
            found = following
        return found

    def _forward(self, code: str, year: int) -> dict[str, Alteration | None]:
        """The codes of `year` that a code of the year before may have become."""
        return _decided(self._became(code, year))

    def _became(self, code: str, year: int) -> dict[str, Alteration | None]:
        rows = self._longest(self._moved, code, year)
        stays = all(row.split for row in rows)
        moved = {row.new + code[len(row.previous) :]: row for row in rows}
        return {**({code: None} if stays else {}), **moved}

    def _backward(self, code: str, year: int) -> dict[str, Alteration | None]:
        """The codes of the year before that a code of `year` may have been."""
        lengths = [length for length in ATC_LENGTHS if length <= len(code)]
        rows = [row for n in lengths for row in self._arrived[year].get(code[:n], ())]
        came: dict[str, Alteration | None] = {}
        for row in rows:
            before = row.previous + code[len(row.new) :]
            if self._became(before, year).get(code) == row:
                came[before] = row
        stayed = not self._leaves(code, year) and all(row.joined for row in rows)
        return _decided({**({code: None} if stayed or not came else {}), **came})

    def _longest(
        self, index: Mapping[int, Mapping[str, list[Alteration]]], code: str, year: int
    ) -> list[Alteration]:
        """The rows of a year for the longest beginning of a code that has any."""
        for length in reversed(ATC_LENGTHS):
            if length <= len(code) and (rows := index[year].get(code[:length])):
                return rows
        return []

    def _leaves(self, code: str, year: int) -> bool:
        return code not in self._became(code, year)

    def _arrives(self, code: str, year: int) -> bool:
        rows = self._longest(self._arrived, code, year)
        return bool(rows) and not all(row.joined for row in rows)


def _decided(found: dict[str, Alteration | None]) -> dict[str, Alteration | None]:
    """Only what was decided to `move`, where anything was."""
    moved: dict[str, Alteration | None] = {
        code: row for code, row in found.items() if row and row.decision == "move"
    }
    return moved or found


def _by_code(rows: Iterable[Alteration], end: str) -> dict[str, list[Alteration]]:
    found: dict[str, list[Alteration]] = defaultdict(list)
    for row in rows:
        found[getattr(row, end)].append(row)
    return found


def _with_implied_kinds(rows: Iterable[Alteration]) -> list[Alteration]:
    """Rows with the splits and joins that other rows prove.

    A code that moves again in a later year without having come back was in force all the time, so
    that the earlier row was a split; a code that arrives where it is already is joined.
    """
    ordered = sorted(rows, key=lambda row: (row.year, row.line))
    arrivals, departures = _by_code(ordered, "new"), _by_code(ordered, "previous")

    def later_departure_without_arrival(row: Alteration) -> bool:
        following = [other.year for other in departures[row.previous] if other.year > row.year]
        if not following:
            return False
        back = [other.year for other in arrivals.get(row.previous, ())]
        return not any(row.year <= year <= min(following) for year in back)

    def earlier_arrival_without_departure(row: Alteration) -> bool:
        before = [other.year for other in arrivals[row.new] if other.year < row.year]
        if not before:
            return False
        away = [other for other in departures.get(row.new, ()) if not other.split]
        return not any(max(before) <= other.year <= row.year for other in away)

    return [
        replace(
            row,
            split=row.split or later_departure_without_arrival(row),
            joined=row.joined or earlier_arrival_without_departure(row),
        )
        for row in ordered
    ]
