"""Small files of a lake that are written once: whole under their name, and never over another."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ldn_spark.errors import ConflictError, Problem


def put_if_absent(path: Path, content: bytes) -> bool:
    """Write a file that is not there yet; whether it was not.

    Of several that write it at once one does, and nobody ever reads a part of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


@contextmanager
def only_one(lock: Path, conflict: Problem) -> Iterator[None]:
    """Hold a lock file; the lock ends with the process, however it ends.

    A file system without locks is no obstacle: whoever needs more than that must tell two writers
    apart by what they commit.

    Raises:
        ConflictError: another process holds it.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    held = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConflictError(conflict) from None
        except OSError:
            pass
        yield
    finally:
        os.close(held)
