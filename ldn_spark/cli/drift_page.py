"""The page of a study's drift, written where a command or a scheduled run wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ldn_spark.places.place import Place
    from ldn_spark.runs.drift import FoundDrift

PAGE = "drift.html"
"""What it is called beside the runs of a study."""


def write_page(found: FoundDrift, place: Place) -> None:
    """Write the page over all runs of a study, whole, in the place of an earlier one.

    Who may read the run may read it.

    Raises:
        OutputExistsError: a folder stands there.
    """
    from ldn_spark.cli.drift import left_out
    from ldn_spark.cli.logs import log_warnings
    from ldn_spark.engine.rights import keep_from_others, may_be_read_by_group
    from ldn_spark.errors import OutputExistsError, Problem
    from ldn_spark.places.files import make_folder, put
    from ldn_spark.places.place import is_url
    from ldn_spark.reporting.drift.page import drift_html
    from ldn_spark.reporting.drift.series import wanted_estimates
    from ldn_spark.runs.drift import read_snapshots

    if place.is_dir():
        raise OutputExistsError(Problem(str(place), "is a folder", "name a file in it"))
    folder, drift = found.run.folder, found.drift
    runs, problems = read_snapshots(found.history, wanted_estimates(drift.new))
    log_warnings(left_out(problems))
    text = drift_html(drift, runs or [drift.new], max(len(found.history.runs), 1))
    if not is_url(place):
        shared = not is_url(folder) and may_be_read_by_group(folder)
        keep_from_others(share_group=shared)
    make_folder(place.parent)
    put(place, text.encode())
