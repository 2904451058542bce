"""`ldn republish`: the files of a finished run made again from its moments alone."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ldn_spark.cli.options import IntoFolder, RunOrMoments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ldn_spark.runs.manifest_file import Manifest


def republish(run: RunOrMoments, into: IntoFolder) -> None:
    """Make the tables, figures and report of a run again from its `moments.json`; no lake is read.

    RUN is a finished run, or a `moments.json` alone. The same version of the software gives the
    same bytes; files that differ from those of the run are named. They are restricted, as the
    run's own are.
    """
    from ldn_spark import __version__
    from ldn_spark.cli.logs import log_warnings
    from ldn_spark.engine.rights import keep_from_others, may_be_read_by_group
    from ldn_spark.errors import OutputExistsError, Problem
    from ldn_spark.reporting.moments_file import read_moments
    from ldn_spark.reporting.publication import make_here
    from ldn_spark.runs.folder import write_files
    from ldn_spark.shown import numbered

    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise OutputExistsError(Problem(str(into), "is there already", "choose another --into"))
    file, manifest, content = _read(run)
    keep_from_others(share_group=may_be_read_by_group(file.parent))
    publication = read_moments(content, str(file))
    made = make_here(replace(publication, software_version=__version__))()
    into.mkdir(parents=True, exist_ok=True)
    write_files(into, made.contents)
    log_warnings([*made.warnings, *_differing(made.contents, manifest)])
    typer.echo(f"{numbered(len(made.contents), 'file')} in {into}")


def _read(place: Path) -> tuple[Path, Manifest | None, bytes]:
    """The file of moments, what the run's manifest says, and the content of the file."""
    from ldn_spark.places.stores import prepare_stores, require_stores
    from ldn_spark.reporting.moments_file import MOMENTS
    from ldn_spark.runs.finished import find_run, read_run

    prepare_stores([place])
    require_stores([place])
    if place.is_file():
        return place, None, place.read_bytes()
    folder = find_run(place)
    found = read_run(folder)
    return folder / MOMENTS, found.manifest, found.read(folder / MOMENTS)


def _differing(contents: Mapping[str, bytes], manifest: Manifest | None) -> list[str]:
    """What is not as the run wrote it; of a run that made it on other software that may be."""
    if manifest is None:
        return []
    written = {one.path: one.sha256 for one in manifest.outputs}
    made = {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}
    return [
        f"{path} is not as the run wrote it (ldn_spark {manifest.software.ldn_spark})"
        for path in sorted({*written, *made})
        if written.get(path) != made.get(path)
    ]
