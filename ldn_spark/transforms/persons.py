"""What delivered files say of persons, and what is known when all of it is taken together.

Minima and maxima do not depend on the order of lines, files or deliveries. An attribute with
contradictory values is unknown; of two days of death the earlier one counts.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ldn_spark.schemas import PERSON_STATEMENTS, PERSONS, SEXES

_NO_YEAR_BEGINS = 9999
"""With 0 as the latest year: no birth year is allowed, now and ever."""


def summarise_statements(said: DataFrame) -> DataFrame:
    """What each file says of each person.

    Args:
        said: one or several rows per pseudonym and file, as `io.said` stages them: the smallest
            and the largest sex as numbers, the years of birth and the day of death that lines
            allow.

    Returns:
        One row per pseudonym and file_id, as in `schemas.PERSON_STATEMENTS`.
    """
    return (
        said.groupBy("person_key", "pseudonym", "file_id")
        .agg(
            _sex(F.min("sex_low")).alias("sex"),
            _sex(F.max("sex_high")).alias("sex_high"),
            F.max("birth_year_low").alias("birth_year_low"),
            F.min("birth_year_high").alias("birth_year_high"),
            F.min("died_on").alias("died_on"),
        )
        .select(*PERSON_STATEMENTS.names)
    )


def restate_persons(persons: DataFrame) -> DataFrame:
    """What is known of persons as one statement each, to be merged with what comes.

    Only where no birth year was left open between two: what two years allowed is not kept here.

    Args:
        persons: as `merge_statements` returns them.

    Returns:
        One row per pseudonym, as in `schemas.PERSON_STATEMENTS`; file_id is 0.
    """
    sex, born = F.col("sex_conflict"), F.col("birth_year_conflict")
    return persons.select(
        "person_key",
        "pseudonym",
        F.lit(0).cast("int").alias("file_id"),
        F.when(sex, F.lit(SEXES[0])).otherwise(F.col("sex")).alias("sex"),
        F.when(sex, F.lit(SEXES[1])).otherwise(F.col("sex")).alias("sex_high"),
        F.when(born, F.lit(_NO_YEAR_BEGINS)).otherwise(F.col("birth_year")).alias("birth_year_low"),
        F.when(born, F.lit(0)).otherwise(F.col("birth_year")).alias("birth_year_high"),
        "died_on",
    )


def _number(sex: str) -> Column:
    """A sex as a number while it is compared: engines compare texts far more slowly."""
    return F.when(F.col(sex) == SEXES[0], F.lit(0)).when(F.col(sex) == SEXES[1], F.lit(1))


def _sex(number: Column) -> Column:
    return F.when(number == 0, F.lit(SEXES[0])).when(number == 1, F.lit(SEXES[1]))


def merge_statements(statements: DataFrame) -> DataFrame:
    """What is known of each person.

    Where two birth years remain possible, as with ages in completed years, the later one is taken.

    Args:
        statements: as `summarise_statements` returns them.

    Returns:
        One row per pseudonym, as in `schemas.PERSONS`.
    """
    merged = statements.groupBy("pseudonym").agg(
        F.min("person_key").alias("person_key"),
        _sex(F.min(_number("sex"))).alias("sex"),
        _sex(F.max(_number("sex_high"))).alias("sex_high"),
        F.max("birth_year_low").alias("birth_year_low"),
        F.min("birth_year_high").alias("birth_year"),
        F.min("died_on").alias("died_on"),
    )
    no = F.lit(False)
    sexes = F.coalesce(F.col("sex") != F.col("sex_high"), no)
    births = F.coalesce(F.col("birth_year_low") > F.col("birth_year"), no)
    merged = merged.withColumn("sex_conflict", sexes).withColumn("birth_year_conflict", births)
    return (
        merged.withColumn("sex", F.when(~F.col("sex_conflict"), F.col("sex")))
        .withColumn("birth_year", F.when(~F.col("birth_year_conflict"), F.col("birth_year")))
        .select(*PERSONS.names)
    )
