"""Rows come to the driver in one module: whoever names an action elsewhere is found."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SEAM = "ldn_spark/engine/collect.py"
ACTIONS = {"collect", "toPandas", "toArrow", "toLocalIterator", "foreach", "foreachPartition"}
"""Nothing but a frame of an engine has these."""
COUNTING = {"count", "first", "head", "tail", "take", "show", "isEmpty"}
"""Lists and arrays have some of these too: looked at where a module knows of PySpark, and only
where they are called as a frame's are, with nothing or with a number of rows."""


def actions(source):
    """Line and name of every action that is named in a module."""
    tree = ast.parse(source)
    modules = {
        name
        for node in ast.walk(tree)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    knows_spark = any(name.split(".")[0] == "pyspark" for name in modules)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ACTIONS:
            yield node.lineno, node.attr
        if knows_spark and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            is_of_rows = all(isinstance(given, ast.Constant) for given in node.args)
            if node.func.attr in COUNTING and is_of_rows and not _is_of(node.func, "F", "pc"):
                yield node.lineno, node.func.attr


def _is_of(node, *names):
    """Whether it is a function of expressions or of arrays."""
    return isinstance(node.value, ast.Name) and node.value.id in names


def modules():
    return sorted((*PROJECT.glob("ldn_spark/**/*.py"), *PROJECT.glob("jobs/*.py")))


def test_rows_come_across_in_one_place():
    found = {
        f"{path.relative_to(PROJECT)}:{line} {name}"
        for path in modules()
        if str(path.relative_to(PROJECT)) != SEAM
        for line, name in actions(path.read_text(encoding="utf-8"))
    }
    assert found == set()
    assert list(actions((PROJECT / SEAM).read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "source",
    [
        "rows = frame.collect()",
        "def f(x):\n    return wait_for(x.where(y).toArrow)",
        "import pyspark\nframe.count()",
        "from pyspark.sql import functions as F\nif frame.limit(1).isEmpty(): pass",
        "if TYPE_CHECKING:\n    from pyspark.sql import DataFrame\nframe.count().head(1)",
    ],
)
def test_an_action_is_found(source):
    assert list(actions(source))


@pytest.mark.parametrize(
    "source",
    [
        "'a b'.count(' ')",
        "from pyspark.sql import functions as F\nframe.agg(F.count('*'), F.first('a'))",
        "from ldn_spark.engine import collect\ncollect.rows(frame)",
        "counted = array.take(order)",
    ],
)
def test_what_is_no_action_is_none(source):
    assert not list(actions(source))
