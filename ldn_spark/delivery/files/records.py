"""Records of delivered text whose quoted fields may hold line ends (RFC 4180).

A quote that is never closed must not swallow the lines after it. So a record of several lines is
one only where all of it is well quoted and it has the fields of the header, where no line in it
could be a record alone (or its first and its last both), and where it is not longer than a
megabyte; otherwise every line is
judged by itself, and the one with the open quote is at fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ldn_spark.delivery.source.quoting import Quoting

LONGEST_RECORD = 1 << 20
"""Bytes; a quoted field that goes on for longer is an unbalanced quote."""


@dataclass(frozen=True, slots=True)
class Records:
    """The records of whole lines.

    Attributes:
        first_lines: the first line of each, counted from 0.
        starts: the first byte of each; then where the last one ends: what is behind it is a record
            that may go on in the lines to come.
    """

    first_lines: np.ndarray
    starts: np.ndarray

    @property
    def end(self) -> int:
        """Where the last record ends."""
        return int(self.starts[-1])


def find_records(data: bytes, fields: int, quoting: Quoting, *, is_end: bool) -> Records:
    """Cut whole lines into records.

    What is a record does not depend on where the lines are cut, as long as a cut is where a record
    ends or one that may go on begins.

    Args:
        data: whole lines; their ends are a line feed, perhaps after a carriage return.
        fields: how many a record has.
        quoting: how its fields are quoted.
        is_end: whether no line can follow.
    """
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + 1
    if len(data) and not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    starts = np.concatenate([[0], ends])
    within: list[tuple[int, int]] = []
    open_line = len(ends)
    if quoting.quote.encode() in data:
        for first, last in _Lines(data, starts, fields, quoting).records_of_several():
            if last < len(ends):
                within.append((first, last))
            elif not is_end and len(data) - starts[first] <= LONGEST_RECORD:
                open_line = first
                break
    begins = np.ones(open_line + 1, bool)
    for first, last in within:
        begins[first + 1 : last + 1] = False
    lines = np.flatnonzero(begins)
    return Records(lines[:-1], starts[lines])


class _Lines:
    """The lines of some text, and what their quotes say."""

    def __init__(self, data: bytes, starts: np.ndarray, fields: int, quoting: Quoting) -> None:
        self._data, self._starts, self._fields = data, starts, fields
        self._delimiter = quoting.delimiter.encode()
        body = data.replace(b"\r\n", b"\n").removesuffix(b"\n")
        lines = pc.split_pattern(pa.array([body], pa.binary()), "\n").values
        quoted = pc.match_substring(lines, quoting.quote)
        well = pc.match_substring_regex(lines, quoting.whole)
        self._lines = lines
        self._odd = np.flatnonzero(_mask(pc.and_not(quoted, well)))
        self._quoted = np.flatnonzero(_mask(quoted))
        self._alone = np.zeros(0, np.int64)
        if len(self._odd) and fields > 1:
            found = pc.equal(pc.count_substring(lines, quoting.delimiter), fields - 1)
            self._alone = np.flatnonzero(_mask(pc.and_not(found, quoted)))
        patterns = (quoting.opened, quoting.closed, quoting.kept_open)
        self._opened, self._closed, self._kept = (re.compile(one.encode()) for one in patterns)
        self._quoted_field = re.compile(quoting.begun.encode())

    def records_of_several(self) -> Iterator[tuple[int, int]]:
        """The first and last line of the records of several lines, in order.

        Of one that no line ends the last is the number of lines.
        """
        after = -1
        for first in self._odd.tolist():
            if first > after and self._opened.match(self._line(first)):
                last = self._last_of(first)
                if last is not None:
                    yield first, last
                    after = last if last < len(self._lines) else after

    def _last_of(self, first: int) -> int | None:
        """The last line of a record whose first line ends within quotes; None for no record."""
        alone = np.searchsorted(self._alone, first, "right")
        limit = int(self._alone[alone]) if alone < len(self._alone) else len(self._lines)
        for at in self._quoted[np.searchsorted(self._quoted, first, "right") :].tolist():
            too_long = self._starts[at + 1] - self._starts[first] > LONGEST_RECORD
            if at > limit or too_long:
                return None
            line = self._line(at)
            if closing := self._closed.match(line):
                is_record = self._width(first, at) == self._fields
                return at if is_record and not self._are_two(first, closing) else None
            if not self._kept.match(line):
                return None
        return len(self._lines) if limit == len(self._lines) else None

    def _are_two(self, first: int, closing: re.Match[bytes]) -> bool:
        """Whether the first and the last line could both be records alone."""
        opening = self._opened.match(self._line(first))
        begun = self._delimiters(opening[1]) + opening[2].count(self._delimiter)
        ended = closing[1].count(self._delimiter) + self._delimiters(closing[2])
        return begun == ended == self._fields - 1 > 0

    def _width(self, first: int, last: int) -> int:
        return self._delimiters(self._data[self._starts[first] : self._starts[last + 1]]) + 1

    def _delimiters(self, text: bytes) -> int:
        """How many there are outside of quoted fields."""
        return self._quoted_field.sub(rb"\1", text).count(self._delimiter)

    def _line(self, number: int) -> bytes:
        return self._lines[number].as_py()


def _mask(found: pa.Array) -> np.ndarray:
    return found.to_numpy(zero_copy_only=False)
