"""Collect the values, faults, mendings and notes of the rows of a block while it is parsed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from ldn_spark.delivery.files.lines import SplitLines
from ldn_spark.delivery.values.columns import TextColumn
from ldn_spark.delivery.values.fields import Field
from ldn_spark.delivery.values.markers import is_marker, is_word

_REJECTED = pa.schema([("line", pa.int64()), ("column", pa.string()), ("reason", pa.string())])


@dataclass
class JudgedRows:
    """The rows of a block on their way: values so far, and the first fault of each row.

    Attributes:
        count: how many there are.
        values: our columns so far.
        fault: of each row, 0 for none, otherwise 1 + its position in `faults`; None for no fault.
        faults: the delivered column and the reason.
        marks: which of some fields each row has.
        markers: fields by column and text that look like missing values and are not declared.
        missing: the rows with a field that the source declares as missing; None for none.
        left: the rows that are left out because they are not meant; None for none.
        left_out: how many, by the column that tells them.
    """

    count: int
    values: dict[str, pa.Array] = field(default_factory=dict)
    fault: np.ndarray | None = None
    faults: list[tuple[str, str]] = field(default_factory=list)
    marks: list[tuple[np.ndarray, Sequence[Field]]] = field(default_factory=list)
    markers: Counter[tuple[str, str]] = field(default_factory=Counter)
    missing: np.ndarray | None = None
    left: np.ndarray | None = None
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def is_bad(self) -> np.ndarray:
        """Which rows are rejected; those that are left out are not."""
        bad = np.zeros(self.count, bool) if self.fault is None else self.fault > 0
        return bad if self.left is None else bad & ~self.left

    @property
    def is_good(self) -> np.ndarray:
        """Which rows are accepted."""
        bad = self.is_bad
        return ~bad if self.left is None else ~(bad | self.left)

    def leave_out(self, found: np.ndarray, column: str) -> None:
        """Rows are not meant, whatever else is said of them."""
        new = found if self.left is None else found & ~self.left
        if number := int(np.count_nonzero(new)):
            self.left_out[column] = number
            self.left = new if self.left is None else self.left | new

    def have_missing(self, found: np.ndarray | None) -> None:
        """Some rows hold a declared marker."""
        if found is not None:
            self.missing = found if self.missing is None else self.missing | found

    def look_for_markers(self, column: TextColumn, fields: Sequence[Field]) -> None:
        """Count what looks like a missing value and was not declared: a word, or was not read."""
        found = {
            number: text.strip()
            for number, (text, one) in enumerate(zip(column.texts, fields, strict=True))
            if text and _is_undeclared(text, one)
        }
        if found:
            index = column.indices.to_numpy(zero_copy_only=False)
            index = index if self.left is None else index[~self.left]
            counts = np.bincount(index, minlength=len(fields))
            for number, text in found.items():
                self.markers[column.name, text] += int(counts[number])
            self.markers = +self.markers  # those that only rows have that are left out are none

    def reject(self, found: np.ndarray, column: str, reason: str) -> None:
        """Give rows a fault, unless they have one."""
        if self.fault is None:
            self.fault = np.zeros(self.count, np.int16)
        self.faults.append((column, reason))
        self.fault[found & (self.fault == 0)] = len(self.faults)

    def judge(self, indices: pa.Array, fields: Sequence[Field], columns: Sequence[str]) -> None:
        """Keep what each row's field says of it: mended, noted or at fault.

        Args:
            indices: which of the fields each row has.
            fields: the different fields.
            columns: the delivered column of each.
        """
        index = indices.to_numpy(zero_copy_only=False)
        if any(one.repaired or one.noted for one in fields):
            self.marks.append((index, fields))
        places = [(column, one.rejected) for column, one in zip(columns, fields, strict=True)]
        for column, reason in sorted({place for place in places if place[1]}):
            at_fault = np.array([place == (column, reason) for place in places])
            self.reject(at_fault[index], column, reason)


def _is_undeclared(text: str, read: Field) -> bool:
    """Whether a text looks like a missing value, and was not read as anything else."""
    if read.value is None:
        return bool(read.rejected or read.noted) and is_marker(text)
    return isinstance(read.value, str) and read.value == text.strip().upper() and is_word(text)


def count_marks(rows: JudgedRows, good: np.ndarray) -> tuple[int, dict[str, int], dict[str, int]]:
    """Good rows that were mended, by what was mended, and by what is noted of them."""
    repaired: Counter[str] = Counter()
    noted: Counter[str] = Counter()
    mended_rows = np.zeros(rows.count, bool)
    for index, fields in rows.marks:
        counts = np.bincount(index[good], minlength=len(fields))
        for field_, count in zip(fields, counts.tolist(), strict=True):
            if count and (field_.repaired or field_.noted):
                repaired.update(dict.fromkeys(field_.repaired, count))
                noted.update({field_.noted: count} if field_.noted else {})
        if any(field_.repaired for field_ in fields):
            mended_rows |= np.array([bool(field_.repaired) for field_ in fields])[index]
    if rows.missing is not None and (count := np.count_nonzero(rows.missing & good)):
        noted["missing_marker"] = int(count)
    return int(np.count_nonzero(mended_rows & good)), dict(repaired), dict(noted)


def rejected_rows(
    rows: JudgedRows, lines: SplitLines, bad: np.ndarray, first_line: int
) -> pa.Table:
    """Line, column and reason of the bad rows and of the lines that did not split."""
    at = np.flatnonzero(bad)
    faults = [] if rows.fault is None else [rows.faults[code - 1] for code in rows.fault[at]]
    numbers = np.concatenate([lines.line_of(at), np.array(list(lines.faults), np.int64)])
    return pa.table(
        [
            pa.array(numbers + first_line, pa.int64()),
            pa.array([column for column, _ in faults] + [None] * len(lines.faults), pa.string()),
            pa.array([reason for _, reason in faults] + [*lines.faults.values()], pa.string()),
        ],
        schema=_REJECTED,
    )
