"""Take a delivery into the lake: every line accepted or rejected with a reason, or nothing at all.

Files are checked and cut into blocks, blocks are parsed by the engine's tasks into a landing
folder, and the landed rows become new versions of the registry tables. A version record, written
last, makes them visible. Whatever stops an ingest half-way, readers keep the version they had,
and the next ingest begins from there.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from ldn_spark.delivery.files.scanning import BLOCK_BYTES, DeliveredFile, find_files, scan_files
from ldn_spark.delivery.source.sources import Source
from ldn_spark.delivery.values.lookups import read_lookups
from ldn_spark.engine.waiting import wait_for_both
from ldn_spark.errors import DeliveryError, Problem
from ldn_spark.ingest.accounts import (
    parse_files,
    rejection_examples,
    require_enough_accepted,
    with_turned_away,
)
from ldn_spark.ingest.arriving.intake import Intake
from ldn_spark.ingest.arriving.linking import find_links
from ldn_spark.ingest.arriving.redelivered import find_redelivered
from ldn_spark.ingest.arriving.replacing import Replacement, read_replacement
from ldn_spark.ingest.suspicions import suspicions
from ldn_spark.ingest.unread import unread_warnings
from ldn_spark.ingest.writing.registry import Written, write_registry
from ldn_spark.invented import is_marked
from ldn_spark.lake.checking import require_whole
from ldn_spark.lake.erased import erased_warnings, read_erased
from ldn_spark.lake.faults import translated_faults
from ldn_spark.lake.recording import with_sums
from ldn_spark.lake.verification import check_rejected, describe_dispensings, describe_persons
from ldn_spark.lake.versions import (
    LAYOUT,
    FileRecord,
    Lake,
    LakeVersion,
    known_versions,
    only_writer,
    publish_version,
    read_version,
    require_layout,
)
from ldn_spark.places.files import delete_tree, make_folder, streamed
from ldn_spark.places.place import Place, is_url
from ldn_spark.progress import Progress, count_bytes, report

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MAX_REJECTED_SHARE = 0.5
MEMORY = 4 << 30
"""Bytes that an ingest may take, however large the delivery."""
_BYTES_PER_SORTED_ROW = 1024
_LOOK_EVERY = 256 << 20
INGESTED, NOOP = "ingested", "noop"


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did.

    Attributes:
        status: `ingested`, or `noop` when every file was in the lake already.
        version: the lake's version afterwards.
        files: the files taken in now.
        known: names of files that were in the lake already and changed nothing.
        examples: the first rejected line of every file and reason.
        warnings: what a person should look at.
    """

    status: str
    version: LakeVersion
    files: tuple[FileRecord, ...]
    known: tuple[str, ...]
    examples: tuple[Problem, ...]
    warnings: tuple[str, ...]


def ingest(
    engine: SparkSession | Callable[[], SparkSession],
    lake_root: Place,
    delivery: Sequence[str | Place],
    source: Source,
    *,
    max_rejected_share: float = MAX_REJECTED_SHARE,
    lookups: Mapping[str, Place] | None = None,
    replaces: Sequence[str] = (),
    memory: int = MEMORY,
    block_bytes: int = BLOCK_BYTES,
    today: date | None = None,
) -> IngestReport:
    """Take files, folders or globs into a lake.

    Args:
        engine: a session whose tasks see the files and the lake under the same paths; or what to
            call for it, so that the engine starts while the files are looked through.
        lake_root: the lake's folder; made when it is not there.
        delivery: what was delivered.
        source: its declared layout.
        max_rejected_share: a larger share of rejected lines turns the delivery away whole.
        lookups: the file of each of the source's lookups, by name.
        replaces: what of the lake the delivery replaces, see `read_replacement`.
        memory: bytes that the work may take, whatever the size of the delivery.
        block_bytes: how much a task holds in memory at once.
        today: the day of the ingest, after which days are noted; None for today's.

    Raises:
        DeliveryError: the delivery cannot be read as declared, too much of a file is rejected, or
            lines are there already, or a file on persons links to few; the lake is unchanged.
        ConflictError: another ingest is at work or was faster; the lake is what that one made. Or
            a delivered file was written to meanwhile; the lake is unchanged.
        ResourceError: disk, memory or a permission is missing; the lake is unchanged.
    """
    told: list[str] = []
    tables = read_lookups(source, lookups or {}, told.append)
    looked_up = hashes(lookups or {})
    paths, notes = find_files(delivery, source)
    paths = without_lookups(paths, lookups or {})
    with (
        translated_faults("taking the delivery in", lake_root),
        only_writer(lake_root),
        new_landing(lake_root) as landing,
    ):
        before = read_version(lake_root) if known_versions(lake_root) else None
        require_layout(lake_root, before)
        if before is not None:
            _require_whole(lake_root, before)
        replacement = read_replacement(replaces, source, before)
        scanned, warnings = scan_files(
            paths, source, workspace=landing / "unpacked", block_bytes=block_bytes
        )
        files, known, same_name = new_files(scanned, before, replacement, looked_up)
        warnings = [*told, *notes, *warnings, *same_name]
        if not files and before is not None:
            return IngestReport(NOOP, before, (), known, (), tuple(warnings))
        spark = engine() if callable(engine) else engine
        records, broken, arrivals = parse_files(
            spark,
            files,
            source,
            landing,
            before,
            lookups=tables,
            today=today or date.today(),
            erased=read_erased(lake_root),
        )
        if broken:
            raise DeliveryError(broken)
        slack = source.birth_year_slack
        records = [replace(one, lookups=looked_up, birth_year_slack=slack) for one in records]
        examples = rejection_examples(landing, records)
        warnings += [*suspicions(records, source), *unread_warnings(records)]
        warnings += erased_warnings(lake_root, records)
        require_enough_accepted(records, examples, max_rejected_share)
        reached("parsed")
        intake = Intake(
            Lake(spark, lake_root),
            landing,
            source,
            before,
            tuple(records),
            arrivals,
            replacement,
            token=landing.name,
            rows_at_once=rows_at_once(memory),
        )
        if (again := find_redelivered(intake)) and not replacement.declared:
            raise DeliveryError(again)
        warnings += map(str, again)
        links = find_links(intake)
        if links.problems:
            raise DeliveryError(links.problems)
        warnings += links.warnings
        version = _write(intake)
        if version.invented or is_marked(paths):
            version = replace(version, invented=True)
        reached("written")
        publish_version(lake_root, version)
        reached("published")
    taken_in = tuple(file for file in version.files if file.version == version.number)
    return IngestReport(INGESTED, version, taken_in, known, tuple(examples), tuple(warnings))


def _require_whole(root: Place, before: LakeVersion) -> None:
    """See that what is built upon is as it was written, and say how far the look is."""
    told = count_bytes("looking at the lake", None, every=_LOOK_EVERY)
    require_whole(root, before, told=told)


def rows_at_once(memory: int) -> int:
    """How many dispensings are sorted together in so many bytes."""
    return max(1, memory // _BYTES_PER_SORTED_ROW)


def reached(step: str) -> None:
    """Called at every step that an ingest may be killed at; tests kill it there."""


@contextmanager
def new_landing(root: Place) -> Iterator[Place]:
    """A folder for unpacked files and parsed rows; what killed ingests left there is removed."""
    delete_tree(root / "_staging")
    landing = root / "_staging" / uuid.uuid4().hex
    make_folder(landing)
    try:
        yield landing
    finally:
        ended = landing.with_suffix(".ended")
        if is_url(landing):
            ended = landing
        else:  # tasks that an interrupt has left behind can then write nothing more
            landing.rename(ended)
        delete_tree(ended)


def without_lookups(paths: Sequence[Place], lookups: Mapping[str, Place]) -> list[Place]:
    """The delivered files; a lookup may lie beside them and have their columns."""
    beside = {path.resolve() for path in lookups.values()}
    return [path for path in paths if path not in beside]


def hashes(files: Mapping[str, Place]) -> dict[str, str]:
    """The SHA-256 of files by name."""
    found = {}
    for name, path in sorted(files.items()):
        with streamed(path) as stream:
            found[name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found


def new_files(
    scanned: Sequence[DeliveredFile],
    before: LakeVersion | None,
    replacement: Replacement,
    lookups: Mapping[str, str],
) -> tuple[list[DeliveredFile], tuple[str, ...], list[str]]:
    """The files not in the lake yet, each content once; the names of the others; warnings.

    A content is the same however it is packed. A file that is replaced is new again where it was
    parsed with other lookups.
    """
    held = [file for file in before.files if not file.is_replaced] if before else []
    stays = [file for file in held if file.file_id not in replacement.file_ids]
    there = [*stays, *(file for file in held if file.lookups == lookups)]
    seen = {file.content or file.sha256 for file in there}
    names = {file.name for file in stays}
    new, known, warnings = [], [], []
    for file in scanned:
        content = file.content or file.sha256
        (known if content in seen else new).append(file)
        if content not in seen and file.name in names:
            warnings.append(
                f"{file.name}: a file of this name with other content is in the lake already; "
                "lines that stand in both may count twice; where it is a correction, say so with "
                "--replaces"
            )
        seen.add(content)
    return new, tuple(file.name for file in known), warnings


def _write(intake: Intake) -> LakeVersion:
    """New versions of the registry tables, and the record that will make them visible."""

    def written(done: int, total: int) -> None:
        report(Progress("writing dispensings", done, total, "rows"))

    done = write_registry(intake, written)
    report(Progress("checking the lake", 0, 1, "versions"))
    before = intake.before
    number = (before.number if before else 0) + 1
    earlier = [
        replace(file, superseded=file.superseded + done.superseded[file.file_id])
        for file in (before.files if before else ())
    ]
    draft = LakeVersion(
        number=number,
        erasures=before.erasures if before else {},
        bases=before.bases if before else {},
        tables=done.tables,
        files=(*earlier, *(_finished(file, number, done) for file in intake.files)),
        persons=0,
        dispensings=done.years.total(),
        sex_conflicts=0,
        birth_year_conflicts=0,
        noted=dict(sorted(done.noted.items())),
        layout=LAYOUT,
        years={str(year): done.years[year] for year in sorted(done.years)},
        replaced=intake.replacement.declared,
    )
    span, persons = wait_for_both(
        lambda: describe_dispensings(intake.lake, draft, done.changed),
        lambda: describe_persons(intake.lake, draft),
    )
    check_rejected(intake.lake, draft)
    draft = with_sums(intake.lake, draft, before)
    report(Progress("checking the lake", 1, 1, "versions"))
    invented = persons.pop("invented") > 0 or (before is not None and before.invented)
    return replace(draft, **span, **persons, invented=invented)


def _finished(file: FileRecord, version: int, done: Written) -> FileRecord:
    first, last = done.spans.get(file.file_id, ("", ""))
    return replace(
        with_turned_away(file, done.turned_away),
        version=version,
        first_dispensed_on=first,
        last_dispensed_on=last,
    )
