"""The key of a run: same key, same numbers."""

from __future__ import annotations

from types import SimpleNamespace

from ldn_spark.runs.run import run_key
from ldn_spark.study.atc.translation import UNTRANSLATED, Move, Part, Translation

STUDY = SimpleNamespace(hash="hash")
VERSION = SimpleNamespace(
    erasures={}, files=[SimpleNamespace(sha256="b"), SimpleNamespace(sha256="a")]
)
MOVED = Translation(2013, (), (Part(2024, 2024, moves=(Move("N02BF01", "N03AX12"),)),))


def key(*translations):
    return run_key(STUDY, VERSION, "1.0", translations)


def test_codes_that_are_taken_as_they_are_leave_the_key_as_it_is():
    assert key(UNTRANSLATED) == key(UNTRANSLATED, UNTRANSLATED) == key()


def test_how_the_codes_of_any_exposure_are_read_counts():
    assert len({key(UNTRANSLATED), key(MOVED), key(MOVED, MOVED)}) == 3
    assert key(UNTRANSLATED, MOVED) != key(UNTRANSLATED)
