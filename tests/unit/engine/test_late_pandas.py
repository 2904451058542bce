"""PySpark's client without pandas, and pandas whole as soon as anybody wants it."""

from __future__ import annotations

import subprocess
import sys

import pytest

BEGIN = """
import sys
from ldn_spark.engine.late_pandas import without_pandas
with without_pandas():
    import pyspark.sql.connect.session as session
    import pyspark.sql.connect.dataframe
"""


@pytest.mark.parametrize(
    ("then", "says"),
    [
        ("print([name for name in sys.modules if name.startswith('pandas')])", "[]"),
        ("print(isinstance([], session.pd.DataFrame), 'pandas' in sys.modules)", "False False"),
        ("print(session.pd.DataFrame({'x': [1, 2]}).x.sum(), 'pandas' in sys.modules)", "3 True"),
        ("import pandas; print(isinstance(pandas.DataFrame(), session.pd.DataFrame))", "True"),
        ("print(session.pd.Timestamp('2013-01-01').year)", "2013"),
        (
            "import pandas; "
            "print(session.is_datetime64_dtype(pandas.to_datetime(['2013-01-01']).dtype))",
            "True",
        ),
    ],
)
def test_pandas_comes_when_it_is_used(then, says):
    done = subprocess.run([sys.executable, "-c", BEGIN + then], capture_output=True, text=True)
    assert (done.stdout.strip(), done.returncode) == (says, 0), done.stderr


def test_a_loaded_pandas_stays():
    code = "import pandas" + BEGIN + "print(session.pd is pandas)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "True", done.stderr


def test_another_thread_gets_the_real_one():
    code = """
import sys, threading
from ldn_spark.engine.late_pandas import without_pandas
def load():
    with without_pandas():
        import pyspark.sql.connect.session as session
        print(session.pd is sys.modules["pandas"], session.pd.DataFrame({"x": [1]}).x.sum())
thread = threading.Thread(target=load)
thread.start()
thread.join()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "True 1", done.stderr


def test_what_fails_inside_leaves_nothing_behind():
    code = """
import sys
from ldn_spark.engine.late_pandas import without_pandas
try:
    with without_pandas():
        raise ValueError
except ValueError:
    print("pandas" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
