"""Find the cohort: persons + dispensings -> candidates, cohort."""

from ldn_spark.cli.job import run_job
from ldn_spark.cli.stages import cohort

if __name__ == "__main__":
    run_job(cohort)
