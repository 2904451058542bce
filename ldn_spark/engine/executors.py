"""See that a cluster gives any executor before work is asked of it, which would wait for ever."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ldn_spark.errors import Problem, ResourceError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PATIENCE = "spark.ldn.executorSeconds"
"""For how many seconds the first executor is waited for."""
_SECONDS = "120"
_LOOK_SECONDS = 0.5
_ASKED = {
    "spark.executor.instances": "2",
    "spark.executor.cores": "all",
    "spark.executor.memory": "1g",
}


def require_executors(spark: SparkSession) -> None:
    """Wait for the first executor; on one machine there is none to wait for.

    Raises:
        ResourceError: none came in time. What was asked of each is named.
    """
    context = spark.sparkContext
    if context.master.startswith("local"):
        return
    settings = context.getConf()
    seconds = float(settings.get(PATIENCE, _SECONDS))
    until = time.monotonic() + seconds
    registered = context._jsc.sc().getExecutorMemoryStatus  # with the driver
    while registered().size() < 2:
        if time.monotonic() > until:
            asked = {name: settings.get(name, usual) for name, usual in _ASKED.items()}
            told = ", ".join(f"{name}={text}" for name, text in asked.items())
            what = f"the cluster gave no executor in {seconds:.0f} seconds; asked for were {told}"
            mend = (
                "ask for less (--conf), wait for room, or see the master's page; "
                f"--conf {PATIENCE}=600 waits longer"
            )
            raise ResourceError(Problem(f"--master {context.master}", what, mend))
        time.sleep(_LOOK_SECONDS)
