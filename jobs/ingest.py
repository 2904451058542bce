"""Take a delivery into the lake: files -> persons, dispensings, rejected_dispensings."""

from ldn_spark.cli.ingest import ingest
from ldn_spark.cli.job import run_job

if __name__ == "__main__":
    run_job(ingest)
