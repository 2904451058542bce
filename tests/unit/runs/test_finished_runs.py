"""A finished run is read with its checksums: what became of a file is said, nothing is shown."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil

import pytest

from ldn_spark import __version__
from ldn_spark.cli.app import run as ldn
from ldn_spark.cli.finished import open_finished
from ldn_spark.errors import ResultsError
from ldn_spark.texts.sealed import sealed
from tests.unit.runs.run_folders import RUN_ID, write_run

COMMANDS = ("show", "compare")
MANY_DIGITS = f'{{"sha256": 1{"0" * 5000}}}'
HEADER = "table,stratum,outcome,quantity,value,status,reason"
FILES = ("manifest.json", "estimates.csv", "curves.csv", "attrition.csv")


@pytest.fixture(scope="module")
def finished(definition, results, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    return write_run(out / definition.id / RUN_ID, definition, results)


@pytest.fixture
def copy(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


def refused(capsys, place, named, command="show"):
    """What is said; the exit code is 3, and the file is named."""
    code = ldn([command, str(place)])
    said = capsys.readouterr()
    assert code == 3, said.err
    assert said.out == ""
    assert named in said.err.replace("\n", "")
    return " ".join(said.err.split())


def test_an_untouched_run(finished, capsys):
    for command in COMMANDS:
        assert ldn([command, str(finished)]) == 0, capsys.readouterr().err


def changed_digit(content):
    """The last digit is another one."""
    head, digit, tail = re.fullmatch(rb"(.*)(\d)(\D*)", content, re.DOTALL).groups()
    return head + (b"1" if digit == b"0" else b"0") + tail


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-1000]),
        lambda path: path.write_bytes(changed_digit(path.read_bytes())),
        lambda path: path.write_bytes(b"\xff\xfe" + path.read_bytes()),
        lambda path: path.write_bytes(path.read_bytes() + b"\0"),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.unlink(), os.mkfifo(path)),
    ],
    ids=["gone", "empty", "half", "changed", "utf-16", "nul", "folder", "pipe"],
)
def test_a_damaged_file(copy, capsys, command, name, damage):
    damage(copy / name)
    refused(capsys, copy, name, command)


def mutations(content, rng, number):
    """Bytes changed, taken away, put in, doubled and cut off."""
    for _ in range(number):
        at, length = rng.randrange(len(content)), rng.choice((1, 1, 2, 8, 100))
        part = bytes(rng.randrange(256) for _ in range(length))
        yield rng.choice(
            (
                content[:at],
                content[:at] + part + content[at + length :],
                content[:at] + part + content[at:],
                content[:at] + content[at + length :],
                content[:at] + content[at : at + length] + content[at:],
                content[:at] + content[at:].replace(b'"', rng.choice((b"[", b"1", b"null")), 1),
            )
        )


@pytest.mark.parametrize("name", FILES)
def test_any_mutation_is_told(copy, name):
    path, rng = copy / name, random.Random(20131128)
    original = path.read_bytes()
    run, found = open_finished(copy)
    passed = 0
    for content in mutations(original, rng, 100):
        if content == original:
            continue
        path.write_bytes(content)
        try:
            again = open_finished(copy)
        except ResultsError as error:
            named = [name in str(problem) for problem in error.problems]
        else:
            named = [again == (run, found)]  # as where a blank of a manifest became two
            passed += 1
        assert all(named)
    assert passed == 0 or (name == "manifest.json" and passed < 20)


def manifest_with(folder, **changes):
    """A manifest that says other things, with a checksum that fits."""
    content = json.loads((folder / "manifest.json").read_text()) | changes
    content.pop("sha256")
    text = json.dumps(sealed({key: value for key, value in content.items() if value != "gone"}))
    (folder / "manifest.json").write_text(text)


@pytest.mark.parametrize("key", ["run_id", "study", "software", "outputs", "warnings", "ended"])
@pytest.mark.parametrize("value", ["gone", None, [[]], {"a": 1}, 1])
def test_a_manifest_of_another_shape(copy, capsys, key, value):
    manifest_with(copy, **{key: value})
    assert f"manifest.json: {key}" in refused(capsys, copy, "manifest.json")


@pytest.mark.parametrize(
    "text", ["[]", "null", "3", '"a"', "[" * 100_000, "{}", '{"a": NaN}', MANY_DIGITS]
)
def test_no_manifest_at_all(copy, capsys, text):
    (copy / "manifest.json").write_text(text)
    refused(capsys, copy, "manifest.json")


def test_a_study_of_an_older_version(copy, capsys):
    content = json.loads((copy / "manifest.json").read_text())
    del content["study"]["definition"]["returns"]
    manifest_with(copy, study=content["study"], software={"ldn_spark": "0.0.9"})
    said = refused(capsys, copy, "manifest.json")
    assert "study.definition: returns: is missing" in said
    assert f"made by ldn_spark 0.0.9, this is {__version__}" in said


def test_a_manifest_of_an_older_version(copy, capsys):
    content = json.loads((copy / "manifest.json").read_text())
    del content["sha256"]
    content["software"]["ldn_spark"] = "0.0.9"
    (copy / "manifest.json").write_text(json.dumps(content))
    said = refused(capsys, copy, "manifest.json")
    assert "sha256: is missing; read it with ldn_spark 0.0.9, which made it" in said


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a,b\n", "line 1"),
        (f"{HEADER}\ncohort,LDNx1,,persons,3,ok,\ncohort,LDNx1,,men,many,ok,\n", "line 3"),
        (f"{HEADER}\ncohort,LDNx1,,persons,3\n", "line 2"),
        (f'{HEADER}\ncohort,"LDNx1,,persons,3,ok,\n', "line 2"),
        (f"{HEADER}\ncohort,\xff,,persons,3,ok,\n", "is not UTF-8"),
    ],
)
def test_rows_that_are_none_of_ours(copy, capsys, text, where):
    """The checksums fit: a manifest was written for them."""
    (copy / "estimates.csv").write_bytes(text.encode("latin-1"))
    outputs = json.loads((copy / "manifest.json").read_text())["outputs"]
    manifest_with(copy, outputs=[_output(copy, one) for one in outputs])
    assert where in refused(capsys, copy, "estimates.csv")


def _output(folder, one):
    content = (folder / one["path"]).read_bytes()
    return one | {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def test_a_comparison_leaves_the_run_as_its_manifest_says(copy, capsys):
    (copy / "compare.csv").write_text("the run's own\n")
    outputs = json.loads((copy / "manifest.json").read_text())["outputs"]
    manifest_with(copy, outputs=[*outputs, _output(copy, {"path": "compare.csv"})])
    assert ldn(["compare", str(copy)]) == 0
    assert (copy / "compare.csv").read_text() == "the run's own\n"
    assert "is kept" in capsys.readouterr().err


def test_places_that_mean_the_newest_run(finished, tmp_path, capsys, definition, results):
    study = tmp_path / "out" / definition.id
    older, newest = (study / f"2026112{day}T030000000000Z-0f0f0f0f" for day in (7, 9))
    for folder in (newest, older):
        shutil.copytree(finished, folder)
    (study / ".20261130T030000000000Z-0f0f0f0f.partial").mkdir()
    (study / "latest").write_text(f"{older.name}\n")
    for place in (study.parent, study, study / "latest"):
        assert ldn(["show", str(place)]) == 0
        assert capsys.readouterr().err.split() == ["the", "newest", "run:", str(newest)]
    assert ldn(["show", str(older)]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("place", "code"), [("", 3), ("latest", 3), ("empty", 3), ("nowhere", 2), ("file", 2)]
)
def test_places_without_a_run(tmp_path, capsys, place, code):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    assert ldn(["show", str(tmp_path / place)]) == code
    assert "`ldn run` printed last" in " ".join(capsys.readouterr().err.split())
