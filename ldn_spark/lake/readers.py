"""Who reads which version of a lake, so that nobody prunes it away meanwhile.

    LAKE/_versions/_readers/<version>-<random>/    held while a version is read; 0: all of them

A reader says so first and looks at the record again then; whoever prunes takes the record away
first and looks for readers then. So of the two one sees the other.
"""

from __future__ import annotations

import errno
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ldn_spark.errors import ConflictError, Problem
from ldn_spark.lake.versions import LakeVersion, known_versions, read_version
from ldn_spark.places.files import delete_tree
from ldn_spark.places.holding import held, is_held
from ldn_spark.places.place import Place

READERS = "_versions/_readers"
"""Below a folder that is there: the lake's own is as it was when a reader has gone."""
ALL = 0
_MAY_NOT_WRITE = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def reading(root: Place, number: int) -> Iterator[LakeVersion]:
    """Keep a version of a lake from being pruned while the block runs.

    Who may not write to a lake reads it all the same, unseen.

    Yields:
        The record of the version as it is now.

    Raises:
        ConflictError: the version was pruned just before.
    """
    with present(root, number):
        if number not in known_versions(root):
            what = f"version {number} was pruned meanwhile"
            raise ConflictError(Problem(str(root), what, "run this again"))
        yield read_version(root, number)


@contextmanager
def present(root: Place, number: int = ALL) -> Iterator[None]:
    """Be seen as a reader of a version, or of all of them."""
    folder = root / READERS / f"{number:08d}-{uuid.uuid4().hex[:12]}"
    with ExitStack() as holding:
        try:
            holding.enter_context(held(folder))
        except OSError as error:
            if error.errno not in _MAY_NOT_WRITE:
                raise
            yield
            return
        try:
            yield
        finally:
            holding.close()
            delete_tree(folder)


def versions_read(root: Place) -> set[int]:
    """The versions that somebody reads now, `ALL` for all of them.

    What readers have left that were killed is removed.
    """
    found = set()
    for folder in (root / READERS).glob("*-*"):
        if is_held(folder):
            found.add(int(folder.name.partition("-")[0]))
        else:
            delete_tree(folder)
    return found
