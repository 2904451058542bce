"""`ldn verify`: whether everything in a lake is as it was written."""

from __future__ import annotations

from contextlib import nullcontext

from ldn_spark.cli.options import LakeArgument, LogFormat
from ldn_spark.cli.reporters import progress_shown


def verify(lake: LakeArgument, log_format: LogFormat) -> None:
    """Read everything in a lake and name what is damaged; nothing is changed.

    All versions, runs and the ledger: records, logs and data files, by their SHA-256; files of
    earlier software versions, which have none, by the checksums of their pages. No engine is
    started. The exit code is 40 where anything is damaged or gone.
    """
    from ldn_spark.cli.consoles import standard_output
    from ldn_spark.errors import EngineError
    from ldn_spark.lake.faults import translated_faults
    from ldn_spark.lake.readers import present
    from ldn_spark.lake.verify import verify_lake
    from ldn_spark.lake.versions import known_versions
    from ldn_spark.shown import counted, numbered

    with (
        progress_shown(log_format),
        translated_faults("verifying the lake"),
        present(lake) if known_versions(lake) else nullcontext(),
    ):
        found = verify_lake(lake)
    if found.problems:
        raise EngineError(found.problems)
    console = standard_output()
    console.print(
        f"The lake is as it was written: {numbered(found.versions, 'version')}, "
        f"{numbered(found.tables, 'table')}, {numbered(found.runs, 'run')}, "
        f"{numbered(found.files, 'data file')}, {numbered(found.bytes, 'byte')}."
    )
    if found.unchecked:
        are = "file has" if found.unchecked == 1 else "files have"
        console.print(
            f"{counted(found.unchecked)} {are} no recorded checksum (an earlier software version "
            "wrote them): their pages were read."
        )
