"""The finished runs of a study: those beside a run, and those that a ledger names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ldn_spark.errors import Problem, ResultsError
from ldn_spark.lake.ledger import GOOD, read_ledger
from ldn_spark.places.place import Place, as_place
from ldn_spark.runs.manifest_file import MANIFEST, Manifest, read_manifest


@dataclass(frozen=True, slots=True)
class KnownRun:
    """A finished run by its manifest."""

    folder: Place
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class History:
    """The runs of a study, by when they ended.

    Attributes:
        runs: those whose manifests can be read.
        problems: what is wrong with the others.
        gone: folders that the ledger names as finished runs of it, and that are not there.
    """

    runs: tuple[KnownRun, ...]
    problems: tuple[Problem, ...] = ()
    gone: tuple[str, ...] = ()

    def before(self, run: KnownRun) -> tuple[KnownRun, ...]:
        """Those that ended before a run, the newest first."""
        found = [one for one in self.runs if _when(one) < _when(run) and not _same(one, run)]
        return tuple(reversed(found))


def find_history(run: KnownRun, lake: Place | None = None) -> History:
    """The runs of the study of a run: in the folder that holds it, and in a lake's ledger.

    Runs of other studies that lie there too are left out.

    Raises:
        DeliveryError: there is no lake.
        EmptyInputError: it holds no version.
    """
    study = run.manifest.study.id
    parent = run.folder.parent
    folders = sorted((one.parent for one in parent.glob(f"[!.]*/{MANIFEST}")), key=str)
    named = [] if lake is None else _named(lake, study)
    gone = [str(one) for one in named if not (one / MANIFEST).is_file()]
    there = [one for one in named if str(one) not in gone]
    found, problems = _read([*folders, *there], study)
    if not any(_same(one, run) for one in found):
        found.append(run)
    return History(tuple(sorted(found, key=_when)), tuple(problems), tuple(dict.fromkeys(gone)))


def _named(lake: Place, study: str) -> list[Place]:
    """The folders of results that a ledger names, as they were given."""
    entries = read_ledger(lake).studies(study)
    folders = [one.folder for _, one in entries if one.folder and one.outcome in GOOD]
    return [as_place(folder) for folder in dict.fromkeys(folders)]


def _read(folders: Iterable[Place], study: str) -> tuple[list[KnownRun], list[Problem]]:
    found: list[KnownRun] = []
    problems: list[Problem] = []
    for folder in {_resolved(one): one for one in folders}.values():
        try:
            manifest = read_manifest(folder)
        except ResultsError as error:
            problems += error.problems
            continue
        if manifest.study.id == study:
            found.append(KnownRun(folder, manifest))
    return found, problems


def _resolved(folder: Place) -> str:
    return str(folder.resolve())


def _same(one: KnownRun, other: KnownRun) -> bool:
    return _resolved(one.folder) == _resolved(other.folder)


def _when(run: KnownRun) -> tuple[str, str]:
    return run.manifest.ended, run.folder.name


def known_run(folder: Place) -> KnownRun:
    """A finished run by its folder.

    Raises:
        ResultsError: the manifest is missing, or not as the run wrote it.
    """
    return KnownRun(folder, read_manifest(folder))
