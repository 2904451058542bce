"""The last stage of a run: moments -> tables, figures, report and manifest, on the driver.

What it imports takes longer to load than the embedded engine takes for a small registry, so it is
loaded where it is needed, or ahead by `load_ahead`.
"""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ldn_spark import __version__
from ldn_spark.io.run_folder import new_run_folder, write_manifest
from ldn_spark.plan import coverage_warnings
from ldn_spark.results import Results
from ldn_spark.run import Run
from ldn_spark.run_stages import Found

if TYPE_CHECKING:
    from ldn_spark.published.values import Published
    from ldn_spark.reporting.figures.aside import Draw


def load_ahead() -> None:
    """Load what this stage needs, while the process waits for the engine."""
    for name in (
        "ldn_spark.analysis",
        "ldn_spark.manifest",
        "ldn_spark.reporting.publish",
        "ldn_spark.reporting.report",
        "jinja2",
    ):
        import_module(name)


def publish_stage(
    run: Run,
    out: Path,
    *,
    engine: str,
    started: datetime,
    published: Published | None = None,
    found: Found | None = None,
    draw: Draw | None = None,
) -> Path:
    """Moments -> tables, figures, report and manifest, in one folder that appears when whole.

    `found` is read from the run's tables where the earlier stages ran in another process.
    """
    from ldn_spark.manifest import manifest, provenance
    from ldn_spark.reporting.figures.aside import draw_here
    from ldn_spark.reporting.publish import publish
    from ldn_spark.reporting.units import unknown_doses

    definition = run.study.definition
    found = Found.read(run) if found is None else found
    checked, results = found.checked, analyse(run, found)
    warnings = [*coverage_warnings(run.version, run.study), *map(str, checked.warnings)]
    warnings += filter(None, [unknown_doses(definition, results)])
    with new_run_folder(out / definition.id, run.run_id) as (draft, final):
        section = ""
        if published is not None:
            section = _compare(published, results, run, draft)
        publish(
            results,
            definition,
            draft,
            comparison=section,
            provenance=provenance(run, warnings, checked.read_as),
            study_hash=run.study.hash,
            software_version=__version__,
            draw=draw or draw_here,
        )
        write_manifest(draft, manifest(run, draft, engine, started, warnings, checked.read_as))
    return final


def analyse(run: Run, found: Found) -> Results:
    """Moments -> estimates, curves and attrition, on the driver."""
    from ldn_spark.analysis import analyse

    return analyse(run.study.definition, attrition=found.attrition, **found.moments)


def _compare(published: Published, results: Results, run: Run, folder: Path) -> str:
    """Write compare.csv; the section of the report that shows it."""
    from ldn_spark.published.comparison import compare
    from ldn_spark.published.files import COMPARE_CSV, compare_csv, compare_html

    found = compare(published, results, run.study.definition)
    (folder / COMPARE_CSV).write_text(compare_csv(found), encoding="utf-8")
    return compare_html(found, f"Published and computed: {run.study.definition.reference}")
