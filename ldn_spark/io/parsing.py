"""A block of delivered lines in, accepted and rejected rows out; the same on every engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ldn_spark.io.fields import Field, Rule
from ldn_spark.io.lines import SplitLines, split_lines
from ldn_spark.io.sources import Source

_TYPES = {
    "dispensed_on": pa.date32(),
    "atc": pa.string(),
    "product_number": pa.string(),
    "ddd": pa.decimal128(18, 6),
    "packages": pa.decimal128(18, 6),
    "sex": pa.string(),
    "birth_year": pa.int32(),
    "reimbursement_icd": pa.string(),
    "reimbursement_icpc": pa.string(),
    "death_year": pa.int32(),
    "death_month": pa.int32(),
}
_REJECTED = pa.schema([("line", pa.int64()), ("column", pa.string()), ("reason", pa.string())])


@dataclass(frozen=True)
class ParsedBlock:
    """What became of the lines of one block: every line is in one of the two tables.

    Attributes:
        accepted: pseudonym and our columns, year and died_on, one row per accepted line.
        rejected: line, column and reason, one row per rejected line.
        repaired_rows: accepted rows with something mended.
        repaired: accepted rows by what was mended; a row may count under several.
        noted: accepted rows by what a person may want to know of them.
    """

    accepted: pa.Table
    rejected: pa.Table
    repaired_rows: int
    repaired: dict[str, int]
    noted: dict[str, int]


@dataclass
class _Rows:
    """The rows of a block on their way: values so far, and the first fault of each row."""

    count: int
    values: dict[str, pa.Array] = field(default_factory=dict)
    fault: np.ndarray | None = None  # 0 = none, otherwise 1 + position in `faults`
    faults: list[tuple[str, str]] = field(default_factory=list)  # (delivered column, reason)
    marks: list[tuple[np.ndarray, list[Field]]] = field(default_factory=list)

    def reject(self, found: np.ndarray, column: str, reason: str) -> None:
        """Give rows a fault, unless they have one."""
        if self.fault is None:
            self.fault = np.zeros(self.count, np.int16)
        self.faults.append((column, reason))
        self.fault[found & (self.fault == 0)] = len(self.faults)


def parse_block(
    data: bytes,
    first_line: int,
    header: tuple[str, ...],
    source: Source,
    rules: Mapping[str, Rule],
) -> ParsedBlock:
    """Parse whole lines of a file.

    Args:
        data: the bytes of the lines.
        first_line: the line number of the first, the header being line 1.
        header: the file's column names.
        source: the declared layout.
        rules: `rules_of(source)`, kept from block to block.
    """
    delivered = {**source.columns, **source.optional_columns}
    delivered = {ours: theirs for ours, theirs in delivered.items() if theirs in header}
    wanted = [delivered["pseudonym"], *(delivered[name] for name in rules if name in delivered)]
    lines = split_lines(data, header, wanted, source)
    rows = _Rows(lines.columns.num_rows)
    _take_pseudonyms(rows, lines.columns[wanted[0]], wanted[0], source.codec)
    for name, rule in rules.items():
        if name in delivered:
            column = _flat(lines.columns[delivered[name]])
            _take_column(rows, column, name, delivered[name], rule, source.codec)
        else:
            rows.values[name] = pa.nulls(rows.count, _TYPES[name])
    bad = np.zeros(rows.count, bool) if rows.fault is None else rows.fault > 0
    repaired_rows, repaired, noted = _count_marks(rows, ~bad)
    accepted = _finish(rows.values, noted, bad)
    rejected = _rejected(rows, lines, bad, first_line)
    return ParsedBlock(accepted, rejected, repaired_rows, repaired, noted)


def _flat(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _take_pseudonyms(rows: _Rows, column: pa.ChunkedArray, delivered: str, codec: str) -> None:
    """Pseudonyms without blanks around them; none, or the header again, rejects the row."""
    raw = _flat(column)
    try:
        texts = raw.cast(pa.string())
        ascii_only = pc.all(pc.string_is_ascii(texts)).as_py() is not False
    except pa.ArrowInvalid:
        ascii_only = False
    if not ascii_only:
        texts = pa.array([text.decode(codec) for text in raw.to_pylist()], pa.string())
    trimmed = pc.utf8_trim_whitespace(texts)
    changed = pc.not_equal(trimmed, texts)
    if pc.any(changed).as_py():
        marks = [Field(None), Field(None, repaired=("pseudonym_trimmed",))]
        rows.marks.append((changed.cast(pa.int8()).to_numpy(), marks))
    for reason, wanted in (("pseudonym_missing", ""), ("repeated_header", delivered)):
        found = pc.equal(trimmed, wanted)
        if pc.any(found).as_py():
            rows.reject(found.to_numpy(zero_copy_only=False), delivered, reason)
    rows.values["pseudonym"] = trimmed


def _take_column(
    rows: _Rows, column: pa.DictionaryArray, name: str, delivered: str, rule: Rule, codec: str
) -> None:
    """The values of a column by its rule, which sees every different text once."""
    read = [rule(text.decode(codec)) for text in column.dictionary.to_pylist()]
    rows.values[name] = pa.array([one.value for one in read], _TYPES[name]).take(column.indices)
    index = column.indices.to_numpy(zero_copy_only=False)
    if any(one.repaired or one.noted for one in read):
        rows.marks.append((index, read))
    for reason in sorted({one.rejected for one in read} - {""}):
        at_fault = np.array([one.rejected == reason for one in read])
        rows.reject(at_fault[index], delivered, reason)


def _count_marks(rows: _Rows, good: np.ndarray) -> tuple[int, dict[str, int], dict[str, int]]:
    """Accepted rows that were mended, by what was mended, and by what is noted of them."""
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
    return int(np.count_nonzero(mended_rows & good)), dict(repaired), dict(noted)


def _rejected(rows: _Rows, lines: SplitLines, bad: np.ndarray, first_line: int) -> pa.Table:
    at = np.flatnonzero(bad)
    faults = [rows.faults[code - 1] for code in rows.fault[at]] if len(at) else []
    numbers = np.concatenate([lines.line_of(at), np.array(list(lines.faults), np.int64)])
    return pa.table(
        [
            pa.array(numbers + first_line, pa.int64()),
            pa.array([column for column, _ in faults] + [None] * len(lines.faults), pa.string()),
            pa.array([reason for _, reason in faults] + [*lines.faults.values()], pa.string()),
        ],
        schema=_REJECTED,
    )


def _finish(values: dict[str, pa.Array], noted: dict[str, int], bad: np.ndarray) -> pa.Table:
    """The accepted rows, with year of dispensing and day of death, impossible births unknown."""
    table = pa.table(values)
    table = table.filter(pa.array(~bad)) if bad.any() else table
    year = pc.year(table["dispensed_on"]).cast(pa.int32())
    born_later = pc.greater(table["birth_year"], year)
    if impossible := pc.sum(born_later).as_py():
        noted["birth_year_after_dispensing"] = impossible
        known = pc.if_else(born_later, pa.scalar(None, pa.int32()), table["birth_year"])
        table = table.set_column(table.schema.get_field_index("birth_year"), "birth_year", known)
    died_on = _died_on(table["death_year"], table["death_month"])
    if late := pc.sum(pc.greater(table["dispensed_on"], died_on)).as_py():
        noted["dispensed_after_death"] = late
    table = table.drop_columns(["death_year", "death_month"])
    return table.append_column("died_on", died_on).append_column("year", year)


def _died_on(years: pa.ChunkedArray, months: pa.ChunkedArray) -> pa.Array:
    """The last day of the month of death, or of the year where the month is not known.

    It is the last day on which the person can have been alive.
    """
    if years.null_count == len(years):
        return pa.nulls(len(years), pa.date32())
    year = pc.fill_null(years, 1970).to_numpy().astype("int64")
    month = pc.fill_null(months, 12).to_numpy().astype("int64")
    next_month = (year - 1970) * 12 + month  # months since 1970-01, the month after
    last_day = next_month.astype("datetime64[M]").astype("datetime64[D]") - np.timedelta64(1, "D")
    known = pc.is_valid(years).to_numpy()
    return pa.array(last_day.astype("int64").astype("int32"), mask=~known).cast(pa.date32())
