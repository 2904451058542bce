"""Take a delivery into the lake: files -> persons, dispensings, rejected_dispensings."""

from __future__ import annotations

from pathlib import Path

from ldn_spark.cli.job import job_parser, named_files, open_reporter, run_job
from ldn_spark.cli.views import show_ingest
from ldn_spark.io.engines import open_engine
from ldn_spark.io.ingest import MAX_REJECTED_SHARE, ingest
from ldn_spark.io.sources import load_source


def main(args) -> None:
    source = load_source(args.source)
    with (
        open_reporter(args.log_format) as report,
        open_engine(args.engine, app_name="ldn: ingest") as spark,
    ):
        done = ingest(
            spark,
            args.lake,
            args.delivery,
            source,
            max_rejected_share=args.max_rejected_share,
            lookups=named_files(args.lookup, "--lookup"),
            replaces=args.replaces,
            memory=int(args.memory * (1 << 30)),
            report=report,
        )
    show_ingest(done)


if __name__ == "__main__":
    parser = job_parser(__doc__)
    parser.add_argument("delivery", nargs="+", help="files, folders or globs")
    parser.add_argument("--source", default="norpd", help="a name in conf/sources, or a YAML file")
    parser.add_argument("--lake", type=Path, required=True, help="the lake")
    parser.add_argument("--max-rejected-share", type=float, default=MAX_REJECTED_SHARE)
    parser.add_argument("--lookup", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--replaces", action="append", default=[], metavar="WHAT")
    parser.add_argument("--memory", type=float, default=4.0, help="GiB that the work may take")
    run_job(main, parser)
