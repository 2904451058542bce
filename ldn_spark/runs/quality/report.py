"""The quality report of a version of a lake: assessed, written, and visible when it is whole."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from ldn_spark.errors import OutputExistsError, Problem
from ldn_spark.lake.faults import translated_faults
from ldn_spark.lake.versions import Lake, LakeVersion
from ldn_spark.places.files import delete_tree, upload
from ldn_spark.places.place import Place, is_url
from ldn_spark.progress import Progress, report
from ldn_spark.reporting.quality.sheets import QUALITY_HTML
from ldn_spark.runs.quality.assess import assess_lake
from ldn_spark.runs.reading import begin_check
from ldn_spark.runs.run import sets_of
from ldn_spark.study.atc.stated_versions import NOTHING_STATED, StatedVersions
from ldn_spark.study.load import Study

FOLDER = "quality"


def write_quality_report(
    lake: Lake,
    version: LakeVersion,
    studies: Sequence[Study],
    folder: Place,
    *,
    stated: StatedVersions = NOTHING_STATED,
    repeated_lines: bool = False,
) -> tuple[str, ...]:
    """Write quality.html, its figure and its CSVs; the folder appears when it is whole.

    The same version and studies give the same bytes: no clock, engine or path goes into any file.

    Args:
        lake: where the version lies.
        version: what is assessed.
        studies: whose windows and codes are held against it.
        folder: where to write; an earlier quality report there is replaced.
        stated: in which ATC index the lake's codes are, where its files do not say it.
        repeated_lines: whether to count dispensings that are alike, which reads all of them.

    Returns:
        What stands out, in sentences; nothing where no rule of the report applies.

    Raises:
        OutputExistsError: the folder holds something else.
        UsageError: what is stated of the codes does not fit the files.
    """
    from ldn_spark.reporting.quality.findings import findings
    from ldn_spark.reporting.quality.publish import publish_quality

    require_report_place(folder)
    with translated_faults("assessing the lake", lake.root):
        sets = [one for study in studies for one in sets_of(study, version, stated).values()]
        files = begin_check(lake.root, version, sets, of_all=repeated_lines)
        found = assess_lake(lake, version, studies, stated=stated, repeated_lines=repeated_lines)
        files.wait()
    report(Progress("writing the quality report", 0, 1, "folders"))
    if is_url(folder):
        with tempfile.TemporaryDirectory(prefix="ldn-quality-") as draft:
            publish_quality(found, Path(draft, FOLDER))
            delete_tree(folder)
            upload(Path(draft, FOLDER), folder, last=QUALITY_HTML)
    else:
        _write_here(partial(publish_quality, found), folder)
    report(Progress("writing the quality report", 1, 1, "folders"))
    return tuple(finding.text for finding in findings(found))


def _write_here(write: Callable[[Path], object], folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.partial")
    try:
        write(draft)
        _replace(folder, draft)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def quality_folder(lake_root: Place, version: LakeVersion) -> Place:
    """Where the report of a version is kept, beside the lake's tables."""
    return lake_root / FOLDER / str(version.number)


def require_report_place(folder: Place) -> None:
    """Say before the work that a report could not be written.

    Raises:
        OutputExistsError: the folder holds something else, or lies below a file.
    """
    above = () if is_url(folder) else folder.absolute().parents
    near = next((one for one in (folder, *above) if one.exists()), None)
    what = "holds something else than a quality report"
    if near is None:
        return
    if not near.is_dir() or (near == folder and _holds_something_else(folder)):
        raise OutputExistsError(Problem(str(near), what, "choose another --out"))


def _holds_something_else(folder: Place) -> bool:
    return any(folder.iterdir()) and not (folder / QUALITY_HTML).is_file()


def _replace(folder: Path, draft: Path) -> None:
    """Put the new folder where the old one was."""
    old = draft.with_suffix(".old")
    if folder.exists():
        os.rename(folder, old)
    os.rename(draft, folder)
    shutil.rmtree(old, ignore_errors=True)
