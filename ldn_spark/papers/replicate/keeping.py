"""The solved cohort kept beside the code, so that simulating it takes seconds.

Which study and published values it belongs to is written into the file as a checksum of all that
decides it. `python -m ldn_spark.papers.replicate.keeping ldn_2013` makes the file again.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np

from ldn_spark.papers.reading import find_published, read_published
from ldn_spark.papers.replicate.cohort import Cohort
from ldn_spark.papers.replicate.solving import solve_cohort
from ldn_spark.papers.values import Published
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.load import load_study

VERSION = 1  # of the solver: to be raised with any change of the cohort it makes
SEED = 1
FOLDER = Path(__file__).parent
_TYPES = {"stratum": np.int8, "woman": np.int8, "age": np.int16}


def checksum(study: StudyDefinition, published: Published) -> str:
    """SHA-256 of what decides the cohort: outcomes, strata, contrasts, methods, every value."""
    content = {
        "solver": VERSION,
        "outcomes": [[one.id, one.role, *map(str, one.atc)] for one in study.outcomes],
        "strata": [one.id for one in study.strata.levels],
        "contrasts": [one.id for one in study.contrasts],
        "statistics": study.statistics.model_dump(mode="json"),
        "published": [[*value.key, value.text] for value in published.values],
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def kept_file(study_id: str, folder: Path = FOLDER) -> Path:
    """Where the cohort of a study is kept."""
    return folder / f"{study_id}.npz"


def keep(cohort: Cohort, path: Path, key: str) -> None:
    """Write a cohort with its checksum; the same cohort gives the same bytes."""
    arrays = {
        field.name: getattr(cohort, field.name).astype(_TYPES.get(field.name, np.int32))
        for field in fields(Cohort)
    }
    np.savez_compressed(path, checksum=np.array(key), **arrays)


def kept_cohort(
    study: StudyDefinition, published: Published, folder: Path = FOLDER
) -> Cohort | None:
    """The kept cohort of this study and these values; None when it belongs to others."""
    path = kept_file(study.id, folder)
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as arrays:
        if str(arrays["checksum"]) != checksum(study, published):
            return None
        return Cohort(*(arrays[field.name].astype(np.int64) for field in fields(Cohort)))


def find_cohort(study: StudyDefinition, published: Published) -> Cohort:
    """The kept cohort where it belongs to this study and these values, else a solved one."""
    kept = kept_cohort(study, published)
    return solve_cohort(study, published, SEED) if kept is None else kept


def main(study_id: str) -> None:
    """Solve the cohort of a study that comes with the project and keep it."""
    study = load_study(study_id).definition
    published = read_published(find_published(study_id), study)
    cohort = solve_cohort(study, published, SEED)
    keep(cohort, kept_file(study_id), checksum(study, published))


if __name__ == "__main__":
    main(sys.argv[1])
