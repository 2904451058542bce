"""The folders of runs in a lake, as far as whoever tidies up must know them.

LAKE/runs/<run_id>/run.json          what it is bound to
LAKE/runs/<run_id>/published.json    that it is published
LAKE/runs/<run_id>/…                 its tables
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ldn_spark.errors import EngineError, Problem
from ldn_spark.lake.sums import NO_FILE
from ldn_spark.places.files import changed_at, delete, delete_tree, sizes_below
from ldn_spark.places.holding import is_held
from ldn_spark.places.place import Place
from ldn_spark.texts.sealed import is_as_written

RUNS = "runs"
BOUND, PUBLISHED = "run.json", "published.json"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """What a lake holds of a run.

    Attributes:
        place: its folder; the name is the run's id.
        studies: ids of its studies; none where it has not been bound.
        lake_version: the version that it reads; None where it has not been bound.
        results: folders of results by study, of a published one.
        is_published: whether it is closed.
        is_held: whether a process works on it.
        changed: when anything of it was last written, in seconds since 1970.
        files: its files with their sizes.
    """

    place: Place
    studies: tuple[str, ...]
    lake_version: int | None
    results: Mapping[str, str]
    is_published: bool
    is_held: bool
    changed: float
    files: Mapping[Place, int]

    @property
    def bytes(self) -> int:
        """Of all its files."""
        return sum(self.files.values())


def run_folders(root: Place) -> list[RunFolder]:
    """Every run that a lake holds anything of, the one that was changed last at the end.

    Raises:
        EngineError: a record of a run is damaged.
    """
    names = {file.relative_to(root / RUNS).parts[0] for file in sizes_below(root / RUNS)}
    found = [_folder(root / RUNS / name) for name in names]
    return sorted(found, key=lambda run: (run.changed, run.place.name))


def _folder(place: Place) -> RunFolder:
    bound, published = _record(place / BOUND), _record(place / PUBLISHED)
    files = sizes_below(place)
    records = [one for one in files if one.parent == place and one.suffix == ".json"]
    version = (bound or {}).get("lake_version")
    return RunFolder(
        place,
        tuple(study["id"] for study in (bound or {}).get("studies", ())),
        version,
        (published or {}).get("folders", {}),
        published is not None,
        is_held(place),
        max(map(changed_at, records or files), default=0.0),
        files,
    )


def _record(place: Place) -> dict[str, object] | None:
    try:
        content = json.loads(place.read_bytes())
        if is_as_written(content):
            return content
    except FileNotFoundError:
        return None
    except (*NO_FILE, ValueError, TypeError, RecursionError):
        pass
    what, mend = "is damaged: it is not what was written", "restore it from a backup, or remove it"
    raise EngineError(Problem(str(place), what, mend))


def delete_tables(run: Place) -> None:
    """Delete all that a run left but what it is bound to and that it is published.

    Records of tables go before their files: no record ever names a file that is gone.
    """
    kept = {run / BOUND, run / PUBLISHED}
    files = [file for file in sizes_below(run) if file not in kept]
    for file in sorted(files, key=lambda one: one.suffix != ".json"):
        delete(file)
    for folder in sorted({file.relative_to(run).parts[0] for file in files}):
        if run / folder not in files:
            delete_tree(run / folder)


def delete_run(run: Place) -> None:
    """Delete all that a lake holds of a run."""
    delete_tables(run)
    for name in (BOUND, PUBLISHED):
        delete(run / name)
    delete_tree(run)
