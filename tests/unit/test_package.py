"""What the package says of itself, in every file that says it."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from ldn_spark import __version__

PROJECT = Path(__file__).parents[2]


def test_the_citation_is_of_this_version():
    citation = YAML(typ="safe").load(PROJECT / "CITATION.cff")
    assert citation["version"] == __version__
    assert citation["license"] == "MIT"
    assert citation["cff-version"] == "1.2.0"


def test_every_python_that_is_allowed_is_named():
    setup = configparser.ConfigParser()
    setup.read(PROJECT / "setup.cfg", encoding="utf-8")
    named = setup["metadata"]["classifiers"].split("\n")
    versions = [f"Programming Language :: Python :: 3.{minor}" for minor in (11, 12, 13, 14)]
    assert set(versions) <= set(named)
    assert setup["options"]["python_requires"] == ">=3.11"


def test_a_shell_completes_the_names_of_studies():
    words = {"COMP_WORDS": "ldn run ldn_o", "COMP_CWORD": "2", "_LDN_COMPLETE": "complete_bash"}
    command = [sys.executable, "-c", "from ldn_spark.cli import main; main()"]
    done = subprocess.run(command, env=words, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["ldn_opioids"]


def pinned(name):
    """Library -> the lines that pin it."""
    text = (PROJECT / "scripts" / name).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[A-Za-z0-9])", text)[1:]
    return [(re.match(r"([A-Za-z0-9._-]+)==", entry)[1].lower(), entry) for entry in entries]


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-test.txt"])
def test_every_library_is_pinned_with_hashes(name):
    entries = pinned(name)
    assert len(entries) > 40
    for library, entry in entries:
        assert entry.count("--hash=sha256:") >= 1, library


def test_what_the_project_requires_is_pinned():
    setup = configparser.ConfigParser()
    setup.read(PROJECT / "setup.cfg", encoding="utf-8")
    extras = setup["options.extras_require"]
    lists = {
        "constraints.txt": [setup["options"]["install_requires"], extras["embedded"]],
        "constraints-test.txt": [extras["test"], extras["build"]],
    }
    for name, requirements in lists.items():
        names = {re.sub(r"[_.]", "-", library) for library, _ in pinned(name)}
        for line in filter(None, "\n".join(requirements).split("\n")):
            required = re.match(r"[A-Za-z0-9._-]+", line)[0].lower()
            assert re.sub(r"[_.]", "-", required) in names, line


def test_tests_run_with_the_libraries_of_users():
    runtime, tests = (dict(pinned(name)) for name in ("constraints.txt", "constraints-test.txt"))
    versions = [{k: v.split("\\")[0] for k, v in one.items()} for one in (runtime, tests)]
    assert versions[0].items() <= versions[1].items()


def test_the_licence_of_every_library_is_known():
    table = (PROJECT / "docs" / "licences.md").read_text(encoding="utf-8").lower()
    for library, entry in pinned("constraints.txt"):
        if "sys_platform == 'win32'" in entry or library in ("setuptools", "colorama"):
            continue
        name = library.replace("-", "[-_.]")
        row = re.search(rf"^\| {name} +\| [^|]+ \| ([^|]+) \|", table, re.M)
        assert row, f"{library}: write docs/licences.md anew with scripts/licences.sh"
        assert "unknown" not in row[1], library
