"""What the data of a lake are like: lake -> folder with the quality report."""

from ldn_spark.cli.job import run_job
from ldn_spark.cli.quality import quality

if __name__ == "__main__":
    run_job(quality)
