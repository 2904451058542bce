"""Everything that an ingest would say of a delivery, and nothing written into any lake.

The steps are those of the ingest; what is parsed goes into a temporary folder that is removed
however the check ends. Accepted dispensings are kept there where they may repeat or contradict
others, of the lake or of another file; those of a single file for an empty lake are counted only.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ldn_spark.delivery.files.scanning import BLOCK_BYTES, find_files, try_files
from ldn_spark.delivery.source.sources import Source
from ldn_spark.delivery.values.lookups import read_lookups
from ldn_spark.errors import DeliveryError, Problem
from ldn_spark.ingest.accounts import (
    parse_files,
    rejection_examples,
    require_enough_accepted,
    with_turned_away,
)
from ldn_spark.ingest.arriving.arrivals import (
    Arriving,
    find_arriving,
    find_turned_away,
    require_within_period,
    tells_lines_apart,
)
from ldn_spark.ingest.arriving.intake import Intake
from ldn_spark.ingest.arriving.linking import find_links
from ldn_spark.ingest.arriving.redelivered import find_redelivered
from ldn_spark.ingest.arriving.replacing import read_replacement
from ldn_spark.ingest.ingest import (
    MAX_REJECTED_SHARE,
    MEMORY,
    hashes,
    new_files,
    new_landing,
    rows_at_once,
    without_lookups,
)
from ldn_spark.ingest.suspicions import suspicions
from ldn_spark.ingest.unread import unread_warnings
from ldn_spark.ingest.writing.persons import merge_persons
from ldn_spark.ingest.writing.rewriting import count_replaced, count_superseded
from ldn_spark.lake.erased import erased_warnings, read_erased
from ldn_spark.lake.faults import translated_faults
from ldn_spark.lake.versions import FileRecord, Lake, known_versions, read_version, require_layout

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What an ingest would say.

    Attributes:
        files: the files that can be read and are not in the lake yet, with their accounts.
        known: names of files that are in the lake already.
        examples: the first rejected line of every file and reason.
        warnings: what a person should look at.
        problems: why an ingest would turn the delivery away; empty when it would take it.
        noted: persons of the lake as it would be, by what does not fit together, see
            `reasons.OF_PERSONS`.
    """

    files: tuple[FileRecord, ...]
    known: tuple[str, ...]
    examples: tuple[Problem, ...]
    warnings: tuple[str, ...]
    problems: tuple[Problem, ...]
    noted: Mapping[str, int] = field(default_factory=dict)

    @property
    def would_be_taken(self) -> bool:
        """Whether an ingest would take the delivery, or find that it has all of it already."""
        return not self.problems


def check(
    spark: SparkSession,
    delivery: Sequence[str | Path],
    source: Source,
    *,
    lake_root: Path | None = None,
    max_rejected_share: float = MAX_REJECTED_SHARE,
    lookups: Mapping[str, Path] | None = None,
    replaces: Sequence[str] = (),
    block_bytes: int = BLOCK_BYTES,
    today: date | None = None,
) -> CheckReport:
    """Check files, folders or globs; the arguments are those of `ingest`.

    A file that cannot be read as the source declares keeps no other file from being checked.

    Args:
        lake_root: the lake that the delivery is meant for; its files are told, and nothing is
            written to it. None for a lake that is still empty.

    Raises:
        UsageError: `replaces` means nothing in the lake.
        ResourceError: disk, memory or a permission is missing.
    """
    told: list[str] = []
    tables = read_lookups(source, lookups or {}, told.append)
    looked_up = hashes(lookups or {})
    is_filled = lake_root is not None and bool(known_versions(lake_root))
    before = read_version(lake_root) if is_filled else None
    if lake_root is not None:
        require_layout(lake_root, before)
    replacement = read_replacement(replaces, source, before)
    paths, warnings, problems = _find(delivery, source)
    paths = without_lookups(paths, lookups or {})
    if lake_root is not None and before is None:
        warnings.insert(0, f"{lake_root}: holds no registry yet; an ingest would make it")
    with translated_faults("checking the delivery", lake_root), _workplace() as landing:
        scanned, notes, unread = try_files(
            paths, source, workspace=landing / "unpacked", block_bytes=block_bytes
        )
        new, known, same_name = new_files(scanned, before, replacement, looked_up)
        keep = tells_lines_apart(source) or before is not None or len(new) > 1
        records, broken, arrivals = parse_files(
            spark,
            new,
            source,
            landing,
            before,
            lookups=tables,
            keep_accepted=keep,
            today=today or date.today(),
            erased=None if lake_root is None else read_erased(lake_root),
        )
        examples = rejection_examples(landing, records)
        problems += [*unread, *broken, *_too_few_accepted(records, examples, max_rejected_share)]
        lake, taken = Lake(spark, lake_root or landing), tuple(records)
        rows = rows_at_once(MEMORY)
        intake = Intake(lake, landing, source, before, taken, arrivals, replacement, "", rows)
        seen = _look(intake, kept=keep) if records else _Seen()
    records = [with_turned_away(record, seen.turned_away) for record in records]
    warnings += [*told, *notes, *same_name, *suspicions(records, source), *unread_warnings(records)]
    warnings += seen.warnings
    if lake_root is not None:
        warnings += erased_warnings(lake_root, records)
    problems += seen.problems
    return CheckReport(
        tuple(records), known, tuple(examples), tuple(warnings), tuple(problems), seen.noted
    )


@dataclass
class _Seen:
    """What is told of parsed lines beside what the lake holds.

    Attributes:
        turned_away: lines by (file_id, reason) that repeat or contradict others.
        problems: why an ingest would turn the delivery away.
        warnings: what a person should look at.
        noted: persons by what would not fit together.
    """

    turned_away: Mapping[tuple[int, str], int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    noted: Mapping[str, int] = field(default_factory=dict)


def _look(intake: Intake, *, kept: bool) -> _Seen:
    """Everything that the parsed lines say together, and beside the lake.

    Args:
        intake: what comes.
        kept: whether the dispensings are landed, or only what they say of persons.
    """
    seen, links = _Seen(), find_links(intake)
    rows = None
    superseded = Counter[int]()
    if kept:
        seen.turned_away = find_turned_away(intake)
        arriving = find_arriving(intake, sum(seen.turned_away.values()))
        seen.problems += _outside_period(intake, arriving)
        again = find_redelivered(intake)
        seen.problems += [] if intake.replacement.declared else again
        seen.warnings += map(str, again if intake.replacement.declared else ())
        rows = arriving.rows
        superseded = count_superseded(intake, count_replaced(intake, rows))
    seen.problems += links.problems
    seen.warnings += links.warnings
    seen.noted = dict(sorted(merge_persons(intake, superseded, rows).items()))
    return seen


@contextmanager
def _workplace() -> Iterator[Path]:
    """A temporary folder for unpacked files and parsed rows, where `$TMPDIR` says."""
    with (
        tempfile.TemporaryDirectory(prefix="ldn-check-", ignore_cleanup_errors=True) as root,
        new_landing(Path(root)) as landing,
    ):
        yield landing


def _find(
    delivery: Sequence[str | Path], source: Source
) -> tuple[list[Path], list[str], list[Problem]]:
    """The files that are there, warnings, and what is not there."""
    found: set[Path] = set()
    warnings: list[str] = []
    problems: list[Problem] = []
    for item in delivery:
        try:
            paths, notes = find_files([item], source)
        except DeliveryError as error:
            problems.extend(error.problems)
        else:
            found.update(paths)
            warnings.extend(notes)
    return sorted(found), warnings, problems


def _too_few_accepted(
    records: Sequence[FileRecord], examples: Sequence[Problem], max_rejected_share: float
) -> list[Problem]:
    try:
        require_enough_accepted(records, examples, max_rejected_share)
    except DeliveryError as error:
        return [problem for problem in error.problems if problem not in examples]
    return []


def _outside_period(intake: Intake, arriving: Arriving) -> list[Problem]:
    """The files that hold other days than the period that they are to replace."""
    try:
        require_within_period(intake, arriving.arrivals.spans)
    except DeliveryError as error:
        return list(error.problems)
    return []
