"""Hold a place for one writer: by a lock of the file system, or by a lease in a store.

A lock ends with its process. A store has none: a lease there is a numbered file that says until
when it holds, prolonged while the work goes on. Who finds the latest one ended writes the next
number, which only one can. A writer that was killed holds the place until its lease has ended.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ldn_spark.places.files import delete, make_folder, put, put_if_absent
from ldn_spark.places.place import Place, is_url

if TYPE_CHECKING:
    from upath import UPath

LEASE_SECONDS = 120.0
_LOCK, _LEASES = "_lock", "_leases"


class HeldError(Exception):
    """Somebody else holds the place; in a store, for so many seconds at least."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__("held by another writer")
        self.seconds = seconds


@contextmanager
def held(place: Place, *, lease: float = LEASE_SECONDS) -> Iterator[None]:
    """Hold a place while the block runs.

    A file system without locks is no obstacle: it is an aid, and what is published is written by
    `put_if_absent` all the same.

    Args:
        place: a folder; made where it is one of this machine.
        lease: how long it is held in a store if the work ends without saying so, in seconds.

    Raises:
        HeldError: another writer holds it.
    """
    make_folder(place)
    with _leased(place, lease) if is_url(place) else _locked(place):
        yield


def is_held(place: Place) -> bool:
    """Whether somebody holds a place now; asking changes nothing there."""
    if is_url(place):
        return _latest(place / _LEASES)[1] > 0
    try:
        lock = os.open(place / _LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no locks here: nobody can be told from nobody
        return False
    finally:
        os.close(lock)
    return False


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    lock = os.open(place / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HeldError from None
        except OSError:
            pass
        yield
    finally:
        os.close(lock)


@contextmanager
def _leased(place: UPath, lease: float) -> Iterator[None]:
    number, left = _latest(place / _LEASES)
    if left > 0:
        raise HeldError(left)
    mine = place / _LEASES / _name(number + 1)
    try:
        put_if_absent(mine, _until(lease))
    except FileExistsError:
        raise HeldError(lease) from None
    for earlier in range(max(1, number - 1), number + 1):
        delete(place / _LEASES / _name(earlier))
    ended = threading.Event()

    def prolong() -> None:
        while not ended.wait(lease / 3):
            with suppress(Exception):  # tried again before the lease has ended
                put(mine, _until(lease))

    prolonging = threading.Thread(target=prolong, daemon=True)
    prolonging.start()
    try:
        yield
    finally:
        ended.set()
        prolonging.join()
        with suppress(Exception):  # it ends by itself
            put(mine, _until(0.0))


def _latest(leases: UPath) -> tuple[int, float]:
    """The number of the latest lease, and for how many seconds it still holds; 0 for none."""
    numbers = sorted(int(file.stem) for file in leases.glob("*.json") if file.stem.isdecimal())
    if not numbers:
        return 0, 0.0
    try:
        until = float(json.loads((leases / _name(numbers[-1])).read_bytes())["until"])
    except FileNotFoundError:  # somebody has just gone on to the next
        return numbers[-1], 1.0
    except (ValueError, KeyError, TypeError):
        until = 0.0
    return numbers[-1], until - time.time()


def _name(number: int) -> str:
    return f"{number:08d}.json"


def _until(seconds: float) -> bytes:
    return json.dumps({"until": time.time() + seconds}).encode()
