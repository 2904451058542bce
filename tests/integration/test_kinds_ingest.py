"""One delivery in every kind of file fills the lake alike."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from ldn_spark.delivery.source.sources import load_source
from ldn_spark.engine import collect
from ldn_spark.errors import DeliveryError
from ldn_spark.ingest.ingest import ingest
from ldn_spark.lake.versions import Lake, known_versions
from ldn_spark.schemas import DISPENSINGS, PERSONS, REJECTED_DISPENSINGS
from tests.stat_files import write_sas7bdat

pytestmark = pytest.mark.nightly("spark")

deltalake = pytest.importorskip("deltalake")
pyreadstat = pytest.importorskip("pyreadstat")

NORPD = load_source("norpd")
NAMES = list(NORPD.columns.values())
ROWS = [
    # pseudonym, sex, born, ATC, product, day, DDD
    ("P1", 2, 1951, "N05BB01", 58719, "2012-02-29", 62.5),
    ("P2", 1, 1960, "N02BE01", 981, "2012-12-31", -10.0),
    ("P2", 1, 1960, "n02be01", 981, "2012-12-31", None),
    ("P3", 2, None, "A10", None, "2013-06-01", 0.1),
    ("P4", 2, 1951, "N05", 1, None, 1.0),  # rejected: no date
    ("P5", 2, 1951, "N5", 1, "2012-01-01", 1.0),  # rejected: no ATC code
]
FRAME = pd.DataFrame(ROWS, columns=NAMES).assign(
    PasientFodtAr=[row[2] for row in ROWS], Varenr=[row[4] for row in ROWS]
)
DAYS = pd.to_datetime(FRAME["UtleveringsDato"])


def as_text(encoding="iso-8859-1"):
    texts = []
    for row in ROWS:
        texts.append(["" if value is None else str(value) for value in row])
        texts[-1][5] = texts[-1][5].replace("-", ".")
        texts[-1][6] = texts[-1][6].replace(".", ",")
    return "\n".join(";".join(row) for row in [NAMES, *texts]).encode(encoding)


def as_table():
    numbers = {name: pa.array(FRAME[name], pa.float64()) for name in ("PasientFodtAr", "Varenr")}
    columns = {name: pa.array(FRAME[name], from_pandas=True) for name in NAMES} | numbers
    return pa.table(columns | {"UtleveringsDato": pa.array(DAYS, pa.date32())})


def write_sas(path):
    days = (DAYS - pd.Timestamp("1960-01-01")).dt.days
    columns = {
        name: [value if isinstance(value, str) else _number(value) for value in FRAME[name]]
        for name in NAMES
    }
    columns["UtleveringsDato"] = [_number(day) for day in days]
    write_sas7bdat(path, columns, {"UtleveringsDato": "YYMMDD10"})


def _number(value):
    return None if value is None or np.isnan(value) else float(value)


def dated():
    days = [None if pd.isna(day) else day.date() for day in DAYS]
    return FRAME.assign(UtleveringsDato=pd.Series(days, dtype=object))


KINDS = {
    "a.txt": ("text", lambda path: path.write_bytes(as_text())),
    "a.txt.gz": ("text", lambda path: path.write_bytes(gzip.compress(as_text()))),
    "a.txt.zst": ("text", lambda path: path.write_bytes(zstandard.compress(as_text()))),
    "utf-16.txt": ("text", lambda path: path.write_bytes(as_text("utf-16"))),
    "a.parquet": ("parquet", lambda path: pq.write_table(as_table(), path, row_group_size=2)),
    "table": ("delta", lambda path: deltalake.write_deltalake(
        path, as_table(), partition_by=["PasientKjonn"])),
    "a.sas7bdat": ("sas", write_sas),
    "a.sav": ("spss", lambda path: pyreadstat.write_sav(dated(), path)),
    "a.dta": ("stata", lambda path: pyreadstat.write_dta(dated(), path)),
}  # fmt: skip


def lake_of(spark, folder, name):
    """What a lake holds after this kind of file; rejected rows by their place among the rows."""
    kind, write = KINDS[name]
    path = folder / "leveranse æ 1" / name
    path.parent.mkdir()
    write(path)
    encoding = "utf-16" if name.startswith("utf-16") else NORPD.encoding
    source = NORPD.model_copy(update={"format": kind, "encoding": encoding, "files": (name,)})
    done = ingest(spark, folder / "lake", [path.parent], source, block_bytes=64)
    lake = Lake(spark, folder / "lake")
    persons, rows, rejected = (
        collect.rows(lake.read(table, done.version).orderBy(*table.names))
        for table in (PERSONS, DISPENSINGS, REJECTED_DISPENSINGS)
    )
    (file,) = done.files
    assert file.name == name
    assert {row["file"] for row in rejected} == {name}
    first = 2 if kind == "text" else 1
    places = {(row["line"] - first, row["column"], row["reason"]) for row in rejected}
    counts = (file.lines, file.accepted, file.rejected, file.noted_by_reason)
    again = ingest(spark, folder / "lake", [path], source)
    assert again.status == "noop"
    return persons, sorted(map(str, rows)), places, counts


@pytest.fixture(scope="module")
def from_text(spark, tmp_path_factory):
    return lake_of(spark, tmp_path_factory.mktemp("text"), "a.txt")


@pytest.mark.only_engine("sail")  # what Spark's tasks read is text or Parquet too
@pytest.mark.parametrize("name", list(KINDS)[1:])
def test_every_kind_of_file_fills_the_lake_alike(spark, from_text, tmp_path, name):
    persons, rows, places, counts = lake_of(spark, tmp_path, name)
    assert (persons, rows, counts) == (from_text[0], from_text[1], from_text[3])
    assert len(rows) == 4
    if name != "table":  # whose rows have no order of their own
        assert places == from_text[2]
    assert {place[1:] for place in places} == {
        ("UtleveringsDato", "date_missing"),
        ("ATCKode", "atc_malformed"),
    }


def test_rows_of_parquet_on_either_engine(spark, tmp_path):
    persons, rows, places, counts = lake_of(spark, tmp_path, "a.parquet")
    assert sorted((row["pseudonym"], row["sex"], row["birth_year"]) for row in persons) == [
        ("P1", "F", 1951),
        ("P2", "M", 1960),
        ("P3", "F", None),
    ]
    assert (len(rows), counts[:3]) == (4, (6, 4, 2))
    assert places == {(4, "UtleveringsDato", "date_missing"), (5, "ATCKode", "atc_malformed")}


DELTA_FEATURES = {
    "deletion vectors": ("", "'delta.enableDeletionVectors' = 'true'"),
    "renamed columns": ("", "'delta.columnMapping.mode' = 'name'"),
    "both, by day": (
        "PARTITIONED BY (UtleveringsDato)",
        "'delta.enableDeletionVectors' = 'true', 'delta.columnMapping.mode' = 'name'",
    ),
}


@pytest.mark.only_engine("sail")
@pytest.mark.parametrize("case", DELTA_FEATURES)
def test_what_another_engine_keeps_in_a_delta_table(spark, tmp_path, case):
    """Rows that are deleted but still in the files, columns that are called otherwise there."""
    partitions, features = DELTA_FEATURES[case]
    name = f"delivered_{len(case)}"
    columns = ", ".join(f"{column} string" for column in [*NAMES[:5], NAMES[6]])
    spark.sql(
        f"CREATE TABLE {name} ({columns}, UtleveringsDato date) USING delta {partitions} "
        f"LOCATION '{tmp_path}/table' TBLPROPERTIES ({features})"
    )
    spark.sql(
        f"INSERT INTO {name} SELECT concat('P', id), '2', '1951', 'N05BB01', '1', '1,5', "
        "date '2012-02-28' + cast(id % 2 as int) FROM range(100)"
    )
    spark.sql(f"DELETE FROM {name} WHERE PasientLopeNr IN ('P3', 'P98')")
    spark.sql(f"DROP TABLE {name}")
    log = "".join(file.read_text() for file in (tmp_path / "table/_delta_log").glob("*.json"))
    assert ('"deletionVector":{' in log) == ("DeletionVectors" in features)
    source = NORPD.model_copy(update={"format": "delta", "files": ("table",)})
    done = ingest(spark, tmp_path / "lake", [tmp_path / "table"], source)
    assert (done.files[0].lines, done.files[0].accepted) == (98, 98)
    lake = Lake(spark, tmp_path / "lake")
    rows = collect.rows(lake.read(DISPENSINGS, done.version))
    assert {str(row["dispensed_on"]) for row in rows} == {"2012-02-28", "2012-02-29"}
    people = {row["pseudonym"] for row in collect.rows(lake.read(PERSONS, done.version))}
    assert people == {f"P{number}" for number in range(100)} - {"P3", "P98"}


BROKEN = {
    "truncated gz": ("a.csv.gz", gzip.compress(as_text())[:-9], "ends too early"),
    "0 bytes of gz": ("a.csv.gz", b"", "is empty: 0 bytes"),
    "0 bytes of text": ("a.csv", b"", "is empty: 0 bytes"),
    "0 bytes of Parquet": ("a.parquet", b"", "is empty: 0 bytes"),
    "truncated Parquet": ("a.parquet", b"PAR1" + bytes(100), "without its end, or a damaged one"),
    "missing": ("gone.parquet", None, "no such file or folder"),
    "a glob that matches nothing": ("*.gone", None, "matches no file"),
}


@pytest.mark.only_engine("sail")  # no engine sees these files
@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_among_good_ones_changes_nothing(spark, tmp_path, case):
    name, content, message = BROKEN[case]
    folder = tmp_path / "leveranse æ 1"
    folder.mkdir()
    kind = "parquet" if name.endswith(".parquet") else "text"
    source = NORPD.model_copy(update={"format": kind})
    good = folder / f"good.{kind}"
    KINDS["a.parquet" if kind == "parquet" else "a.txt"][1](good)
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(DeliveryError, match=message) as caught:
        ingest(spark, tmp_path / "lake", [good, folder / name], source)
    assert caught.value.exit_code == 10
    (problem,) = caught.value.problems
    assert name in problem.where
    assert not known_versions(tmp_path / "lake")
    assert not list((tmp_path / "lake" / "_staging").glob("*"))
