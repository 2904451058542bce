"""Read what a corrected delivery replaces: it is declared, never guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ldn_spark.delivery.source.sources import Source
from ldn_spark.errors import EngineError, Problem, UsageError
from ldn_spark.schemas import DISPENSINGS, OBSERVATION_PERIODS
from ldn_spark.shown import shown

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from ldn_spark.lake.versions import LakeVersion

LINE_KEY, NOTHING = "line_key", "nothing"
_PERIOD = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Replacement:
    """The dispensings of one source that leave the lake when a delivery enters it.

    Attributes:
        declared: as the user wrote it; empty for nothing.
        file_ids: only dispensings of these files; all of them, or those of `period` or with the
            delivered line keys.
        period: those dispensed on these days, both included.
        by_line_key: those whose line key stands in the delivery.

    Files of persons and deaths among them are forgotten, where the files themselves are declared.
    """

    declared: str = ""
    file_ids: tuple[int, ...] = ()
    period: tuple[date, date] | None = None
    by_line_key: bool = False

    @property
    def of_files(self) -> tuple[int, ...]:
        """The files that are replaced whole."""
        return () if self.period or self.by_line_key else self.file_ids


def read_replacement(
    declared: Sequence[str], source: Source, before: LakeVersion | None
) -> Replacement:
    """What `--replaces` means in a lake.

    Args:
        declared: `FIRST..LAST` (ISO dates), `line_key`, `nothing`, or names of files in the lake.
        source: only dispensings of this source are replaced.
        before: the lake as it is.

    Raises:
        UsageError: it means nothing here; all problems at once.
    """
    if not declared:
        return Replacement()
    declared = tuple(map(shown, declared))  # as the lake has the names of files
    of_source = [file for file in before.files if file.source == source.id] if before else []
    ids, text = tuple(file.file_id for file in of_source), " ".join(declared)
    if {LINE_KEY, NOTHING} & set(declared) or any(map(_PERIOD.fullmatch, declared)):
        if len(declared) > 1:
            what = "a period, line_key or nothing stands alone"
            raise UsageError(Problem("--replaces", what, "ingest the deliveries one by one"))
        if declared[0] == NOTHING:
            return Replacement(text)
        if declared[0] == LINE_KEY:
            if not source.line_key:
                what = f"source {source.id} declares no line_key"
                raise UsageError(Problem("--replaces line_key", what, "replace a period or files"))
            return Replacement(text, ids, by_line_key=True)
        return Replacement(text, ids, period=_period(declared[0]))
    problems = []
    for name in declared:
        if any(file.name == name and file.kind == OBSERVATION_PERIODS.name for file in of_source):
            what = f"'{name}' holds observation periods, which are merged and cannot be told apart"
            mend = "take the deliveries into a new lake, without it"
            problems.append(Problem("--replaces", what, mend))
        if not any(file.name == name and not file.is_replaced for file in of_source):
            what = f"no file '{name}' of source {source.id} is in the lake"
            mend = "give a file's name, a period FIRST..LAST in ISO dates, line_key or nothing"
            problems.append(Problem("--replaces", what, mend))
    if problems:
        raise UsageError(problems)
    return Replacement(text, tuple(file.file_id for file in of_source if file.name in declared))


def _period(text: str) -> tuple[date, date]:
    match = _PERIOD.fullmatch(text)
    try:
        first, last = (date.fromisoformat(part) for part in match.groups()) if match else ()
    except ValueError:
        first, last = date.max, date.min
    if first > last:
        what = f"'{text}' is not a period"
        raise UsageError(Problem("--replaces", what, "write it like 2013-01-01..2013-12-31"))
    return first, last


def survivors(old: DataFrame, replacement: Replacement, arriving: DataFrame | None) -> DataFrame:
    """What stays of the lake's dispensings.

    Args:
        old: one row per dispensing in the lake.
        replacement: what leaves it.
        arriving: one row per dispensing that enters it; needed where line keys decide.
    """
    from pyspark.sql import functions as F

    if not replacement.file_ids:
        return old
    theirs = F.col("file_id").isin(*replacement.file_ids)
    if replacement.by_line_key:
        kept = _by_key(old.where(theirs), arriving, "left_anti")
        return old.where(~theirs).unionByName(kept)
    if replacement.period:
        theirs = theirs & F.col("dispensed_on").between(*map(F.lit, replacement.period))
    return old.where(~theirs)


def replaced(old: DataFrame, replacement: Replacement, arriving: DataFrame) -> DataFrame:
    """What leaves the lake; see `survivors`."""
    from pyspark.sql import functions as F

    theirs = old.where(F.col("file_id").isin(*replacement.file_ids))
    if replacement.by_line_key:
        return _by_key(theirs, arriving, "left_semi")
    if replacement.period:
        theirs = theirs.where(F.col("dispensed_on").between(*map(F.lit, replacement.period)))
    return theirs


def _by_key(old: DataFrame, arriving: DataFrame | None, how: str) -> DataFrame:
    if arriving is None:
        raise EngineError("a replacement by line key needs the arriving lines")
    rows = old.join(arriving.select("line_key"), on="line_key", how=how)
    return rows.select(*DISPENSINGS.names)
