"""Invented data stay marked, whatever is done with their files and whatever follows them."""

from __future__ import annotations

import shutil

import pytest

from ldn_spark.delivery.source.sources import load_source
from ldn_spark.ingest.ingest import ingest
from ldn_spark.invented import MARKER, PSEUDONYM, SENTENCE
from ldn_spark.lake.versions import read_version
from ldn_spark.synthetic.registry import simulate

pytestmark = pytest.mark.nightly("spark")

REAL = """pseudonym,sex,birth_year,atc,product_number,dispensed_on,ddd
a1,F,1950,N05BA01,123456,{year}-05-01,30
a2,M,1960,N06AB04,123457,{year}-06-01,28
"""


@pytest.fixture(scope="module")
def delivery(spark, tmp_path_factory):
    folder = tmp_path_factory.mktemp("invented") / "delivery"
    simulate(spark, folder, people=2_000, seed=1)
    return folder


def _real(folder, year=2013):
    folder.mkdir(exist_ok=True)
    (folder / f"dispensings_{year}.csv").write_text(REAL.format(year=year))
    return folder


def _taken_in(spark, lake, delivery, source):
    ingest(spark, lake, [delivery], load_source(source))
    return read_version(lake).invented


def test_every_line_and_the_folder_are_marked(delivery):
    assert SENTENCE in (delivery / MARKER).read_text(encoding="utf-8")
    assert SENTENCE in (delivery / "truth.json").read_text(encoding="utf-8")
    lines = (delivery / "dispensings_2013.txt").read_text("iso-8859-1").splitlines()[1:]
    assert all(line.startswith(PSEUDONYM) for line in lines)


def test_the_mark_outlives_moving_renaming_and_rewriting(spark, delivery, tmp_path):
    moved, cut = tmp_path / "moved", tmp_path / "cut"
    moved.mkdir()
    shutil.copy(delivery / "dispensings_2013.txt", moved / "extract.txt")
    assert _taken_in(spark, tmp_path / "lake1", moved, "norpd")
    cut.mkdir()
    lines = (delivery / "dispensings_2013.txt").read_text("iso-8859-1").splitlines()
    (cut / "few.txt").write_text("\n".join(lines[:20]) + "\n", "iso-8859-1")
    assert _taken_in(spark, tmp_path / "lake2", cut, "norpd")


def test_a_marker_alone_marks_a_delivery_and_the_lake_for_good(spark, delivery, tmp_path):
    lake = tmp_path / "lake"
    assert not _taken_in(spark, lake, _real(tmp_path / "real"), "canonical")
    marked = _real(tmp_path / "marked", 2014)
    shutil.copy(delivery / MARKER, marked)
    assert _taken_in(spark, lake, marked, "canonical")
    assert _taken_in(spark, lake, _real(tmp_path / "later", 2015), "canonical")
    assert not read_version(lake, 1).invented
