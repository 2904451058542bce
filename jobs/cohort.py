"""Find the cohort: persons + dispensings -> candidates, cohort."""

from __future__ import annotations

from ldn_spark.cli.job import open_run, run_job, stage_parser
from ldn_spark.run_stages import check_stage, cohort_stage


def main(args) -> None:
    with open_run(args, "ldn: cohort") as run:
        check_stage(run)
        cohort_stage(run)


if __name__ == "__main__":
    run_job(main, stage_parser(__doc__))
