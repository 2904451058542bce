"""A finished run: found below a folder, and read with the checksums that its manifest names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ldn_spark.errors import Problem, ResultsError, UsageError
from ldn_spark.runs.manifest_file import MANIFEST, RESTORE, Manifest, read_manifest, study_of
from ldn_spark.runs.run_ids import LATEST
from ldn_spark.shown import counted, numbered
from ldn_spark.study.definition import StudyDefinition


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run whose manifest is as it was written.

    Attributes:
        folder: where it lies.
        manifest: what it says of itself.
        study: the study that it answered.
    """

    folder: Path
    manifest: Manifest
    study: StudyDefinition

    def read(self, path: Path) -> bytes:
        """The content of one of its files.

        Raises:
            ResultsError: the file is missing, or is not what the run wrote.
        """
        return read_output(self.folder, self.manifest, path)


def read_output(folder: Path, manifest: Manifest, path: Path) -> bytes:
    """The content of a file of a finished run; see `FinishedRun.read`."""
    name = path.relative_to(folder).as_posix()
    written = next((one for one in manifest.outputs if one.path == name), None)
    if written is None:
        what = f"is none of the files that {MANIFEST} names"
        raise ResultsError(Problem(str(path), what, RESTORE))
    if not path.is_file():
        what = "is no regular file" if path.exists() else "no such file, but the run wrote it"
        raise ResultsError(Problem(str(path), what, RESTORE))
    size = path.stat().st_size
    if size != written.bytes:
        what = f"has {numbered(size, 'byte')}; the run wrote {counted(written.bytes)}"
        raise ResultsError(Problem(str(path), what, RESTORE))
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != written.sha256:
        what = "is not what the run wrote: its checksum differs"
        raise ResultsError(Problem(str(path), what, RESTORE))
    return content


def read_run(folder: Path) -> FinishedRun:
    """A finished run by the folder that holds its manifest.

    Raises:
        ResultsError: the manifest is missing or damaged, or its study is one of another version.
    """
    manifest = read_manifest(folder)
    return FinishedRun(folder, manifest, study_of(folder, manifest))


def find_run(place: Path) -> Path:
    """The folder of the run that is meant by a place.

    A run's folder means itself; OUT, OUT/STUDY and OUT/STUDY/latest mean the newest finished run
    below, told by when its manifest says that it ended.

    Raises:
        ResultsError: the folder holds no finished run.
        UsageError: there is no such folder.
    """
    if (place / MANIFEST).exists():
        return place
    names_the_latest = place.name == LATEST and not place.is_dir()
    top = place.parent if names_the_latest else place
    if not top.is_dir():
        mend = "give the folder that `ldn run` printed last"
        raise UsageError(Problem(str(place), "there is no such folder", mend))
    runs = list(_runs_below(top))
    if not runs:
        what = f"holds no finished run: there is no {MANIFEST} in it, nor in a folder below"
        mend = "give the folder that `ldn run` printed last"
        raise ResultsError(Problem(str(top), what, mend))
    return runs[0] if len(runs) == 1 else max(runs, key=lambda run: (_ended(run), run.name))


def _ended(run: Path) -> str:
    """When a run ended, as its manifest says; empty where it says nothing."""
    try:
        return read_manifest(run).ended
    except ResultsError:
        return ""


def _runs_below(folder: Path) -> Iterator[Path]:
    """Runs in a folder of one study, and in one of several studies."""
    for below in (folder.glob("[!.]*"), folder.glob("[!.]*/[!.]*")):
        yield from (path for path in below if (path / MANIFEST).is_file())
