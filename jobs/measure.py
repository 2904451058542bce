"""Measure outcomes: dispensings + cohort -> cohort_dispensings, person_outcomes."""

from __future__ import annotations

from ldn_spark.cli.job import open_run, run_job, stage_parser
from ldn_spark.run_stages import measure_stage


def main(args) -> None:
    with open_run(args, "ldn: measure") as run:
        measure_stage(run)


if __name__ == "__main__":
    run_job(main, stage_parser(__doc__))
