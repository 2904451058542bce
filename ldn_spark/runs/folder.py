"""The folder of a run: made whole, then renamed or put into its place; the manifest comes last."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ldn_spark.errors import OutputExistsError, Problem, UsageError
from ldn_spark.places.files import delete_tree, put, upload
from ldn_spark.places.place import Place, is_url, is_within
from ldn_spark.runs.manifest_file import MANIFEST
from ldn_spark.runs.run_ids import LATEST
from ldn_spark.texts.sealed import sealed


def require_place(out: Place, lake: Place) -> None:
    """Say before the work that results could not be written, or would lie among a lake's tables.

    Raises:
        OutputExistsError: a file stands where a folder is to be.
        UsageError: the place is within a table of the lake, or among its records.
    """
    if is_url(out):
        near = out
    else:
        near = next(one for one in (out.resolve(), *out.resolve().parents) if one.exists())
    if near.exists() and not near.is_dir():
        raise OutputExistsError(Problem(str(near), "is no folder", "choose another --out"))
    if is_within(out, lake):
        place, home = (out, lake) if is_url(out) else (out.resolve(), lake.resolve())
        for part in [place, *place.parents]:
            is_ours = part.parent == home and (part.name[0] == "_" or part.name == "runs")
            if is_within(part, home) and (is_ours or (part / "_delta_log").is_dir()):
                what = f"{part.name} of the lake stands there"
                raise UsageError(Problem(f"--out {out}", what, "choose a folder outside of it"))


@contextmanager
def new_run_folder(parent: Place, run_id: str) -> Iterator[tuple[Path, Place]]:
    """A hidden folder to write to, and the place it is moved to when everything went well.

    In a store the files are put one by one, the manifest last: without it there is no run.

    Raises:
        OutputExistsError: a run of that name is there already.
    """
    final = parent / run_id
    if (final / MANIFEST if is_url(final) else final).exists():
        raise OutputExistsError(_there_already(final))
    if is_url(parent):
        delete_tree(final)  # what a run left that was killed while it put its files
        with tempfile.TemporaryDirectory(prefix="ldn-run-") as folder:
            yield Path(folder), final
            try:
                upload(Path(folder), final, last=MANIFEST)
            except FileExistsError:
                raise OutputExistsError(_there_already(final)) from None
    else:
        draft = parent / f".{run_id}.partial"
        delete_tree(draft)
        draft.mkdir(parents=True)
        try:
            yield draft, final
            os.rename(draft, final)
        except OSError as error:  # a full disk does not say where it is
            error.filename = error.filename or str(final)
            raise
        finally:
            delete_tree(draft)
    put(parent / LATEST, f"{run_id}\n".encode())  # `latest` names the newest run


def _there_already(final: Place) -> Problem:
    return Problem(str(final), "this run is there already", "choose another --out")


def list_outputs(folder: Path) -> list[dict[str, Any]]:
    """Every file below a folder with its size and SHA-256, in the order of names."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return [
        {
            "path": path.relative_to(folder).as_posix(),
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in files
    ]


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder, by their paths in it; those of the same name are replaced."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def write_manifest(folder: Path, manifest: Mapping[str, Any], warnings: Sequence[str]) -> None:
    """Write the manifest, after everything else; it names what the folder holds.

    It holds the checksum of every file, and one of its own content.
    """
    whole = {
        **manifest,
        "warnings": list(warnings),
        "outputs": list_outputs(folder),
        "ended": datetime.now(UTC).isoformat(),
    }
    text = json.dumps(sealed(whole), indent=2, ensure_ascii=False) + "\n"
    with (folder / MANIFEST).open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
