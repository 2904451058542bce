"""The ledger of runs: how every call that ran studies on a lake ended.

    LAKE/_ledger/<when it began>-<run or random>.json    one sealed entry per call

An entry is put whole and never changed. It is written by whoever ran, without an engine, in a lake
on a disk or in a store alike. It holds no value of a row.
"""

from __future__ import annotations

import errno
import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ldn_spark.errors import Problem
from ldn_spark.lake.small_files import put_if_absent
from ldn_spark.lake.sums import NO_FILE
from ldn_spark.lake.versions import known_versions, read_version
from ldn_spark.places.place import Place
from ldn_spark.texts.sealed import is_as_written, sealed

LEDGER = "_ledger"
Outcome = Literal["done", "nothing to do", "refused", "failed", "stopped"]
"""How a study of a call ended. Refused: by a rule, and again the next time (exit codes to 21).
Failed: by the machine or the engine, or by a fault of the software. Stopped: by a signal."""
GOOD: tuple[Outcome, ...] = ("done", "nothing to do")
_READ_AT_ONCE = 16


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class StudyEntry(_Part):
    """How one study of a call ended.

    Attributes:
        id: the study's; what was typed for it where it could not be read; empty where nothing was.
        hash: of the study with its codelists and ATC alterations; None where it was not read.
        key: of what the run computes; None where that could not be told.
        run_id: names its tables and its folder; None where the call ended before it had one.
        outcome: in a word.
        why: in a sentence; empty where it is good.
        folder: of its results, if there are any.
    """

    id: str
    hash: str | None
    key: str | None
    run_id: str | None
    outcome: Outcome
    why: str
    folder: str | None


class Entry(_Part):
    """How one call ended.

    Attributes:
        command: `run`, or the stage that was run alone.
        began: when, in UTC, in ISO 8601.
        seconds: how long it took.
        exit_code: of the call; of several studies the first that could not be run decides it.
        lake_version: the version that was read; None where the call ended before.
        ldn_spark, source_sha256: version and source of the software.
        engine: its name; None where the call ended before it was chosen.
        studies: those that were asked for, in that order.
    """

    command: str
    began: str
    seconds: float
    exit_code: int
    lake_version: int | None
    ldn_spark: str
    source_sha256: str
    engine: str | None
    studies: list[StudyEntry]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The entries of a lake by when they began, and those that are not as they were written."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]

    def studies(self, only: str | None = None) -> Iterator[tuple[Entry, StudyEntry]]:
        """Every study of every call, or those of one id."""
        for entry in self.entries:
            for study in entry.studies:
                if only in (None, study.id):
                    yield entry, study


def write_entry(lake: Place, entry: Entry) -> bool:
    """Add an entry to the ledger; False in a folder that is no lake, where nothing is written.

    Raises:
        OSError: it cannot be written; a store's library may raise anything else.
    """
    if not known_versions(lake):
        return False
    began = datetime.fromisoformat(entry.began)
    run_ids = {study.run_id for study in entry.studies}
    name = run_ids.pop() if len(run_ids) == 1 else None
    content = (json.dumps(sealed(entry.model_dump()), indent=2) + "\n").encode()
    for ending in (name or _random(), _random()):  # the second where two began at once
        if put_if_absent(lake / LEDGER / f"{began:%Y%m%dT%H%M%S%fZ}-{ending}.json", content):
            return True
    raise FileExistsError(errno.EEXIST, "something stands in its place", str(lake / LEDGER))


def _random() -> str:
    return uuid.uuid4().hex[:12]


def read_ledger(lake: Place) -> Ledger:
    """Every entry of a lake; of one without runs none.

    Raises:
        DeliveryError: there is no lake.
        EmptyInputError: it holds no version.
    """
    if not known_versions(lake):
        read_version(lake)  # says why there is none
    places = ledger_files(lake)
    with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
        found = list(pool.map(_read, places))
    entries = sorted((one for one in found if isinstance(one, Entry)), key=lambda one: one.began)
    return Ledger(tuple(entries), tuple(one for one in found if isinstance(one, Problem)))


def ledger_files(lake: Place) -> list[Place]:
    """The files of the ledger, in the order of their names; those half-written are hidden."""
    return sorted((lake / LEDGER).glob("[!.]*.json"), key=lambda place: place.name)


def _read(place: Place) -> Entry | Problem:
    try:
        content = json.loads(place.read_bytes())
        if is_as_written(content):
            return Entry.model_validate({key: content[key] for key in Entry.model_fields})
    except (*NO_FILE, ValueError, ValidationError, TypeError, KeyError, RecursionError):
        pass
    what, mend = "the entry of the ledger is damaged", "restore it from a backup, or remove it"
    return Problem(str(place), what, mend)
