"""What a run loads: its start costs more than its work on a small registry."""

from __future__ import annotations

import pytest

FOR_FILES_ALONE = ("scipy", "matplotlib", "PIL", "jinja2")
NEVER = ("pandas", "rich")  # no table of pandas, and no terminal


@pytest.mark.parametrize("library", [*FOR_FILES_ALONE, *NEVER])
def test_the_process_that_asks_the_engine_does_without(every_command, engine, library):
    if engine == "spark" and library == "pandas":
        pytest.skip("Spark's own client loads it")
    assert {"ldn_spark.runs.pipeline", "ldn_spark.runs.publish_step"} <= every_command.loaded_by_run
    assert library not in every_command.loaded_by_run
