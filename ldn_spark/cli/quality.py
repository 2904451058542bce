"""`ldn quality`: what the data of a lake are like."""

from __future__ import annotations

import typer

from ldn_spark.cli.beginning import begin_in_lake
from ldn_spark.cli.options import (
    AsOf,
    AtcVersions,
    Codelists,
    Engine,
    LakeFolder,
    LogFormat,
    QualityFolder,
    RepeatedLines,
    ShareGroup,
    Studies,
)


def quality(
    lake: LakeFolder,
    study: Studies,
    out: QualityFolder,
    repeated_lines: RepeatedLines,
    as_of: AsOf,
    codelist: Codelists,
    atc_version: AtcVersions,
    share_group: ShareGroup,
    engine: Engine,
    log_format: LogFormat,
) -> None:
    """Report what the data are like; the last line on standard output is the report's folder.

    The page quality.html and a CSV per table: lines by file and reason, dispensings by month, DDDs
    by ATC code, persons, and for every study whether the extract covers it and which codes find
    nothing. The exit code is 0 whatever is found.
    """
    name = begin_in_lake(engine, lake, out, share_group=share_group)

    from ldn_spark.cli.consoles import standard_output
    from ldn_spark.cli.named_files import named_files
    from ldn_spark.cli.reporters import progress_shown
    from ldn_spark.cli.views import show_mark
    from ldn_spark.engine.sessions import open_engine
    from ldn_spark.lake.readers import reading
    from ldn_spark.lake.versions import Lake, read_version
    from ldn_spark.runs.quality.report import (
        quality_folder,
        require_report_place,
        write_quality_report,
    )
    from ldn_spark.study.atc.stated_versions import stated_versions
    from ldn_spark.study.load import load_study

    stated = stated_versions(atc_version)
    replace = named_files(codelist)
    studies = [load_study(one, replace) for one in dict.fromkeys(study or ())]
    version = read_version(lake, as_of)
    folder = out or quality_folder(lake, version)
    require_report_place(folder)  # say so before an engine is started for nothing
    with (
        progress_shown(log_format),
        open_engine(name) as spark,
        reading(lake, version.number) as version,
    ):
        found = write_quality_report(
            Lake(spark, lake),
            version,
            studies,
            folder,
            stated=stated,
            repeated_lines=repeated_lines,
        )
    console = standard_output()
    for finding in found:
        console.print(f"  {finding}", markup=False)
    if not found:
        console.print("  Nothing stands out.")
    show_mark(console, version)
    typer.echo(str(folder))
