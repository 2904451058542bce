"""Landed dispensings: every row is found by the range of its year and code, and accounted for."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from ldn_spark.ingest.landing.batches import code_number
from ldn_spark.ingest.landing.landed import (
    code_place,
    look_into,
    read_account,
    read_range,
    stage_by_code,
)

CODES = ("A", "A10", "N02BE01", "N05BB01", "N06AB04")
START = date(2011, 12, 1)
COLUMNS = ["year", "code_number", "person_key", "atc", "file_id"]
LINES = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 800), st.sampled_from(CODES), st.integers()),
    max_size=60,
)
KEYS = st.integers(-(1 << 63), (1 << 63) - 1)


def block(lines):
    days = [START + timedelta(days=day) for _, day, _, _ in lines]
    texts = pa.array([code for _, _, code, _ in lines], pa.string())
    nothing = pa.nulls(len(lines), pa.string())
    return pa.table(
        {
            "person_key": pa.array([key % (1 << 60) for *_, key in lines], pa.int64()),
            "atc": texts.dictionary_encode(),
            "product_number": nothing.dictionary_encode(),
            "dispensed_on": pa.array(days, pa.date32()),
            "ddd": pa.array([Decimal(1)] * len(lines), pa.decimal128(18, 6)),
            "reimbursement_icd": nothing,
            "reimbursement_icpc": nothing,
            "file_id": pa.array([file_id for file_id, *_ in lines], pa.int32()),
            "year": pa.array([day.year for day in days], pa.int32()),
        }
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=4))
def test_every_row_is_found_once_and_accounted_for(blocks):
    with TemporaryDirectory() as folder:
        accounts = []
        for number, lines in enumerate(blocks):
            path = Path(folder) / f"{number}.arrow"
            accounts.append(stage_by_code(block(lines), path.with_suffix(".draft"), path))
        arrivals = read_account(pa.Table.from_batches(accounts))
        files = look_into(Path(folder).glob("*.arrow"))
        everything = [line for lines in blocks for line in lines]
        expected = Counter(
            (file_id, (START + timedelta(days=day)).year, code)
            for file_id, day, code, _ in everything
        )
        assert arrivals.rows == expected
        for file_id, (first, last) in arrivals.spans.items():
            days = [day for theirs, day, _, _ in everything if theirs == file_id]
            assert first == START + timedelta(days=min(days))
            assert last == START + timedelta(days=max(days))
        for (year, code), rows in arrivals.by_code.items():
            place = code_place(year, code_number(code))
            found = read_range(files, place, place, COLUMNS)
            assert len(found) == rows
            assert set(found["atc"].to_pylist()) == {code}
            assert set(found["year"].to_pylist()) == {year}
        if everything:
            whole = read_range(files, 0, code_place(9999, 0), COLUMNS)
            keys = sorted(key % (1 << 60) for *_, key in everything)
            assert sorted(whole["person_key"].to_pylist()) == keys
