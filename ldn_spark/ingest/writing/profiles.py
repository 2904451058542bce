"""The part of the dispensing profile that a data file of the lake adds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ldn_spark.schemas import HUGE_DDD, MICRO

_COUNTS = ("ddd_missing", "ddd_zero", "ddd_negative", "ddd_huge")


def count_profile(rows: pa.Table, year: int) -> pa.Table:
    """Volume and DDD completeness of a year's dispensings per month and ATC code.

    Args:
        rows: atc (as a dictionary), dispensed_on and ddd, one row per dispensing.
        year: of all of them.

    Returns:
        One row per month and atc, as in `schemas.DISPENSING_PROFILE`.
    """
    codes, ddd = rows["atc"].combine_chunks(), rows["ddd"].combine_chunks()
    micro = _unscaled(ddd)
    known = {
        "ddd_missing": pc.is_null(ddd),
        "ddd_zero": pc.equal(micro, 0),
        "ddd_negative": pc.less(micro, 0),
        "ddd_huge": pc.greater(micro, HUGE_DDD * MICRO),
    }
    counted = pa.table(
        {
            "code": codes.indices,
            "month": pc.month(rows["dispensed_on"]).cast(pa.int32()),
            "ddd": ddd,
            "micro": micro,
            **{name: pc.fill_null(found, False) for name, found in known.items()},
        }
    ).group_by(["month", "code"], use_threads=False)
    found = counted.aggregate(
        [
            ([], "count_all"),
            ("ddd", "sum"),
            ("micro", "min"),
            ("micro", "max"),
            *[(name, "sum") for name in _COUNTS],
        ]
    ).combine_chunks()
    total = pc.fill_null(found["ddd_sum"].combine_chunks().cast(pa.decimal128(38, 6)), 0)
    columns = {
        "year": pa.array(np.full(len(found), year, np.int32)),
        "month": found["month"],
        "atc": codes.dictionary.take(found["code"].combine_chunks()),
        "dispensings": found["count_all"],
        **{name: found[f"{name}_sum"].cast(pa.int64()) for name in _COUNTS},
        "ddd_micro": _whole(total),
        "ddd_micro_low": found["micro_min"],
        "ddd_micro_high": found["micro_max"],
    }
    return pa.table(columns)


def _unscaled(amounts: pa.Decimal128Array) -> pa.Array:
    """Amounts of at most 18 digits as whole numbers of their smallest unit; null stays null."""
    words = np.frombuffer(amounts.buffers()[1], np.int64).reshape(-1, 2)
    low = words[amounts.offset : amounts.offset + len(amounts), 0]
    return pa.array(low, mask=pc.is_null(amounts).to_numpy(zero_copy_only=False))


def _whole(amounts: pa.Decimal128Array) -> pa.Array:
    """Amounts as whole numbers of their smallest unit, without a bound."""
    kind = pa.decimal128(38, 0)
    return pa.Array.from_buffers(kind, len(amounts), amounts.buffers(), offset=amounts.offset)
