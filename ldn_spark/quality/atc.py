"""The ATC table: one row per code and per group of codes, none of them for few dispensings.

A row of fewer than `FEWEST_SHOWN` dispensings may stand for a single person. Such codes have no row
of their own: they are pooled as `other` codes of the smallest group of theirs in which the pool is
large enough. A group is the sum of the rows beneath it, so no small number comes out of a
subtraction; what is left at the top belongs to no code.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ldn_spark.quality.amounts import Amounts, flags, total
from ldn_spark.quality.masking import FEWEST_SHOWN
from ldn_spark.study.codes import ATC_LENGTHS


@dataclass(frozen=True, slots=True)
class AtcRow:
    """A row of the ATC table.

    Attributes:
        atc: the code; empty for the group of all codes.
        kind: `group`, the sum of the rows beneath it; `code`, delivered under exactly this code;
            `other`, codes of this group that are too rare for a row of their own.
        codes: how many delivered codes it sums.
        amounts: their dispensings.
        flags: ids of the rules that apply.
    """

    atc: str
    kind: Literal["group", "code", "other"]
    codes: int
    amounts: Amounts
    flags: tuple[str, ...]

    @property
    def level(self) -> int:
        """The level of the code in the ATC classification, 1 to 5; 0 for all codes."""
        return ATC_LENGTHS.index(len(self.atc)) + 1 if self.atc else 0


def parent_of(atc: str) -> str:
    """The code one level up; empty for the first level.

    >>> parent_of("N06AB03"), parent_of("N06A"), parent_of("N")
    ('N06AB', 'N06', '')
    """
    shorter = [length for length in ATC_LENGTHS if length < len(atc)]
    return atc[: shorter[-1]] if shorter else ""


def atc_rows(by_code: Mapping[str, Amounts]) -> tuple[AtcRow, ...]:
    """Rows in the order of the classification: a group, its other codes, what is beneath it.

    Args:
        by_code: the amounts of every delivered code, of any level.
    """
    whole = total(by_code)
    if whole is None:
        return ()
    children: defaultdict[str, set[str]] = defaultdict(set)
    for code in by_code:
        while code:
            children[parent_of(code)].add(code)
            code = parent_of(code)
    rows, _ = _branch("", by_code, children, whole)
    return tuple(rows)


def _branch(
    atc: str, by_code: Mapping[str, Amounts], children: Mapping[str, set[str]], whole: Amounts
) -> tuple[list[AtcRow], dict[str, Amounts]]:
    """The rows of a group and of all beneath it; and the rare codes left for the group above."""
    beneath: list[AtcRow] = []
    pool: dict[str, Amounts] = {}
    parts: list[AtcRow] = []
    for child in sorted(children.get(atc, ())):
        rows, left = _branch(child, by_code, children, whole)
        pool |= left
        parts += rows[:1]
        beneath += rows
    if atc in by_code:
        own = by_code[atc]
        if own.dispensings >= FEWEST_SHOWN:
            row = AtcRow(atc, "code", 1, own, flags(own, whole))
            parts, beneath = [row, *parts], [row, *beneath]
        else:
            pool[atc] = own
    if (pooled := total(pool)) is not None and pooled.dispensings >= FEWEST_SHOWN:
        row = AtcRow(atc, "other", len(pool), pooled, flags(pooled, whole))
        parts, beneath, pool = [row, *parts], [row, *beneath], {}
    if len(atc) == ATC_LENGTHS[-1] or not parts:
        return beneath, pool
    return [_group(atc, parts, whole), *beneath], pool


def _group(atc: str, parts: list[AtcRow], whole: Amounts) -> AtcRow:
    amounts = total({str(number): part.amounts for number, part in enumerate(parts)})
    assert amounts is not None
    codes = sum(part.codes for part in parts)
    return AtcRow(atc, "group", codes, amounts, flags(amounts, whole))


def beneath(rows: tuple[AtcRow, ...], group: str) -> Iterator[AtcRow]:
    """The rows beneath a group of the first level, itself left out."""
    return (
        row for row in rows if row.atc.startswith(group) and (row.kind, row.atc) != ("group", group)
    )
