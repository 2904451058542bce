"""Folders of finished runs, written without running anything."""

from __future__ import annotations

from pathlib import Path

from ldn_spark import __version__
from ldn_spark.estimates.results import Results
from ldn_spark.reporting.result_files import attrition_csv, curves_csv, estimates_csv
from ldn_spark.runs.folder import write_manifest
from ldn_spark.study.definition import StudyDefinition

RUN_ID = "20261128T030000000000Z-0f0f0f0f"


def manifest_of(study: StudyDefinition, run_id: str = RUN_ID) -> dict:
    """What a run says of itself, before it is written."""
    return {
        "run_id": run_id,
        "key": run_id[-8:],
        "study": {
            "id": study.id,
            "hash": "0f" * 32,
            "definition": study.model_dump(mode="json", by_alias=True),
            "codelists": {},
        },
        "software": {"ldn_spark": __version__},
    }


def write_run(folder: Path, study: StudyDefinition, results: Results) -> Path:
    """A folder with the results and the manifest of a run."""
    folder.mkdir(parents=True)
    for name, text in (
        ("estimates.csv", estimates_csv(results)),
        ("curves.csv", curves_csv(results)),
        ("attrition.csv", attrition_csv(results)),
    ):
        (folder / name).write_bytes(text.encode())
    write_manifest(folder, manifest_of(study, folder.name), ())
    return folder
