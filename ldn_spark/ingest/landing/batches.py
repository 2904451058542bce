"""Cut years into batches of rows that are sorted together and fit into memory.

A task sorts a batch in memory. A registry is cut by year, then by ranges of ATC codes, and a
code of its own that is still too large by ranges of person keys, which are evenly spread hashes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

CODE_BITS = 28
"""What `code_number` needs."""
_LEVELS = re.compile(r"([A-Z])(\d\d)?([A-Z])?([A-Z])?(\d\d)?", re.ASCII)
_CHOICES = (26, 101, 27, 27, 101)  # of the five levels, none given counting as one
_LOWEST_KEY = -(1 << 63)
_KEYS = 1 << 64


@dataclass(frozen=True, slots=True)
class Batch:
    """Dispensings that are sorted and written in one go.

    Attributes:
        years: whole years, or the one that the rest is a part of.
        rows: how many there are.
        first_atc: its smallest code; empty for no bound.
        next_atc: the smallest code after it; empty for no bound.
        keys: person keys of a part of one code, both ends included; None for all.
    """

    years: tuple[int, ...]
    rows: int
    first_atc: str = ""
    next_atc: str = ""
    keys: tuple[int, int] | None = None


def code_number(atc: str) -> int:
    """The place of an ATC code among all possible ones in alphabetical order.

    Rows are sorted by one whole number, of this and the person key.

    >>> [code_number(code) for code in ("A", "A01", "A01A", "A02BC01", "Z99ZZ99")]
    [0, 147258, 149985, 226646, 193349753]
    """
    levels = _LEVELS.fullmatch(atc)
    if levels is None:
        raise ValueError("this is no ATC code")
    number = 0
    for level, choices in zip(levels.groups(), _CHOICES, strict=True):
        if level is None:
            place = 0
        elif level.isdigit():
            place = int(level) + 1
        else:
            place = ord(level) - ord("A") + (choices == 27)
        number = number * choices + place
    return number


def plan_batches(rows: Mapping[tuple[int, str], int], most: int) -> list[Batch]:
    """Cut a registry into batches, in the order of year, code and key.

    Args:
        rows: dispensings per year and ATC code.
        most: rows of a batch; one of several keys of one person may hold more.

    >>> rows = {(2014, "A"): 3, (2012, "A"): 8, (2013, "A"): 2}
    >>> [batch.years for batch in plan_batches(rows, 10)]
    [(2012, 2013), (2014,)]
    >>> [(b.first_atc, b.next_atc) for b in plan_batches({(2012, c): 4 for c in "ABC"}, 8)]
    [('', 'C'), ('C', '')]
    """
    by_year: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for (year, atc), count in rows.items():
        if count:
            by_year[year][atc] = count
    batches: list[Batch] = []
    for year, codes in sorted(by_year.items()):
        total = sum(codes.values())
        if total > most:
            batches.extend(_cut_year(year, codes, most))
        elif batches and _is_whole(last := batches[-1]) and last.rows + total <= most:
            batches[-1] = Batch((*last.years, year), last.rows + total)
        else:
            batches.append(Batch((year,), total))
    return batches


def _is_whole(batch: Batch) -> bool:
    return not batch.first_atc and not batch.next_atc and batch.keys is None


def _cut_year(year: int, codes: Mapping[str, int], most: int) -> Iterator[Batch]:
    """Ranges of codes that leave no gap, and of keys where one code is too large."""
    groups: list[tuple[str, int]] = []  # first code, rows
    for atc, count in sorted(codes.items()):
        if groups and groups[-1][1] + count <= most:
            groups[-1] = (groups[-1][0], groups[-1][1] + count)
        else:
            groups.append((atc, count))
    firsts = ["", *(atc for atc, _ in groups[1:])]
    for (_, count), first, following in zip(groups, firsts, [*firsts[1:], ""], strict=True):
        parts = -(-count // most)
        if parts == 1:
            yield Batch((year,), count, first, following)
        for part in range(parts if parts > 1 else 0):
            low = _LOWEST_KEY + part * _KEYS // parts
            high = _LOWEST_KEY + (part + 1) * _KEYS // parts - 1
            share = (part + 1) * count // parts - part * count // parts
            yield Batch((year,), share, first, following, (low, high))
