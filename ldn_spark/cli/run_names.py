"""Names of runs on the command line: they must be plain."""

from __future__ import annotations

from ldn_spark.runs.run_ids import require_run_id


def run_id(text: str | None) -> str | None:
    """The name of a run.

    Raises:
        UsageError: it could not name a folder everywhere.
    """
    return None if text is None else require_run_id(text)
