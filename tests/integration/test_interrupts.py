"""Ctrl-C and SIGTERM in the middle of long work: gone at once, one sentence, nothing half-done."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from ldn_spark.lake.versions import known_versions

PEOPLE = "40000"
LIMIT = 60


def ldn(*arguments):
    command = [sys.executable, "-c", "from ldn_spark.cli import main; main()", *arguments]
    return subprocess.Popen(
        [*command, "--log-format", "json", "--engine", "sail"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def interrupted(stage, number, *arguments):
    """Start a command, signal it when its log names the stage; exit code and the last message."""
    process = ldn(*arguments)
    try:
        for line in process.stderr:
            if json.loads(line).get("stage") == stage:
                break
        else:
            pytest.fail(f"{arguments[0]} ended before it was {stage}")
        process.send_signal(number)
        _, errors = process.communicate(timeout=LIMIT)
    finally:
        process.kill()
    messages = [json.loads(line) for line in errors.splitlines()]
    return process.returncode, messages[-1] if messages else None


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """A delivery and the lake it makes."""
    folder = tmp_path_factory.mktemp("registry")
    delivery, lake = str(folder / "delivery"), str(folder / "lake")
    for arguments in (
        ("simulate", delivery, "--people", PEOPLE, "--seed", "1"),
        ("ingest", delivery, "--lake", lake),
    ):
        process = ldn(*arguments)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    return delivery, lake


@pytest.mark.parametrize(
    ("stage", "number", "code"),
    [
        ("checking files", signal.SIGINT, 130),
        ("parsing lines", signal.SIGINT, 130),
        ("parsing lines", signal.SIGTERM, 143),
        ("writing dispensings", signal.SIGINT, 130),
    ],
)
def test_an_interrupted_ingest(registry, tmp_path, stage, number, code):
    delivery, _ = registry
    for attempt in range(5):  # on a busy machine the work may end before the signal is sent
        lake = tmp_path / f"lake{attempt}"
        arguments = ("ingest", delivery, "--lake", str(lake))
        found, message = interrupted(stage, number, *arguments)
        if message is not None:
            break
        assert found == 0
    assert (found, message["event"], message["exit_code"]) == (code, "Interrupted", code)
    assert message["problems"] == ["stopped; nothing half-written is visible"]
    assert known_versions(lake) == []
    assert not list((lake / "_staging").iterdir())


@pytest.mark.parametrize("stage", ["finding the cohort", "measuring outcomes"])
def test_an_interrupted_run(registry, tmp_path, stage):
    _, lake = registry
    out = tmp_path / "results"
    arguments = ("run", "ldn_2013", "--lake", lake, "--out", str(out))
    code, message = interrupted(stage, signal.SIGINT, *arguments)
    assert (code, message["event"]) == (130, "Interrupted")
    assert not list(out.glob("ldn_2013/*/manifest.json"))


def test_an_interrupted_simulation(tmp_path):
    arguments = ("simulate", str(tmp_path / "d"), "--people", "400000", "--seed", "1")
    code, message = interrupted("simulating", signal.SIGINT, *arguments)
    assert (code, message["event"]) == (130, "Interrupted")
    assert not (tmp_path / "d" / "truth.json").exists()
