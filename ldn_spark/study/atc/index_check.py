"""Check that the codes of a lake are of the ATC index they are taken for, as far as it matters.

Evidence is a code that stands in the lake and is not in force in that index: a register that has
taken over a later index has such codes, and a study that asks for the earlier ones would silently
find a part of what there is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ldn_spark.errors import Problem
from ldn_spark.shown import counted, numbered
from ldn_spark.study.atc.alterations import Alteration, Alterations, described, substances
from ldn_spark.study.atc.history import BEGINNING, FOR_EVER, AtcHistory
from ldn_spark.study.atc.occurrences import Look, Occurrence
from ldn_spark.study.atc.stated_versions import OPTION
from ldn_spark.study.atc.translation import AT_DISPENSING, Part, Translation
from ldn_spark.study.atc.uses import points_of, used_for

_CODES_NAMED = 5


@dataclass(frozen=True, slots=True)
class ReadAs:
    """A delivered code that is read as another one, in the years that the study looks at."""

    delivered: str
    read_as: str
    substance: str
    alterations: tuple[Alteration, ...]
    dispensings: int


@dataclass(frozen=True, slots=True)
class _Stray:
    """A code that is not in force in the index it is taken in, and when it is."""

    code: str
    substance: str
    first: int
    last: int
    dispensings: int


class IndexCheck:
    """The codes that alterations touch, as they occur, held against the index they are taken in."""

    def __init__(
        self,
        translation: Translation,
        table: Alterations,
        looks: Sequence[Look],
        occurrences: Iterable[Occurrence],
    ) -> None:
        """Sum up the occurrences of the codes that the alterations touch.

        Args:
            translation: how the lake's codes are read.
            table: the alterations that matter to the study.
            looks: what the study uses codes for, and in which years.
            occurrences: the codes of the lake.
        """
        self._translation, self._table, self._looks = translation, table, looks
        self._uses = {look.name: look.prefixes for look in looks}
        self._history = AtcHistory(table.rows)
        self._undecided = AtcHistory(replace(row, decision="") for row in table.rows)
        points = points_of(table.rows)
        self._found = [
            one
            for one in occurrences
            if any(one.code.startswith(p) or p.startswith(one.code) for p in points)
        ]

    def read_as(self) -> tuple[ReadAs, ...]:
        """The codes that are read as others, with the alterations that say so."""
        counts: Counter[tuple[str, str, int]] = Counter()
        for one in self._found:
            code = one.part.read(one.code)
            if code != one.code and self._minds(one, code):
                counts[one.code, code, one.part.index] += one.dispensings
        merged: dict[tuple[str, str], ReadAs] = {}
        for (delivered, code, index), number in sorted(counts.items()):
            before = merged.get((delivered, code))
            walk = self._history.read(delivered, index, self._translation.study_version)
            rows = before.alterations if before else walk.get(code, ())
            number += before.dispensings if before else 0
            merged[delivered, code] = ReadAs(delivered, code, substances(rows), rows, number)
        return tuple(merged.values())

    def problems(self) -> list[Problem]:
        """Why the study must not be run: codes of another index, or codes that cannot be told."""
        found = []
        for part in self._translation.parts:
            if part.declared in (None, self._translation.study_version):
                found += self._strays_of_untranslated(part)
        return [*found, *self._untold()]

    def warnings(self) -> list[Problem]:
        """What a person should know of the codes that were taken otherwise than they stand."""
        found = []
        for part in self._translation.parts:
            if part.declared in (None, self._translation.study_version, AT_DISPENSING):
                continue
            for stray in self._strays(part):
                what = f"{_named(stray)} is not in the ATC index of {part.index} that it is said of"
                found.append(Problem("codes", what, "it is read in the index that has it"))
        return [*self._asked_in_vain(), *found, *self._left_as_they_are(), *self._too_coarse()]

    def _asked_in_vain(self) -> list[Problem]:
        """Codes that the study asks for and that are not in its own index."""
        index = self._translation.study_version
        found = []
        for look in self._looks:
            for code in look.prefixes:
                first, last = self._history.in_force(code, index)
                if not first <= index <= last:
                    when = _when(first, last)
                    what = f"{code} is not in the ATC index of {index}, but in those {when}"
                    mend = "correct the code or atc_version in the study file"
                    found.append(Problem(look.name, what, mend))
        return found

    def _minds(self, one: Occurrence, code: str) -> bool:
        """Whether it matters to a look at these years that a code is read as another one."""
        differing = used_for(one.code, self._uses) ^ used_for(code, self._uses)
        names = {name for name, _ in differing}
        return any(look.name in names and look.sees(one) for look in self._looks)

    def _strays(self, part: Part) -> list[_Stray]:
        """Codes of a part that are not in force in its index, where the study minds."""
        counts: Counter[str] = Counter()
        for one in self._found:
            if one.part != part:
                continue
            first, last = self._history.in_force(one.code, part.index)
            walk = self._history.read(one.code, part.index, self._translation.study_version)
            if not first <= part.index <= last and any(self._minds(one, code) for code in walk):
                counts[one.code] += one.dispensings
        return [
            _Stray(
                code,
                substances(row for row in self._table.rows if code in (row.previous, row.new)),
                *self._history.in_force(code, part.index),
                number,
            )
            for code, number in sorted(counts.items())
        ]

    def _strays_of_untranslated(self, part: Part) -> list[Problem]:
        strays = self._strays(part)
        if not strays:
            return []
        named = "; ".join(map(_named, strays[:_CODES_NAMED]))
        if len(strays) > _CODES_NAMED:
            named += f"; and {numbered(len(strays) - _CODES_NAMED, 'further code')}"
        index = self._translation.study_version
        if part.declared is None:
            what = f"the codes are taken as those of the ATC index of {index}, but there are"
        else:
            what = f"the codes are said to be those of the ATC index of {index}, but there are"
        return [Problem("ATC version of the lake", f"{what} {named}", self._mend(part, strays))]

    def _mend(self, part: Part, strays: Sequence[_Stray]) -> str:
        """Which index the codes of a part fit into, and how to say so."""
        codes = {
            one.code
            for one in self._found
            if one.part == part and any(look.sees(one) for look in self._looks)
        }
        times = [self._history.in_force(code, part.index) for code in codes]
        low, high = max(first for first, _ in times), min(last for _, last in times)
        stated = f"{OPTION} {'FILE=' if part.declared is not None else ''}"
        if low > high:
            return (
                "they are of several years: if every code is that of the day of dispensing, or "
                f"was only partly recoded, say {stated}{AT_DISPENSING}"
            )
        fits = f"of {low} or later" if low > BEGINNING else ""
        if high < FOR_EVER:
            fits = f"of {low} to {high}" if low > BEGINNING else f"of {high} or earlier"
        return (
            f"they fit an ATC index {fits}: say which, as in {stated}"
            f"{low if low > BEGINNING else high}, or with atc_version in the source file when "
            "taking them in"
        )

    def _untold(self) -> list[Problem]:
        """Codes of which their index does not tell what they are in the study's."""
        counts: Counter[tuple[str, tuple[str, ...], tuple[Alteration, ...]]] = Counter()
        for one in self._translated():
            walk = self._history.read(one.code, one.part.index, self._translation.study_version)
            kinds = {used_for(code, self._uses) for code in walk}
            if len(kinds) > 1 and any(self._differ(one, walk)):
                rows = tuple({row: None for rows in walk.values() for row in rows})
                counts[one.code, tuple(sorted(walk)), rows] += one.dispensings
        return [
            Problem(
                ", ".join(self._table.where(row) for row in rows) or self._table.source,
                f"{code}, {_many(number)}, may be any of {', '.join(codes)} in the ATC index of "
                f"{self._translation.study_version}, and the study tells them apart",
                "say in the column 'decision' of these lines whether all of it is read as moved "
                "(move) or left as it is (stay)",
            )
            for (code, codes, rows), number in sorted(counts.items())
        ]

    def _differ(self, one: Occurrence, walk: Iterable[str]) -> Iterable[bool]:
        codes = list(walk)
        for look in self._looks:
            if look.sees(one):
                kinds = {
                    frozenset(part for part in used_for(code, self._uses) if part[0] == look.name)
                    for code in codes
                }
                yield len(kinds) > 1

    def _left_as_they_are(self) -> list[Problem]:
        """Codes that would be read otherwise, or could be, if no row was decided to `stay`."""
        stay = {row.line for row in self._table.rows if row.decision == "stay"}
        counts: Counter[tuple[int, str, str]] = Counter()
        for one in self._translated() if stay else ():
            index = self._translation.study_version
            walk = self._undecided.read(one.code, one.part.index, index)
            code = one.part.read(one.code)
            for other, rows in walk.items():
                if any(self._differ(one, (code, other))):
                    for row in rows:
                        if row.line in stay:
                            counts[row.line, one.code, described(row)] += one.dispensings
        return [
            Problem(
                f"{self._table.source} line {line}",
                f"{code}, {_many(number)}, may in part be what {row} altered",
                "it is left as it is, by the decision of that line",
            )
            for (line, code, row), number in sorted(counts.items())
        ]

    def _too_coarse(self) -> list[Problem]:
        """Codes of a higher level that hold a code which is read as another one."""
        counts: Counter[str] = Counter()
        for one in self._translated():
            beneath = [
                move
                for move in one.part.moves
                if move.delivered.startswith(one.code) and move.delivered != one.code
            ]
            if any(any(self._differ(one, (m.delivered, m.read_as))) for m in beneath):
                counts[one.code] += one.dispensings
        return [
            Problem(
                "codes",
                f"{code}, {_many(number)}, is coarser than the alterations beneath it",
                "it is left as it is",
            )
            for code, number in sorted(counts.items())
        ]

    def _translated(self) -> list[Occurrence]:
        """The occurrences in parts whose index is not simply the study's."""
        untranslated = (None, self._translation.study_version)
        return [one for one in self._found if one.part.declared not in untranslated]


def _many(number: int) -> str:
    return f"{counted(number)} dispensing{'' if number == 1 else 's'}"


def _named(stray: _Stray) -> str:
    """`N02BF01 (gabapentin, in the index from 2023 on) in 1,234 dispensings`."""
    name = f"{stray.substance}, " if stray.substance else ""
    when = _when(stray.first, stray.last)
    return f"{stray.code} ({name}in the index {when}) in {_many(stray.dispensings)}"


def _when(first: int, last: int) -> str:
    """`from 2023 on`, `until 2022` or `from 2010 to 2014`."""
    if first > BEGINNING and last < FOR_EVER:
        return f"from {first} to {last}"
    return f"from {first} on" if first > BEGINNING else f"until {last}"
