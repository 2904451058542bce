"""Landed rows into new versions of the registry tables; nothing of it is visible yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from ldn_spark.engine.sessions import read_parquet
from ldn_spark.engine.waiting import wait_for_both
from ldn_spark.ingest.arriving.arrivals import (
    find_arriving,
    find_turned_away,
    read_turned_away,
    require_within_period,
)
from ldn_spark.ingest.arriving.intake import Intake, extend, own_version, write_whole
from ldn_spark.ingest.landing.tasks import REJECTED
from ldn_spark.ingest.writing.persons import rewrite_persons
from ldn_spark.ingest.writing.rewriting import (
    PROFILES,
    RowsWritten,
    count_replaced,
    count_superseded,
    rewrite_years,
    years_after,
)
from ldn_spark.lake.delta_log import delta_version
from ldn_spark.schemas import (
    DISPENSING_PROFILE,
    DISPENSINGS,
    LAKE_TABLES,
    OBSERVATION_PERIODS,
    REJECTED_DISPENSINGS,
)


@dataclass(frozen=True)
class Written:
    """What an ingest wrote.

    Attributes:
        tables: the Delta version of each registry table.
        years: dispensings per year, of all years.
        changed: the years that were rewritten.
        superseded: accepted lines per earlier file that were replaced.
        turned_away: parsed lines by (file_id, reason) that repeat or contradict others.
        spans: first and last day of dispensing by file_id, as ISO dates.
        noted: persons by what does not fit together in what is said of them.
    """

    tables: dict[str, int]
    years: Counter[int]
    changed: frozenset[int]
    superseded: Counter[int]
    turned_away: dict[tuple[int, str], int]
    spans: dict[int, tuple[str, str]]
    noted: Counter[str]


def write_registry(intake: Intake, written: RowsWritten) -> Written:
    """Write every registry table.

    Args:
        intake: what comes and what goes.
        written: is told how many rows of how many are written.

    Raises:
        EngineError: the engine reads other rows than were landed.
        ConflictError: another ingest wrote in between.
    """
    intake.start.update({table.name: delta_version(intake.path(table)) for table in LAKE_TABLES})
    turned_away = find_turned_away(intake)
    arriving = find_arriving(intake, sum(turned_away.values()))
    spans = arriving.arrivals.spans
    require_within_period(intake, spans)
    gone = count_replaced(intake, arriving.rows)
    superseded = count_superseded(intake, gone)
    tables, (changed, persons) = wait_for_both(
        lambda: _write_beside(intake, bool(turned_away)),
        lambda: (
            rewrite_years(intake, arriving, gone, written),
            rewrite_persons(intake, superseded, arriving.rows),
        ),
    )
    tables |= persons.tables
    tables[DISPENSINGS.name] = own_version(intake, DISPENSINGS)
    tables[DISPENSING_PROFILE.name] = _write_profile(intake, changed)
    years = years_after(intake, arriving.arrivals.by_code, gone)
    days = {
        file_id: (first.isoformat(), last.isoformat()) for file_id, (first, last) in spans.items()
    }
    return Written(tables, years, changed, superseded, turned_away, days, persons.noted)


def _write_beside(intake: Intake, some_turned_away: bool) -> dict[str, int]:
    """What does not depend on what is written at the same time."""
    return {
        OBSERVATION_PERIODS.name: _write_periods(intake),
        REJECTED_DISPENSINGS.name: _write_rejected(intake, some_turned_away),
    }


def _write_profile(intake: Intake, changed: Collection[int]) -> int:
    """Volume and completeness per month and code, as counted while the years were written."""
    from pyspark.sql import functions as F

    from ldn_spark.transforms.profile import add_up_profiles

    old, counted = intake.old(DISPENSING_PROFILE), intake.landed(PROFILES)
    if counted is None:  # nothing is dispensed in the years that changed
        counted = intake.lake.spark.createDataFrame([], DISPENSING_PROFILE.ddl)
    profile = add_up_profiles(counted)
    if old is not None:
        profile = profile.unionByName(old.where(~F.col("year").isin(*changed)))
    return write_whole(intake, DISPENSING_PROFILE, profile)


def _write_periods(intake: Intake) -> int:
    """Observation periods, merged with those known before."""
    from ldn_spark.transforms.periods import merge_periods

    new, pinned = intake.landed(OBSERVATION_PERIODS.name), intake.pinned(OBSERVATION_PERIODS)
    if new is None and pinned is not None:
        return pinned
    if new is None:
        nothing = intake.lake.spark.createDataFrame([], OBSERVATION_PERIODS.ddl)
        return write_whole(intake, OBSERVATION_PERIODS, nothing)
    periods = new.select(*OBSERVATION_PERIODS.names)
    if (old := intake.old(OBSERVATION_PERIODS)) is not None:
        periods = periods.unionByName(old)
    return write_whole(intake, OBSERVATION_PERIODS, merge_periods(periods))


def _write_rejected(intake: Intake, some_turned_away: bool) -> int:
    from pyspark.sql import functions as F

    spark = intake.lake.spark
    rows = read_parquet(spark, intake.landing / REJECTED)
    rows = rows.select(*REJECTED_DISPENSINGS.names)
    if some_turned_away:
        names = spark.createDataFrame(
            [(file.file_id, file.name) for file in intake.files], "file_id int, file string"
        )
        repeated = read_turned_away(intake).join(names, on="file_id", how="inner")
        repeated = repeated.withColumn("column", F.lit(None).cast("string"))
        rows = rows.unionByName(repeated.select(*REJECTED_DISPENSINGS.names))
    return extend(intake, REJECTED_DISPENSINGS, rows)
