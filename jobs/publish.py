"""Publish a run: moments -> tables, figures, report, manifest."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ldn_spark.cli.job import open_run, run_job, stage_parser
from ldn_spark.publishing import publish_stage


def main(args) -> None:
    with open_run(args, "ldn: publish") as run:
        folder = publish_stage(run, args.out, engine=args.engine, started=datetime.now(UTC))
    print(folder)


if __name__ == "__main__":
    parser = stage_parser(__doc__)
    parser.add_argument("--out", type=Path, required=True, help="results go to OUT/<study>/<run>")
    run_job(main, parser)
