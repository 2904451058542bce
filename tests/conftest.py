"""Fixtures of the whole test run.

The session `spark` is started once per engine. Its tests run on one engine after the other:
pytest groups them, so that the two never live in this process together (PySpark decides by an
environment variable whether it speaks to a server). `--engine sail` or `--engine spark` runs them
on one engine alone. A test that is slow on Spark and says nothing about it is marked
`only_engine("sail")`; one that starts engines by itself is marked `own_engine` and comes first.
What takes long on an engine and is seldom another there is marked `nightly("spark")`, and runs
there with `--nightly` alone.
"""

from __future__ import annotations

import importlib.util
import logging

import pytest

from ldn_spark.engine.sessions import ENGINES, open_engine


def pytest_addoption(parser):
    parser.addoption(
        "--engine", choices=(*ENGINES, "both"), default="both", help="engine of the Spark tests"
    )
    parser.addoption(
        "--nightly", action="store_true", help="also tests that are long on one of the engines"
    )
    parser.addoption(
        "--engine-tests-only", action="store_true", help="only tests on the session's engine"
    )


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "only_engine(name): run on this engine alone; another test covers the other"
    )
    config.addinivalue_line(
        "markers", "nightly(name): run on this engine with --nightly alone; it takes long there"
    )
    config.addinivalue_line(
        "markers", "own_engine: starts an engine by itself, so it runs before the session's engines"
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    if config.getoption("--engine-tests-only"):
        others = [item for item in items if "spark" not in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]
    items.sort(key=lambda item: item.get_closest_marker("own_engine") is None)


def pytest_generate_tests(metafunc):
    if "spark" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--engine")
        engines = ENGINES if chosen == "both" else (chosen,)
        if only := metafunc.definition.get_closest_marker("only_engine"):
            engines = tuple(engine for engine in engines if engine in only.args)
        if not metafunc.config.getoption("--nightly"):
            late = metafunc.definition.get_closest_marker("nightly")
            engines = tuple(one for one in engines if late is None or one not in late.args)
        metafunc.parametrize("spark", engines, indirect=True, scope="session")


@pytest.fixture(scope="session")
def spark(request):
    """A session with two shuffle partitions on the engine of this test."""
    if request.param == "sail" and importlib.util.find_spec("pysail") is None:
        pytest.skip("pysail is not installed")
    with open_engine(request.param, app_name="ldn tests", cores=2) as session:
        session.conf.set("spark.sql.shuffle.partitions", "2")
        yield session


@pytest.fixture
def reports():
    """All that is reported of how far work is during a test, as it comes."""
    heard = []

    class Heard(logging.Handler):
        def emit(self, record):
            heard.append(record.progress)

    logger, handler = logging.getLogger("ldn_spark.progress"), Heard()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield heard
    logger.removeHandler(handler)
    logger.setLevel(level)
