"""A fault in any phase of a run ends it with its traceback; no process is left, nothing is seen."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys

import pytest

from tests.planted import FAULT, Planted
from tests.unit.reporting.publications import small_publication

SECONDS = 60
LDN = "from ldn_spark.cli import main; main()"
MAKE = """
import pickle, sys
from ldn_spark.cli.interrupts import hear_signals, leave
from ldn_spark.reporting.aside import making_aside

def run():
    with making_aside() as aside:
        publication = pickle.load(open(sys.argv[1], "rb"))
        aside.prepare(publication.study)
        aside.make(publication)()
    return 0

hear_signals()
leave(run)
"""
REPORTING = "ldn_spark.reporting"
MAKING = {
    "loading": ("matplotlib.figure", None),
    "preparing a figure": (f"{REPORTING}.figures.design", "design_diagram"),
    "preparing the page": (f"{REPORTING}.report", "prepare_report"),
    "analysing": ("ldn_spark.estimates.analysis", "analyse"),
    "tables": (f"{REPORTING}.captions", "users_note"),
    "curves, drawn by a copy": (f"{REPORTING}.figures.curves", "_panel"),
    "forest plot, drawn by a copy": (f"{REPORTING}.figures.forest", "forest_plot"),
    "flow diagram": (f"{REPORTING}.figures.flow", "_draw_steps"),
    "words": (f"{REPORTING}.paragraphs", "results_paragraphs"),
    "report": (f"{REPORTING}.report", "report_html"),
}
RUNNING = {
    "checking": ("ldn_spark.runs.preflight", "preflights"),
    "measuring": ("ldn_spark.transforms.in_order", "measure"),
    "the report, by ldn": (f"{REPORTING}.report", "report_html"),
    "stating": ("ldn_spark.runs.manifest", "manifest"),
    "writing": ("ldn_spark.runs.folder", "write_files"),
    "the manifest": ("ldn_spark.runs.folder", "write_manifest"),
}


def start(planted, code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=planted.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def publication(tmp_path_factory):
    path = tmp_path_factory.mktemp("publication") / "publication"
    path.write_bytes(pickle.dumps(small_publication()))
    return path


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("registry")
    delivery, lake = folder / "delivery", folder / "lake"
    for arguments in (
        ("simulate", delivery, "--people", "5000", "--seed", "1"),
        ("ingest", delivery, "--lake", lake),
    ):
        command = [sys.executable, "-c", LDN, *map(str, arguments), "--engine", "sail"]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    return lake


def ldn_run(lake, out):
    return "run", "ldn_2013", "--lake", lake, "--out", out, "--engine", "sail"


def ends_with_the_fault(planted, process):
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert f"RuntimeError: {FAULT}" in errors
    assert "Traceback" in errors
    assert "sitecustomize.py" in errors, "the place of the fault"
    assert planted.wait_until_gone() == []


@pytest.mark.parametrize("phase", MAKING)
def test_making(tmp_path, publication, phase):
    planted = Planted(tmp_path, *MAKING[phase])
    ends_with_the_fault(planted, start(planted, MAKE, publication))


@pytest.mark.only_engine("sail")
@pytest.mark.parametrize("phase", RUNNING)
def test_running(tmp_path, lake, phase):
    planted, out = Planted(tmp_path, *RUNNING[phase]), tmp_path / "out"
    ends_with_the_fault(planted, start(planted, LDN, *ldn_run(lake, out)))
    assert [path for path in out.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("phase", "number"),
    [
        ("loading", signal.SIGKILL),
        ("curves, drawn by a copy", signal.SIGKILL),
        ("curves, drawn by a copy", signal.SIGTERM),
        ("words", signal.SIGINT),
    ],
)
def test_a_signal_while_it_hangs(tmp_path, publication, phase, number):
    planted = Planted(tmp_path, *MAKING[phase], hangs=True)
    process = start(planted, MAKE, publication)
    planted.wait_until_it_hangs()
    process.send_signal(number)
    process.communicate(timeout=SECONDS)
    assert planted.wait_until_gone() == []


@pytest.mark.only_engine("sail")
def test_terminated_while_a_figure_hangs(tmp_path, lake):
    planted, out = Planted(tmp_path, *MAKING["curves, drawn by a copy"], hangs=True), tmp_path / "o"
    process = start(planted, LDN, *ldn_run(lake, out))
    planted.wait_until_it_hangs()
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 143
    assert "stopped; nothing half-written is visible" in errors
    assert planted.wait_until_gone() == []
    assert [path for path in out.rglob("*") if path.is_file()] == []


def test_a_copy_that_is_killed_is_made_up_for(tmp_path, publication):
    """A hanging copy is killed, as a machine without memory does it: the curves are drawn here."""
    planted = Planted(tmp_path, *MAKING["curves, drawn by a copy"], hangs=True)
    process = start(planted, MAKE, publication)
    planted.wait_until_it_hangs()
    planted.sign.unlink()
    copies = [pid for pid in planted.processes() if pid != process.pid and not _children(pid)]
    for pid in copies:
        os.kill(pid, signal.SIGKILL)
    planted.wait_until_it_hangs()
    assert [pid for pid in planted.processes() if pid in copies] == []
    process.kill()
    process.communicate(timeout=SECONDS)
    assert planted.wait_until_gone() == []


def _children(pid):
    return open(f"/proc/{pid}/task/{pid}/children", encoding="ascii").read().split()
