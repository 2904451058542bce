"""A block of delivered lines in, accepted and rejected rows out; the same on every engine.

Lines are split by pyarrow's CSV reader. Lines it cannot be trusted with (quotes, NUL, stray
carriage returns, bytes outside the encoding) are looked at one by one first.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from ldn_spark.io.fields import Field, Rule, rules_of
from ldn_spark.io.sources import Source

_SEPARATOR = "\x1f"
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
_REJECTED_SCHEMA = pa.schema([("line", pa.int64()), ("column", pa.string()), ("reason", pa.string())])


@dataclass(frozen=True)
class ParsedBlock:
    """What became of the lines of one block: every line is in one of the two tables.

    Attributes:
        accepted: pseudonym and our columns, one row per accepted line.
        rejected: line, column and reason, one row per rejected line.
        repaired: accepted rows with something mended or left unknown, by what.
    """

    accepted: pa.Table
    rejected: pa.Table
    repaired: dict[str, int]


def parse_block(
    data: bytes, first_line: int, header: tuple[str, ...], source: Source
) -> ParsedBlock:
    """Parse whole lines of a file.

    Args:
        data: the bytes of the lines.
        first_line: the line number of the first, the header being line 1.
        header: the file's column names.
        source: the declared layout.
    """
    lines, rejections, delimiter = _tidy_lines(data, source)
    table, positions = _split_fields(lines, header, delimiter, rejections)
    reasons = np.full(table.num_rows, "", dtype=object)
    columns = np.full(table.num_rows, None, dtype=object)
    repaired: Counter[str] = Counter()
    ours = {**source.columns, **source.optional_columns}
    pseudonyms = _pseudonyms(table[ours["pseudonym"]], ours["pseudonym"], reasons, columns)
    values: dict[str, pa.Array] = {"pseudonym": pseudonyms}
    repairs: list[tuple[np.ndarray, list[str]]] = []
    for name, rule in rules_of(source).items():
        delivered = ours.get(name)
        if delivered is None or delivered not in header:
            values[name] = pa.nulls(table.num_rows, _TYPES[name])
            continue
        column = _as_dictionary(table[delivered])
        fields = [rule(text) for text in column.dictionary.to_pylist()]
        index = column.indices.to_numpy(zero_copy_only=False)
        values[name] = pa.array([field.value for field in fields], _TYPES[name]).take(column.indices)
        _note_rejections(fields, index, delivered, reasons, columns)
        if any(field.repaired for field in fields):
            repairs.append((index, [field.repaired for field in fields]))
    accepted_mask = reasons == ""
    for index, names in repairs:
        for code, count in enumerate(np.bincount(index[accepted_mask], minlength=len(names))):
            if names[code] and count:
                repaired[names[code]] += int(count)
    accepted = _finish(values, repaired, accepted_mask)
    bad = ~accepted_mask
    numbers = np.concatenate([positions[bad], np.array(list(rejections), dtype=np.int64)])
    rejected = pa.table(
        [
            pa.array(numbers + first_line, pa.int64()),
            pa.array([*columns[bad], *[None] * len(rejections)], pa.string()),
            pa.array([*reasons[bad], *rejections.values()], pa.string()),
        ],
        schema=_REJECTED_SCHEMA,
    )
    return ParsedBlock(accepted, rejected, dict(repaired))


def _note_rejections(
    fields: list[Field], index: np.ndarray, delivered: str, reasons: np.ndarray, columns: np.ndarray
) -> None:
    """Give the rows with a bad field its reason, unless an earlier column rejected them."""
    by_code = np.array([field.rejected for field in fields] or [""], dtype=object)
    if not any(by_code):
        return
    found = by_code[index]
    new = (found != "") & (reasons == "")
    reasons[new], columns[new] = found[new], delivered


def _tidy_lines(data: bytes, source: Source) -> tuple[bytes, dict[int, str], str]:
    """UTF-8 lines that split cleanly, the lines turned away so far, and the delimiter to use.

    A line turned away is left empty, so that every other line keeps its position.
    """
    quote = source.quote.encode() if source.quote else b""
    odd = b"\r" in data or b"\x00" in data or (quote and quote in data)
    if not odd:
        if data.isascii():
            return data, {}, source.delimiter
        try:
            return data.decode(source.codec).encode(), {}, source.delimiter
        except UnicodeDecodeError:
            pass
    rejections: dict[int, str] = {}
    tidied = []
    for position, line in enumerate(_split_lines(data)):
        text = _tidy_line(line, source)
        if isinstance(text, _Rejected):
            rejections[position] = text.reason
            text = ""
        tidied.append(text)
    return ("\n".join(tidied) + "\n").encode(), rejections, _SEPARATOR


def _split_lines(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    return lines[:-1] if not lines[-1] else lines


@dataclass(frozen=True, slots=True)
class _Rejected:
    reason: str


def _tidy_line(line: bytes, source: Source) -> str | _Rejected:
    """One line with its fields parted by `_SEPARATOR`, or why it cannot be read."""
    line = line.removesuffix(b"\r")
    if b"\x00" in line:
        return _Rejected("nul_byte")
    if b"\r" in line:
        return _Rejected("stray_carriage_return")
    try:
        text = line.decode(source.codec)
    except UnicodeDecodeError:
        return _Rejected("encoding")
    if _SEPARATOR in text:
        return _Rejected("control_character")
    if source.quote and source.quote in text:
        try:
            reader = csv.reader(
                [text], delimiter=source.delimiter, quotechar=source.quote, strict=True
            )
            fields = next(reader)
        except csv.Error:
            return _Rejected("unbalanced_quote")
        return _SEPARATOR.join(fields)
    return text.replace(source.delimiter, _SEPARATOR)


def _split_fields(
    lines: bytes, header: tuple[str, ...], delimiter: str, rejections: dict[int, str]
) -> tuple[pa.Table, np.ndarray]:
    """The lines as text columns, with each row's position; adds lines of another width."""
    if not lines:
        return pa.table({name: pa.array([], pa.string()) for name in header}), np.array([], int)

    def turn_away(row: arrow_csv.InvalidRow) -> str:
        reason = "too_few_fields" if row.actual_columns < row.expected_columns else "too_many_fields"
        rejections.setdefault(row.number - 1, "blank_line" if not row.text.strip() else reason)
        return "skip"

    named = [name or f"column {number}" for number, name in enumerate(header, start=1)]
    table = arrow_csv.read_csv(
        pa.BufferReader(lines),
        arrow_csv.ReadOptions(
            column_names=_unique(named), block_size=len(lines) + 1, use_threads=False
        ),
        arrow_csv.ParseOptions(
            delimiter=delimiter,
            quote_char=False,
            ignore_empty_lines=False,
            invalid_row_handler=turn_away,
        ),
        arrow_csv.ConvertOptions(
            column_types={name: pa.string() for name in _unique(named)}, strings_can_be_null=False
        ),
    )
    total = table.num_rows + len(rejections)
    positions = np.arange(total)
    if rejections:
        positions = np.delete(positions, list(rejections))
    return table, positions


def _unique(names: list[str]) -> list[str]:
    """Column names with repeats numbered: columns that nobody reads may repeat."""
    seen: Counter[str] = Counter()
    result = []
    for name in names:
        seen[name] += 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result


def _pseudonyms(
    column: pa.ChunkedArray, delivered: str, reasons: np.ndarray, columns: np.ndarray
) -> pa.Array:
    """Pseudonyms without blanks around them; none, or the header again, rejects the row."""
    texts = pc.utf8_trim_whitespace(_flat(column))
    for reason, wanted in (("pseudonym_missing", ""), ("repeated_header", delivered)):
        found = pc.equal(texts, wanted).to_numpy(zero_copy_only=False)
        reasons[found], columns[found] = reason, delivered
    return texts


def _flat(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _as_dictionary(column: pa.ChunkedArray) -> pa.DictionaryArray:
    encoded = pc.dictionary_encode(_flat(column))
    return encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded


def _finish(values: dict[str, pa.Array], repaired: Counter[str], mask: np.ndarray) -> pa.Table:
    """The accepted rows, with year of dispensing and day of death, impossible births unknown."""
    table = pa.table(values).filter(pa.array(mask))
    year = pc.cast(pc.year(table["dispensed_on"]), pa.int32())
    born_later = pc.fill_null(pc.greater(table["birth_year"], year), False)
    if impossible := pc.sum(born_later).as_py():
        repaired["birth_year_after_dispensing"] += impossible
        known = pc.if_else(born_later, pa.scalar(None, pa.int32()), table["birth_year"])
        table = table.set_column(table.schema.get_field_index("birth_year"), "birth_year", known)
    died_on = _died_on(table["death_year"], table["death_month"])
    table = table.drop_columns(["death_year", "death_month"])
    return table.append_column("died_on", died_on).append_column("year", year)


def _died_on(years: pa.ChunkedArray, months: pa.ChunkedArray) -> pa.Array:
    """The last day of the month of death, or of the year where the month is not known."""
    if years.null_count == len(years):
        return pa.nulls(len(years), pa.date32())
    year = pc.fill_null(years, 1970).to_numpy().astype("int64")
    month = pc.fill_null(months, 12).to_numpy().astype("int64").clip(1, 12)
    next_month = (year - 1970) * 12 + month  # months since 1970-01, the month after
    last_day = next_month.astype("datetime64[M]").astype("datetime64[D]") - np.timedelta64(1, "D")
    known = pc.is_valid(years).to_numpy(zero_copy_only=False)
    return pa.array(last_day.astype("int64").astype("int32"), mask=~known).cast(pa.date32())


