"""Columns of which much could not be read or is not there: a warning each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ldn_spark.delivery.reasons import explain, is_unmatched
from ldn_spark.ingest.suspicions import named_files
from ldn_spark.lake.versions import FileRecord
from ldn_spark.shown import counted, numbered

WARNED_PERCENT = 10
"""Of a column; what is rejected is told by the rejected lines."""


class _Column(NamedTuple):
    """A column of ours that a note is of.

    Attributes:
        name: the column.
        known: whether there is a value all the same.
    """

    name: str
    known: bool = False


_COLUMNS = {
    "product_number_missing": _Column("product_number"),
    "ddd_missing": _Column("ddd"),
    "ddd_divisor_zero": _Column("ddd"),
    "packages_missing": _Column("packages"),
    "sex_unknown": _Column("sex"),
    "birth_year_unknown": _Column("birth_year"),
    "birth_year_after_dispensing": _Column("birth_year"),
    "age_unknown": _Column("birth_year"),
    "age_over_115": _Column("birth_year"),
    "death_year_unknown": _Column("died_on"),
    "died_on_unknown": _Column("died_on"),
    "death_month_unknown": _Column("died_on", known=True),
}
KNOWN_COLUMNS = tuple(dict.fromkeys(column.name for column in _COLUMNS.values()))
"""The columns whose known values are counted."""


class _Unread(NamedTuple):
    column: str
    unread: int
    values: int
    reasons: tuple[str, ...]


def unread_warnings(files: Iterable[FileRecord]) -> list[str]:
    """The columns of which more than a tenth is unknown: in which files, and why.

    An empty day of death is no unknown one: the person is alive. So the share of a column is that
    of its unknown values among these and the known ones. What a lookup did not match is told as a
    column of its own.

    Args:
        files: with their accounts.
    """
    found: dict[tuple[str, str], list[tuple[FileRecord, _Unread]]] = {}
    for file in files:
        for one in _unread(file):
            if one.unread * 100 > one.values * WARNED_PERCENT:
                found.setdefault((file.kind, one.column), []).append((file, one))
    return [_told(column, those) for (_, column), those in found.items()]


def _unread(file: FileRecord) -> Iterator[_Unread]:
    """The columns of a file with unknown values."""
    unread, extra = Counter[str](), Counter[str]()
    reasons: dict[str, list[str]] = {}
    for reason, lines in file.noted_by_reason.items():
        if is_unmatched(reason):
            yield _Unread(reason, lines, file.accepted, (reason,))
        elif column := _COLUMNS.get(reason):
            unread[column.name] += lines
            extra[column.name] += 0 if column.known else lines
            reasons.setdefault(column.name, []).append(reason)
    for name, lines in unread.items():
        values = extra[name] + file.known_by_column.get(name, 0)
        yield _Unread(name, lines, max(values, lines), tuple(reasons[name]))


def _told(column: str, found: Sequence[tuple[FileRecord, _Unread]]) -> str:
    files = named_files([file.name for file, _ in found])
    unread, values = (sum(getattr(one, name) for _, one in found) for name in ("unread", "values"))
    reasons = dict.fromkeys(reason for _, one in found for reason in one.reasons)
    why = "; ".join(map(explain, reasons))
    share = (200 * unread + values) // (2 * values)
    return (
        f"{files}: {share} % of {column} ({counted(unread)} of {numbered(values, 'value')}): {why}"
    )
