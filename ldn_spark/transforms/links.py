"""Whether files on persons and dispensings are of the same people, and how ids are written."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

SIGNS = {
    "digits": "[0-9]",
    "lower-case letters": "[a-z]",
    "upper-case letters": "[A-Z]",
    "a point": "[.]",
    "a comma": "[,]",
    "a hyphen": "-",
    "other signs": "[^0-9a-zA-Z.,-]",
}
"""What an id may hold, in words, and a pattern that finds it."""


def count_links(companions: DataFrame, dispensed: DataFrame) -> DataFrame:
    """Count persons of two sides, and those of both.

    Args:
        companions: person_key of what is said of persons, in any number of rows.
        dispensed: person_key of persons with dispensings, likewise.

    Returns:
        One row: companions, dispensed, both (0 where there is nobody).
    """
    sides = [
        keys.select("person_key", F.lit(here).alias("here"), F.lit(1 - here).alias("there"))
        for keys, here in ((companions, 1), (dispensed, 0))
    ]
    persons = (
        sides[0]
        .unionByName(sides[1])
        .groupBy("person_key")
        .agg(F.max("here").alias("here"), F.max("there").alias("there"))
    )
    return persons.agg(
        _number(F.col("here")).alias("companions"),
        _number(F.col("there")).alias("dispensed"),
        _number(F.col("here") * F.col("there")).alias("both"),
    )


def find_unlinked_files(companions: DataFrame, dispensed: DataFrame) -> DataFrame:
    """The files of which no person has a dispensing.

    Args:
        companions: person_key and file_id, in any number of rows.
        dispensed: person_key, likewise.

    Returns:
        One row per such file: file_id.
    """
    there = dispensed.select("person_key").distinct().withColumn("there", F.lit(1))
    found = companions.join(there, on="person_key", how="left").groupBy("file_id")
    counted = found.agg(F.coalesce(F.max("there"), F.lit(0)).alias("linked"))
    return counted.where(F.col("linked") == 0).select("file_id")


def describe_ids(pseudonyms: DataFrame) -> DataFrame:
    """How ids are written, without any of them.

    Args:
        pseudonyms: pseudonym.

    Returns:
        One row per set of signs that ids hold: a column for each of `SIGNS` (1 or 0), ids,
        shortest, longest (characters), padded (1 where one begins with a zero before a digit).
    """
    ids = pseudonyms.select("pseudonym", *(_flag(sign).alias(name) for name, sign in SIGNS.items()))
    return ids.groupBy(*SIGNS).agg(
        F.count(F.lit(1)).alias("ids"),
        F.min(F.length("pseudonym")).alias("shortest"),
        F.max(F.length("pseudonym")).alias("longest"),
        F.max(_flag("^0[0-9]")).alias("padded"),
    )


def _flag(pattern: str) -> Column:
    return F.when(F.col("pseudonym").rlike(pattern), F.lit(1)).otherwise(F.lit(0))


def _number(flags: Column) -> Column:
    return F.coalesce(F.sum(flags), F.lit(0)).cast("bigint")
