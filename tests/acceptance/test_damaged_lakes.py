"""A bit that flips in a lake is found, whichever engine wrote the file and whichever reads it."""

from __future__ import annotations

import random
import shutil
from contextlib import contextmanager

import pytest

from ldn_spark.cli.app import run as ldn
from ldn_spark.delivery.source.sources import load_source
from ldn_spark.errors import EngineError
from ldn_spark.ingest.ingest import NOOP, ingest
from ldn_spark.lake.checking import require_whole
from ldn_spark.lake.run_tables import files_of, tables_of
from ldn_spark.lake.verify import verify_lake
from ldn_spark.lake.versions import read_version
from ldn_spark.runs.pipeline import run_study
from tests.acceptance.conftest import is_embedded

FLIPS = 40


@contextmanager
def flipped(path, bit):
    """One bit of a file is another one, for a while."""
    content = path.read_bytes()
    harmed = bytearray(content)
    harmed[bit // 8] ^= 1 << bit % 8
    path.write_bytes(harmed)
    try:
        yield
    finally:
        path.write_bytes(content)


def data_files(lake):
    """Those of the version; an engine may leave empty ones behind that belong to none."""
    sums = read_version(lake).sums
    return sorted(lake / table / name for table, files in sums.items() for name in files)


@pytest.fixture(scope="module")
def lake(sample_lake, sample_run, tmp_path_factory):
    """The sample's lake with the tables of a run, to be harmed."""
    return shutil.copytree(sample_lake[0], tmp_path_factory.mktemp("harmed") / "lake")


def test_every_flip_is_found(lake):
    """In data, logs and records of every table; each file is named by the two who look."""
    version, chance = read_version(lake), random.Random(14)
    held = [*data_files(lake), *lake.glob("*/_delta_log/*.json")]
    assert {path.relative_to(lake).parts[0] for path in held} >= {*version.tables}
    for number in range(FLIPS):
        path = held[number % len(held)]
        with flipped(path, chance.randrange(8 * path.stat().st_size)):
            with pytest.raises(EngineError) as caught:
                require_whole(lake, version)
            assert path.name in str(caught.value)
            assert path.name in str(verify_lake(lake).problems)
    require_whole(lake, version)


def test_every_flip_in_the_tables_of_a_run_is_found(lake):
    chance = random.Random(14)
    (run,) = (lake / "runs").iterdir()
    held = [*run.glob("*.json"), *(file for name in tables_of(run) for file in files_of(run, name))]
    assert len(tables_of(run)) >= 8
    for path in chance.sample(held, min(FLIPS, len(held))):
        with flipped(path, chance.randrange(8 * path.stat().st_size)):
            assert (found := verify_lake(lake).problems), path
            table = path.relative_to(run).parts[0]
            assert all(f"/{table}" in one.where for one in found)


def test_a_table_of_a_run_that_is_gone_is_missed(lake):
    (run,) = (lake / "runs").iterdir()
    away = (run / "cohort").rename(run.parent.parent / "away")
    try:
        assert "/cohort/" in str(verify_lake(lake).problems)
    finally:
        away.rename(run / "cohort")


def test_verify_says_what_is_damaged(lake, capsys):
    assert ldn(["verify", str(lake)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "The lake is as it was written: 1 version, 6 tables, 1 run, " in said
    path = data_files(lake)[0]
    with flipped(path, 800):
        assert ldn(["verify", str(lake)]) == 40
    assert f"error: {path}: is damaged: it is not what was written" in capsys.readouterr().err


def test_no_run_and_no_ingest_goes_on_with_a_damaged_table(
    spark, lake, delivery, sample_study, tmp_path
):
    """A flip among the pages, which no reader of this engine may see."""
    read = ["dispensings", "persons", "dispensing_profile"] if is_embedded(spark) else ["persons"]
    for table in read:
        held = [path for path in data_files(lake) if (lake / table) in path.parents]
        path = max(held, key=lambda one: one.stat().st_size)
        with flipped(path, 8 * path.stat().st_size // 2):
            with pytest.raises(EngineError, match=path.name):
                run_study(spark, sample_study, lake, tmp_path / "out", engine="test")
            with pytest.raises(EngineError, match=path.name):
                ingest(spark, lake, [delivery], load_source("norpd"))
    assert not list((tmp_path / "out").glob("*/*/manifest.json"))
    assert ingest(spark, lake, [delivery], load_source("norpd")).status == NOOP
