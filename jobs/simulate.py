"""Invent a registry delivery with a planted effect: nothing -> files and their truth."""

from __future__ import annotations

from pathlib import Path

from ldn_spark.cli.job import job_parser, open_reporter, run_job
from ldn_spark.io.engines import open_engine
from ldn_spark.synthetic.registry import simulate


def main(args) -> None:
    with (
        open_reporter(args.log_format) as report,
        open_engine(args.engine, app_name="ldn: simulate") as spark,
    ):
        simulate(
            spark,
            args.out,
            people=args.people,
            seed=args.seed,
            starters=args.starters,
            null_effect=args.null_effect,
            report=report,
        )
    print(args.out)


if __name__ == "__main__":
    parser = job_parser(__doc__)
    parser.add_argument("out", type=Path, help="the folder to write the delivery to")
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--starters", type=int, help="default: 11,247 per 5.3 million people")
    parser.add_argument("--null-effect", action="store_true", help="plant no effect at all")
    run_job(main, parser)
