"""Results that are there already: found before any engine starts.

A folder serves a call that would fill another one with the same files: the same study, data,
software and statements on codes, held against the same published values. Its manifest says so, and
every file is as its manifest says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ldn_spark.errors import OutputExistsError, Problem, ResultsError
from ldn_spark.places.place import Place, is_url
from ldn_spark.runs.bound import data_hash
from ldn_spark.runs.finished import FinishedRun, read_run
from ldn_spark.runs.manifest_file import MANIFEST, Manifest, read_manifest
from ldn_spark.runs.reproducing import command, inputs
from ldn_spark.runs.run import Asked, key_of
from ldn_spark.runs.run_ids import MADE_UP
from ldn_spark.runs.software import drawn_with, software
from ldn_spark.study.inputs import InputFile

_WORDS = {
    "study": "another study",
    "lake version": "another version of the lake",
    "data": "other data",
    "software": "another build of the software",
    "libraries": "other versions of numpy, scipy or matplotlib",
    "key": "codes that are read otherwise",
    "command": "other options",
    "inputs": "other files",
}


@dataclass(frozen=True, slots=True)
class Served:
    """What is there already of a study that was asked for.

    Attributes:
        folder: holds the results; None where there are none.
        damaged: what is wrong with folders that would have served.
    """

    folder: Place | None
    damaged: tuple[Problem, ...] = ()


def find_served(
    out: Place,
    asked: Asked,
    published: InputFile | None = None,
    *,
    run_id: str | None = None,
    others: bool = True,
) -> Served:
    """The newest folder below `out` that holds what a run would make.

    Args:
        out: where results are.
        asked: what would be computed.
        published: the file of published values that it would be held against.
        run_id: what the run would be called: its own folder is the first that is looked at.
        others: whether those of other names are looked at.

    Raises:
        OutputExistsError: a folder of that name holds something else.
    """
    wanted, damaged = made_of(asked, published), []
    place = out / asked.study.definition.id
    if run_id is not None and (place / run_id).exists():
        _require_alike(place / run_id, wanted)
    for folder in _candidates(place, str(wanted["key"]), run_id):
        if not others and folder.name != run_id:
            break
        try:
            if said_of(read_manifest(folder)) != wanted:
                continue
            _require_whole(read_run(folder))
        except ResultsError as error:
            damaged += error.problems
            continue
        return Served(folder, tuple(damaged))
    return Served(None, tuple(damaged))


def _candidates(place: Place, key: str, run_id: str | None) -> Iterator[Place]:
    """Finished runs of a study that may have a key, that of the given name first, then by age."""
    runs = sorted((path.parent for path in place.glob(f"[!.]*/{MANIFEST}")), key=str, reverse=True)
    for folder in sorted(runs, key=lambda one: (one.name != run_id, -_written(one))):
        if not MADE_UP.fullmatch(folder.name) or folder.name.endswith(key):
            yield folder


def _written(folder: Place) -> int:
    """When its manifest was written; of one in a store the name must tell."""
    return 0 if is_url(folder) else (folder / MANIFEST).stat().st_mtime_ns


def _require_alike(folder: Place, wanted: Mapping[str, Any]) -> None:
    mend = "give this one another --run-id, or another --out"
    try:
        there = said_of(read_manifest(folder))
        _require_whole(read_run(folder))
    except ResultsError as error:
        raise OutputExistsError(
            [
                Problem(one.where, one.what, f"remove the folder, or {mend}")
                for one in error.problems
            ]
        ) from None
    if others := [words for name, words in _WORDS.items() if there[name] != wanted[name]]:
        what = f"a run of this name is there already, of {', '.join(others)}"
        raise OutputExistsError(Problem(str(folder), what, mend))


def _require_whole(run: FinishedRun) -> None:
    """Every file is what the run wrote."""
    for output in run.manifest.outputs:
        run.read(run.folder / output.path)


def made_of(asked: Asked, published: InputFile | None = None) -> dict[str, Any]:
    """All that decides what stands in the files of a run."""
    return {
        "study": asked.study.hash,
        "lake version": asked.version.number,
        "data": data_hash(asked.version),
        "software": software(),
        "libraries": drawn_with(),
        "key": key_of(asked),
        "command": command(asked, published),
        "inputs": inputs(asked, published),
    }


def said_of(manifest: Manifest) -> dict[str, Any]:
    """The same as a finished run says it of itself."""
    known = manifest.software
    return {
        "study": manifest.study.hash,
        "lake version": manifest.input.lake_version,
        "data": manifest.input.data_sha256,
        "software": {"ldn_spark": known.ldn_spark, "source_sha256": known.source_sha256},
        "libraries": {name: known.packages.get(name) for name in drawn_with()},
        "key": manifest.key,
        "command": manifest.command,
        "inputs": manifest.inputs,
    }
