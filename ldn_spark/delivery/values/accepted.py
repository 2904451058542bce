"""Values of a block's columns into its accepted rows, seen together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ldn_spark.delivery.files.blocks import DISPENSINGS

PERSONS, DEATHS, OBSERVATION_PERIODS = "persons", "deaths", "observation_periods"
"""The kinds of files beside the dispensings, as a source names them."""
_AMOUNT = pa.decimal128(18, 6)
VALUE_TYPES = {
    "dispensed_on": pa.date32(),
    "atc": pa.string(),
    "product_number": pa.string(),
    "ddd": _AMOUNT,
    "packages": _AMOUNT,
    "sex": pa.string(),
    "birth_year": pa.int32(),
    "age": pa.int32(),
    "reimbursement_icd": pa.string(),
    "reimbursement_icpc": pa.string(),
    "died_by": pa.date32(),
    "died_in": pa.date32(),
    "died_on": pa.date32(),
    "observed_from": pa.date32(),
    "observed_to": pa.date32(),
    "line_key": pa.string(),
    "line": pa.int64(),
    "year": pa.int32(),
}
_OF_A_PERSON = ("pseudonym", "sex", "birth_year", "died_on")
ACCEPTED_COLUMNS = {
    DISPENSINGS: (
        *_OF_A_PERSON,
        *("atc", "product_number", "dispensed_on", "ddd", "packages"),
        *("reimbursement_icd", "reimbursement_icpc", "line_key", "line", "year"),
    ),
    PERSONS: _OF_A_PERSON,
    DEATHS: _OF_A_PERSON,
    OBSERVATION_PERIODS: ("pseudonym", "observed_from", "observed_to"),
}
"""The columns of the accepted rows of each kind of file."""
_IN_FUTURE = {
    "dispensed_on": "date_in_future",
    "birth_year": "birth_year_in_future",
    "died_on": "died_on_in_future",
    "observed_from": "observed_from_in_future",
    "observed_to": "observed_to_in_future",
}
OLDEST_AGE = 115
"""A dispensing at a higher age says that the birth year is wrong."""


def accepted_rows(
    values: Mapping[str, pa.Array],
    kind: str,
    noted: dict[str, int],
    bad: np.ndarray,
    today: date | None = None,
) -> pa.Table:
    """The rows without a fault; what was not delivered is null.

    Args:
        values: what the rules made of each column.
        kind: of the file.
        noted: is told what stands out when columns are seen together.
        bad: the rows with a fault.
        today: later days are noted; None for no such note.
    """
    table = pa.table(dict(values))
    table = table.filter(pa.array(~bad)) if bad.any() else table
    found = dict(zip(table.column_names, table.columns, strict=True))
    rows = table.num_rows
    if kind in (DISPENSINGS, PERSONS, DEATHS):
        found["died_on"] = _died_on(found, rows)
    if kind == DISPENSINGS:
        found["year"] = pc.year(found["dispensed_on"]).cast(pa.int32())
        found["birth_year"] = _birth_year(found, noted, rows)
        if late := pc.sum(pc.greater(found["dispensed_on"], found["died_on"])).as_py():
            noted["dispensed_after_death"] = late
    if today:
        noted |= dict(_in_future(found, today))
    return pa.table({name: _column(found, name, rows) for name in ACCEPTED_COLUMNS[kind]})


def _in_future(found: Mapping[str, pa.ChunkedArray], today: date) -> Iterator[tuple[str, int]]:
    """How many days and birth years lie after a day, by the note of it."""
    for name, note in _IN_FUTURE.items():
        last = today.year if name == "birth_year" else today
        if name in found and (late := pc.sum(pc.greater(found[name], last)).as_py()):
            yield note, late


def _column(found: Mapping[str, pa.ChunkedArray], name: str, rows: int) -> pa.ChunkedArray:
    return found[name] if name in found else pa.nulls(rows, VALUE_TYPES[name])


def _birth_year(
    found: Mapping[str, pa.ChunkedArray], noted: dict[str, int], rows: int
) -> pa.ChunkedArray:
    """The delivered birth year, or the latest that an age leaves; unknown when it is impossible.

    At an age in completed years the birthday of the year may be past or not: the person was born
    `age` years before the year of dispensing, or one more. As a difference of years it is exact.
    """
    year = found["year"]
    born = pc.subtract(year, found["age"]) if "age" in found else _column(found, "birth_year", rows)
    age = pc.subtract(year, born)
    for note, impossible in (
        ("birth_year_after_dispensing", pc.less(age, 0)),
        ("age_over_115", pc.greater(age, OLDEST_AGE)),
    ):
        if count := pc.sum(impossible).as_py():
            noted[note] = count
            born = pc.if_else(impossible, pa.scalar(None, pa.int32()), born)
    return born


def _died_on(found: Mapping[str, pa.ChunkedArray], rows: int) -> pa.ChunkedArray:
    """The day of death: delivered, or the last day on which the person can have been alive."""
    known = [found[name] for name in ("died_on", "died_in", "died_by") if name in found]
    return pc.coalesce(*known) if known else pa.nulls(rows, pa.date32())
