"""Erase a whole lake: an inventory of every file before, and proof that none is left after.

    <lake>.erased.json    the record, beside the lake: begun with the inventory, then done

What a lake's folder holds beside what the software wrote is named, and stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ldn_spark import __version__
from ldn_spark.erasure.persons import RECORDS
from ldn_spark.erasure.records import check_record, signed
from ldn_spark.errors import ConflictError, EngineError, OutputExistsError, Problem, UsageError
from ldn_spark.lake.erased import ERASED_FOLDER
from ldn_spark.lake.ledger import LEDGER
from ldn_spark.lake.pruning import PRUNED
from ldn_spark.lake.readers import READERS, versions_read
from ldn_spark.lake.retention import QUALITY, STAGING
from ldn_spark.lake.run_folders import RUNS
from ldn_spark.lake.sums import sum_file
from ldn_spark.lake.versions import known_versions, only_writer, read_version
from ldn_spark.places.files import delete, delete_tree, put, sizes_below
from ldn_spark.places.holding import is_held
from ldn_spark.places.place import Place, is_url, is_within
from ldn_spark.progress import Progress, count_bytes, report
from ldn_spark.schemas import LAKE_TABLES

VERSIONS = "_versions"
_HOLDING = ("_lock", "_leases", READERS)
_OURS = (
    *(VERSIONS, RUNS, LEDGER, QUALITY, STAGING, PRUNED, ERASED_FOLDER, RECORDS),
    *(table.name for table in LAKE_TABLES),
)
_TOLD_EVERY = 64 << 20
_BEGUN, _DONE = "begun", "done"


@dataclass(frozen=True)
class WholeErasure:
    """What the erasure of a lake does, or did.

    Attributes:
        inventory: every file with its size and SHA-256; of a plan, the size alone.
        stays: what lies in the folder and is not the lake's.
        record: where the record is, or would be.
        done: whether it is done.
    """

    inventory: Mapping[str, tuple[int, str]]
    stays: tuple[str, ...]
    record: Place
    done: bool = False

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(size for size, _ in self.inventory.values())


def reached(step: str) -> None:
    """Called at every step that an erasure may be killed at; tests kill it there."""


def place_of_record(root: Place) -> Place:
    """Where the record of a lake's erasure is kept, beside the lake."""
    return root.parent / f"{root.name}.erased.json"


def plan_whole(root: Place, record: Place | None = None) -> WholeErasure:
    """What would be erased; nothing is changed.

    Raises:
        DeliveryError: there is no lake.
        EmptyInputError: it holds no version.
        OutputExistsError: the record of another erasure is there.
        UsageError: the record would lie in the lake.
    """
    place = record or place_of_record(root)
    _begun(root, place)
    files = {_name(root, file): (size, "") for file, size in _files(root).items()}
    return WholeErasure(files, _foreign(root), place)


def erase_whole(
    root: Place, record: Place | None = None, *, key: bytes | None = None
) -> WholeErasure:
    """Erase a lake.

    Args:
        root: the lake.
        record: where the record is kept; None for beside the lake.
        key: signs the record; None for none.

    Raises:
        as `plan_whole`; and
        ConflictError: another process works on it.
        EngineError: files are left.
    """
    place = record or place_of_record(root)
    begun = _begun(root, place)
    if root.exists():
        with only_writer(root):
            if versions_read(root) or any(map(is_held, _runs(root))):
                what, mend = "somebody reads it, or a run is at work", "run this again then"
                raise ConflictError(Problem(str(root), what, mend))
            inventory = _inventory(root)
            stays = _foreign(root)
            if begun is None:
                began = datetime.now(UTC).isoformat()
            else:
                began, earlier = begun["began"], begun["inventory"]
                inventory = {n: (one["bytes"], one["sha256"]) for n, one in earlier.items()} | {
                    name: found for name, found in inventory.items() if name not in earlier
                }
            said = {
                "record": "erasure of a lake",
                "lake": str(root),
                "state": _BEGUN,
                "began": began,
                "ldn_spark": __version__,
                "files": len(inventory),
                "bytes": sum(size for size, _ in inventory.values()),
                "not_of_the_lake": list(stays),
                "inventory": {
                    name: {"bytes": size, "sha256": sha256}
                    for name, (size, sha256) in sorted(inventory.items())
                },
            }
            put(place, signed(said, key).encode())
            reached("begun")
            for name in _OURS:  # the records of versions first: nobody sees half a lake
                delete_tree(root / name)
                reached(name)
    else:
        assert begun is not None
        said, stays = {n: v for n, v in begun.items() if n not in ("signature", "sha256")}, ()
        inventory = {n: (one["bytes"], one["sha256"]) for n, one in said["inventory"].items()}
    left = [name for name in inventory if (root / name).exists()]
    if left or _files(root):
        problems = [Problem(str(root / name), "is still there", "run this again") for name in left]
        raise EngineError(problems or "files of the lake are left")
    _remove_folder(root)
    reached("removed")
    said |= {"state": _DONE, "ended": datetime.now(UTC).isoformat(), "files_left": 0}
    put(place, signed(said, key).encode())
    report(Progress("erasing files", len(inventory), len(inventory), "files"))
    return WholeErasure(inventory, stays, place, done=True)


def _begun(root: Place, place: Place) -> dict[str, Any] | None:
    """What an earlier erasure of the lake that was interrupted has written down, if any has."""
    if is_within(place, root):
        what, mend = "the record would lie in the lake", "choose a --record outside of it"
        raise UsageError(Problem(f"--record {place}", what, mend))
    if place.exists():
        content = check_record(place, None)
        if content.get("state") == _BEGUN and content.get("lake") == str(root):
            return content
        what, mend = "is there already, of another erasure", "choose another --record"
        raise OutputExistsError(Problem(str(place), what, mend))
    if not known_versions(root):
        read_version(root)  # says why there is none
    return None


def _files(root: Place) -> dict[Place, int]:
    return {file: size for name in _OURS for file, size in sizes_below(root / name).items()}


def _name(root: Place, file: Place) -> str:
    return "/".join(file.parts[len(root.parts) :])


def _inventory(root: Place) -> dict[str, tuple[int, str]]:
    files = _files(root)
    told = count_bytes("taking the inventory", sum(files.values()), every=_TOLD_EVERY)
    found = {}
    for file in files:
        one = sum_file(file, told)
        found[_name(root, file)] = one.bytes, one.sha256
    return found


def _foreign(root: Place) -> tuple[str, ...]:
    if not root.exists():
        return ()
    ours = {*_OURS, *_HOLDING}
    return tuple(sorted(one.name for one in root.iterdir() if one.name not in ours))


def _runs(root: Place) -> list[Place]:
    return [one for one in (root / RUNS).glob("*") if one.is_dir()]


def _remove_folder(root: Place) -> None:
    """Remove what holding the lake has left, and the folder where nothing else is in it."""
    if not root.exists():
        return
    for name in _HOLDING:
        if name == "_lock":
            delete(root / name)
        else:
            delete_tree(root / name)
    if not is_url(root) and not any(root.iterdir()):
        root.rmdir()
