"""A study on a standalone cluster of two workers, disturbed and not; with `--nightly` alone."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.integration.commands import ldn

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from cluster import CASES, Case, standalone

pytestmark = [
    pytest.mark.own_engine,
    pytest.mark.skipif(not find_spec("pysail"), reason="the embedded engine is compared with"),
]


@pytest.fixture(scope="module")
def case(request, tmp_path_factory):
    if not request.config.getoption("--nightly"):
        pytest.skip("minutes of Spark: with --nightly alone")
    root = tmp_path_factory.mktemp("cluster")
    ldn("simulate", root / "delivered", "--people", "4000", "--engine", "sail")
    (root / "cluster").mkdir()
    with standalone(root / "cluster") as cluster:
        yield Case(cluster, root / "delivered", root)


@pytest.mark.parametrize("name", CASES)
def test_on_a_cluster(case, name):
    assert getattr(case, name)() == ""
