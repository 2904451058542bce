"""Why two runs differ: what they were made of otherwise is named, key by key and file by file."""

from __future__ import annotations

import copy

import pytest

from ldn_spark.runs.made_of import made_otherwise
from ldn_spark.runs.manifest_file import Manifest
from tests.unit.runs.run_folders import manifest_of

FILE = {"name": "a.txt", "sha256": "ab" * 32, "lines": 9, "version": 1}


def in_study(*path, value):
    def change(said):
        part = said["study"]["definition"]
        for key in path[:-1]:
            part = part[key]
        part[path[-1]] = value

    return change


def in_part(name, **values):
    return lambda said: said[name].update(values)


def without_last_outcome(said):
    said["study"]["definition"]["outcomes"].pop()


CASES = {
    "a key within a key": (
        in_study("exposure", "index_event", "rule", value="any"),
        ["study file: other exposure.index_event.rule"],
    ),
    "an item by its id": (
        in_study("outcomes", 1, "atc", value=["N03B"]),
        ["study file: other outcomes.N03A.atc"],
    ),
    "an item that is gone": (without_last_outcome, ["study file: other outcomes.bz"]),
    "the order of items": (
        lambda said: said["study"]["definition"]["outcomes"].reverse(),
        ["study file: other outcomes (the order)"],
    ),
    "the order of keys alone": (
        lambda said: said["study"].update(
            definition=dict(reversed(said["study"]["definition"].items()))
        ),
        [],
    ),
    "a list": (
        lambda said: said["study"]["codelists"].update(ldn=["1", "3"]),
        ["codelist ldn: 1 come, 1 gone"],
    ),
    "a file taken in": (
        in_part("input", lake_version=2, files=[FILE, {**FILE, "name": "b.txt", "version": 2}]),
        ["lake version: 2", "files taken in: b.txt (9 lines, version 2)"],
    ),
    "a file of the same name": (
        in_part("input", files=[{**FILE, "sha256": "cd" * 32}]),
        ["files taken in: a.txt (9 lines, version 1)", "files that are not there: a.txt"],
    ),
    "lines that were replaced": (
        in_part("input", files=[{**FILE, "superseded": 4}]),
        ["files of which lines were replaced: a.txt (4 lines)"],
    ),
    "software": (
        in_part("software", source_sha256="ef" * 32, engine="spark", packages={"numpy": "9"}),
        ["source: efefefef", "engine: spark", "numpy: 9"],
    ),
    "the version of the lake is no other command": (
        lambda said: said.update(command="ldn run a --as-of 2"),
        [],
    ),
    "an option": (
        lambda said: said.update(command="ldn run a --as-of 1 --atc-version 2024"),
        ["command: ldn run a --atc-version 2024"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_differs(definition, case):
    change, expected = CASES[case]
    said = manifest_of(definition)
    said["input"] = {"lake_version": 1, "files": [FILE]}
    said["study"]["codelists"] = {"ldn": ["1", "2"]}
    said |= {"command": "ldn run a --as-of 1", "warnings": [], "outputs": [], "ended": ""}
    other = copy.deepcopy(said)
    change(other)
    old, new = (Manifest.model_validate({**one, "sha256": "0f" * 32}) for one in (said, other))
    found = made_otherwise(old, new)
    assert [f"{one.what}: {one.new}" for one in found] == expected
    assert not made_otherwise(old, old)
