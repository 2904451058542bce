"""The last stage of a run: moments -> tables, figures, report and manifest.

What is published is made by `reporting.publication`, in this process or aside; this module hands
over what the engine found, and writes the folder.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ldn_spark import __version__
from ldn_spark.ingest.suspicions import warn_of_nobodies
from ldn_spark.places.place import Place
from ldn_spark.runs.folder import new_run_folder, write_files, write_manifest
from ldn_spark.runs.run import Run
from ldn_spark.runs.steps import Found

if TYPE_CHECKING:
    from ldn_spark.papers.values import Published
    from ldn_spark.reporting.publication import Make


def publish_stage(
    run: Run,
    out: Place,
    found: Found,
    *,
    engine: str,
    started: datetime,
    published: Published | None = None,
    make: Make | None = None,
) -> Place:
    """Moments -> tables, figures, report and manifest, in one folder that appears when whole."""
    from ldn_spark.reporting.publication import Publication, make_here
    from ldn_spark.runs.manifest import manifest, provenance

    checked = found.checked
    values_file = published.file if published is not None else None
    warnings = [
        *warn_of_nobodies(run.version.files),
        *map(str, [*checked.warnings, *found.returned]),
    ]
    with new_run_folder(out / run.study.definition.id, run.run_id) as (draft, final):
        made = (make or make_here)(
            Publication(
                study=run.study.definition,
                moments=found.own.moments,
                attrition=found.own.attrition,
                provenance=provenance(
                    run, warnings, checked.read_as, values_file, checked.dispensed
                ),
                study_hash=run.study.hash,
                software_version=__version__,
                published=published,
                others=found.others,
            )
        )
        said = manifest(run, engine, started, checked.read_as, values_file)
        files = made()
        write_files(draft, files.contents)
        write_manifest(draft, said, files.warnings)
    return final
