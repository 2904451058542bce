"""Remove what a lake need not hold any more: records first, then files.

Whatever is interrupted, every record that is there names a log and data that are there: what is
taken away has no record any more. What is left then belongs to no version, and the next prune finds
it by that.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ldn_spark.errors import ConflictError, Problem
from ldn_spark.lake.checkpoints import begin_logs_anew, old_log_files
from ldn_spark.lake.readers import ALL, versions_read
from ldn_spark.lake.retention import QUALITY, STAGING, Keep, Plan, plan_prune, require_not_verified
from ldn_spark.lake.run_folders import RunFolder, delete_run
from ldn_spark.lake.small_files import only_one, put_if_absent
from ldn_spark.lake.versions import only_writer, publish_version, remove_version
from ldn_spark.places.files import delete, delete_tree, remove_empty_folders
from ldn_spark.places.place import Place
from ldn_spark.progress import Progress, report
from ldn_spark.texts.sealed import sealed

PRUNED = "_pruned"
_TOLD_EVERY = 100


def prune(root: Place, keep: Keep, now: float) -> Plan:
    """Remove what `plan_prune` says, and hand back what it said.

    Raises:
        ConflictError: another process writes to the lake, or reads all of it.
        EngineError: a record or a log is damaged; nothing is removed.
    """
    with only_writer(root):
        return prune_held(root, keep, now)


def prune_held(root: Place, keep: Keep, now: float) -> Plan:
    """The same for one who holds the lake already."""
    plan = plan_prune(root, keep, now)
    if plan.going:
        told = _Told(plan.files)
        _write_down(root, keep, plan, now)
        reached("recorded")
        _hide(root, plan)
        reached("hidden")
        records = begin_logs_anew(root, plan.records, lambda: reached("record"))
        reached("logs")
        if not versions_read(root):  # who reads may have a record that names the old commits
            for table in plan.log_from:
                _remove(list(old_log_files(root, records, table)), told)
        reached("commits")
        for one in plan.going:
            if one.kind in ("data", "rests"):
                _remove(list(one.files), told)
                reached(one.kind)
        _remove_folders(root, plan)
        for run in plan.runs:
            _remove_run(run)
            told(len(run.files))
            reached("run")
        report(Progress("removing files", plan.files, plan.files, "files"))
    return plan


def reached(step: str) -> None:
    """Called at every step that a prune may be killed at; tests kill it there."""


class _Told:
    """Says now and then how many files are removed."""

    def __init__(self, total: int) -> None:
        self._done, self._total = 0, total
        report(Progress("removing files", 0, total, "files"))

    def __call__(self, files: int = 1) -> None:
        self._done = min(self._done + files, self._total)
        if self._done % _TOLD_EVERY == 0:
            report(Progress("removing files", self._done, self._total, "files"))


def _remove(files: list[Place], told: Callable[[], None]) -> None:
    for file in files:
        delete(file)
        told()


def _write_down(root: Place, keep: Keep, plan: Plan, now: float) -> None:
    """Put a record of what goes into the lake, before anything does."""
    began = datetime.fromtimestamp(now, UTC)
    said = {"when": began.isoformat(), "asked": asdict(keep), **told_of(plan)}
    content = (json.dumps(sealed(said), indent=2) + "\n").encode()
    name = f"{began:%Y%m%dT%H%M%S%fZ}-{uuid.uuid4().hex[:8]}.json"
    put_if_absent(root / PRUNED / name, content)


def told_of(plan: Plan) -> dict[str, Any]:
    """What goes and what stays, for machines."""
    return {
        "versions": list(plan.versions),
        "kept_versions": sorted(plan.records),
        "runs": [run.place.name for run in plan.runs],
        "stays": list(plan.stays),
        "going": [
            {
                "kind": one.kind,
                "what": one.what,
                "why": one.why,
                "files": len(one.files),
                "bytes": one.bytes,
            }
            for one in plan.going
        ],
        "files": plan.files,
        "bytes": plan.bytes,
    }


def _hide(root: Place, plan: Plan) -> None:
    """Take the records of versions away; put them back where somebody has begun to read one.

    Raises:
        ConflictError: somebody has; nothing else is removed.
    """
    for number in plan.versions:
        remove_version(root, number)
        reached("version")
    read = versions_read(root)
    if read & {ALL, *plan.versions}:
        for record in plan.gone.values():
            publish_version(root, record)
        require_not_verified(root, read)
        what = "somebody has just begun to read a version that was to go"
        raise ConflictError(Problem(str(root), what, "run this again"))


def _remove_folders(root: Place, plan: Plan) -> None:
    for number in plan.versions:
        delete_tree(root / QUALITY / str(number))
    delete_tree(root / STAGING)
    for table in sorted({name for one in plan.records.values() for name in one.tables}):
        remove_empty_folders(root / table)


def _remove_run(run: RunFolder) -> None:
    """Delete a run's folder, which nobody works on."""
    what, mend = "a process has just begun to work on it", "run this again"
    with only_one(run.place, Problem(f"run {run.place.name}", what, mend)):
        delete_run(run.place)
    delete_tree(run.place)  # what holding it has left
