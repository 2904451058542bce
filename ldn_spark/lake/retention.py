"""What a lake need not hold any more: planned here, removed by `pruning`.

Versions beyond the newest ones that are wanted, and their data; tables of runs that are published
and not among the newest of their study, or were abandoned; rests of killed processes. A version
stays as long as somebody reads it, or an unfinished run may go on with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ldn_spark.errors import ConflictError, Problem
from ldn_spark.lake.checkpoints import base_for, contents_by_record, log_files_before
from ldn_spark.lake.readers import ALL, versions_read
from ldn_spark.lake.run_folders import RunFolder, run_folders
from ldn_spark.lake.versions import LakeVersion, known_versions, read_version
from ldn_spark.places.files import changed_at, sizes_below
from ldn_spark.places.place import Place

QUALITY, STAGING = "quality", "_staging"
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Keep:
    """What is to stay.

    Attributes:
        versions: so many of the newest; None for all.
        runs: so many of the newest published ones of every study; None for all.
        abandoned_after: days after which an unfinished run on which nobody works is abandoned.
        settled_after: seconds after which a hidden file is the rest of a killed process, and not
            one that is being written.
    """

    versions: int | None = None
    runs: int | None = None
    abandoned_after: float = 7.0
    settled_after: float = 3600.0


@dataclass(frozen=True, slots=True)
class Going:
    """Files of a kind that go.

    Attributes:
        kind: versions, data, log, runs, quality or rests.
        what: their table, version or run.
        why: in a few words.
        files: with their sizes.
    """

    kind: str
    what: str
    why: str
    files: Mapping[Place, int]

    @property
    def bytes(self) -> int:
        """Of all of them."""
        return sum(self.files.values())


@dataclass(frozen=True)
class Plan:
    """What goes, and what stays for a reason that was not asked for.

    Attributes:
        records: the versions that stay, by number.
        gone: those that go.
        runs: the runs that go.
        going: all files that go, by kind.
        stays: what stays although it is beyond what was asked for, in sentences.
        log_from: the version that a table's log begins with from now on, by table.
    """

    records: Mapping[int, LakeVersion]
    gone: Mapping[int, LakeVersion]
    runs: tuple[RunFolder, ...]
    going: tuple[Going, ...]
    stays: tuple[str, ...]
    log_from: Mapping[str, int] = field(default_factory=dict)

    @property
    def versions(self) -> tuple[int, ...]:
        """The numbers of the versions that go."""
        return tuple(self.gone)

    @property
    def bytes(self) -> int:
        """Of everything that goes."""
        return sum(one.bytes for one in self.going)

    @property
    def files(self) -> int:
        """How many files go."""
        return sum(len(one.files) for one in self.going)


def plan_prune(root: Place, keep: Keep, now: float) -> Plan:
    """What a prune would remove; nothing is changed.

    Args:
        root: the lake.
        keep: what is to stay.
        now: in seconds since 1970.

    Raises:
        DeliveryError: there is no lake.
        EmptyInputError: it holds no version.
        EngineError: a record or a log is damaged.
        ConflictError: the whole lake is being read, as `ldn verify` does.
    """
    numbers = known_versions(root)
    if not numbers:
        read_version(root)  # says why there is none
    records = {number: read_version(root, number) for number in numbers}
    read = versions_read(root)
    require_not_verified(root, read)
    runs, runs_stay = _runs_that_go(run_folders(root), keep, now)
    kept, stays = _versions_that_stay(numbers, keep, read, runs_stay)
    gone = tuple(number for number in numbers if number not in kept)
    held = {number: records[number] for number in sorted(kept)}
    logs = _logs(held)
    going = [
        *_records_that_go(root, gone),
        *_data_that_go(root, held, records),
        *(() if read else _log_files_that_go(root, logs)),
        *(Going("runs", run.place.name, why, run.files) for run, why in runs),
        *_reports_that_go(root, gone),
        *_rests(root, now - keep.settled_after),
    ]
    whole = tuple(one for one in going if one.files)
    told = [*stays, *(["the logs stay as they are while somebody reads the lake"] if read else [])]
    leaving = {number: records[number] for number in gone}
    return Plan(held, leaving, tuple(run for run, _ in runs), whole, tuple(told), logs)


def require_not_verified(root: Place, read: Collection[int]) -> None:
    """See that nobody reads the lake as a whole.

    Raises:
        ConflictError: somebody does.
    """
    if ALL in read:
        what = "the whole lake is being read, as ldn verify does"
        raise ConflictError(Problem(str(root), what, "wait for it and run this again"))


def _versions_that_stay(
    numbers: Sequence[int], keep: Keep, read: Collection[int], runs: Sequence[RunFolder]
) -> tuple[set[int], list[str]]:
    if keep.versions is None:
        return set(numbers), []
    kept, stays = set(numbers[-keep.versions :]), []
    for number in sorted({*read} & {*numbers} - kept):
        stays.append(f"version {number} stays: it is being read")
    kept |= {*read} & {*numbers}
    for run in runs:
        number = run.lake_version
        if not run.is_published and number in numbers and number not in kept:
            stays.append(f"version {number} stays: run {run.place.name} may go on with it")
            kept.add(number)
    return kept, stays


def _runs_that_go(
    runs: Sequence[RunFolder], keep: Keep, now: float
) -> tuple[list[tuple[RunFolder, str]], list[RunFolder]]:
    """The runs that go, each with the reason; and those that stay."""
    newest = defaultdict[str, list[str]](list)
    for run in reversed(runs):
        if run.is_published:
            for study in run.studies:
                newest[study].append(run.place.name)
    wanted = {name for names in newest.values() for name in names[: keep.runs]}
    goes, stays = [], []
    for run in runs:
        name, days = run.place.name, (now - run.changed) / DAY
        if run.is_held:
            stays.append(run)
        elif not run.is_published and days >= keep.abandoned_after:
            goes.append((run, f"abandoned for {days:.0f} days"))
        elif run.is_published and not run.studies:
            goes.append((run, "the rest of one that was being removed"))
        elif run.is_published and name not in wanted:
            goes.append((run, f"not among the newest {keep.runs} of its study"))
        else:
            stays.append(run)
    return goes, stays


def _records_that_go(root: Place, gone: Sequence[int]) -> Iterator[Going]:
    if gone:
        names = {f"{number:08d}.json" for number in gone}
        there, folder = sizes_below(root / "_versions"), root / "_versions"
        files = {f: size for f, size in there.items() if f.parent == folder and f.name in names}
        yield Going("versions", spans(gone), "beyond the newest", files)


def _data_that_go(
    root: Place, held: Mapping[int, LakeVersion], records: Mapping[int, LakeVersion]
) -> Iterator[Going]:
    """The data files that no kept version holds: of older ones, or of killed ingests."""
    for table in sorted({name for one in records.values() for name in one.tables}):
        contents = contents_by_record(root, held, table)
        named = {root / table / file.name for one in contents.values() for file in one.files}
        there = sizes_below(root / table)
        log = root / table / "_delta_log"
        files = {f: s for f, s in there.items() if f not in named and log not in f.parents}
        yield Going("data", table, "of no version that stays", files)


def _logs(held: Mapping[int, LakeVersion]) -> dict[str, int]:
    tables = {name for one in held.values() for name in one.tables}
    found = {table: base_for(held, table) for table in sorted(tables)}
    return {table: base for table, base in found.items() if base is not None}


def _log_files_that_go(root: Place, logs: Mapping[str, int]) -> Iterator[Going]:
    for table, base in logs.items():
        old = log_files_before(root / table, base)
        yield Going("log", table, f"a checkpoint of version {base} stands for them", old)


def _reports_that_go(root: Place, gone: Sequence[int]) -> Iterator[Going]:
    for number in gone:
        files = sizes_below(root / QUALITY / str(number))
        yield Going("quality", str(number), "of a version that goes", files)


def _rests(root: Place, settled: float) -> Iterator[Going]:
    """What killed processes left; nobody writes while the lake is held for a prune."""
    yield Going("rests", STAGING, "of a killed ingest", sizes_below(root / STAGING))
    for folder in ("_versions", "_ledger"):
        hidden = {
            file: size
            for file, size in sizes_below(root / folder).items()
            if file.name.startswith(".") and changed_at(file) < settled
        }
        yield Going("rests", folder, "half-written", hidden)


def spans(numbers: Sequence[int]) -> str:
    """Numbers in few words.

    >>> spans([1, 2, 3, 7, 9, 10])
    '1-3, 7, 9-10'
    """
    ends: list[list[int]] = []
    for number in sorted(numbers):
        if ends and ends[-1][1] + 1 == number:
            ends[-1][1] = number
        else:
            ends.append([number, number])
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in ends)
