"""A block of delivered lines in, accepted and rejected rows out; the same on every engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ldn_spark.delivery.files.blocks import DISPENSINGS
from ldn_spark.delivery.files.lines import SplitLines, split_lines, wanted_columns
from ldn_spark.delivery.source.declared import MissingValues
from ldn_spark.delivery.source.sources import Source
from ldn_spark.delivery.values.accepted import OBSERVATION_PERIODS, VALUE_TYPES, accepted_rows
from ldn_spark.delivery.values.columns import (
    TextColumn,
    combinations,
    row_texts,
    text_columns,
    without,
)
from ldn_spark.delivery.values.erased import ERASED, Erased
from ldn_spark.delivery.values.fields import Field
from ldn_spark.delivery.values.invisible import NOTHING_ELSE, SOMEWHERE, may_hold_invisible
from ldn_spark.delivery.values.judged import JudgedRows, count_marks, rejected_rows
from ldn_spark.delivery.values.markers import nobodies
from ldn_spark.delivery.values.rules import LookupStep, Rules, Step

LINE_KEY_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class ParsedBlock:
    """What became of the lines of one block: every line is in one of the two tables, or left out.

    Attributes:
        accepted: pseudonym and our columns, died_on and year, one row per accepted line; `line_key`
            where the source declares one, and `line`, its number in the file, where the source
            tells lines apart.
        rejected: line, column and reason, one row per rejected line.
        repaired_rows: accepted rows with something mended.
        repaired: accepted rows by what was mended; a row may count under several.
        noted: accepted rows by what a person may want to know of them.
        further: records that are lost behind the first of their line, see `SplitLines`.
        markers: fields by delivered column and text, that look like missing values and are not
            declared as such.
        nobodies: accepted rows by pseudonyms that look like nobody's.
        left_out: rows that are in neither table because they are not meant, by the column that
            tells them.
    """

    accepted: pa.Table
    rejected: pa.Table
    repaired_rows: int
    repaired: dict[str, int]
    noted: dict[str, int]
    further: int
    markers: dict[tuple[str, str], int]
    nobodies: dict[str, int]
    left_out: dict[str, int]


def parse_block(
    data: bytes,
    first_line: int,
    header: Sequence[str],
    source: Source,
    rules: Rules,
    *,
    today: date | None = None,
) -> ParsedBlock:
    """Parse whole lines of a file.

    Args:
        data: the bytes of the lines.
        first_line: the line number of the first, the header being line 1.
        header: the file's column names.
        source: the declared layout.
        rules: `rules_of(source, lookups, kind)`, kept from block to block.
        today: later days are noted; None for no such note.
    """
    lines = split_lines(data, header, wanted_columns(header, source, rules.kind), source)
    return parse_rows(lines, first_line, header, source, rules, today=today)


def parse_rows(
    lines: SplitLines,
    first_line: int,
    header: Sequence[str],
    source: Source,
    rules: Rules,
    *,
    today: date | None = None,
    erased: Erased | None = None,
) -> ParsedBlock:
    """Parse rows that are split into fields: `wanted_columns` of a file, whatever its format.

    Args:
        lines: the fields.
        first_line: the line number of the first, the header being line 1.
        header: the file's column names.
        source: the declared layout.
        rules: `rules_of(source, lookups, kind)`, kept from block to block.
        today: later days are noted; None for no such note.
        erased: persons whose rows are left out, whatever else is wrong with them.
    """
    rows = JudgedRows(lines.columns.num_rows)
    columns = text_columns(lines, wanted_columns(header, source, rules.kind)[1:])
    missing = source.missing_values
    _leave_out(rows, columns, rules)
    if rules.no_id and (flag := columns.get(rules.no_id.column)):
        fields = [rules.no_id.rule(text) for text in flag.texts]
        rows.judge(flag.indices, fields, [flag.name] * len(fields))
    rows.values["pseudonym"] = _take_pseudonyms(rows, lines, rules, missing)
    if erased is not None and rows.count:
        rows.leave_out(erased.find(rows.values["pseudonym"]), ERASED)
    _empty_the_missing(rows, columns, missing)
    for lookup in rules.lookups:
        given = _look_up(rows, columns, lookup)
        _leave_out(rows, given, rules)
        _empty_the_missing(rows, given, missing)
        columns |= given
    steps = [step for step in rules.steps if step.needs <= columns.keys()]
    for step in steps:
        _take(rows, step, columns)
    rows.values |= {name: _constant(rows, name, one) for name, one in rules.constants.items()}
    if rules.kind == OBSERVATION_PERIODS:
        _reject_reversed(rows, steps)
    if rules.kind == DISPENSINGS:
        rows.values["line_key"] = _take_line_keys(rows, lines, source)
        rows.values["line"] = _line_numbers(lines, first_line, source)
    good = rows.is_good
    repaired_rows, repaired, noted = count_marks(rows, good)
    accepted = accepted_rows(rows.values, rules.kind, noted, ~good, today)
    return ParsedBlock(
        accepted,
        rejected_rows(rows, lines, rows.is_bad, first_line),
        repaired_rows,
        repaired,
        noted,
        lines.further,
        dict(rows.markers),
        nobodies(accepted["pseudonym"]),
        rows.left_out,
    )


def _leave_out(rows: JudgedRows, columns: Mapping[str, TextColumn], rules: Rules) -> None:
    """Leave out the rows that the filters on these columns do not take.

    A delivered column decides before anything else; a looked-up one of the rows that have no
    fault so far, among them that the lookup does not hold their key.
    """
    for one in rules.filters:
        if column := columns.get(one.column):
            out = np.array([not one.takes(text) for text in column.texts], bool)
            found = out[column.indices.to_numpy(zero_copy_only=False)]
            rows.leave_out(found if rows.fault is None else found & (rows.fault == 0), one.column)


def _constant(rows: JudgedRows, name: str, value: Any) -> pa.Array:
    """A column of ours that is the same in every row."""
    kind = VALUE_TYPES[name]
    if not pa.types.is_string(kind):
        return pa.repeat(pa.scalar(value, kind), rows.count)
    codes = pa.array(np.zeros(rows.count, np.int32))
    return pa.DictionaryArray.from_arrays(codes, pa.array([value.upper()], kind))


def _empty_the_missing(
    rows: JudgedRows, columns: dict[str, TextColumn], missing: MissingValues
) -> None:
    """Empty the fields that hold a declared marker."""
    for name, column in columns.items():
        columns[name], found = without(column, missing.of(name))
        rows.have_missing(found)


def _take_pseudonyms(
    rows: JudgedRows, lines: SplitLines, rules: Rules, missing: MissingValues
) -> pa.Array:
    """Pseudonyms without blanks around them; none, or the header again, rejects the row.

    So does one that stands for nobody, is declared as missing, or holds nothing that can be seen.
    """
    delivered = rules.pseudonym
    texts = row_texts(lines, delivered)
    trimmed = pc.utf8_trim_whitespace(texts)
    changed = pc.not_equal(trimmed, texts)
    if pc.any(changed).as_py():
        marks = [Field(None), Field(None, repaired=("pseudonym_trimmed",))]
        rows.marks.append((changed.cast(pa.int8()).to_numpy(), marks))
    faults = [("no_id", nobody) for nobody in rules.nobody]
    faults += [("pseudonym_missing", text) for text in ("", *missing.of(delivered))]
    for reason, wanted in (*faults, ("repeated_header", delivered)):
        found = pc.equal(trimmed, wanted)
        if pc.any(found).as_py():
            rows.reject(found.to_numpy(zero_copy_only=False), delivered, reason)
    if may_hold_invisible(trimmed):
        found = pc.match_substring_regex(trimmed, NOTHING_ELSE)
        rows.reject(found.to_numpy(zero_copy_only=False), delivered, "pseudonym_invisible")
        found = pc.match_substring_regex(trimmed, SOMEWHERE)
        marks = [Field(None), Field(None, noted="pseudonym_partly_invisible")]
        rows.marks.append((found.cast(pa.int8()).to_numpy(), marks))
    return trimmed


def _look_up(
    rows: JudgedRows, columns: Mapping[str, TextColumn], lookup: LookupStep
) -> dict[str, TextColumn]:
    """The columns of a lookup, if the rows have all of its keys."""
    if not columns.keys() >= {*lookup.keys}:
        return {}
    keys = [columns[name] for name in lookup.keys]
    compared = [
        [read(text) for text in key.texts] for read, key in zip(lookup.compared, keys, strict=True)
    ]
    indices, numbers = combinations(keys)
    wanted = (tuple(texts[at] for texts, at in zip(compared, row, strict=True)) for row in numbers)
    found = [lookup.table.get(key) for key in wanted]
    matched, unmatched = Field(None), lookup.unmatched
    fields = [unmatched if row is None else matched for row in found]
    rows.judge(indices, fields, [keys[0].name] * len(fields))
    return {
        name: TextColumn(
            name, [(row[at] or "") if row else "" for row in found], indices, canonical=True
        )
        for at, name in enumerate(lookup.gives)
    }


def _take(rows: JudgedRows, step: Step, columns: Mapping[str, TextColumn]) -> None:
    """The values of a column of ours; a rule sees every different text once."""
    inputs = [one for one in step.inputs if one.column in columns]
    found = [columns[one.column] for one in inputs]
    read = []
    for one, column in zip(inputs, found, strict=True):
        rule = one.canonical_rule if column.canonical else one.rule
        read.append([rule(text) for text in column.texts])
        rows.look_for_markers(column, read[-1])
    indices, fields, places = found[0].indices, read[0], [found[0].name] * len(read[0])
    if step.combine:
        indices, fields, places = _combine(step.combine, found, read)
    values = pa.array([one.value for one in fields], VALUE_TYPES[step.name])
    if pa.types.is_string(values.type):  # the different texts only: quick to sort and to write
        encoded = values.dictionary_encode()
        codes = encoded.indices.take(indices)
        rows.values[step.name] = pa.DictionaryArray.from_arrays(codes, encoded.dictionary)
    else:
        rows.values[step.name] = values.take(indices)
    rows.judge(indices, fields, places)


def _combine(
    combine: Callable[..., Field], columns: Sequence[TextColumn], read: Sequence[Sequence[Field]]
) -> tuple[pa.Array, list[Field], list[str]]:
    """One field for every combination of the columns' fields, with the column at fault."""
    indices, found = combinations(columns)
    fields, places = [], []
    for numbers in found:
        parts = [fields_[number] for fields_, number in zip(read, numbers, strict=True)]
        wrong = next((at for at, part in enumerate(parts) if part.rejected), None)
        if wrong is None:
            made = combine(*(part.value for part in parts))
            noted = next((part.noted for part in parts if part.noted), made.noted)
            mended = [*(one for part in parts for one in part.repaired), *made.repaired]
            made = replace(made, repaired=tuple(dict.fromkeys(mended)), noted=noted)
        fields.append(made if wrong is None else parts[wrong])
        places.append(columns[wrong or 0].name)
    return indices, fields, places


def _reject_reversed(rows: JudgedRows, steps: Sequence[Step]) -> None:
    """Periods that end before they begin; one of a single day is whole."""
    ends = {step.name: step.inputs[0].column for step in steps}
    if "observed_to" in rows.values:
        found = pc.less(rows.values["observed_to"], rows.values["observed_from"])
        reversed_ = pc.fill_null(found, False).to_numpy(zero_copy_only=False)
        if reversed_.any():
            column = ends.get("observed_to") or ends["observed_from"]
            rows.reject(reversed_, column, "period_reversed")


def _take_line_keys(rows: JudgedRows, lines: SplitLines, source: Source) -> pa.Array:
    """The trimmed texts of the line key's columns, joined; null where none is declared.

    A row without any of them cannot be told from others, and is rejected.
    """
    if not source.line_key:
        return pa.nulls(lines.columns.num_rows, pa.string())
    texts = []
    for name in source.line_key:
        trimmed = pc.utf8_trim_whitespace(row_texts(lines, name))
        for marker in source.missing_values.of(name):
            trimmed = pc.if_else(pc.equal(trimmed, marker), "", trimmed)
        texts.append(trimmed)
    keys = pc.binary_join_element_wise(*texts, LINE_KEY_SEPARATOR)
    missing = pc.equal(keys, LINE_KEY_SEPARATOR * (len(texts) - 1))
    if pc.any(missing).as_py():
        found = missing.to_numpy(zero_copy_only=False)
        rows.reject(found, source.line_key[0], "line_key_missing")
    return keys


def _line_numbers(lines: SplitLines, first_line: int, source: Source) -> pa.Array:
    """The line number in the file, where lines are told apart by it; otherwise null."""
    count = lines.columns.num_rows
    if not source.line_key and source.repeated_lines == "keep":
        return pa.nulls(count, pa.int64())
    return pa.array(lines.line_of(np.arange(count)) + first_line, pa.int64())
