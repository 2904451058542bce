"""A block of delivered lines in, accepted and rejected rows out; the same on every engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ldn_spark.io.fields import Field, Rule
from ldn_spark.io.lines import SplitLines, split_lines, wanted_columns
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
LINE_KEY_SEPARATOR = "\x1f"
_REJECTED = pa.schema([("line", pa.int64()), ("column", pa.string()), ("reason", pa.string())])


@dataclass(frozen=True)
class ParsedBlock:
    """What became of the lines of one block: every line is in one of the two tables.

    Attributes:
        accepted: pseudonym and our columns, died_on and year, one row per accepted line; `line_key`
            where the source declares one, and `line`, its number in the file, where the source
            tells lines apart.
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
    lines = split_lines(data, header, wanted_columns(header, source), source)
    return parse_rows(lines, first_line, header, source, rules)


def parse_rows(
    lines: SplitLines,
    first_line: int,
    header: Sequence[str],
    source: Source,
    rules: Mapping[str, Rule],
) -> ParsedBlock:
    """Parse rows that are split into fields: `wanted_columns` of a file, whatever its format.

    Args:
        lines: the fields.
        first_line: the line number of the first, the header being line 1.
        header: the file's column names.
        source: the declared layout.
        rules: `rules_of(source)`, kept from block to block.
    """
    delivered = {ours: theirs for ours, theirs in source.delivered.items() if theirs in header}
    rows = _Rows(lines.columns.num_rows)
    rows.values["pseudonym"] = _take_pseudonyms(rows, lines, delivered["pseudonym"])
    for name, rule in rules.items():
        if name in delivered:
            column = _flat(lines.columns[delivered[name]])
            _take_column(rows, column, name, delivered[name], rule, lines.codec)
        else:
            rows.values[name] = pa.nulls(rows.count, _TYPES[name])
    rows.values["line_key"] = _line_keys(lines, source)
    rows.values["line"] = _line_numbers(lines, first_line, source)
    bad = np.zeros(rows.count, bool) if rows.fault is None else rows.fault > 0
    repaired_rows, repaired, noted = _count_marks(rows, ~bad)
    accepted = _finish(rows.values, noted, bad)
    rejected = _rejected(rows, lines, bad, first_line)
    return ParsedBlock(accepted, rejected, repaired_rows, repaired, noted)


def _flat(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _take_pseudonyms(rows: _Rows, lines: SplitLines, delivered: str) -> pa.Array:
    """Pseudonyms without blanks around them; none, or the header again, rejects the row."""
    texts = _texts(lines, delivered)
    trimmed = pc.utf8_trim_whitespace(texts)
    changed = pc.not_equal(trimmed, texts)
    if pc.any(changed).as_py():
        marks = [Field(None), Field(None, repaired=("pseudonym_trimmed",))]
        rows.marks.append((changed.cast(pa.int8()).to_numpy(), marks))
    for reason, wanted in (("pseudonym_missing", ""), ("repeated_header", delivered)):
        found = pc.equal(trimmed, wanted)
        if pc.any(found).as_py():
            rows.reject(found.to_numpy(zero_copy_only=False), delivered, reason)
    return trimmed


def _texts(lines: SplitLines, name: str) -> pa.Array:
    """A column decoded, one text per row."""
    raw = _flat(lines.columns[name])
    raw = raw.dictionary_decode() if pa.types.is_dictionary(raw.type) else raw
    try:
        texts = raw.cast(pa.string())
        if lines.codec == "utf-8" or pc.all(pc.string_is_ascii(texts)).as_py() is not False:
            return texts
    except pa.ArrowInvalid:
        pass
    return pa.array([text.decode(lines.codec) for text in raw.to_pylist()], pa.string())


def _line_keys(lines: SplitLines, source: Source) -> pa.Array:
    """The trimmed texts of the line key's columns, joined; null where none is declared."""
    if not source.line_key:
        return pa.nulls(lines.columns.num_rows, pa.string())
    texts = [pc.utf8_trim_whitespace(_texts(lines, name)) for name in source.line_key]
    return pc.binary_join_element_wise(*texts, LINE_KEY_SEPARATOR)


def _line_numbers(lines: SplitLines, first_line: int, source: Source) -> pa.Array:
    """The line number in the file, where lines are told apart by it; otherwise null."""
    count = lines.columns.num_rows
    if not source.line_key and source.repeated_lines == "keep":
        return pa.nulls(count, pa.int64())
    return pa.array(lines.line_of(np.arange(count)) + first_line, pa.int64())


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
