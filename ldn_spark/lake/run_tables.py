"""The checksums of a run's own tables: written after each, and looked at by later stages.

They are beside the tables, `runs/<run_id>/<table>.json`; a table without them was made by an
earlier software version, or not to its end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ldn_spark.errors import EngineError, Problem, UsageError
from ldn_spark.lake.contents import Contents, contents_of
from ldn_spark.lake.delta_log import delta_version
from ldn_spark.lake.sums import NO_FILE, FileSum, Told, nobody, problems_of, sum_file
from ldn_spark.places.files import put
from ldn_spark.places.place import Place
from ldn_spark.schemas import Table
from ldn_spark.texts.sealed import is_as_written, sealed

_AGAIN = "run the stage that makes it again"


def record_sums(folder: Place, table: Table) -> None:
    """Keep the checksums of a table of a run that has just been written.

    Args:
        folder: holds the tables of the run.
        table: which of them.
    """
    place = folder / table.name
    version = delta_version(place)
    if version is None:
        return
    held = contents_of(place, version)
    sums = {file.name: str(sum_file(place / file.name)) for file in held.files}
    said = {"version": version, "commits": held.commits, "sums": sums}
    content = json.dumps(sealed(said), indent=2, ensure_ascii=False) + "\n"
    put(_record(folder, table.name), content.encode())


def require_whole_table(folder: Place, table: Table) -> None:
    """See that a table of a run is as it was written, before it is read.

    Raises:
        EngineError: a file is gone, cut or damaged; each is named.
        UsageError: the stage that writes it was stopped.
    """
    place = folder / table.name
    version = delta_version(place)
    said = read_record(folder, table.name)
    if version is None or said is None:
        return
    if version != said["version"]:
        what = f"the table {table.name} was not written to its end"
        raise UsageError(Problem(f"run {folder.name}", what, _AGAIN))
    if problems := damage_of_table(place, said):
        raise EngineError(problems)


def read_record(folder: Place, table: str) -> dict[str, Any] | None:
    """What was kept of a table; None for nothing.

    Raises:
        EngineError: it is damaged.
    """
    place = _record(folder, table)
    try:
        content = json.loads(place.read_bytes())
        if isinstance(content, dict) and is_as_written(content):
            return content
    except FileNotFoundError:
        return None
    except (*NO_FILE, ValueError, RecursionError):
        pass
    raise EngineError(Problem(str(place), "is damaged: it is not what was written", _AGAIN))


def damage_of_table(
    place: Place, said: Mapping[str, Any], *, proof: bool = False, told: Told = nobody
) -> list[Problem]:
    """What is wrong with the files of a table of a run; see `checking.damage_of`."""
    try:
        held: Contents = contents_of(place, said["version"])
    except EngineError as error:
        return [_of_run(one) for one in error.problems]
    if held.commits != said["commits"]:
        what = "its log is damaged: it is not what was written"
        return [Problem(str(place), what, _AGAIN)]
    files = [(place / name, FileSum.parse(text)) for name, text in said["sums"].items()]
    return [_of_run(one) for one in problems_of(files, proof=proof, told=told)]


def _of_run(problem: Problem) -> Problem:
    return Problem(problem.where, problem.what, _AGAIN)


def _record(folder: Place, table: str) -> Place:
    return folder / f"{table}.json"
