"""Work in threads, and an engine that starts while something else is done."""

from __future__ import annotations

import threading

import pytest

from ldn_spark.engine import sessions
from ldn_spark.engine.sessions import opening_engine
from ldn_spark.engine.waiting import wait_for_both
from ldn_spark.errors import UsageError


def test_two_works_at_the_same_time():
    meet = threading.Barrier(2, timeout=20)
    assert wait_for_both(lambda: meet.wait() >= 0, lambda: meet.wait() >= 0) == (True, True)


@pytest.mark.parametrize("number", [0, 1])
def test_the_first_error_is_raised(number):
    works = [lambda: 1, lambda: 1]
    works[number] = lambda: 1 // 0
    with pytest.raises(ZeroDivisionError):
        wait_for_both(*works)


def test_an_engine_that_cannot_start_is_told_of_when_it_is_asked_for():
    with opening_engine("abacus") as session, pytest.raises(UsageError, match="no engine"):
        session()


def test_what_was_wrong_before_it_was_asked_for_is_told_instead():
    with pytest.raises(ValueError, match="delivery"), opening_engine("abacus"):
        raise ValueError("the delivery is wrong")


@pytest.mark.parametrize("asked", [True, False])
def test_an_engine_that_was_started_is_stopped(monkeypatch, asked):
    seen = []

    class Engine:
        def __enter__(self):
            seen.append("started")
            return "session"

        def __exit__(self, *error):
            seen.append("stopped")

    monkeypatch.setattr(sessions, "open_engine", lambda name: Engine())
    with opening_engine("sail") as session:
        if asked:
            assert session() == "session"
    assert seen == ["started", "stopped"]
