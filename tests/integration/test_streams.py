"""Standard output that is closed, full, abandoned or cannot write every letter."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

LDN = [sys.executable, "-m", "ldn_spark"]
LONG = """
from ldn_spark.cli.interrupts import leave
leave(lambda: print("LDN×4+ −1.5 ≥ Småbrekke\\n" * 20_000) or 0)
"""


def call(command, *, encoding="utf-8", **streams):
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    done = subprocess.run(command, env=environment, timeout=60, check=False, **streams)
    said = (done.stderr or b"").decode()
    assert "Traceback" not in said
    return done.returncode, (done.stdout or b"").decode(), said


@pytest.mark.parametrize("command", [["--version"], ["--help"], ["schema"]], ids=" ".join)
def test_a_full_disk_is_told_by_the_name_of_the_stream(command):
    with open("/dev/full", "wb") as full:
        code, _, said = call([*LDN, *command], stdout=full)
    assert (code, said) == (30, "error: standard output: No space left on device\n")


def test_closed_output_is_told_before_any_work():
    code, _, said = call(["/bin/sh", "-c", '"$@" >&-', "sh", *LDN, "--version"])
    assert code == 30
    assert said.startswith("error: standard output: is closed;")


def test_messages_that_cannot_be_written_change_nothing():
    code, said, _ = call(["/bin/sh", "-c", '"$@" 2>&-', "sh", *LDN, "--version"])
    assert (code, said.split()[0]) == (0, "ldn_spark")
    with open("/dev/full", "wb") as full:
        assert call([*LDN, "nonsense"], stderr=full)[0] == 2


def test_a_reader_that_stops_is_no_bug():
    pipeline = 'set -o pipefail; "$@" | head -n 1'
    code, said, told = call(["/bin/bash", "-c", pipeline, "sh", sys.executable, "-c", LONG])
    assert (code, said) == (141, "LDN×4+ −1.5 ≥ Småbrekke\n")
    assert told == "error: standard output: its reader is gone, so not all of it was written\n"


def test_letters_that_a_terminal_lacks_are_written_by_their_nearest():
    code, said, _ = call([sys.executable, "-c", LONG], encoding="ascii")
    assert (code, said.splitlines()[0]) == (0, "LDNx4+ -1.5 >= Smabrekke")
