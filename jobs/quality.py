"""What the data of a lake are like: lake -> folder with the quality report."""

from __future__ import annotations

from pathlib import Path

from ldn_spark.cli.job import job_parser, named_files, open_reporter, run_job
from ldn_spark.io.engines import open_engine
from ldn_spark.io.lake import Lake, read_version
from ldn_spark.quality_report import quality_folder, write_quality_report
from ldn_spark.study.load import load_study
from ldn_spark.study.stated_versions import OPTION, stated_versions


def main(args) -> None:
    studies = [load_study(name, named_files(args.codelist)) for name in dict.fromkeys(args.study)]
    version = read_version(args.lake, args.as_of)
    folder = args.out or quality_folder(args.lake, version)
    with (
        open_reporter(args.log_format) as report,
        open_engine(args.engine, app_name="ldn: quality") as spark,
    ):
        write_quality_report(
            Lake(spark, args.lake),
            version,
            studies,
            folder,
            stated=stated_versions(args.atc_version),
            repeated_lines=args.repeated_lines,
            report=report,
        )
    print(folder)


if __name__ == "__main__":
    parser = job_parser(__doc__)
    parser.add_argument("--lake", type=Path, required=True, help="the lake")
    parser.add_argument("--study", action="append", default=[], help="may be repeated")
    parser.add_argument("--out", type=Path, help="default: LAKE/quality/VERSION")
    parser.add_argument("--repeated-lines", action="store_true", help="reads every dispensing")
    parser.add_argument("--as-of", type=int, help="an earlier version of the lake")
    parser.add_argument("--codelist", action="append", metavar="NAME=FILE", default=[])
    parser.add_argument(OPTION, action="append", metavar="YEAR", default=[])
    run_job(main, parser)
