"""Count the arriving lines of a year that repeat lines of the lake, and judge the number.

Two lines repeat each other when person, day, code, product and amount are the same. Lines are
counted, not matched: a line that is there once and arrives twice is repeated once, so that two
packages of a day stay two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ldn_spark.errors import Problem
from ldn_spark.shown import counted

HELD = 0
"""Stands as the file_id of lines that the lake holds."""
ALLOWED_PERCENT = 20
"""A larger share of repeated lines is no chance: in registers a few in a hundred are."""
LEAST_LINES = 5
"""Fewer repeated lines of a file or a month may be there by chance, if those of the year may."""
_ALWAYS = ("person_key", "dispensed_on", "atc")
_WHERE_KNOWN = ("product_number", "ddd", "packages")
REPEATS = pa.schema(
    [
        ("year", pa.int32()),
        ("month", pa.int32()),
        ("file_id", pa.int32()),
        ("lines", pa.int64()),
        ("repeated", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Repeats:
    """Arriving lines of a file and a month.

    Attributes:
        year, month: of dispensing.
        file_id: the file.
        lines: how many.
        repeated: how many of them repeat lines of the lake, or of files before this one.
    """

    year: int
    month: int
    file_id: int
    lines: int
    repeated: int


def count_repeats(rows: pa.Table) -> pa.Table:
    """Count the arriving lines of a year that repeat others, by month and file.

    What a side does not know at all is not compared: an extract may come again with products.

    Args:
        rows: one row per line of one year: year, file_id (`HELD` for what the lake holds), and
            the columns that are compared.

    Returns:
        One row per month and arriving file, as in `REPEATS`.
    """
    files = rows["file_id"].to_numpy()
    contents, months = _contents(rows, files)
    before = np.zeros(len(months), np.int64)
    found = []
    for file_id in np.unique(files):
        of_file, lines = np.unique(contents[files == file_id], return_counts=True)
        repeated = np.minimum(lines, before[of_file])
        before[of_file] += lines
        if file_id != HELD:
            sums = (np.bincount(months[of_file], n, 13).astype(np.int64) for n in (lines, repeated))
            found.append((file_id, *sums))
    year = rows["year"][0].as_py()
    return pa.Table.from_pylist(
        [
            {"year": year, "month": month, "file_id": file_id, "lines": n, "repeated": again}
            for file_id, lines, repeated in found
            for month, (n, again) in enumerate(zip(lines, repeated, strict=True))
            if n
        ],
        REPEATS,
    )


def _contents(rows: pa.Table, files: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each row's content as a number, and the month of each content."""
    compared = [*_ALWAYS, *(name for name in _WHERE_KNOWN if _is_known(rows[name], files))]
    packed = np.empty((len(rows), len(compared)), np.int64)
    for at, name in enumerate(compared):
        column = rows[name].combine_chunks()
        if not pa.types.is_int64(column.type):
            encoded = column.dictionary_encode()
            column = encoded.indices.fill_null(-1)
        packed[:, at] = column.to_numpy(zero_copy_only=False)
    width = pa.binary(packed.itemsize * len(compared))
    texts = pa.FixedSizeBinaryArray.from_buffers(width, len(rows), [None, pa.py_buffer(packed)])
    numbers = texts.dictionary_encode()
    contents = numbers.indices.to_numpy()
    months = np.zeros(len(numbers.dictionary), np.int64)
    months[contents] = pc.month(rows["dispensed_on"]).to_numpy()
    return contents, months


def _is_known(column: pa.ChunkedArray, files: np.ndarray) -> bool:
    """Whether every file, and the lake, knows a column of any line."""
    known = pc.is_valid(column).to_numpy()
    return len(np.unique(files[known])) == len(np.unique(files))


def judge_repeats(
    counted: Iterable[Repeats],
    held: Iterable[int],
    sampled: Iterable[int],
    names: Mapping[int, str],
) -> list[Problem]:
    """The years of which too many lines are there already, one problem each.

    A year stands out by all its arriving lines, by those of one file, or by those of one month: a
    month that comes again is found among eleven new ones.

    Args:
        counted: as `count_repeats` gives them, of any years.
        held: the years that the lake holds.
        sampled: the years of which a sample of the persons was looked at.
        names: of the arriving files, by file_id.
    """
    by_year: dict[int, list[Repeats]] = {}
    for one in counted:
        by_year.setdefault(one.year, []).append(one)
    return [
        problem
        for year, rows in sorted(by_year.items())
        for problem in _of_year(year, rows, year in held, year in sampled, names)
    ]


def _of_year(
    year: int, rows: Sequence[Repeats], is_held: bool, is_sampled: bool, names: Mapping[int, str]
) -> Iterator[Problem]:
    lines, again = sum(one.lines for one in rows), sum(one.repeated for one in rows)
    files, months = (_standing_out(rows, by) for by in ("file_id", "month"))
    least = 1 if is_held else LEAST_LINES
    if not (files or months or (again >= least and _is_too_much(again, lines))):
        return
    those = files or {one.file_id for one in rows if one.repeated}
    where = ", ".join(sorted(names[file_id] for file_id in those))
    of_what = "of a sample of the persons, " * is_sampled
    what = (
        f"of {year}, {of_what}{_percent(again, lines)} % of the arriving lines "
        f"({counted(again)} of {counted(lines)}) repeat lines that are there already "
        "(person, day, code, product, amount) and would count twice"
    )
    if months and not _is_too_much(again, lines):
        shares = (f"{year}-{month:02d} {share} %" for month, share in sorted(months.items()))
        what += f"; by month, {', '.join(shares)}"
    yield Problem(
        where,
        what,
        "say with --replaces which file or days the delivery replaces, or `--replaces nothing` if "
        "these are further dispensings",
    )


def _standing_out(rows: Sequence[Repeats], by: str) -> dict[int, int]:
    """The percentage of each file or month of which too many lines are repeated."""
    lines, again = Counter[int](), Counter[int]()
    for one in rows:
        lines[getattr(one, by)] += one.lines
        again[getattr(one, by)] += one.repeated
    return {
        part: _percent(again[part], lines[part])
        for part in lines
        if again[part] >= LEAST_LINES and _is_too_much(again[part], lines[part])
    }


def _is_too_much(again: int, lines: int) -> bool:
    return again * 100 > lines * ALLOWED_PERCENT


def _percent(again: int, lines: int) -> int:
    return (200 * again + lines) // (2 * lines)
