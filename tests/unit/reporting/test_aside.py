"""What another process makes is what is made in this one, whatever becomes of the other."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ldn_spark.reporting import aside
from ldn_spark.reporting.figures.copies import draw_ahead, draw_by_copies, draw_here
from ldn_spark.reporting.publication import Publication, make_here
from tests.unit.few_persons import moments
from tests.unit.reporting.paper_like import ATTRITION, changed

BEFORE_ONLY = (2, 0, 30, 0, 0)
AFTER_ONLY = (0, 1, 0, 10, 0)
BOTH = (1, 2, 20, 50, 0)


@pytest.fixture
def publication(definition):
    cohort, groups = [], []
    for stratum, people in (
        ("LDNx1", [BEFORE_ONLY, BOTH, AFTER_ONLY]),
        ("LDNx2-3", [BOTH, BOTH, AFTER_ONLY]),
        ("LDNx4+", [BEFORE_ONLY, BEFORE_ONLY, BOTH]),
    ):
        for outcome in ("all", "N05A"):
            groups.append(moments(stratum, outcome, people))
        cohort.append(
            {
                "subgroup": "overall",
                "stratum": stratum,
                "persons": 3,
                "women": 2,
                "men": 1,
                "age_known": 3,
                "age_sum": 120,
                "age_sum_squares": 5_000,
                "exposure_dispenses": 5,
            }
        )
    days = [
        {
            "subgroup": "overall",
            "stratum": stratum,
            "outcome": "all",
            "day": day,
            "step_sum": 20_000_000,
            "step_sum_squares": 400_000_000_000_000,
        }
        for stratum in ("LDNx1", "LDNx4+")
        for day in (-300, -1, 0, 200)
    ]
    return Publication(
        study=definition,
        moments={"cohort_moments": cohort, "group_moments": groups, "daily_moments": days},
        attrition=ATTRITION,
        provenance={"warnings": ["the extract is short"]},
        study_hash="0f" * 32,
        software_version="0.1.0",
    )


def made_aside(publication):
    with aside.making_aside() as other:
        other.prepare(publication.study)
        return other.make(publication)()


def test_the_same_bytes(publication):
    here = make_here(publication)()
    assert made_aside(publication) == here
    assert here.warnings == ("the extract is short",)
    assert "figures/figure4.svg" in here.contents


def test_without_a_contrast(definition, publication):
    bare = Publication(
        **{name: getattr(publication, name) for name in Publication.__slots__}
        | {"study": changed(definition, "contrasts", [])}
    )
    here = make_here(bare)()
    assert made_aside(bare) == here
    assert "figures/figure3.svg" not in here.contents


def test_it_need_not_be_prepared(publication):
    with aside.making_aside() as other:
        assert other.make(publication)() == make_here(publication)()


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


@pytest.mark.parametrize("when", ["before it is prepared", "before it is asked", "at its work"])
def test_a_lost_process_is_made_up_for(publication, started, when):
    with aside.making_aside() as other:
        if when == "before it is prepared":
            _kill(started[0])
        other.prepare(publication.study)
        if when == "before it is asked":
            _kill(started[0])
        answer = other.make(publication)
        _kill(started[0])
        assert answer() == make_here(publication)()


def _kill(process):
    process.kill()
    process.wait()


def test_no_process_can_be_started(publication, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert made_aside(publication) == make_here(publication)()


def test_a_process_that_is_never_asked_goes(started):
    with pytest.raises(ValueError, match="the study stops"), aside.making_aside():
        raise ValueError("the study stops")
    assert started[0].returncode is not None


def test_a_fault_is_seen(publication):
    """The other process says nothing; this one raises what it would have raised by itself."""
    broken = Publication(
        **{name: getattr(publication, name) for name in Publication.__slots__}
        | {"moments": {"cohort_moments": None, "group_moments": [], "daily_moments": []}}
    )
    with pytest.raises(TypeError):
        make_here(broken)()
    with pytest.raises(TypeError):
        made_aside(broken)


def test_figures_drawn_ahead_and_by_copies(definition, results):
    ahead = draw_ahead(definition)
    assert [figure.id for figure in ahead] == ["figure4"]
    assert draw_by_copies(definition, results, ahead=ahead)() == draw_here(definition, results)()
    assert draw_by_copies(definition, results)() == draw_here(definition, results)()


def test_a_fault_of_a_copy_is_raised_here(definition, results):
    broken = definition.model_copy(update={"figures": None})
    with pytest.raises(AttributeError):
        draw_here(broken, results)()
    with pytest.raises(AttributeError):
        draw_by_copies(broken, results)()
