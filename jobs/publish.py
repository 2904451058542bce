"""Publish a run: moments -> tables, figures, report, manifest."""

from ldn_spark.cli.job import run_job
from ldn_spark.cli.stages import publish

if __name__ == "__main__":
    run_job(publish)
