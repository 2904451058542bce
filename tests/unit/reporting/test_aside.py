"""What another process makes is what is made in this one, whatever becomes of the other."""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from ldn_spark.errors import ConfigError, Problem
from ldn_spark.reporting import aside
from ldn_spark.reporting.publication import make_here
from tests.unit.reporting.paper_like import changed
from tests.unit.reporting.publications import small_publication

GAP = {"id": "gap", "label": "30 days apart", "before": [-365, -31], "after": [30, 364]}
SSRI = {"id": "ssri", "name": "an antidepressant", "abbreviation": "SSRI", "atc": ["N06AB"]}


@pytest.fixture(scope="module")
def publication(definition):
    return small_publication(definition)


@pytest.fixture(scope="module")
def here(publication):
    """What this process makes."""
    return make_here(publication)()


def made_aside(publication):
    with aside.making_aside() as other:
        other.prepare(publication.study)
        return other.make(publication)()


def test_the_same_bytes(publication, here):
    assert made_aside(publication) == here
    assert here.warnings[:2] == (
        "the extract is short",
        "the stratum LDN×1 has 3 patients, fewer than 5",
    )
    assert {f"figures/figure{n}.svg" for n in (1, 2, 3, 4)} <= set(here.contents)


def test_without_a_contrast(definition, publication):
    bare = replace(publication, study=changed(definition, "contrasts", []))
    here = make_here(bare)()
    assert made_aside(bare) == here
    assert "figures/figure3.svg" not in here.contents


def test_several_studies_one_after_the_other(publication, here, definition):
    """The second is of two pairs of windows and two exposures, which copies share."""
    wide = changed(changed(definition, "designs", [GAP]), "exposures", [SSRI])
    second = small_publication(changed(wide, "id", "another"))
    with aside.making_aside() as other:
        for one in (publication, second):
            other.prepare(one.study)
        assert other.make(publication)() == here
        made = other.make(second)()
    assert made == make_here(second)()
    assert {"tables/gap/table3.csv", "tables/ssri/gap/table3.csv"} <= set(made.contents)


def test_it_need_not_be_prepared(publication, here):
    with aside.making_aside() as other:
        assert other.make(publication)() == here


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
def test_a_lost_process_is_made_up_for(publication, here, started, when):
    with aside.making_aside() as other:
        if when == "before it is prepared":
            _kill(started[0])
        other.prepare(publication.study)
        if when == "before it is asked":
            _kill(started[0])
        answer = other.make(publication)
        _kill(started[0])
        assert answer() == here


def _kill(process):
    process.kill()
    process.wait()


def test_no_process_can_be_started(publication, here, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert made_aside(publication) == here


def test_a_process_that_is_never_asked_goes(started):
    with pytest.raises(ValueError, match="the study stops"), aside.making_aside():
        raise ValueError("the study stops")
    assert started[0].returncode is not None


def test_a_fault_of_the_other_process_is_raised_here(publication):
    broken = replace(
        publication,
        moments={"cohort_moments": None, "design_moments": [], "daily_moments": []},
    )
    with pytest.raises(TypeError) as raised:
        made_aside(broken)
    assert "in analyse_moments" in raised.value.__notes__[0]


def test_a_fault_of_preparing_is_raised_before_anything_is_made(definition):
    with aside.making_aside() as other:
        other.check()
        other.prepare(definition.model_copy(update={"windows": None}))
        with pytest.raises(AttributeError):
            _check_until_it_raises(other)


def _check_until_it_raises(other):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        other.check()
        time.sleep(0.05)


class Unsendable(Exception):
    def __reduce__(self):
        raise TypeError("cannot be sent")


@pytest.mark.parametrize(
    ("fault", "type_", "text"),
    [
        (KeyError("curves"), KeyError, "'curves'"),
        (ConfigError([Problem("a", "b", "c"), Problem("d", "e")]), ConfigError, "a: b; c\nd: e"),
        (Unsendable("lost"), RuntimeError, "Unsendable: lost"),
        (OSError(28, "No space left", "here"), OSError, "[Errno 28] No space left: 'here'"),
    ],
)
def test_any_fault_can_be_sent(fault, type_, text):
    found = pickle.loads(aside._fault_content(fault))
    assert type(found) is type_
    assert str(found) == text
    assert found.__notes__[0].startswith("In the process that makes the files:")
