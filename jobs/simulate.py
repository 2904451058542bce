"""Invent a registry delivery with a planted effect: nothing -> files and their truth."""

from ldn_spark.cli.app import simulate
from ldn_spark.cli.job import run_job

if __name__ == "__main__":
    run_job(simulate)
