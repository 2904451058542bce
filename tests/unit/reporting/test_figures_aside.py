"""Figures drawn by other processes are those drawn in this one, whatever becomes of the others."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ldn_spark.reporting.figures import aside
from ldn_spark.reporting.figures.draw import all_figures
from tests.unit.reporting.paper_like import changed


def test_the_same_bytes(definition, results):
    with aside.drawing_aside() as draw:
        assert draw(definition, results)() == all_figures(definition, results)


def test_an_odd_number_of_figures(definition, results):
    bare = changed(definition, "contrasts", [])
    with aside.drawing_aside() as draw:
        drawn = draw(bare, results)()
    assert [figure.id for figure in drawn] == ["figure1", "figure2", "figure4"]
    assert drawn == all_figures(bare, results)


@pytest.fixture
def started(monkeypatch):
    """The processes that were started, to be lost or looked at."""
    found = []
    start = subprocess.Popen

    def remember(*arguments, **options):
        found.append(start(*arguments, **options))
        return found[-1]

    monkeypatch.setattr(subprocess, "Popen", remember)
    return found


@pytest.mark.parametrize("when", ["before it is asked", "after it is asked"])
def test_a_lost_process_is_made_up_for(definition, results, started, when):
    with aside.drawing_aside() as draw:
        if when == "before it is asked":
            started[0].kill()
            started[0].wait()
        answer = draw(definition, results)
        started[0].kill()
        assert answer() == all_figures(definition, results)


def test_no_process_can_be_started(definition, results, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with aside.drawing_aside() as draw:
        assert draw(definition, results)() == all_figures(definition, results)


def test_a_process_that_is_never_asked_goes(started):
    with pytest.raises(ValueError, match="the study stops"), aside.drawing_aside():
        raise ValueError("the study stops")
    assert started[0].returncode is not None


def test_a_fault_of_drawing_is_seen(definition, results):
    """The other process says nothing; this one raises what it would have raised by itself."""
    broken = definition.model_copy(update={"outcomes": None})
    with pytest.raises(TypeError):
        all_figures(broken, results)
    with aside.drawing_aside() as draw, pytest.raises(TypeError):
        draw(broken, results)()
