"""All stages of a study in one application: lake -> folder of results."""

from ldn_spark.cli.job import run_job
from ldn_spark.cli.study import run_study

if __name__ == "__main__":
    run_job(run_study)
