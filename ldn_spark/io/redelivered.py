"""Years that look as if they had been delivered before, under another name and with other bytes.

Registers send whole extracts again: 2012 to 2014 this year, 2012 to 2015 the next. Where no line
key tells lines apart, every one of them would count twice. What gives such a year away is that
most of its ATC codes have exactly as many dispensings as the lake holds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from ldn_spark.errors import Problem
from ldn_spark.io import collect
from ldn_spark.io.arrivals import tells_lines_apart
from ldn_spark.io.intake import Intake
from ldn_spark.io.staged import Arrivals
from ldn_spark.schemas import DISPENSING_PROFILE

LEAST_ROWS = 5
"""A code of fewer dispensings may have as many by chance."""
LEAST_CODES = 20
"""Of fewer such codes nothing is concluded."""
SAME_SHARE = 0.5


def find_redelivered(intake: Intake) -> list[Problem]:
    """The years that seem to be delivered again, where nothing is declared of that."""
    if intake.before is None or intake.replacement.declared or tells_lines_apart(intake.source):
        return []
    years = {year for _, year, _ in intake.arrivals.rows} & set(map(int, intake.before.years))
    if not years:
        return []
    names = {file.file_id: file.name for file in intake.files}
    return compare_years(intake.arrivals, _held(intake, years), names)


def compare_years(
    arrivals: Arrivals, held: Mapping[tuple[int, str], int], names: Mapping[int, str]
) -> list[Problem]:
    """The years of which most codes have as many dispensings as the lake holds.

    Args:
        arrivals: what is delivered.
        held: the lake's dispensings by year and ATC code.
        names: of the delivered files by file_id.
    """
    by_year: defaultdict[int, Counter[str]] = defaultdict(Counter)
    files: defaultdict[int, set[str]] = defaultdict(set)
    for (file_id, year, atc), rows in arrivals.rows.items():
        by_year[year][atc] += rows
        files[year].add(names[file_id])
    problems = []
    for year, codes in sorted(by_year.items()):
        told = [atc for atc, rows in codes.items() if rows >= LEAST_ROWS]
        same = sum(held.get((year, atc)) == codes[atc] for atc in told)
        if len(told) >= LEAST_CODES and same > SAME_SHARE * len(told):
            what = (
                f"of {year}, {same} of {len(told)} ATC codes have exactly as many dispensings as "
                "the lake holds: the year seems to be delivered again, and would count twice"
            )
            mend = (
                "say with --replaces which file or days it replaces, or `--replaces nothing` if "
                "these are further dispensings"
            )
            problems.append(Problem(", ".join(sorted(files[year])), what, mend))
    return problems


def _held(intake: Intake, years: set[int]) -> dict[tuple[int, str], int]:
    from pyspark.sql import functions as F

    profile = intake.old(DISPENSING_PROFILE)
    if profile is None:
        return {}
    of_years = profile.where(F.col("year").isin(*years)).groupBy("year", "atc")
    counted = collect.rows(of_years.agg(F.sum("dispensings").alias("rows")))
    return {(row["year"], row["atc"]): row["rows"] for row in counted}
