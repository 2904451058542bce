"""What several tests look at, made once."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.commands import ldn


class EveryCommand(NamedTuple):
    """Where the commands of a study have written, and what the process of the run loaded."""

    delivery: Path
    lake: Path
    out: Path
    loaded_by_run: frozenset[str]


@pytest.fixture(scope="session")
def engine(request):
    """The engine of commands in processes of their own."""
    chosen = request.config.getoption("--engine")
    return chosen if chosen != "both" else "sail"


@pytest.fixture(scope="session")
def every_command(tmp_path_factory, engine):
    """A small study from its invented delivery to its comparison, under a umask of nothing."""
    root = tmp_path_factory.mktemp("every_command")
    delivery, lake, out = root / "delivery", root / "lake", root / "out"
    options = ["--engine", engine]
    ldn("simulate", delivery, "--people", "4000", *options)
    ldn("ingest", delivery, "--lake", lake, *options)
    ldn("quality", "--lake", lake, "--study", "ldn_2013", *options)
    run = ["run", "ldn_2013", "--lake", lake, "--out", out, *options]
    done = ldn(*run, PYTHONPROFILEIMPORTTIME="1")
    ldn("compare", done.stdout.splitlines()[-1])
    told = [line.rpartition("|") for line in done.stderr.splitlines()]
    loaded = frozenset(name.strip() for head, _, name in told if head.startswith("import time:"))
    return EveryCommand(delivery, lake, out, loaded)
