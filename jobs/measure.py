"""Measure outcomes: dispensings + cohort -> cohort_dispensings, person_outcomes."""

from ldn_spark.cli.job import run_job
from ldn_spark.cli.stages import measure

if __name__ == "__main__":
    run_job(measure)
