"""Typed columns as text: one way to write each value, whatever the type it was delivered in.

Numbers are plain decimals with a point and without an exponent or superfluous zeros, dates are
yyyy-MM-dd, null and NaN are empty; text stays as it is. So 62.5 as decimal(12,3), as double and as
float are the same text.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_TICKS_A_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


class TimeOfDayError(ValueError):
    """A column of dates holds a time of day, or a day that no calendar reaches."""


def type_fault(kind: pa.DataType, *, pseudonym: bool = False) -> str:
    """Why a column of this type cannot be read; empty if it can.

    Args:
        kind: the column's type.
        pseudonym: whether it tells persons apart; then it must be text or a whole number.
    """
    kind = _plain(kind)
    if pa.types.is_timestamp(kind):
        if kind.tz is not None:
            return f"has the type {kind}: the day depends on the time zone"
        return "is a timestamp, which names no person" if pseudonym else ""
    if pseudonym and not _is_text(kind) and not _is_whole(kind):
        return f"has the type {kind}, which does not keep every digit of a pseudonym"
    if not (_is_text(kind) or _is_number(kind) or pa.types.is_date(kind)):
        return f"has the type {kind}, which is not read"
    return ""


def is_text(kind: pa.DataType) -> bool:
    """Whether a column holds text, which obeys the formats that its source declares."""
    return _is_text(_plain(kind))


def days_of(timestamps: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Timestamps at midnight as dates.

    Raises:
        TimeOfDayError: one is not at midnight.
    """
    ticks, a_day = timestamps.cast(pa.int64()), _TICKS_A_DAY[timestamps.type.unit]
    days = pc.divide(ticks, a_day)
    if pc.all(pc.equal(pc.multiply(days, a_day), ticks)).as_py() is False:
        raise TimeOfDayError
    try:
        return days.cast(pa.int32()).cast(pa.date32())
    except pa.ArrowInvalid:
        raise TimeOfDayError from None


def canonical_texts(column: pa.ChunkedArray) -> tuple[pa.DictionaryArray, bool]:
    """A column as a dictionary of UTF-8 bytes.

    Returns:
        One text per row, and whether it is written as no text need be: as a decimal with a point
        or as a date. Digits alone read alike in every format.

    Raises:
        TimeOfDayError: a timestamp is not at midnight.
    """
    kind = _plain(column.type)
    column = column.cast(kind) if kind != column.type else column
    if pa.types.is_timestamp(kind):
        column = days_of(column)
    encoded = pc.dictionary_encode(column.combine_chunks())
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    texts = _texts(encoded.dictionary)
    typed = not _is_text(kind)
    if typed and not (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
        typed = pc.any(pc.match_substring(texts, ".")).as_py() is True
    indices = pc.fill_null(encoded.indices.cast(pa.int32()), len(texts))
    dictionary = pa.concat_arrays([texts.cast(pa.binary()), pa.array([b""], pa.binary())])
    return pa.DictionaryArray.from_arrays(indices, dictionary), typed


def plain_texts(column: pa.ChunkedArray) -> pa.BinaryArray:
    """A column of text or whole numbers as UTF-8 bytes, one per row: for mostly different ones."""
    kind = _plain(column.type)
    if not (_is_text(kind) or pa.types.is_integer(kind)):
        return canonical_texts(column)[0].dictionary_decode()
    texts = column.cast(kind).cast(pa.string()).cast(pa.binary()).combine_chunks()
    return texts.fill_null(b"") if texts.null_count else texts


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type without its encoding: a dictionary's values, one kind of text."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_null(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    return pa.float32() if pa.types.is_float16(kind) else kind


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _is_whole(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale <= 0)


def _texts(values: pa.Array) -> pa.StringArray:
    """The text of each value; no null among them."""
    kind = values.type
    if pa.types.is_date(kind):
        days = values.cast(pa.date32()).cast(pa.int32()).to_numpy()
        return pa.array(days.astype("datetime64[D]").astype(str).tolist(), pa.string())
    if pa.types.is_floating(kind):
        return pa.array([_decimal_text(value) for value in values.to_numpy()], pa.string())
    if pa.types.is_decimal(kind):
        return pa.array([_trimmed(f"{value:f}") for value in values.to_pylist()], pa.string())
    return values.cast(pa.string())


def _decimal_text(value: np.floating) -> str:
    """The shortest decimal that reads as the same number of its type; NaN is empty.

    >>> _decimal_text(np.float64(1e22)), _decimal_text(np.float32(62.1)), _decimal_text(np.nan)
    ('10000000000000000000000', '62.1', '')
    """
    if np.isnan(value):
        return ""
    return _trimmed(np.format_float_positional(value, trim="-"))


def _trimmed(text: str) -> str:
    """A plain decimal without the zeros that say nothing.

    >>> _trimmed("1951.000"), _trimmed("62.50"), _trimmed("-0"), _trimmed("100")
    ('1951', '62.5', '0', '100')
    """
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
