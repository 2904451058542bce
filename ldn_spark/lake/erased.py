"""Who was erased from a lake, as keyed hashes: nobody comes back with a later delivery.

    LAKE/_erased/key.json     the key, of this lake alone
    LAKE/_erased/<id>.json    the persons of one erasure, and whether it is finished

The hashes cannot be turned back. Who has the key, the list and a pseudonym can tell whether that
was erased; so can who tries all that there may be. An erasure can leave the list empty.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ldn_spark.delivery.values.erased import ERASED, Erased, digest
from ldn_spark.errors import EngineError, Problem
from ldn_spark.lake.small_files import put_if_absent
from ldn_spark.lake.sums import NO_FILE, RESTORE
from ldn_spark.lake.versions import FileRecord, LakeVersion
from ldn_spark.places.files import put
from ldn_spark.places.place import Place
from ldn_spark.shown import numbered
from ldn_spark.texts.sealed import CHECKSUM, is_as_written, sealed

ERASED_FOLDER = "_erased"
_KEY = "key.json"


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure of persons.

    Attributes:
        id: of these persons in this lake.
        digests: what stands for their pseudonyms, in hexadecimal, sorted; none once forgotten.
        version: the first version of the lake without them.
        done: whether nothing of an earlier version is left.
        told: what its record will say, counts alone.
    """

    id: str
    digests: tuple[str, ...]
    version: int
    done: bool
    told: dict[str, Any]

    def is_carried_out(self, latest: LakeVersion) -> bool:
        """Whether a version is without its persons; earlier ones may still be there."""
        return latest.erasures.get(self.id) == self.version

    def finished(self, *, forget: bool) -> Erasure:
        """The erasure when it is done; its persons are not known any more if they are forgotten."""
        return replace(self, done=True, digests=() if forget else self.digests)


def new_erasure(root: Place, pseudonyms: Collection[str], version: int) -> Erasure:
    """An erasure that begins: in the lake is nothing of it yet but the key."""
    key = _key_of(root, make=True)
    assert key is not None
    digests = sorted(digest(key, text).hex() for text in pseudonyms)
    name = hashlib.sha256("".join(digests).encode()).hexdigest()[:16]
    return Erasure(name, tuple(digests), version, False, {})


def write_erasure(root: Place, erasure: Erasure) -> None:
    """Write down how far an erasure is."""
    said = {
        "id": erasure.id,
        "digests": list(erasure.digests),
        "version": erasure.version,
        "done": erasure.done,
        "told": erasure.told,
    }
    content = json.dumps(sealed(said), indent=1) + "\n"
    put(root / ERASED_FOLDER / f"{erasure.id}.json", content.encode())


def erasures(root: Place) -> list[Erasure]:
    """The erasures of a lake, by id.

    Raises:
        EngineError: one is damaged: who was erased could come back.
    """
    found = []
    for place in sorted((root / ERASED_FOLDER).glob("[!.]*.json"), key=str):
        if place.name != _KEY:
            said = _read(place)
            said["digests"] = tuple(said["digests"])
            found.append(Erasure(**said))
    return found


def read_erased(root: Place) -> Erased | None:
    """The persons whose lines are left out; None where there are none.

    Raises:
        EngineError: the list or its key is damaged.
    """
    digests = {bytes.fromhex(text) for one in erasures(root) for text in one.digests}
    if not digests:
        return None
    key = _key_of(root, make=False)
    if key is None:
        raise EngineError(Problem(str(root / ERASED_FOLDER / _KEY), "is gone", RESTORE))
    return Erased(key, frozenset(digests))


def are_listed(root: Place, pseudonyms: Collection[str]) -> bool:
    """Whether all of some persons are left out already."""
    erased = read_erased(root)
    return erased is not None and all(digest(erased.key, p) in erased.digests for p in pseudonyms)


def erased_warnings(root: Place, records: Sequence[FileRecord]) -> Iterator[str]:
    """What a delivery to a lake should know of its erasures."""
    lines = sum(record.erased for record in records)
    if lines:
        yield f"{numbered(lines, 'line')} of {ERASED} left out"
    if any(not one.done for one in erasures(root)):
        yield f"{root}: an erasure of persons is not finished; give its ldn erase again"


def _key_of(root: Place, *, make: bool) -> bytes | None:
    place = root / ERASED_FOLDER / _KEY
    if make and not place.exists():
        said = sealed({"key": secrets.token_hex(32)})
        put_if_absent(place, (json.dumps(said) + "\n").encode())
    return bytes.fromhex(_read(place)["key"]) if place.exists() else None


def _read(place: Place) -> dict[str, Any]:
    try:
        content = json.loads(place.read_bytes())
        if is_as_written(content):
            del content[CHECKSUM]
            return dict(content)
    except (*NO_FILE, ValueError, TypeError, RecursionError):
        pass
    raise EngineError(Problem(str(place), "is damaged: it is not what was written", RESTORE))
