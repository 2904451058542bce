"""What the package says of itself, in every file that says it."""

from __future__ import annotations

import configparser
import subprocess
import sys
from pathlib import Path

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
