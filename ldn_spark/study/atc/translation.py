"""The codes of a lake in the ATC index of a study.

A study is written in the index of one year; a lake holds codes as they were delivered, of the same
year, of another, or of several. Only codes that are not the same to the study in the two are ever
translated, and where returns take back what was dispensed under the same code, all that it uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from ldn_spark.study.atc.alterations import Alteration
from ldn_spark.study.atc.history import BEGINNING, FOR_EVER, AtcHistory
from ldn_spark.study.atc.uses import Uses, lies_among, points_of, used_for
from ldn_spark.study.codes import shortest_prefixes

AT_DISPENSING: Literal["at_dispensing"] = "at_dispensing"
"""Codes of the index of the year of dispensing, or of the nearest one that has them."""

_ALWAYS = (BEGINNING, FOR_EVER)

AtcVersion = int | Literal["at_dispensing"] | None
"""The year of an ATC index, the index of the year of dispensing, or not declared."""


@dataclass(frozen=True, slots=True)
class Move:
    """What begins with `delivered` is read as what begins with `read_as`, the endings kept."""

    delivered: str
    read_as: str


@dataclass(frozen=True)
class Part:
    """Dispensings whose codes are of one ATC index, and how they are read.

    Attributes:
        declared: what was said of the codes; None for nothing.
        index: the index they are taken in; the study's where nothing was said.
        file_ids: the delivered files; None = all.
        first_year, last_year: of dispensing, both included.
        moves: the longer ones first; the first that fits decides.
    """

    declared: AtcVersion
    index: int
    file_ids: tuple[int, ...] | None = None
    first_year: int = BEGINNING
    last_year: int = FOR_EVER
    moves: tuple[Move, ...] = ()

    def read(self, code: str) -> str:
        """A delivered code in the study's index."""
        for move in self.moves:
            if code.startswith(move.delivered):
                return move.read_as + code[len(move.delivered) :]
        return code


@dataclass(frozen=True)
class AskedCodes:
    """Codes that a study asks for at one place, and where they stand in the lake.

    Attributes:
        asked: prefixes in the study's index.
        delivered: prefixes of everything that may be read as one of them.
        parts: the parts of the lake in which any of these codes is read as another one.
    """

    asked: tuple[str, ...]
    delivered: tuple[str, ...]
    parts: tuple[Part, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns beside the code that tell the parts from each other."""
        by_file = any(part.file_ids is not None for part in self.parts)
        by_year = any((part.first_year, part.last_year) != _ALWAYS for part in self.parts)
        return ("file_id",) * by_file + ("year",) * by_year


@dataclass(frozen=True)
class Translation:
    """How the codes of a lake are read in the index of a study.

    Attributes:
        study_version: the study's index.
        rows: the alterations that matter to the study.
        parts: the parts of the lake, none overlapping.
    """

    study_version: int = 0
    rows: tuple[Alteration, ...] = ()
    parts: tuple[Part, ...] = ()

    @cached_property
    def is_empty(self) -> bool:
        """Whether every code is taken as it is."""
        return not any(part.moves for part in self.parts)

    def asked_for(self, prefixes: Sequence[str]) -> AskedCodes:
        """Where the codes that the study asks for at one place stand in the lake."""
        asked = tuple(prefixes)
        parts: list[Part] = []
        delivered = list(asked)
        for part in self.parts:
            moves = _moves_that_meet(part.moves, asked)
            delivered += _read_as_any(moves, asked)
            last = parts[-1] if parts else None
            if last and (last.file_ids, last.moves) == (part.file_ids, moves):
                parts[-1] = replace(last, last_year=part.last_year)  # years that follow each other
            elif moves:
                parts.append(replace(part, moves=moves))
        if not parts:
            return AskedCodes(asked, asked)
        return AskedCodes(asked, shortest_prefixes(delivered), tuple(parts))


UNTRANSLATED = Translation()
"""Every code is taken as it is."""


def _moves_that_meet(moves: Sequence[Move], asked: Sequence[str]) -> tuple[Move, ...]:
    """The moves into or out of the asked codes, and those that make an exception of one."""
    first = [m for m in moves if lies_among(m.delivered, asked) or lies_among(m.read_as, asked)]
    return tuple(
        move
        for move in moves
        if move in first or any(move.delivered.startswith(one.delivered) for one in first)
    )


def _read_as_any(moves: Sequence[Move], asked: Sequence[str]) -> list[str]:
    """Prefixes of the delivered codes that moves read as one of the asked ones."""
    found = []
    for move in moves:
        for prefix in asked:
            if move.read_as.startswith(prefix):
                found.append(move.delivered)
            elif prefix.startswith(move.read_as):
                found.append(move.delivered + prefix[len(move.read_as) :])
    return found


def translate(
    study_version: int,
    rows: Sequence[Alteration],
    uses: Uses,
    versions: Mapping[int, AtcVersion],
    apart: Sequence[str],
) -> Translation:
    """How the codes of delivered files are read in the index of a study.

    Args:
        study_version: the study's index.
        rows: the alterations that matter to the study, from `relevant_alterations`.
        uses: what the study uses codes for.
        versions: by delivered file, what was said of its codes. A file that says nothing, and one
            of the study's own index, is taken as it is.
        apart: the codes below which none are the same, though the study uses them alike; from
            `codes_apart`.
    """
    history, points = AtcHistory(rows), points_of(rows)
    parts: list[Part] = []
    for declared in sorted(set(versions.values()) or {None}, key=str):
        files = tuple(sorted(one for one in versions if versions[one] == declared))
        among = None if len(files) == len(versions) else files
        for index, first, last in _indices(declared, study_version, rows):
            moves: tuple[Move, ...] = ()
            if declared not in (None, study_version):
                moves = _moves(history, points, uses, index, study_version, apart)
            parts.append(Part(declared, index, among, first, last, moves))
    return Translation(study_version, tuple(rows), tuple(parts))


def _indices(
    declared: AtcVersion, study_version: int, rows: Sequence[Alteration]
) -> list[tuple[int, int, int]]:
    """The indices of a file's codes, each with the first and last year of dispensing.

    Between two alterations that matter every index is as good as another.
    """
    if declared is None:
        return [(study_version, BEGINNING, FOR_EVER)]
    if declared != AT_DISPENSING:
        return [(int(declared), BEGINNING, FOR_EVER)]
    starts = [BEGINNING, *sorted({row.year for row in rows})]
    ends = [start - 1 for start in starts[1:]] + [FOR_EVER]
    return [
        (min(max(study_version, first), last), first, last)
        for first, last in zip(starts, ends, strict=True)
    ]


def _moves(
    history: AtcHistory,
    points: Iterable[str],
    uses: Uses,
    index: int,
    study_version: int,
    apart: Sequence[str],
) -> tuple[Move, ...]:
    """The codes that are read as another one, as far as that matters to the study."""
    kept: list[Move] = []
    for point in sorted(points, key=len):
        read_as = settled(history.read(point, index, study_version), point, uses)
        without = Part(None, index, moves=tuple(reversed(kept))).read(point)
        if read_as == without:
            continue
        is_same = used_for(point, uses) == used_for(read_as, uses)
        if without == point and is_same and not lies_among(point, apart):
            continue
        kept.append(Move(point, read_as))
    return tuple(sorted(kept, key=lambda move: (-len(move.delivered), move.delivered)))


def settled(candidates: Iterable[str], code: str, uses: Uses) -> str:
    """Which of several codes one is read as: any, where they are the same to the study.

    Where they are not it is left as it is; whether that is to be refused is for the preflight,
    which knows whether the code occurs.
    """
    found = set(candidates)
    if code in found or len({used_for(one, uses) for one in found}) > 1:
        return code
    return min(found)
