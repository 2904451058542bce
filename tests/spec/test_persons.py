"""What files say of persons, merged: the same in any order, at once or one after the other."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ldn_spark.io import collect
from ldn_spark.io.said import Statements
from ldn_spark.transforms.persons import merge_statements, restate_persons, summarise_statements

SAID = pa.schema([("sex", pa.string()), ("birth_year", pa.int32()), ("died_on", pa.date32())])
EARLY, LATE = date(2013, 2, 28), date(2014, 12, 31)
FILES = [
    [("P1", 1, "F", 1950, None), ("P2", 1, None, None, LATE), ("P3", 1, "M", 1960, None)],
    [("P1", 2, "M", 1950, None), ("P2", 2, "F", 1970, EARLY), ("P3", 2, "M", 1961, None)],
    [("P1", 3, "F", 1950, None), ("P2", 3, "F", None, None), ("P3", 3, "M", 1960, None)],
]
KNOWN = {  # sex, birth year, day of death, contradictory sex, contradictory birth year
    "P1": (None, 1950, None, True, False),
    "P2": ("F", 1970, EARLY, False, False),
    "P3": ("M", None, None, False, True),
}


def statements(spark, said, slack=0):
    """What lines say, as it is staged and read again; every line is a block of its own."""
    with TemporaryDirectory() as root:
        for folder in ("drafts", "statements"):
            (Path(root) / folder).mkdir()
        staged = Statements(Path(root))
        for number, (pseudonym, file_id, *values) in enumerate(said):
            columns = {name: [value] for name, value in zip(SAID.names, values, strict=True)}
            line = pa.table(columns, SAID).add_column(0, "pseudonym", [[pseudonym]])
            staged.add(line, file_id, slack, str(number))
        staged.stage()
        rows = pq.read_table(Path(root) / "statements").to_pylist()
    ddl = (
        "person_key bigint, pseudonym string, file_id int, sex_low int, sex_high int, "
        "birth_year_low int, birth_year_high int, died_on date"
    )
    return summarise_statements(spark.createDataFrame([tuple(row.values()) for row in rows], ddl))


def known(persons):
    return {
        row["pseudonym"]: (
            row["sex"],
            row["birth_year"],
            row["died_on"],
            row["sex_conflict"],
            row["birth_year_conflict"],
        )
        for row in collect.rows(persons)
    }


def test_at_once(spark):
    everything = [line for file in FILES for line in file]
    assert known(merge_statements(statements(spark, everything))) == KNOWN


@pytest.mark.only_engine("sail")
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_one_after_the_other(spark, order):
    first, *others = order
    persons = merge_statements(statements(spark, FILES[first]))
    for number in others:
        new = statements(spark, FILES[number])
        persons = merge_statements(restate_persons(persons).unionByName(new))
    assert known(persons) == KNOWN


@pytest.mark.only_engine("sail")
@pytest.mark.parametrize(
    ("latest_years", "expected"),
    [
        # 30 completed years in 2013: born 1982 or 1983; said as the later one
        ([1983], 1983),
        # later in the same year 31: the birthday was in between, so 1982
        ([1983, 1982], 1982),
        # 30 in 2013 and 30 in 2014 is one of 1983 (late in the year) alone
        ([1983, 1984], 1983),
        ([1983, 1981], None),
        ([1983, 1985], None),
    ],
)
def test_ages_narrow_the_birth_year_down(spark, latest_years, expected):
    said = [("P1", 1, None, year, None) for year in latest_years]
    (row,) = collect.rows(merge_statements(statements(spark, said, slack=1)))
    assert row["birth_year"] == expected
    assert row["birth_year_conflict"] == (expected is None)
