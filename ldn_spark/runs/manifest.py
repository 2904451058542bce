"""State what a run was made of: for the report what the data were, for the manifest everything."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from ldn_spark.delivery.reasons import LEFT_OUT, explain
from ldn_spark.delivery.values.erased import ERASED
from ldn_spark.drift.dispensed import Dispensed, as_plain
from ldn_spark.estimates.results import TurnedAway
from ldn_spark.lake.versions import FileRecord
from ldn_spark.runs.bound import data_hash
from ldn_spark.runs.reproducing import command, inputs
from ldn_spark.runs.run import Run, key_of
from ldn_spark.runs.software import installed, software
from ldn_spark.schemas import DISPENSINGS
from ldn_spark.shown import numbered
from ldn_spark.study.atc.alterations import described
from ldn_spark.study.atc.index_check import ReadAs
from ldn_spark.study.inputs import InputFile
from ldn_spark.study.selection import selection_steps
from ldn_spark.texts.documents import conf_folder

_PACKAGES = ("pyspark", "pysail", "delta-spark", "pyarrow", "numpy", "scipy", "matplotlib")


def provenance(
    run: Run,
    warnings: list[str],
    read_as: Sequence[ReadAs] = (),
    published: InputFile | None = None,
    dispensed: Sequence[Dispensed] = (),
) -> dict[str, Any]:
    """What the data were, for the report: nothing that differs between engines or runs.

    Args:
        run: the run.
        warnings: what a person should know.
        read_as: the delivered codes that were read as others in the study's ATC index.
        published: the file of published values that the results are held against.
        dispensed: what the study's codes were dispensed in the registry.
    """
    return {
        "files": delivered_files(run),
        "turned_away": turned_away(run.version.files),
        "source": ", ".join(sorted({file.source for file in run.version.files})),
        "lake_version": run.version.number,
        "invented": run.version.invented,
        "command": command(run, published),
        "inputs": inputs(run, published),
        "persons": run.version.persons,
        "dispensings": run.version.dispensings,
        "first_dispensed_on": run.version.first_dispensed_on,
        "last_dispensed_on": run.version.last_dispensed_on,
        "codelists": {name: len(found.codes) for name, found in run.study.codelists.items()},
        "warnings": warnings,
        "deviations": deviations(run, read_as),
        "atc_codes": atc_codes(run, read_as),
        **({"dispensed": as_plain(dispensed)} if dispensed else {}),
    }


def delivered_files(run: Run) -> list[dict[str, Any]]:
    """The files that the lake was made of, and what became of their lines."""
    return [
        {
            "name": file.name,
            "sha256": file.sha256,
            "lines": file.lines,
            "accepted": file.accepted,
            "rejected": file.rejected,
            "left_out": file.left_out,
            "superseded": file.superseded,
            "version": file.version,
        }
        for file in run.version.files
    ]


def turned_away(files: Sequence[FileRecord]) -> tuple[TurnedAway, ...]:
    """Why lines of the delivered files are not in the registry.

    One entry per kind of file and reason, dispensings first and then the commonest reason first.
    Lines are counted, not persons, so the counts are as exact as those of the files.
    """
    lines = Counter[tuple[str, str, str]]()
    for file in files:
        for reason, number in file.rejected_by_reason.items():
            lines[file.kind, reason, explain(reason)] += number
        for column, number in file.left_out_by_column.items():
            if column == ERASED:  # the results are those of a registry without them
                continue
            meaning = f"left out by `where` of the source, column {column}"
            lines[file.kind, LEFT_OUT, meaning] += number
    found = (TurnedAway(*key, number) for key, number in lines.items() if number)
    return tuple(
        sorted(
            found,
            key=lambda one: (one.kind != DISPENSINGS.name, one.kind, -one.lines, one.meaning),
        )
    )


def atc_codes(run: Run, read_as: Sequence[ReadAs]) -> dict[str, Any]:
    """In which ATC indices the codes are, and which were read as others how often."""
    parts = run.translation.parts
    return {
        "study_version": run.study.definition.atc_version,
        "lake_versions": list(dict.fromkeys(part.declared for part in parts)),
        "read_as": [
            {
                "delivered": one.delivered,
                "read_as": one.read_as,
                "substance": one.substance,
                "alterations": [described(row) for row in one.alterations],
                "dispensings": one.dispensings,
            }
            for one in read_as
        ],
    }


def deviations(run: Run, read_as: Sequence[ReadAs] = ()) -> list[str]:
    """What this run did otherwise than the study file alone says.

    Codelists were replaced; codes of another ATC index were read in the study's; conditions could
    not be applied because what they ask for was not delivered.
    """
    usual = conf_folder() / "codelists"
    translated = [
        f"{one.delivered} was read as {one.read_as}, its code in the ATC index of "
        f"{run.study.definition.atc_version}"
        for one in read_as
    ]
    unknown = [
        f"who meets the condition '{step.label}' is unknown ({why}), and nobody is excluded for it"
        for step in selection_steps(run.study.definition)
        if (why := step.unknown(run.undelivered))
    ]
    return [*translated, *unknown] + [
        f"codelist {name} replaced by another of {numbered(len(found.codes), 'code')}"
        for name, found in run.study.codelists.items()
        if Path(found.source).resolve().parent != usual.resolve()
    ]


def manifest(
    run: Run,
    engine: str,
    started: datetime,
    read_as: Sequence[ReadAs] = (),
    published: InputFile | None = None,
) -> dict[str, Any]:
    """Everything a person needs to get the same numbers again; times stand here only.

    What was made, and when it was, is added when it is written.
    """
    return {
        "run_id": run.run_id,
        "key": key_of(run),
        "released": False,
        "command": command(run, published),
        "inputs": inputs(run, published),
        "study": {
            "id": run.study.definition.id,
            "hash": run.study.hash,
            "definition": run.study.definition.model_dump(mode="json", by_alias=True),
            "codelists": {name: list(c.codes) for name, c in run.study.codelists.items()},
        },
        "software": {
            **software(),
            "python": platform.python_version(),
            "engine": engine,
            "engine_version": run.spark.version,
            "packages": {name: installed(name) for name in _PACKAGES},
        },
        "input": {
            "lake_version": run.version.number,
            "data_sha256": data_hash(run.version),
            "invented": run.version.invented,
            "tables": dict(run.version.tables),
            "persons": run.version.persons,
            "dispensings": run.version.dispensings,
            "rejected": run.version.rejected,
            "first_dispensed_on": run.version.first_dispensed_on,
            "last_dispensed_on": run.version.last_dispensed_on,
            "files": delivered_files(run),
            "turned_away": [asdict(one) for one in turned_away(run.version.files)],
            "atc_codes": atc_codes(run, read_as),
        },
        "started": started.isoformat(),
    }
