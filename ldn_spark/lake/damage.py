"""Find the damaged files of a lake when an engine could not read it."""

from __future__ import annotations

from collections.abc import Iterator

from ldn_spark.delivery.files.deltatables import is_delta, open_delta
from ldn_spark.delivery.files.tabular import is_damage, open_parquet
from ldn_spark.errors import DeliveryError, EngineError, Problem
from ldn_spark.lake.checking import damage_of
from ldn_spark.lake.sums import RESTORE
from ldn_spark.lake.versions import known_versions, read_version
from ldn_spark.places.place import Place

_MOST_BYTES = 4 << 30
"""What is read of data whose ends are whole; more would take minutes."""


def damaged_files(lake: Place) -> list[Problem]:
    """The tables and data files of a lake that cannot be read, each with what is wrong.

    The latest record's checksums tell, where it has some. Else the ends of all files are looked at
    first, then whole files up to 4 GiB, until one is found.
    """
    if known := _not_as_recorded(lake):
        return known
    problems, whole = [], []
    for folder in sorted(path for path in lake.iterdir() if is_delta(path)):
        try:
            files = [file.path for file in open_delta(folder).files]
        except DeliveryError as error:
            problems += [Problem(one.where, one.what, RESTORE) for one in error.problems]
            continue
        for path in files:
            if what := _fault_of_ends(path):
                problems.append(Problem(str(path), what, RESTORE))
            else:
                whole.append(path)
    return problems or list(_fault_within(whole))


def _not_as_recorded(lake: Place) -> list[Problem]:
    if not known_versions(lake):
        return []
    try:
        version = read_version(lake)
    except EngineError as error:
        return list(error.problems)
    return [one for table in version.commits for one in damage_of(lake, version, table)]


def _fault_of_ends(path: Place) -> str:
    try:
        with open_parquet(path):
            return ""
    except FileNotFoundError:
        return "is gone"
    except DeliveryError as error:
        return error.problems[0].what
    except OSError as error:
        return (error.strerror or "cannot be read").lower()


def _fault_within(paths: list[Place]) -> Iterator[Problem]:
    read = 0
    for path in paths:
        read += path.stat().st_size
        if read > _MOST_BYTES:
            return
        try:
            with open_parquet(path) as file:
                for _ in file.iter_batches():
                    pass
        except Exception as error:
            if not is_damage(error) and not isinstance(error, OSError):
                raise
            yield Problem(str(path), "is damaged: its rows cannot be read", RESTORE)
            return
