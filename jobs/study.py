"""All stages of a study in one application: lake -> folder of results."""

from __future__ import annotations

from pathlib import Path

from ldn_spark.cli.job import job_parser, named_files, open_reporter, run_job
from ldn_spark.io.engines import open_engine
from ldn_spark.pipeline import run_study
from ldn_spark.reporting.aside import making_aside
from ldn_spark.study.load import load_study
from ldn_spark.study.stated_versions import OPTION, stated_versions


def main(args) -> None:
    study = load_study(args.study, named_files(args.codelist))
    with making_aside() as aside:
        aside.prepare(study.definition)
        with (
            open_reporter(args.log_format) as report,
            open_engine(args.engine, app_name=f"ldn: {study.definition.id}") as spark,
        ):
            folder = run_study(
                spark,
                study,
                args.lake,
                args.out,
                engine=args.engine,
                as_of=args.as_of,
                stated=stated_versions(args.atc_version),
                published=args.published,
                aside=aside,
                report=report,
            )
    print(folder)


if __name__ == "__main__":
    parser = job_parser(__doc__)
    parser.add_argument("study", help="a name in conf/studies, or a YAML file")
    parser.add_argument("--lake", type=Path, required=True, help="the lake")
    parser.add_argument("--out", type=Path, required=True, help="results go to OUT/<study>/<run>")
    parser.add_argument("--as-of", type=int, help="an earlier version of the lake")
    parser.add_argument("--published", type=Path, help="values to hold against the computed ones")
    parser.add_argument("--codelist", action="append", metavar="NAME=FILE", default=[])
    parser.add_argument(OPTION, action="append", metavar="YEAR", default=[])
    run_job(main, parser)
