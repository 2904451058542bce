"""The years that an ingest changes: what arrives and what stays, clustered anew and committed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from ldn_spark.engine import collect
from ldn_spark.engine.sessions import tasks_on_a_machine
from ldn_spark.errors import EngineError
from ldn_spark.ingest.arriving.intake import Intake
from ldn_spark.ingest.arriving.replacing import replaced, survivors
from ldn_spark.ingest.landing.batches import plan_batches
from ldn_spark.ingest.landing.landed import land_anew, look_into
from ldn_spark.ingest.writing.clustering import write_batches
from ldn_spark.lake.commits import exchange_files
from ldn_spark.schemas import DISPENSINGS
from ldn_spark.shown import numbered

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from ldn_spark.ingest.arriving.arrivals import Arriving
    from ldn_spark.places.place import Place

RowsWritten = Callable[[int, int], None]
PROFILES = "profiles"
"""Where the tasks put what each data file adds to the dispensing profile."""


def count_replaced(intake: Intake, arriving: DataFrame) -> Counter[tuple[int, int]]:
    """Rows that leave the lake, by file_id and year."""
    from pyspark.sql import functions as F

    old = intake.old(DISPENSINGS)
    if old is None or not intake.replacement.file_ids:
        return Counter()
    gone = replaced(old, intake.replacement, arriving)
    counted = collect.rows(gone.groupBy("file_id", "year").agg(F.count(F.lit(1)).alias("rows")))
    return Counter({(row["file_id"], row["year"]): row["rows"] for row in counted})


def count_superseded(intake: Intake, gone: Counter[tuple[int, int]]) -> Counter[int]:
    """Lines per earlier file that say nothing any more: dispensings, or lines on persons."""
    superseded = Counter[int]()
    for (file_id, _), rows in gone.items():
        superseded[file_id] += rows
    for file in intake.before.files if intake.before else ():
        if file.kind != DISPENSINGS.name and file.file_id in intake.replacement.of_files:
            superseded[file.file_id] = file.accepted - file.superseded
    return +superseded


def years_after(
    intake: Intake, new: Counter[tuple[int, str]], gone: Counter[tuple[int, int]]
) -> Counter[int]:
    """Dispensings per year when the ingest is done."""
    before = intake.before.years if intake.before else {}
    years = Counter({int(year): rows for year, rows in before.items()})
    for (year, _), rows in new.items():
        years[year] += rows
    for (_, year), rows in gone.items():
        years[year] -= rows
    return +years


def rewrite_years(
    intake: Intake, arriving: Arriving, gone: Counter[tuple[int, int]], written: RowsWritten
) -> frozenset[int]:
    """Write the years that change, each clustered by code and person, and commit them at once.

    Args:
        intake: what comes and what goes.
        arriving: the dispensings that come.
        gone: replaced rows by file_id and year.
        written: is told how many rows of how many are written.

    Returns:
        The years that changed.

    Raises:
        EngineError: other rows were written than were landed.
    """
    new = arriving.arrivals.by_code
    changed = {year for year, _ in new} | {year for _, year in gone}
    stays, files = _stage_what_stays(intake, changed, arriving.rows)
    spark = intake.lake.spark
    most = max(1, intake.rows_at_once // tasks_on_a_machine(spark))
    batches = plan_batches(new + stays, most)
    rows, total = [batch.rows for batch in batches], sum(batch.rows for batch in batches)
    written(0, total)
    data_files = write_batches(
        spark,
        look_into([*arriving.files, *files]),
        batches,
        intake.path(DISPENSINGS),
        intake.landing / PROFILES,
        intake.token,
        written=lambda batches: written(sum(rows[:batches]), total),
    )
    if (there := sum(file.rows for file in data_files)) != total:
        raise EngineError(
            f"of {numbered(total, 'landed row')} {numbered(there, 'is', 'are')} written"
        )
    exchange_files(
        intake.path(DISPENSINGS),
        DISPENSINGS,
        base=intake.pinned(DISPENSINGS),
        goes=lambda partition: int(partition["year"]) in changed,
        files=data_files,
        token=intake.token,
    )
    written(total, total)
    return frozenset(changed)


def _stage_what_stays(
    intake: Intake, changed: set[int], arriving: DataFrame
) -> tuple[Counter[tuple[int, str]], list[Place]]:
    """The lake's dispensings of the years that change, those that are replaced left out."""
    from pyspark.sql import functions as F

    had = {int(year) for year in intake.before.years} if intake.before else set()
    old = intake.old(DISPENSINGS)
    if old is None or not changed & had:
        return Counter(), []
    of_years = old.where(F.col("year").isin(*(changed & had)))
    stays = survivors(of_years, intake.replacement, arriving)
    files, arrivals = land_anew(stays, intake.landing / "staying")
    return arrivals.by_code, files
