"""Sum groups: person_outcomes -> cohort_moments, design_moments, daily_moments."""

from ldn_spark.cli.job import run_job
from ldn_spark.cli.stages import summarise

if __name__ == "__main__":
    run_job(summarise)
