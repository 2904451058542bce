"""Delivered files whose names are no UTF-8 or would move a terminal: shown escaped, kept so."""

from __future__ import annotations

import os
from fnmatch import fnmatch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ldn_spark.cli.app import run
from ldn_spark.delivery.guess.inspection import read_sample
from ldn_spark.delivery.guess.proposal import propose
from ldn_spark.delivery.source.sources import load_source
from ldn_spark.ingest.check import check
from ldn_spark.ingest.ingest import ingest
from ldn_spark.lake.versions import read_version

pytestmark = pytest.mark.nightly("spark")

NAMES = {
    b"dispensings_l\xf8v.csv": r"dispensings_l\xf8v.csv",
    b"dispensings\x1b[2J\n\xe2\x80\xae.csv": r"dispensings\x1b[2J\n\u202e.csv",
}
TEXT = "pseudonym,atc,dispensed_on,ddd,x\x1b[2J\na,N05BB01,2013-01-02,1.5,\n"


@pytest.mark.only_engine("sail")
def test_a_check_and_an_ingest(spark, tmp_path):
    for name in NAMES:
        path = tmp_path / "d" / os.fsdecode(name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(TEXT.replace("a,", f"a{len(name)},"))
    source = load_source("canonical")
    found = check(spark, [tmp_path / "d"], source)
    done = ingest(spark, tmp_path / "lake", [tmp_path / "d"], source)
    for told in (found, done):
        assert {file.name for file in told.files} == {*NAMES.values()}
        assert told.warnings
        assert all(warning.isprintable() for warning in told.warnings)
    assert {file.name for file in read_version(tmp_path / "lake").files} == {*NAMES.values()}
    again = ingest(spark, tmp_path / "lake", [tmp_path / "d"], source)
    assert {*again.known} == {*NAMES.values()}


@pytest.mark.parametrize("name", NAMES)
def test_an_inspection(tmp_path, capsys, name):
    path = tmp_path / os.fsdecode(name)
    path.write_text(TEXT)
    assert run(["inspect", str(path)]) == 0
    said = capsys.readouterr().out
    assert NAMES[name] in said
    assert "\x1b" not in said


def test_a_folder_of_parquet_is_proposed_by_a_pattern_of_letters(tmp_path):
    folder = tmp_path / "fold\x1b[1]"
    folder.mkdir()
    rows = {"pseudonym": ["a"], "atc": ["N05BB01"], "dispensed_on": ["2013-01-02"], "ddd": ["1.5"]}
    pq.write_table(pa.table(rows), folder / "part.parquet")
    text = propose(read_sample(folder), [])
    assert 'files: ["fold?[[]1]"]' in text
    assert fnmatch(folder.name, "fold?[[]1]")
