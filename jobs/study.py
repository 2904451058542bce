"""All stages of a study in one application: lake -> folder of results."""

from ldn_spark.cli.app import run_study
from ldn_spark.cli.job import run_job

if __name__ == "__main__":
    run_job(run_study)
