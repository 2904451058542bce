"""Merge what is said of a person, the same whatever the order of lines, files and deliveries.

Minima and maxima decide. An attribute with contradictory values is unknown, and so is a birth year
that cannot be beside the person's dispensings and death: whichever file said it, and whenever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ldn_spark.delivery.values.accepted import OLDEST_AGE
from ldn_spark.ingest.landing.statements import LANDED, sex_numbers
from ldn_spark.lake.arrow import arrow_schema
from ldn_spark.schemas import PERSON_STATEMENTS, PERSONS, SEXES, Table

_LOWEST, _HIGHEST = np.iinfo(np.int32).min, np.iinfo(np.int32).max


def fold(statements: pa.Table, *, by_file: bool) -> pa.Table:
    """Take the minima and maxima of what is said of each person.

    Two pseudonyms with one key stay apart: who counts them finds fewer keys than persons.

    Args:
        statements: as landed, in any order.
        by_file: of each person and file; otherwise of each person, under the smallest file_id.

    Returns:
        As landed, sorted by person key.
    """
    rows = statements.combine_chunks()
    if not len(rows):
        return rows
    keys, files = rows["person_key"].to_numpy(), rows["file_id"].to_numpy()
    order = np.lexsort((files, keys)) if by_file else np.argsort(keys, kind="stable")
    rows = rows.take(pa.array(order)).combine_chunks()
    keys, files, names = keys[order], files[order], rows["pseudonym"].combine_chunks()
    new = np.ones(len(rows), bool)
    renamed = pc.not_equal(names[1:], names[:-1]).to_numpy(zero_copy_only=False)
    new[1:] = (keys[1:] != keys[:-1]) | renamed
    if by_file:
        new[1:] |= files[1:] != files[:-1]
    starts = np.flatnonzero(new)
    columns = [
        pa.array(keys[starts]),
        names.take(pa.array(starts)),
        pa.array(np.minimum.reduceat(files, starts)),
        _least(rows["sex_low"], starts),
        _greatest(rows["sex_high"], starts),
        _greatest(rows["birth_year_low"], starts),
        _least(rows["birth_year_high"], starts),
        _first_day(rows["died_on"], starts),
        _first_day(rows["first_dispensed_on"], starts),
        _greatest(rows["last_dispensed_on"].cast(pa.int32()), starts).cast(pa.date32()),
    ]
    return pa.table(columns, schema=LANDED)


def _first_day(column: pa.ChunkedArray, starts: np.ndarray) -> pa.Array:
    return _least(column.cast(pa.int32()), starts).cast(pa.date32())


def _least(column: pa.ChunkedArray, starts: np.ndarray) -> pa.Array:
    found = np.minimum.reduceat(column.fill_null(_HIGHEST).to_numpy(), starts)
    return pa.array(found, mask=found == _HIGHEST)


def _greatest(column: pa.ChunkedArray, starts: np.ndarray) -> pa.Array:
    found = np.maximum.reduceat(column.fill_null(_LOWEST).to_numpy(), starts)
    return pa.array(found, mask=found == _LOWEST)


def as_statements(folded: pa.Table) -> pa.Table:
    """What each file says of each person, as in `schemas.PERSON_STATEMENTS`."""
    columns = {name: folded[name] for name in folded.column_names}
    columns["sex"], columns["sex_high"] = _text(folded["sex_low"]), _text(folded["sex_high"])
    return _in_schema(columns, PERSON_STATEMENTS)


def as_persons(folded: pa.Table) -> pa.Table:
    """What is known of each person, as in `schemas.PERSONS`.

    Where two birth years remain possible, as with ages in completed years, the later one is taken.
    """
    sexes = pc.fill_null(pc.not_equal(folded["sex_low"], folded["sex_high"]), False)
    low, high = folded["birth_year_low"], folded["birth_year_high"]
    births = pc.fill_null(pc.greater(low, high), False)
    latest, earliest = _possible_births(folded)
    born = pc.min_element_wise(high, pc.if_else(pc.is_valid(high), latest, high))
    impossible = pc.or_kleene(pc.less(born, low), pc.less(born, earliest))
    unknown = pa.scalar(None, pa.int32())
    columns = {name: folded[name] for name in folded.column_names if name in PERSONS.names}
    columns |= {
        "sex": _text(pc.if_else(sexes, unknown, folded["sex_low"])),
        "birth_year": pc.if_else(pc.fill_null(impossible, False), unknown, born),
        "sex_conflict": sexes,
        "birth_year_conflict": births,
    }
    return _in_schema(columns, PERSONS)


def _possible_births(folded: pa.Table) -> tuple[pa.Array, pa.Array]:
    """The latest and the earliest year in which each person can be born; null for no bound.

    A person is born by the first dispensing, and not more than 115 years before the last one.
    """
    first, last = (
        pc.year(folded[name]).cast(pa.int32())
        for name in ("first_dispensed_on", "last_dispensed_on")
    )
    return first, pc.subtract(last, pa.scalar(OLDEST_AGE, pa.int32()))


def count_persons(persons: pa.Table) -> Counter[str]:
    """Persons by what does not fit together in what is said of them.

    Args:
        persons: as `as_persons` gives them.

    Returns:
        By code, see `reasons.OF_PERSONS`; a birth year counts for one reason.
    """
    low, high = persons["birth_year_low"], persons["birth_year_high"]
    latest, earliest = _possible_births(persons)
    born = pc.min_element_wise(high, latest)
    found = {"sex_conflict": persons["sex_conflict"]}
    rest = pc.is_valid(high)
    for code, those in (
        ("birth_year_conflict", persons["birth_year_conflict"]),
        ("birth_year_after_dispensing", pc.greater(low, latest)),
        ("age_over_115", pc.less(born, earliest)),
    ):
        found[code] = pc.and_(rest, pc.fill_null(those, False))
        rest = pc.and_not(rest, found[code])
    died = persons["died_on"]
    found["died_before_birth"] = pc.less(pc.year(died), persons["birth_year"])
    found["dispensed_after_death"] = pc.greater(persons["last_dispensed_on"], died)
    return +Counter({code: pc.sum(those).as_py() or 0 for code, those in found.items()})


def restated(persons: pa.Table) -> pa.Table:
    """What is known of persons as one statement each, of file 0, to be merged with what comes."""
    sex, sexes = sex_numbers(persons["sex"]), persons["sex_conflict"]
    columns = {name: persons[name] for name in LANDED.names if name in persons.column_names}
    columns |= {
        "file_id": pa.array(np.zeros(len(persons), np.int32)),
        "sex_low": pc.if_else(sexes, pa.scalar(0, pa.int32()), sex),
        "sex_high": pc.if_else(sexes, pa.scalar(len(SEXES) - 1, pa.int32()), sex),
    }
    return _as_landed([columns[name] for name in LANDED.names])


def stated(statements: pa.Table) -> pa.Table:
    """Statements of the lake as they are landed."""
    columns = [
        statements["person_key"],
        statements["pseudonym"],
        statements["file_id"],
        sex_numbers(statements["sex"]),
        sex_numbers(statements["sex_high"]),
        *(statements[name] for name in LANDED.names[LANDED.names.index("birth_year_low") :]),
    ]
    return _as_landed(columns)


def _as_landed(columns: Sequence[pa.Array | pa.ChunkedArray]) -> pa.Table:
    named = zip(columns, LANDED, strict=True)
    return pa.table([column.cast(field.type) for column, field in named], schema=LANDED)


def _in_schema(columns: dict[str, pa.Array | pa.ChunkedArray], table: Table) -> pa.Table:
    schema = arrow_schema(table)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _text(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(SEXES).take(chunk) for chunk in numbers.chunks], pa.string())
