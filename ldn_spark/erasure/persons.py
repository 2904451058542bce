"""Erase persons from a lake: from its tables, its earlier versions, its runs and all its rests.

The latest version is written anew without them and becomes the next one; every earlier version,
whose files hold them, is removed, and so are the tables of all runs, which were made of those. The
order lets an erasure that was killed be ended by giving the same command again: who is erased is
written down first, as keyed hashes, and the record of the erasure last.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from ldn_spark import __version__
from ldn_spark.delivery.values.erased import ERASED
from ldn_spark.erasure.pseudonyms import Named
from ldn_spark.erasure.records import last_of_chain, signed
from ldn_spark.erasure.rewriting import (
    Rewritten,
    keys_held,
    new_profile,
    persons_of,
    rows_of_persons,
    without_persons,
)
from ldn_spark.errors import ConflictError, EngineError, Problem
from ldn_spark.ingest.landing.person_keys import person_keys
from ldn_spark.lake.checking import require_whole
from ldn_spark.lake.commits import exchange_files, forget_files, nothing
from ldn_spark.lake.contents import Contents, contents_of
from ldn_spark.lake.delta_log import delta_version
from ldn_spark.lake.erased import Erasure, are_listed, erasures, new_erasure, write_erasure
from ldn_spark.lake.ledger import GOOD, read_ledger
from ldn_spark.lake.pruning import prune_held
from ldn_spark.lake.readers import versions_read
from ldn_spark.lake.recording import with_sums
from ldn_spark.lake.retention import QUALITY, Keep, plan_prune
from ldn_spark.lake.run_folders import run_folders
from ldn_spark.lake.small_files import put_if_absent
from ldn_spark.lake.versions import (
    FileRecord,
    Lake,
    LakeVersion,
    known_versions,
    only_writer,
    publish_version,
    read_version,
    require_layout,
)
from ldn_spark.places.files import delete, delete_tree, remove_empty_folders
from ldn_spark.places.place import Place
from ldn_spark.progress import count_bytes
from ldn_spark.schemas import (
    DISPENSING_PROFILE,
    DISPENSINGS,
    OBSERVATION_PERIODS,
    PERSON_STATEMENTS,
    PERSONS,
)

RECORDS = "_erasures"
_OF_PERSONS = (DISPENSINGS, PERSONS, PERSON_STATEMENTS, OBSERVATION_PERIODS)
_TOLD_EVERY = 64 << 20
_EVER = -1e6
"""Days: every unfinished run is abandoned, whatever its clock says."""


@dataclass(frozen=True)
class ErasurePlan:
    """What an erasure of persons does, or did.

    Attributes:
        lines, named: lines of the file that name anybody, and different pseudonyms.
        found: how many of them the lake knows.
        rows: rows that go, by table.
        version: the version without them; None where the lake knows none of them.
        versions: the earlier versions that go.
        runs: the runs whose tables go.
        results: folders of results that were made before the erasure.
        deliveries: names of the delivered files that lines of them came in.
        unlisted: whether any of them is not left out of later deliveries yet.
        unfinished: whether an earlier erasure was interrupted, and is ended too.
        record: where the record is, once it is written.
    """

    lines: int
    named: int
    found: int
    rows: Mapping[str, int]
    version: int | None
    versions: tuple[int, ...]
    runs: tuple[str, ...]
    results: tuple[str, ...]
    deliveries: tuple[str, ...]
    unlisted: bool
    unfinished: bool = False
    record: Place | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to do."""
        return self.version is None and not self.unfinished and not self.unlisted


@dataclass(frozen=True)
class _Found:
    """The latest version, and what of it goes."""

    before: LakeVersion
    contents: Mapping[str, Contents]
    keys: pa.Array
    pseudonyms: frozenset[str]
    tables: Mapping[str, Rewritten]


def reached(step: str) -> None:
    """Called at every step that an erasure may be killed at; tests kill it there."""


def plan_erasure(root: Place, named: Named, *, forget: bool = False) -> ErasurePlan:
    """What an erasure would do; nothing is changed.

    Raises:
        DeliveryError: there is no lake.
        EmptyInputError: it holds no version.
        EngineError: it is damaged.
        ConflictError: somebody reads it.
        UsageError: an earlier software version made it.
    """
    before = _require_good(root)
    found = _look(root, before, named, token=None)
    return _plan(root, found, named, forget=forget)


def erase_persons(
    root: Place, named: Named, *, key: bytes | None = None, forget: bool = False
) -> ErasurePlan:
    """Erase persons.

    Args:
        root: the lake.
        named: who.
        key: signs the record; None for none.
        forget: keep no list of them: a later delivery may bring them back.

    Raises:
        as `plan_erasure`, before anything is changed; and
        ConflictError: another process writes to the lake, or has begun to read it.
    """
    with only_writer(root):
        before = _require_good(root)
        began = datetime.now(UTC)
        found = _look(root, before, named, token=uuid.uuid4().hex)
        reached("written")
        plan = _plan(root, found, named, forget=forget)
        record = None
        if plan.version is not None:
            erasure = new_erasure(root, named.pseudonyms, plan.version)
            write_erasure(root, replace(erasure, told=_told(plan, began)))
            reached("listed")
            draft = _commit(root, found, erasure)
            reached("committed")
            publish_version(root, draft)
            reached("published")
        else:
            for table, change in found.tables.items():
                for file in change.files:
                    delete(root / table / file.path)
            if plan.unlisted:
                erasure = new_erasure(root, named.pseudonyms, before.number)
                erasure = replace(erasure, told=_told(plan, began))
                record = _write_record(root, erasure, key, found.keys)
                write_erasure(root, erasure.finished(forget=False))
        if unfinished := _unfinished(root):
            _remove_what_was(root, min(one.version for one in unfinished))
            reached("removed")
            _require_gone(root, found.keys)
        for one in unfinished:
            record = _write_record(root, one, key, found.keys)
            reached("recorded")
            write_erasure(root, one.finished(forget=forget))
            reached("done")
        return replace(plan, record=record)


def _require_good(root: Place) -> LakeVersion:
    before = read_version(root)
    require_layout(root, before)
    told = count_bytes("looking at the lake", None, every=_TOLD_EVERY)
    require_whole(root, before, told=told)
    if versions_read(root) or any(run.is_held for run in run_folders(root)):
        what, mend = "somebody reads it, or a run is at work", "wait for it and run this again"
        raise ConflictError(Problem(str(root), what, mend))
    return before


def _look(root: Place, before: LakeVersion, named: Named, *, token: str | None) -> _Found:
    """What of the latest version goes; with a token, the files without it are written."""
    contents = {
        table: contents_of(root / table, at, before.bases.get(table))
        for table, at in before.tables.items()
    }
    texts = pa.array(sorted(named.pseudonyms), pa.string())
    known = pa.concat_tables(
        persons_of(root / table.name, contents[table.name], texts)
        for table in (PERSONS, PERSON_STATEMENTS)
    )
    keys = _keys(root, contents, named, known)
    total = sum(file.bytes for t in _OF_PERSONS for file in contents[t.name].files)
    doing = "looking for rows" if token is None else "writing tables without them"
    told = count_bytes(doing, total, every=_TOLD_EVERY)
    tables = {}
    for table in _OF_PERSONS:
        place, held = root / table.name, contents[table.name]
        tables[table.name] = without_persons(place, table, held, keys, token=token, told=told)
    dispensings = tables[DISPENSINGS.name]
    if token is not None and dispensings.years:
        profile = contents[DISPENSING_PROFILE.name]
        place = root / DISPENSING_PROFILE.name
        tables[DISPENSING_PROFILE.name] = new_profile(place, profile, dispensings, token)
    found = frozenset(known["pseudonym"].to_pylist())
    return _Found(before, contents, keys, found, tables)


def _keys(root: Place, contents: Mapping[str, Contents], named: Named, known: pa.Table) -> pa.Array:
    """The keys of the named persons; of those whom no table names, as far as they are nobody's.

    Rows without a name (periods of observation) may be of persons whom nothing else names.
    """
    keys = set(known["person_key"].to_pylist())
    others = sorted(named.pseudonyms - set(known["pseudonym"].to_pylist()))
    further = set(person_keys(pa.array(others, pa.string())).to_pylist()) - keys
    if further:
        further -= keys_held(root / PERSONS.name, contents[PERSONS.name], further)
    return pa.array(sorted(keys | further), pa.int64())


def _plan(root: Place, found: _Found, named: Named, *, forget: bool) -> ErasurePlan:
    rows = {table: one.erased for table, one in found.tables.items() if one.erased}
    is_there = bool(rows or found.pseudonyms)
    unfinished = _unfinished(root)
    latest = found.before.number
    first = latest + 1 if is_there else min((one.version for one in unfinished), default=0)
    named_in = (DISPENSINGS.name, PERSON_STATEMENTS.name)
    by_file = set().union(*(found.tables[table].by_file for table in named_in))
    ledger = read_ledger(root)
    runs = run_folders(root)
    told = {s.folder for _, s in ledger.studies() if s.folder and s.outcome in GOOD}
    told |= {place for run in runs for place in run.results.values()}
    return ErasurePlan(
        lines=named.lines,
        named=len(named.pseudonyms),
        found=len(found.pseudonyms),
        rows=rows,
        version=latest + 1 if is_there else None,
        versions=tuple(number for number in known_versions(root) if number < first),
        runs=tuple(run.place.name for run in runs) if is_there or unfinished else (),
        results=tuple(sorted(told)) if is_there or unfinished else (),
        deliveries=tuple(file.name for file in found.before.files if file.file_id in by_file),
        unlisted=not forget and not are_listed(root, named.pseudonyms),
        unfinished=bool(unfinished),
    )


def _unfinished(root: Place) -> list[Erasure]:
    """The erasures that are carried out, and whose earlier versions may still be there."""
    latest = read_version(root)
    return [one for one in erasures(root) if not one.done and one.is_carried_out(latest)]


def _commit(root: Place, found: _Found, erasure: Erasure) -> LakeVersion:
    """The tables without the persons, and the record that makes them visible."""
    before, tables = found.before, dict(found.before.tables)
    token = uuid.uuid4().hex
    for table in (*_OF_PERSONS, DISPENSING_PROFILE):
        change = found.tables.get(table.name)
        if change is None or not change.names:
            continue
        folder = root / table.name
        exchange_files(
            folder,
            table,
            base=tables[table.name],
            goes=nothing,
            names=change.names,
            files=change.files,
            token=token,
        )
        forget_files(folder, token)
        version = delta_version(folder)
        if version is None:
            raise EngineError(f"the table {table.name} was not written")
        tables[table.name] = version
        reached("table")
    return with_sums(Lake(None, root), _record(found, tables, erasure), before)  # type: ignore[arg-type]


def _record(found: _Found, tables: Mapping[str, int], erasure: Erasure) -> LakeVersion:
    before, persons = found.before, found.tables[PERSONS.name]
    dispensings = found.tables[DISPENSINGS.name]
    years = {str(year): rows for year, rows in sorted(dispensings.by_year.items()) if rows}
    days = [day for span in dispensings.spans.values() for day in span]
    return replace(
        before,
        number=before.number + 1,
        tables=tables,
        files=tuple(_without(file, found) for file in before.files),
        persons=persons.persons,
        dispensings=sum(years.values()),
        sex_conflicts=persons.sex_conflicts,
        birth_year_conflicts=persons.birth_year_conflicts,
        years=years,
        first_dispensed_on=min(days).isoformat() if days else "",
        last_dispensed_on=max(days).isoformat() if days else "",
        replaced="",
        noted=dict(sorted(persons.noted.items())),
        erasures={**before.erasures, erasure.id: erasure.version},
    )


def _without(file: FileRecord, found: _Found) -> FileRecord:
    """The account of a file, as if the lines of the persons had been left out from the start."""
    nobodies = {text: n for text, n in file.nobodies.items() if text not in found.pseudonyms}
    dispensings = found.tables[DISPENSINGS.name]
    goes = dispensings.by_file.get(file.file_id, 0)
    if not goes:
        return replace(file, nobodies=nobodies)
    first, last = dispensings.spans.get(file.file_id, (None, None))
    left = dict(file.left_out_by_column)
    left[ERASED] = left.get(ERASED, 0) + goes
    return replace(
        file,
        accepted=file.accepted - goes,
        nobodies=nobodies,
        left_out_by_column=dict(sorted(left.items())),
        first_dispensed_on=first.isoformat() if first else "",
        last_dispensed_on=last.isoformat() if last else "",
    )


def _remove_what_was(root: Place, first: int) -> None:
    """Remove all that is older than the first version without the persons, and all runs.

    Raises:
        ConflictError: somebody has begun to read the lake.
    """
    stay = [number for number in known_versions(root) if number >= first]
    keep = Keep(len(stay), runs=0, abandoned_after=_EVER, settled_after=_EVER)
    now = datetime.now(UTC).timestamp()
    prune_held(root, keep, now)
    for folder in sorted((root / QUALITY).glob("*")):
        if not folder.name.isdecimal() or int(folder.name) < first:
            delete_tree(folder)
    remove_empty_folders(root / "runs")
    if plan_prune(root, keep, now).going or versions_read(root):
        what = "somebody has begun to read it, and what is older is not gone yet"
        raise ConflictError(Problem(str(root), what, "run this again"))


def _require_gone(root: Place, keys: pa.Array) -> None:
    """Look through every Parquet file of the lake.

    Raises:
        EngineError: one holds rows of the persons.
    """
    left = [file for file, rows in rows_of_persons(root, keys) if rows]
    if left:
        what = "still holds rows of persons who were to be erased"
        raise EngineError([Problem(str(file), what, "run this again") for file in left])


def _told(plan: ErasurePlan, began: datetime) -> dict[str, Any]:
    return {
        "began": began.isoformat(),
        "lines": plan.lines,
        "named": plan.named,
        "found": plan.found,
        "unknown": plan.named - plan.found,
        "rows": dict(plan.rows),
        "versions_removed": list(plan.versions),
        "runs_removed": list(plan.runs),
        "results_made_before": list(plan.results),
        "deliveries_not_erased": list(plan.deliveries),
    }


def _write_record(root: Place, erasure: Erasure, key: bytes | None, keys: pa.Array) -> Place:
    ended = datetime.now(UTC)
    looked = [rows for _, rows in rows_of_persons(root, keys)]
    said = {
        "record": "erasure of persons",
        "lake": str(root),
        "erasure": erasure.id,
        "ended": ended.isoformat(),
        "ldn_spark": __version__,
        **erasure.told,
        "first_version_without": erasure.version,
        "files_looked_through": len(looked),
        "rows_found": sum(looked),
        "previous_record_sha256": last_of_chain(root / RECORDS),
    }
    place = root / RECORDS / f"{ended:%Y%m%dT%H%M%S%fZ}-{erasure.id}.json"
    if not put_if_absent(place, signed(said, key).encode()):
        raise EngineError(Problem(str(place), "is there already", "run this again"))
    return place
