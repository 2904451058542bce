"""Whether the files of a lake are as they were written: what every reader asks before it trusts.

An engine takes a flipped bit for data. Spark finds it where pages carry a checksum, the embedded
engine nowhere; neither looks at a log or at the end of a file. So whoever reads a version looks at
all that it may read, in the time in which the engine works.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from ldn_spark.errors import EngineError, Problem
from ldn_spark.lake.contents import HeldFile, checkpoint_file, commit_file, contents_of
from ldn_spark.lake.sums import RESTORE, FileSum, Told, fault_of_size, nobody, problems_of
from ldn_spark.lake.versions import known_versions, read_version
from ldn_spark.schemas import DISPENSINGS

if TYPE_CHECKING:
    from ldn_spark.lake.versions import LakeVersion
    from ldn_spark.places.place import Place

EVERY_CODE = ("",)
_AFTER_ANY = "\U0010ffff"


def require_whole(
    root: Place,
    version: LakeVersion,
    tables: Collection[str] | None = None,
    *,
    codes: Sequence[str] = EVERY_CODE,
    told: Told = nobody,
) -> None:
    """See that what is read of a version is as it was written.

    A version that an earlier software recorded has no checksums: its files must be there, and of
    the size that the log names.

    Args:
        root: the lake.
        version: what is read.
        tables: the tables that are read; None for all.
        codes: beginnings of the ATC codes whose dispensings are read.
        told: hears of every piece that is read.

    Raises:
        EngineError: files are gone, cut or damaged; each is named.
    """
    problems: list[Problem] = []
    for table in sorted(version.tables):
        if tables is None or table in tables:
            problems += damage_of(root, version, table, codes=codes, told=told)
    if problems:
        raise EngineError(problems)


def damage_of(
    root: Place,
    version: LakeVersion,
    table: str,
    *,
    codes: Sequence[str] = EVERY_CODE,
    proof: bool = False,
    told: Told = nobody,
) -> list[Problem]:
    """What is wrong with the files of a table at a version.

    Args:
        root: the lake.
        version: its record.
        table: the table's name.
        codes: as above.
        proof: look at the SHA-256 of files too.
        told: hears of every piece that is read.
    """
    folder = root / table
    if table not in version.commits:
        return _damage_by_size(folder, version.tables[table])
    try:
        held = contents_of(folder, version.tables[table], version.bases.get(table))
    except EngineError as error:
        return list(error.problems)
    if held.commits != version.commits[table]:
        return [changed_commits(root, version, table)]
    sums = version.sums[table]
    files = [
        (folder / file.name, FileSum.parse(sums[file.name]))
        for file in held.files
        if table != DISPENSINGS.name or _may_hold(file, codes)
    ]
    return problems_of(files, proof=proof, told=told)


def _damage_by_size(folder: Place, version: int) -> list[Problem]:
    """What the log alone tells: files that are gone, or not as long as they were."""
    if (folder / "_delta_log" / "_last_checkpoint").exists():
        return []  # commits before it may have been cleaned away
    try:
        files = contents_of(folder, version).files
    except EngineError as error:
        return list(error.problems)
    faults = ((folder / file.name, fault_of_size(folder / file.name, file.bytes)) for file in files)
    return [Problem(str(place), what, RESTORE) for place, what in faults if what]


def _may_hold(file: HeldFile, codes: Sequence[str]) -> bool:
    """Whether a file may hold any code that begins so, by the ends that the log tells."""
    low, high = file.low.get("atc"), file.high.get("atc")
    if low is None or high is None:
        return True
    return any(low <= code + _AFTER_ANY and code <= high for code in codes)


def changed_commits(root: Place, version: LakeVersion, table: str) -> Problem:
    """Say which commits of a log are not what was written: earlier records bound them."""
    base = version.bases.get(table)
    good, bad = -1 if base is None else base - 1, version.tables[table]
    for earlier in _records(root, version.number):
        until = earlier.tables.get(table)
        if until is None or table not in earlier.commits or earlier.bases.get(table) != base:
            continue
        if contents_of(root / table, until, base).commits == earlier.commits[table]:
            good = max(good, until)
        else:
            bad = min(bad, until)
    folder, first = root / table, commit_file(root / table, good + 1)
    if base is not None and good < base:
        first = checkpoint_file(folder, base)
    last = first if bad == base else commit_file(folder, bad)
    where = str(first) if first == last else f"{first} to {last.name}"
    return Problem(where, "is damaged: it is not what was written", RESTORE)


def _records(root: Place, before: int) -> Iterator[LakeVersion]:
    for number in known_versions(root):
        if number < before:
            try:
                yield read_version(root, number)
            except EngineError:
                continue
