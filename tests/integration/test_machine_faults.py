"""What a machine does to a lake, or refuses, ends a stage with its exit code and the place."""

from __future__ import annotations

import shutil
import subprocess
from importlib.util import find_spec

import pytest

from ldn_spark.cli.app import run
from ldn_spark.cli.ingest import ingest
from ldn_spark.cli.job import run_as_job
from ldn_spark.cli.simulate import simulate
from ldn_spark.cli.stages import cohort

pytestmark = [
    pytest.mark.own_engine,
    pytest.mark.skipif(not find_spec("pysail"), reason="these stages are tried on Sail"),
]
SAIL = ["--engine", "sail"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An invented delivery, and the lake that it was taken into."""
    root = tmp_path_factory.mktemp("whole")
    assert run_as_job(simulate, [str(root / "d"), "--people", "3000", *SAIL]) == 0
    assert run_as_job(ingest, [str(root / "d"), "--lake", str(root / "lake"), *SAIL]) == 0
    return root


@pytest.fixture
def lake(whole, tmp_path):
    return shutil.copytree(whole / "lake", tmp_path / "lake")


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def last_commit(lake, table):
    return max((lake / table / "_delta_log").glob("*.json"))


def data_file(lake, table):
    return min((lake / table).rglob("*.parquet"))


def replaced_by_a_file(lake):
    shutil.rmtree(lake / "persons")
    (lake / "persons").write_text("")


HARMS = {
    "a data file is gone": (lambda lake: data_file(lake, "dispensings").unlink(), "is gone"),
    "a data file is cut": (lambda lake: cut(data_file(lake, "persons")), "were written"),
    "a commit is cut": (lambda lake: cut(last_commit(lake, "dispensings")), "json: is damaged"),
    "a commit is no JSON": (
        lambda lake: last_commit(lake, "persons").write_bytes(b"\x00\xff"),
        "json: is damaged",
    ),
    "a commit is empty": (
        lambda lake: last_commit(lake, "dispensing_profile").write_bytes(b""),
        "json: is damaged",
    ),
    "a commit is gone": (lambda lake: last_commit(lake, "persons").unlink(), "persons"),
    "a table is gone": (lambda lake: shutil.rmtree(lake / "dispensings"), "dispensings"),
    "a table is a file": (replaced_by_a_file, "persons"),
    "the record is cut": (
        lambda lake: cut(lake / "_versions" / "00000001.json"),
        "00000001.json: the version record is damaged",
    ),
}


@pytest.mark.parametrize("case", HARMS)
def test_a_damaged_lake(whole, lake, capsys, case):
    """Neither read nor built on; an ingest of what is there already does not say all is well."""
    harm, said = HARMS[case]
    harm(lake)
    where = ["--lake", str(lake), *SAIL]
    assert run_as_job(cohort, ["ldn_2013", "--run-id", "r", *where]) == 40
    errors = capsys.readouterr().err
    assert f"error: {lake}" in errors
    assert said in errors
    assert run_as_job(ingest, [str(whole / "d"), *where]) == 40
    assert f"error: {lake}" in capsys.readouterr().err
    assert run(["verify", str(lake)]) == 40
    assert f"error: {lake}" in capsys.readouterr().err


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 4 MiB, on which all but so many KiB can be filled."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")

    def fill(free):
        (folder / "filled").unlink(missing_ok=True)
        left = shutil.disk_usage(folder).free - free * 1024
        (folder / "filled").write_bytes(bytes(max(0, left)))
        return folder

    yield fill
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("free", [0, 24])
def test_a_lake_on_a_full_disk(whole, small_disk, capsys, free):
    disk = small_disk(3 * 1024)
    shutil.copytree(whole / "lake", disk / "lake")
    small_disk(free)
    options = ["--run-id", "r", "--lake", str(disk / "lake"), *SAIL]
    assert run_as_job(cohort, ["ldn_2013", *options]) == 30
    errors = capsys.readouterr().err
    assert f"error: {disk}/lake/runs/r" in errors
    assert "the disk is full; make room and run it again" in errors
    small_disk(2 * 1024)
    assert run_as_job(cohort, ["ldn_2013", *options]) == 0


def test_results_on_a_full_disk(lake, small_disk, capsys):
    disk = small_disk(64)
    where = ["--lake", str(lake), "--out", str(disk / "out"), *SAIL]
    assert run(["run", "ldn_2013", *where]) == 30
    assert f"error: {disk}/out/ldn_2013/" in (said := capsys.readouterr().err)
    assert "the disk is full" in said
    assert not [path for path in (disk / "out").rglob("*") if path.is_file()]


def test_little_memory_is_told_with_the_table(lake, capsys, monkeypatch):
    monkeypatch.setenv("SAIL_RUNTIME__MEMORY_POOL__TYPE", "fair")
    monkeypatch.setenv("SAIL_RUNTIME__MEMORY_POOL__FAIR__MAX_SIZE", "100000")
    options = ["--run-id", "r", "--lake", str(lake), *SAIL]
    assert run_as_job(cohort, ["ldn_2013", *options]) == 30
    said = capsys.readouterr().err
    # by a table that is written, or in the looks before it, as the engine's threads have it
    assert f"error: {lake}/runs/r/" in said or "error: running a stage" in said
    assert "the memory is used up; give the engine more" in said
