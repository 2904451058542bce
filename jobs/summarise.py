"""Sum groups: person_outcomes -> cohort_moments, group_moments, daily_moments."""

from __future__ import annotations

from ldn_spark.cli.job import open_run, run_job, stage_parser
from ldn_spark.run_stages import summarise_stage


def main(args) -> None:
    with open_run(args, "ldn: summarise") as run:
        summarise_stage(run)


if __name__ == "__main__":
    run_job(main, stage_parser(__doc__))
