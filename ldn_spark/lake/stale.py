"""Studies whose results are older than the lake: what has come since they were run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ldn_spark.lake.ledger import GOOD, Entry, Ledger
from ldn_spark.lake.versions import FileRecord, known_versions, read_version
from ldn_spark.places.place import Place


@dataclass(frozen=True, slots=True)
class Arrived:
    """What one later version brought.

    Attributes:
        version: its number.
        replaced: what its delivery was declared to replace; empty for nothing.
        files: the delivered files; none where persons were erased.
    """

    version: int
    replaced: str
    files: tuple[FileRecord, ...]


@dataclass(frozen=True, slots=True)
class Stale:
    """A study that has good runs, of which none read the latest version.

    Attributes:
        study: its id.
        began: when the run began that read the newest version, the last of those.
        run_id: that run.
        lake_version: the version that it read.
        since: the later versions that the lake still names.
    """

    study: str
    began: str
    run_id: str | None
    lake_version: int
    since: tuple[Arrived, ...]


def find_stale(lake: Place, ledger: Ledger) -> list[Stale]:
    """The stale studies of a lake by id.

    A run of an earlier version (`--as-of`) makes no study stale that was also run on the latest
    one. A study without any good run is not stale: it has no results.

    Raises:
        EngineError: the record of a later version is damaged.
    """
    newest: dict[str, tuple[int, Entry, str | None]] = {}
    for entry, study in ledger.studies():
        if study.outcome in GOOD and entry.lake_version is not None:
            known = newest.get(study.id)
            if known is None or entry.lake_version >= known[0]:
                newest[study.id] = entry.lake_version, entry, study.run_id
    numbers = known_versions(lake)
    behind = {name: found for name, found in newest.items() if found[0] < numbers[-1]}
    if not behind:
        return []
    oldest = min(read for read, _, _ in behind.values())
    arrived = list(_arrived(lake, [number for number in numbers if number > oldest]))
    return [
        Stale(name, entry.began, run_id, read, tuple(a for a in arrived if a.version > read))
        for name, (read, entry, run_id) in sorted(behind.items())
    ]


def _arrived(lake: Place, numbers: Iterable[int]) -> Iterable[Arrived]:
    for number in numbers:
        record = read_version(lake, number)
        files = tuple(file for file in record.files if file.version == number)
        yield Arrived(number, record.replaced, files)
