"""The landed dispensings that enter the lake, and those that repeat or contradict others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ldn_spark.delivery.source.sources import Source
from ldn_spark.engine import collect
from ldn_spark.engine.sessions import engine_path
from ldn_spark.errors import DeliveryError, EngineError, Problem
from ldn_spark.ingest.arriving.intake import Intake
from ldn_spark.ingest.arriving.replacing import survivors
from ldn_spark.ingest.landing.landed import SUFFIX, Arrivals, land_anew, read_landed
from ldn_spark.ingest.landing.tasks import ACCEPTED
from ldn_spark.lake.versions import write_table
from ldn_spark.places.place import Place
from ldn_spark.schemas import DISPENSINGS, Table
from ldn_spark.shown import numbered

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

TURNED_AWAY = Table(
    name="turned_away",
    grain="one row per parsed line that repeats or contradicts another one",
    columns=(("file_id", "int"), ("line", "bigint"), ("reason", "string")),
)


@dataclass(frozen=True, slots=True)
class Arriving:
    """The dispensings that enter the lake.

    Attributes:
        rows: for the engine.
        files: where they are landed.
        arrivals: what they are.
    """

    rows: DataFrame
    files: tuple[Place, ...]
    arrivals: Arrivals


def find_turned_away(intake: Intake) -> dict[tuple[int, str], int]:
    """Find lines that repeat or contradict others, and keep them in the landing folder.

    Returns:
        How many by (file_id, reason); nothing where the source does not tell lines apart.
    """
    from pyspark.sql import functions as F

    from ldn_spark.transforms.repeated import find_repeated_lines

    if not tells_lines_apart(intake.source):
        return {}
    lines = keyed(intake)
    held = lines.where(F.lit(False))
    if (old := intake.old(DISPENSINGS)) is not None and not intake.replacement.by_line_key:
        of_source = [f.file_id for f in intake.before.files if f.source == intake.source.id]
        held = survivors(old, intake.replacement, None).where(F.col("file_id").isin(of_source))
    repeated = find_repeated_lines(lines, held)
    path = intake.landing / TURNED_AWAY.name
    write_table(repeated, path, TURNED_AWAY)
    counted = collect.rows(
        read_turned_away(intake).groupBy("file_id", "reason").agg(F.count(F.lit(1)).alias("lines"))
    )
    return {(row["file_id"], row["reason"]): row["lines"] for row in counted}


def tells_lines_apart(source: Source) -> bool:
    """Whether a line of the source can repeat or contradict another one."""
    return bool(source.line_key) or source.repeated_lines == "reject"


def _needs_fingerprint(source: Source) -> bool:
    """Whether the content of a line is its key."""
    return not source.line_key and tells_lines_apart(source)


def read_turned_away(intake: Intake) -> DataFrame:
    """The lines that `find_turned_away` found: file_id, line, reason."""
    path = engine_path(intake.lake.spark, intake.landing / TURNED_AWAY.name)
    return intake.lake.spark.read.format("delta").load(path)


def keyed(intake: Intake) -> DataFrame:
    """The landed dispensings with their line keys."""
    from ldn_spark.transforms.repeated import fingerprint

    rows = read_landed(intake.lake.spark, landed_as_parsed(intake))
    if _needs_fingerprint(intake.source):
        rows = rows.withColumn("line_key", fingerprint())
    return rows


def find_arriving(intake: Intake, turned_away: int) -> Arriving:
    """The landed dispensings that enter the lake: as parsed, or without those turned away.

    Args:
        intake: what comes.
        turned_away: how many parsed lines `find_turned_away` found.

    Raises:
        EngineError: other rows are there than were landed.
    """
    rows, files, arrivals = keyed(intake), landed_as_parsed(intake), intake.arrivals
    if turned_away:
        rows = rows.join(read_turned_away(intake), on=["file_id", "line"], how="left_anti")
    if turned_away or _needs_fingerprint(intake.source):
        landed_anew, arrivals = land_anew(rows, intake.landing / "arriving")
        files = tuple(landed_anew)
    accepted = sum(file.accepted for file in intake.files if file.kind == DISPENSINGS.name)
    if (there := arrivals.rows.total()) != accepted - turned_away:
        raise EngineError(
            f"of {numbered(accepted - turned_away, 'landed row')} "
            f"{numbered(there, 'is', 'are')} read back"
        )
    return Arriving(rows, files, arrivals)


def landed_as_parsed(intake: Intake) -> tuple[Place, ...]:
    """The files of the dispensings as they were parsed."""
    return tuple(sorted((intake.landing / ACCEPTED).glob(f"[0-9]*{SUFFIX}")))


def require_within_period(intake: Intake, spans: Mapping[int, tuple[date, date]]) -> None:
    """A delivery that replaces a period holds nothing else, or lines would count twice."""
    if not (period := intake.replacement.period):
        return
    first, last = period
    names = {file.file_id: file.name for file in intake.files}
    problems = [
        Problem(
            names[file_id],
            f"holds dispensings from {span[0]} to {span[1]}, but is to replace {first} to {last}",
            "declare the whole period it covers with --replaces, or ingest it in parts",
        )
        for file_id, span in sorted(spans.items())
        if span[0] < first or span[1] > last
    ]
    if problems:
        raise DeliveryError(problems)
