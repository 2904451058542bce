"""Read everything that a lake holds, and say what is not as it was written.

Records by their own checksum, logs and data files by the checksums of the records. What an earlier
software version wrote has none: there the pages of files are read, by their checksums where they
carry some.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from ldn_spark.delivery.files.tabular import is_damage, open_parquet
from ldn_spark.errors import DeliveryError, EngineError, Problem
from ldn_spark.lake.checking import changed_commits
from ldn_spark.lake.contents import Contents, contents_at, contents_of
from ldn_spark.lake.ledger import ledger_files
from ldn_spark.lake.run_tables import files_of
from ldn_spark.lake.sums import NO_FILE, RESTORE, FileSum, fault_of
from ldn_spark.lake.versions import LakeVersion, known_versions, read_version
from ldn_spark.places.place import Place
from ldn_spark.progress import Progress, count_bytes, report
from ldn_spark.texts.sealed import is_as_written

_OF_A_RUN = {"run", "published"}
"""The records of a run that are of no table: what it is bound to, and where it is published."""
_CHAINED = "_erasures"
"""Records of which each names the checksum of the one before it."""
_SEALED = ("_pruned", "_erased", _CHAINED)
"""Folders of small records that are looked at by their own checksum."""
_REPORT_EVERY = 64 << 20


@dataclass
class Verified:
    """What was looked at, and found.

    Attributes:
        versions, tables, runs: how many there are; tables of runs are not among the tables.
        files, bytes: data files that were read, and their size.
        unchecked: files without a recorded checksum, of which the pages were read.
        problems: every damaged file, with what is wrong.
    """

    versions: int = 0
    tables: int = 0
    runs: int = 0
    files: int = 0
    bytes: int = 0
    unchecked: int = 0
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _File:
    """A data file that is to be read; without what was written its pages are."""

    place: Place
    bytes: int
    written: FileSum | None


def verify_lake(root: Place) -> Verified:
    """Look at everything in a lake; progress is reported in bytes.

    Raises:
        DeliveryError: there is no lake.
        EmptyInputError: it holds no version.
    """
    found = Verified()
    records = list(_records(root, found))
    files = {file.place: file for file in _files(root, records, found)}
    files |= {file.place: file for file in _files_of_runs(root, found)}
    kept = (f for name in _SEALED for f in sorted((root / name).glob("[!.]*.json"), key=str))
    for place in [*ledger_files(root), *kept]:
        found.problems += _of_record(place)
    found.problems += _of_chain(root / _CHAINED)
    total = sum(file.bytes for file in files.values())
    told = count_bytes("verifying files", total, every=_REPORT_EVERY)
    report(Progress("verifying files", 0, total, "bytes"))
    for file in files.values():
        if file.written is None:
            found.unchecked += 1
            what = _fault_of_pages(file.place)
            told(file.bytes)
        else:
            what = fault_of(file.place, file.written, proof=True, told=told)
        if what:
            found.problems.append(Problem(str(file.place), what, RESTORE))
    report(Progress("verifying files", total, total, "bytes"))
    found.files, found.bytes = len(files), total
    return found


def _records(root: Place, found: Verified) -> Iterator[LakeVersion]:
    numbers = known_versions(root)
    if not numbers:
        read_version(root)  # says why there is none
    for number in numbers:
        try:
            yield read_version(root, number)
        except EngineError as error:
            found.problems += error.problems
    found.versions = len(numbers)


def _files(root: Place, records: Sequence[LakeVersion], found: Verified) -> Iterator[_File]:
    """The data files of all versions, after a look at their logs."""
    tables = {name for record in records for name in record.tables}
    found.tables = len(tables)
    told: set[Problem] = set()
    logs = {table: _log(root / table, table, records) for table in sorted(tables)}
    for record in records:
        for table, version in sorted(record.tables.items()):
            folder, base = root / table, record.bases.get(table)
            try:
                held = logs[table].get((base, version)) or contents_of(folder, version, base)
            except EngineError as error:
                told.update(error.problems)
                continue
            if table in record.commits and held.commits != record.commits[table]:
                told.add(changed_commits(root, record, table))
                continue
            sums = record.sums.get(table, {})
            for file in held.files:
                written = sums.get(file.name)
                yield _File(
                    folder / file.name,
                    file.bytes,
                    FileSum.parse(written) if written else None,
                )
    found.problems += sorted(told, key=str)


def _log(
    folder: Place, table: str, records: Sequence[LakeVersion]
) -> dict[tuple[int | None, int], Contents]:
    """What a table holds at every version, its log read once; of a damaged one nothing."""
    found: dict[tuple[int | None, int], Contents] = {}
    having = [record for record in records if table in record.tables]
    for base in {record.bases.get(table) for record in having}:
        at = {one.tables[table] for one in having if one.bases.get(table) == base}
        with suppress(EngineError):  # it is told of the version that cannot be read
            held = contents_at(folder, at, base)
            found |= {(base, version): one for version, one in held.items()}
    return found


def _files_of_runs(root: Place, found: Verified) -> Iterator[_File]:
    """The data files of the tables of runs; those of an earlier software version are Delta's."""
    for folder in _folders_of_runs(root, found):
        for table in sorted({file.stem for file in folder.glob("*.json")} - _OF_A_RUN):
            try:
                files = files_of(folder, table)
            except EngineError as error:
                found.problems += error.problems
                continue
            for place, written in files.items():
                yield _File(place, written.bytes, written)
        for log in sorted(folder.glob("*/_delta_log")):
            for place in sorted(log.parent.glob("*.parquet")):
                yield _File(place, place.stat().st_size, None)


def _folders_of_runs(root: Place, found: Verified) -> Iterator[Place]:
    for run in sorted((root / "runs").glob("*")):
        if run.is_dir():
            found.runs += 1
            for name in sorted(_OF_A_RUN):
                found.problems += _of_record(run / f"{name}.json")
            yield run
            yield from sorted(run.glob("part-*"))


def _of_record(place: Place) -> Iterator[Problem]:
    try:
        if not is_as_written(json.loads(place.read_bytes())):
            raise ValueError
    except FileNotFoundError:
        return
    except (*NO_FILE, ValueError, TypeError, RecursionError):
        yield Problem(str(place), "is damaged: it is not what was written", RESTORE)


def _of_chain(folder: Place) -> Iterator[Problem]:
    """The records whose predecessor is not the one that they name."""
    before = None
    for place in sorted(folder.glob("[!.]*.json"), key=str):
        content = place.read_bytes()
        said: dict[str, object] = {}
        with suppress(ValueError, TypeError, RecursionError):  # its own damage is told elsewhere
            said = json.loads(content)
        if is_as_written(said) and said["previous_record_sha256"] != before:
            what = "names another record before it: that was changed, or is gone"
            yield Problem(str(place), what, RESTORE)
        before = hashlib.sha256(content).hexdigest()


def _fault_of_pages(place: Place) -> str:
    """What is wrong with a file by its own checksums; empty for nothing that they tell."""
    try:
        with open_parquet(place) as file:
            for _ in file.iter_batches():
                pass
    except NO_FILE:
        return "is gone"
    except DeliveryError as error:
        return error.problems[0].what
    except Exception as error:
        if not is_damage(error):
            raise
        return "is damaged: its rows cannot be read"
    return ""
