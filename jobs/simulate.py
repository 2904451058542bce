"""Invent a registry delivery with a planted effect: nothing -> files and their truth."""

from ldn_spark.cli.job import run_job
from ldn_spark.cli.simulate import simulate

if __name__ == "__main__":
    run_job(simulate)
