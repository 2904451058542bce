"""The log of a table without what no kept version needs: a checkpoint in the place of old commits.

Version records name the checkpoint that their logs begin with, and its checksum with that of the
commits since. So a checkpoint is written first, then the records are, one by one, and the commits
go last: whenever that is interrupted, every record names a log that is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from ldn_spark.errors import EngineError, Problem
from ldn_spark.lake.checking import changed_commits
from ldn_spark.lake.contents import Contents, checkpoint_file, contents_at
from ldn_spark.lake.sums import RESTORE
from ldn_spark.lake.versions import LakeVersion, replace_version
from ldn_spark.places.files import sizes_below
from ldn_spark.places.place import Place

Records = Mapping[int, LakeVersion]


def contents_by_record(root: Place, records: Records, table: str) -> dict[int, Contents]:
    """What a table holds at each version of a lake that has it, its log held against the records.

    Raises:
        EngineError: a log is not what was written.
    """
    found: dict[int, Contents] = {}
    having = {number: one for number, one in records.items() if table in one.tables}
    for base in {one.bases.get(table) for one in having.values()}:
        those = {n: one for n, one in having.items() if one.bases.get(table) == base}
        held = contents_at(root / table, {one.tables[table] for one in those.values()}, base)
        for number, one in those.items():
            found[number] = held[one.tables[table]]
            if one.commits.get(table, found[number].commits) != found[number].commits:
                raise EngineError(changed_commits(root, one, table))
    return found


def base_for(records: Records, table: str) -> int | None:
    """The version that a table's log can begin with; None where it is to stay as it is.

    It stays where nothing is before it, and where a record of an earlier software version has no
    checksum that could be written anew.
    """
    having = [one for one in records.values() if table in one.tables]
    first = min((one.tables[table] for one in having), default=0)
    if first == 0 or any(table not in one.commits for one in having):
        return None
    return first


def begin_logs_anew(
    root: Place, records: Records, told: Callable[[], None]
) -> dict[int, LakeVersion]:
    """Let the log of every table begin with the earliest kept version.

    Args:
        root: the lake.
        records: the kept versions.
        told: hears of each record that is written.

    Returns:
        The records as they are then.

    Raises:
        EngineError: a log is not what was written, or a checkpoint does not say the same.
    """
    now = dict(records)
    changed: set[int] = set()
    for table in sorted({name for one in records.values() for name in one.tables}):
        base = base_for(records, table)
        if base is None:
            continue
        before = contents_by_record(root, records, table)
        if all(records[number].bases.get(table) == base for number in before):
            continue
        if not any(records[number].bases.get(table) == base for number in before):
            _write_checkpoint(root / table, base)
        after = contents_at(root / table, {now[number].tables[table] for number in before}, base)
        for number, was in before.items():
            record = now[number]
            then = after[record.tables[table]]
            if then.files != was.files:
                what = "does not hold what the commits before it say"
                place = checkpoint_file(root / table, base)
                raise EngineError(Problem(str(place), what, RESTORE))
            bases, commits = {**record.bases, table: base}, {**record.commits, table: then.commits}
            now[number] = replace(record, bases=bases, commits=commits)
            changed.add(number)
    for number in sorted(changed):
        replace_version(root, now[number])
        told()
    return now


def _write_checkpoint(folder: Place, version: int) -> None:
    from deltalake import DeltaTable

    DeltaTable(str(folder), version=version).create_checkpoint()


def old_log_files(root: Place, records: Records, table: str) -> dict[Place, int]:
    """The files of a table's log that no record needs, with their sizes, the oldest first."""
    bases = {one.bases.get(table) for one in records.values() if table in one.tables}
    named = [base for base in bases if base is not None]
    return {} if None in bases or not named else log_files_before(root / table, min(named))


def log_files_before(folder: Place, base: int) -> dict[Place, int]:
    """Commits, checkpoints and what engines add to them, of versions before another one."""
    found = {}
    for file, size in sizes_below(folder / "_delta_log").items():
        number = file.name.partition(".")[0]
        if number.isdecimal() and int(number) < base:
            found[file] = size
    return dict(sorted(found.items(), key=lambda one: one[0].name))
