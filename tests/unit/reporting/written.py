"""A run's folder without a run."""

from __future__ import annotations

from pathlib import Path

from ldn_spark.reporting.contents import contents
from ldn_spark.runs.folder import write_files


def publish(results, study, folder, **stated) -> list[Path]:
    """Write the contents, with the same arguments, into a folder; every file that was written."""
    files = contents(results, study, **stated)
    write_files(Path(folder), files)
    return [Path(folder) / name for name in files]
