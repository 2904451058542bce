"""Hundreds of broken settings, lists, tables and deliveries: read, or refused with a place."""

from __future__ import annotations

from pathlib import Path

import pytest

KIT = Path(__file__).parents[2] / "benchmarks"
INPUTS = {
    "study.yaml": 130,
    "source.yaml": 130,
    "codelist.csv": 60,
    "alterations.csv": 60,
    "lookup.csv": 60,
    "published.csv": 60,
    "delivered_text.csv": 40,
    "delivered_utf16.csv": 20,
    "delivered_latin1.csv": 20,
    "delivered_packed.gz": 40,
    "delivered_parquet.parquet": 60,
    "delivered_spss.sav": 25,
    "delivered_stata.dta": 25,
    "delivered_sas.xpt": 25,
}


@pytest.fixture
def fuzz(monkeypatch):
    monkeypatch.syspath_prepend(str(KIT))
    import fuzz

    return fuzz


def test_every_kind_of_input_has_its_share(fuzz):
    assert INPUTS.keys() == fuzz.KINDS.keys()
    assert sum(INPUTS.values()) >= 500


@pytest.mark.parametrize("kind", INPUTS)
def test_what_is_broken_is_refused_with_its_place(fuzz, kind):
    ended, failures = fuzz.fuzz(fuzz.KINDS[kind], map(str, range(INPUTS[kind])))
    assert not failures, "\n".join(failure.what for failure in failures)
    refused = ended["3"] + ended["10"]
    assert refused > INPUTS[kind] / 4, "hardly anything was broken"
    assert ended["read"] > INPUTS[kind] / 60, "hardly anything was read"


@pytest.mark.parametrize(
    ("what", "told"),
    [
        (lambda path: int("x"), "ValueError"),
        (lambda path: path.unlink() or path.read_text(), "FileNotFoundError"),
        (lambda path: _refuse("", "is wrong"), "no place or no fault"),
        (lambda path: _refuse(str(path), ""), "no place or no fault"),
        (
            lambda path: _refuse(str(path), "a" * 2_000 + "\n" + "b" * 9_000, 1),
            "is not in the list",
        ),
        (lambda path: _wait(), "took more than"),
    ],
    ids=["bug", "traceback", "no place", "no fault", "exit code", "time"],
)
def test_the_harness_sees_what_breaks_the_rule(fuzz, monkeypatch, what, told):
    monkeypatch.setattr(fuzz, "SECONDS", 0.2)

    def read(path):
        path.write_bytes(b"")
        what(path)

    kind = fuzz.Kind("study.yaml", lambda: [b"id: a\n"], [fuzz.mutate_yaml], read)
    ended, failures = fuzz.fuzz(kind, ["1"])
    assert ended == {"broken": 1}
    assert told in failures[0].what


@pytest.mark.parametrize("kind", INPUTS)
def test_a_seed_gives_one_input(fuzz, kind):
    made = [fuzz.make(fuzz.KINDS[kind], str(seed)) for seed in (*range(20), *range(20))]
    assert made[:20] == made[20:]
    assert len(set(made)) > 15


def _refuse(where, what, exit_code=3):
    from ldn_spark.errors import ConfigError, Problem

    error = ConfigError(Problem(where, what))
    error.exit_code = exit_code
    raise error


def _wait():
    while True:
        pass
