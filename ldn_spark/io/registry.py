"""Staged rows into new versions of the registry tables; nothing of it is visible yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from ldn_spark.io.arrivals import (
    arriving_rows,
    count_arriving,
    find_turned_away,
    keyed,
    read_turned_away,
    require_within_period,
)
from ldn_spark.io.delta_log import delta_version
from ldn_spark.io.engines import engine_path
from ldn_spark.io.intake import Intake, extend, own_version, write_whole
from ldn_spark.io.rewriting import (
    WRITERS,
    RowsWritten,
    clear_years,
    count_replaced,
    plan_rewriting,
    write_batches,
    years_after,
)
from ldn_spark.io.waiting import wait_for_all
from ldn_spark.schemas import (
    DISPENSING_PROFILE,
    DISPENSINGS,
    LAKE_TABLES,
    OBSERVATION_PERIODS,
    PERSON_STATEMENTS,
    PERSONS,
    REJECTED_DISPENSINGS,
)


@dataclass(frozen=True)
class Written:
    """What an ingest wrote.

    Attributes:
        tables: the Delta version of each registry table.
        years: dispensings per year, of all years.
        changed: the years that were rewritten.
        superseded: dispensings per earlier file that were replaced.
        turned_away: parsed lines by (file_id, reason) that repeat or contradict others.
        spans: first and last day of dispensing by file_id, as ISO dates.
    """

    tables: dict[str, int]
    years: Counter[int]
    changed: frozenset[int]
    superseded: Counter[int]
    turned_away: dict[tuple[int, str], int]
    spans: dict[int, tuple[str, str]]


def write_registry(intake: Intake, written: RowsWritten) -> Written:
    """Write every registry table.

    Args:
        intake: what comes and what goes.
        written: is told how many rows of how many are written.

    Raises:
        EngineError: the engine reads other rows than were staged.
        ConflictError: another ingest wrote in between.
    """
    intake.start.update({table.name: delta_version(intake.path(table)) for table in LAKE_TABLES})
    turned_away = find_turned_away(intake)
    arriving = arriving_rows(intake, bool(turned_away))
    new, spans = count_arriving(intake, arriving, sum(turned_away.values()))
    require_within_period(intake, spans)
    gone = count_replaced(intake, arriving)
    superseded = Counter[int]()
    for (file_id, _), rows in gone.items():
        superseded[file_id] += rows
    plan = plan_rewriting(intake, new, gone)
    clear_years(intake, plan, arriving)
    tables: dict[str, int] = {}
    works = [
        lambda: tables.update(_write_persons(intake, superseded)),
        *write_batches(intake, plan, arriving, written),
    ]
    wait_for_all(works, at_once=WRITERS)
    tables[DISPENSINGS.name] = own_version(intake, DISPENSINGS)
    tables[DISPENSING_PROFILE.name] = _write_profile(intake, tables[DISPENSINGS.name], plan.changed)
    tables[OBSERVATION_PERIODS.name] = _write_periods(intake)
    tables[REJECTED_DISPENSINGS.name] = _write_rejected(intake, bool(turned_away))
    years = years_after(intake, new, gone)
    return Written(tables, years, plan.changed, superseded, turned_away, spans)


def _write_profile(intake: Intake, dispensings_version: int, changed: Collection[int]) -> int:
    """Volume and completeness per month and code, counted from what was written."""
    from pyspark.sql import functions as F

    from ldn_spark.transforms.profile import summarise_dispensings

    written = intake.lake.read_at(DISPENSINGS, dispensings_version)
    profile = summarise_dispensings(written.where(F.col("year").isin(*changed)))
    if (old := intake.old(DISPENSING_PROFILE)) is not None:
        profile = profile.unionByName(old.where(~F.col("year").isin(*changed)))
    return write_whole(intake, DISPENSING_PROFILE, profile)


def _write_persons(intake: Intake, superseded: Counter[int]) -> dict[str, int]:
    """What the delivery says of persons, and what is then known of each.

    What a file said is forgotten when all its dispensings are replaced.
    """
    from pyspark.sql import functions as F

    from ldn_spark.transforms.persons import (
        merge_statements,
        restate_persons,
        summarise_statements,
    )

    new = summarise_statements(keyed(intake), birth_year_slack=intake.source.birth_year_slack)
    if (people := intake.staged("persons")) is not None:
        new = new.unionByName(summarise_statements(people, birth_year_slack=0))
    earlier = intake.before.files if intake.before else ()
    forgotten = [
        file.file_id
        for file in earlier
        if file.superseded < file.accepted <= file.superseded + superseded[file.file_id]
    ]
    old, known = intake.old(PERSON_STATEMENTS), intake.old(PERSONS)
    if old is not None and forgotten:
        stays = old.where(~F.col("file_id").isin(*forgotten))
        version = write_whole(intake, PERSON_STATEMENTS, stays.unionByName(new))
    else:
        version = extend(intake, PERSON_STATEMENTS, new)
    statements = intake.lake.read_at(PERSON_STATEMENTS, version)
    exact = not any(file.birth_year_slack for file in (*earlier, *intake.files))
    if known is not None and exact and not forgotten:  # what was said before need not be read again
        mine = F.col("file_id") >= min(file.file_id for file in intake.files)
        statements = restate_persons(known).unionByName(statements.where(mine))
    persons = write_whole(intake, PERSONS, merge_statements(statements))
    return {PERSON_STATEMENTS.name: version, PERSONS.name: persons}


def _write_periods(intake: Intake) -> int:
    """Observation periods, merged with those known before."""
    from ldn_spark.transforms.periods import merge_periods

    new, pinned = intake.staged(OBSERVATION_PERIODS.name), intake.pinned(OBSERVATION_PERIODS)
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
    rows = spark.read.parquet(engine_path(spark, intake.staging / "rejected"))
    rows = rows.select(*REJECTED_DISPENSINGS.names)
    if some_turned_away:
        names = spark.createDataFrame(
            [(file.file_id, file.name) for file in intake.files], "file_id int, file string"
        )
        repeated = read_turned_away(intake).join(names, on="file_id", how="inner")
        repeated = repeated.withColumn("column", F.lit(None).cast("string"))
        rows = rows.unionByName(repeated.select(*REJECTED_DISPENSINGS.names))
    return extend(intake, REJECTED_DISPENSINGS, rows)
