"""A lake with a damaged file: an engine's failure names the file; a delivery's stays its own."""

from __future__ import annotations

import errno
import json

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from ldn_spark.errors import DeliveryError, EngineError, LdnSparkError, Problem, ResourceError
from ldn_spark.lake.faults import translated_faults

ROWS = pa.table({"year": [2012, 2013] * 5000, "ddd": [n / 7 for n in range(10_000)]})


class EngineFailedError(Exception):
    """As an engine says it: with a value of a row in its message."""


EngineFailedError.__module__ = "pyspark.errors"


@pytest.fixture
def lake(tmp_path):
    for name in ("dispensings", "persons"):
        write_deltalake(tmp_path / "lake" / name, ROWS, partition_by=["year"])
    return tmp_path / "lake"


def file_of(lake, table="dispensings", year=2013):
    return next((lake / table / f"year={year}").glob("*.parquet"))


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def emptied(path):
    path.write_bytes(b"")


def flipped(path):
    data = bytearray(path.read_bytes())
    data[200:2000] = b"\xff" * 1800
    path.write_bytes(data)


def failing(lake, error):
    with pytest.raises((LdnSparkError, type(error))) as caught, translated_faults("running", lake):
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("harm", "what"),
    [(cut, "without its end, or a damaged"), (emptied, "is empty"), (flipped, "its rows cannot")],
)
@pytest.mark.parametrize(
    "error",
    [EngineFailedError("4711"), pa.ArrowInvalid("4711"), OSError("4711"), FileNotFoundError()],
)
def test_the_damaged_file_is_named(lake, harm, what, error):
    harm(file_of(lake))
    told = failing(lake, error)
    assert isinstance(told, EngineError)
    assert str(file_of(lake)) in str(told)
    assert what in str(told)
    assert "restore it from a backup" in str(told)
    assert "4711" not in str(told)


def test_every_damaged_file_is_named(lake):
    cut(file_of(lake))
    emptied(file_of(lake, "persons", 2012))
    assert len(failing(lake, EngineFailedError()).problems) == 2


def test_a_file_that_is_gone_and_a_log_that_is_broken(lake):
    file_of(lake).unlink()
    assert "dispensings: 1 of its files are missing" in str(failing(lake, EngineFailedError()))
    log = next((lake / "persons" / "_delta_log").glob("*.json"))
    log.write_text(log.read_text()[:-20])
    told = failing(lake, json.JSONDecodeError("4711", "", 0))
    assert "persons: its log cannot be read; restore" in str(told)


def test_what_was_said_of_a_file_of_the_lake_is_no_fault_of_a_delivery(lake):
    cut(file_of(lake))
    problem = Problem(str(file_of(lake)), "is damaged", "ask for it again")
    assert isinstance(failing(lake, DeliveryError(problem)), EngineError)


def test_a_whole_lake_is_not_blamed(lake):
    assert str(failing(lake, EngineFailedError("4711"))) == (
        "running: the engine failed with EngineFailedError"
    )
    delivered = DeliveryError(Problem("/somewhere/else.parquet", "is damaged"))
    for error in (delivered, pa.ArrowInvalid("a bug"), FileNotFoundError("gone"), KeyError("k")):
        assert failing(lake, error) is error
    assert isinstance(failing(lake, EngineFailedError("No space left on device")), ResourceError)
    assert isinstance(failing(lake / "none", EngineFailedError()), EngineError)


def end_of_the_bridge():
    """As Python says that the other end of the bridge to Java has gone."""
    try:
        try:
            raise ConnectionResetError(104, "Connection reset by peer")
        except ConnectionResetError as error:
            raise EngineFailedError("Error while sending or receiving") from error
    except EngineFailedError:
        try:
            raise pa.ArrowInvalid("Tried reading schema message, was null or length 0")
        except pa.ArrowInvalid as error:
            return error


@pytest.mark.parametrize("error", [ConnectionRefusedError(111, "4711"), end_of_the_bridge()])
def test_an_engine_whose_process_has_ended(lake, error):
    told = failing(lake, error)
    assert isinstance(told, EngineError)
    assert str(told).startswith("running: the engine's process ended while it worked; run it again")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "the disk is full; make room"),
        (errno.EDQUOT, "the disk quota is used up; make room"),
        (errno.EACCES, "permission is denied; check who"),
        (errno.EROFS, "the file system is read-only; check who"),
        (errno.EIO, "the disk cannot be read or written"),
        (errno.EMFILE, "too many files are open; raise `ulimit -n`"),
    ],
)
def test_what_the_machine_refuses_is_told_with_its_place(lake, number, said):
    told = failing(lake, OSError(number, "4711", "/a/place"))
    assert isinstance(told, ResourceError)
    assert str(told).startswith(f"/a/place: {said}")
    assert str(failing(lake, OSError(number, "4711"))).startswith(f"running: {said}")
