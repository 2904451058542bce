"""An ingest killed at any point: readers see the old lake or the new one, and the next run ends it.

The ingest runs in a process of its own and kills itself with SIGKILL after a number of writes.
"""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from ldn_spark.delivery.source.sources import load_source
from ldn_spark.engine import collect
from ldn_spark.ingest.ingest import INGESTED, NOOP, ingest
from ldn_spark.lake.versions import Lake, read_version
from ldn_spark.schemas import LAKE_TABLES

NORPD = load_source("norpd")
HEADER = ";".join(NORPD.columns.values())
FIRST = [f"P{n};2;1951;N05BB01;058719;{2012 + n % 2}.02.29;{n}" for n in range(1, 9)]
FIRST = [line.replace("2013.02.29", "2013.02.28") for line in FIRST]
SECOND = ["P1;1;1951;A10;058719;2013.05.01;5", "P11;2;1940;N06A;000981;2014.01.01;1", "P2;2"]

MAIN = "from ldn_spark.cli import main; main()"
KILLED = """
import os, signal, sys
from pathlib import Path
from ldn_spark.ingest import ingest
from ldn_spark.ingest.arriving import intake
from ldn_spark.ingest.writing import persons
from ldn_spark.ingest.writing import rewriting
from ldn_spark.engine.sessions import open_engine
from ldn_spark.delivery.source.sources import load_source

when, root, delivery = sys.argv[1:]
writes = 0

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def killed_after(write):
    def then(*args, **kwargs):
        global writes
        write(*args, **kwargs)
        writes += 1
        if str(writes) == when:
            kill()
    return then

intake.write_table = killed_after(intake.write_table)
intake.append_rows = killed_after(intake.append_rows)
for module in (rewriting, persons):
    module.exchange_files = killed_after(module.exchange_files)
ingest.reached = lambda step: step == when and kill()
with open_engine("sail") as spark:
    ingest.ingest(spark, Path(root), [delivery], load_source("norpd"))
print("lived")
"""


def deliver(folder, name, lines):
    path = folder / name
    path.write_text("\n".join([HEADER, *lines, ""]), encoding="iso-8859-1")
    return path


def content(spark, root):
    """Every table of a lake as it is recorded."""
    lake = Lake(spark, root)
    version = lake.version()
    return {
        table.name: sorted(map(str, collect.rows(lake.read(table, version))))
        for table in LAKE_TABLES
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("crashes")


@pytest.fixture(scope="module")
def undisturbed(spark, folder):
    """What the lake holds after the first and after the second delivery."""
    root = folder / "undisturbed"
    files = deliver(folder, "a.txt", FIRST), deliver(folder, "b.txt", SECOND)
    contents = []
    for path in files:
        ingest(spark, root, [path], NORPD)
        contents.append(content(spark, root))
    return files, contents


@pytest.mark.only_engine("sail")
@pytest.mark.parametrize("when", ["parsed", *map(str, range(1, 6)), "written", "published"])
def test_killed_at(spark, folder, undisturbed, when):
    (a, b), (old, new) = undisturbed
    root = folder / f"killed-{when}"
    ingest(spark, root, [a], NORPD)
    command = [sys.executable, "-c", KILLED, when, str(root), str(b)]
    killed = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert content(spark, root) == (new if when == "published" else old)
    done = ingest(spark, root, [b], NORPD)
    assert done.status == (NOOP if when == "published" else INGESTED)
    assert content(spark, root) == new
    assert read_version(root).number == 2
    assert not list((root / "_staging").iterdir())


@pytest.mark.only_engine("sail")
def test_two_processes_at_once(spark, folder, undisturbed):
    (a, b), (_, new) = undisturbed
    root = folder / "two"
    ingest(spark, root, [a], NORPD)
    command = [sys.executable, "-c", MAIN, "ingest", str(b), "--lake", str(root)]
    pair = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ends = [(process.communicate(timeout=120), process.returncode) for process in pair]
    assert sorted(code for _, code in ends) in ([0, 0], [0, 20]), ends
    for (_, errors), code in ends:
        assert code == 0 or "another ingest" in errors
    assert read_version(root).number == 2
    assert content(spark, root) == new
