"""Small files of a lake that are written once: whole under their name, and never over another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from ldn_spark.errors import ConflictError, Problem
from ldn_spark.places import files
from ldn_spark.places.holding import HeldError, held
from ldn_spark.places.place import Place


def put_if_absent(place: Place, content: bytes) -> bool:
    """Write a file that is not there yet; whether it was not.

    Of several that write it at once one does, and nobody ever reads a part of it.
    """
    try:
        files.put_if_absent(place, content)
    except FileExistsError:
        return False
    return True


@contextmanager
def only_one(folder: Place, conflict: Problem) -> Iterator[None]:
    """Hold a folder for one process, see `holding.held`.

    Whoever needs more than that must tell two writers apart by what they commit.

    Raises:
        ConflictError: another process holds it.
    """
    with ExitStack() as holding:
        try:
            holding.enter_context(held(folder))
        except HeldError as error:
            if error.seconds:
                killed = f"one that was killed holds it for {error.seconds:.0f} seconds more"
                conflict = replace(conflict, mend=f"{conflict.mend}; {killed}")
            raise ConflictError(conflict) from None
        yield
