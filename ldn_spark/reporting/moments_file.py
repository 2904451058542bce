"""`moments.json`: everything that a run's files are made of, as exact whole numbers.

A run is published of its moments, its attrition and what is known of the data. They stand in this
file, so that the tables, figures and report can be made again without lake and engine, and so that
a release can be made of them. No clock, run id or engine is in it: the same run gives the same
bytes. It holds small counts and doses of single persons: it is the most restricted file of a run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from ldn_spark import schemas
from ldn_spark.errors import Problem, ResultsError
from ldn_spark.estimates.results import AttritionStep, CohortFound, TurnedAway
from ldn_spark.papers.values import Published, PublishedValue
from ldn_spark.reporting.publication import Publication
from ldn_spark.study.definition import STUDY, StudyDefinition
from ldn_spark.study.inputs import InputFile
from ldn_spark.texts.restricted import RESTRICTED
from ldn_spark.texts.sealed import is_as_written, sealed

MOMENTS = "moments.json"
FORMAT = 1
TABLES = (schemas.COHORT_MOMENTS, schemas.DESIGN_MOMENTS, schemas.DAILY_MOMENTS)
"""Their rows stand in the file without the column `set`, which numbers the cohorts of a batch."""

_MEND = "restore it from a copy, or run the study again"
_Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class _Rows(_Part):
    columns: list[str]
    rows: list[list[int | str | None]]


class _Step(_Part):
    reason_id: int
    step: str
    reason: str
    number_subjects: int | None
    number_records: int
    excluded_subjects: int | None
    excluded_records: int | None


class _Cohort(_Part):
    exposure: str
    attrition: list[_Step]
    tables: dict[str, _Rows]


class _InputFile(_Part):
    kind: str
    name: str
    file: str
    sha256: _Sha256
    is_given: bool


class _Value(_Part):
    line: int
    place: str
    table: str
    stratum: str
    outcome: str
    quantity: str
    text: str


class _Published(_Part):
    file: _InputFile | None
    values: list[_Value]


class _Moments(_Part):
    """The file as it is read; `sha256` is of all the rest."""

    restricted: str
    format: Literal[1]
    software_version: str
    study_hash: _Sha256
    study: dict[str, Any]
    cohorts: Annotated[list[_Cohort], Field(min_length=1)]
    provenance: dict[str, Any]
    published: _Published | None
    sha256: _Sha256


def moments_json(publication: Publication) -> bytes:
    """What is published, one row of a table a line; a row of sums has whole numbers alone."""
    own = CohortFound(publication.moments, publication.attrition)
    found = {STUDY: own, **publication.others}
    published, known = publication.published, publication.provenance
    content = {
        "restricted": RESTRICTED,
        "format": FORMAT,
        "software_version": publication.software_version,
        "study_hash": publication.study_hash,
        "study": publication.study.model_dump(mode="json", by_alias=True),
        "cohorts": [_cohort(exposure, one) for exposure, one in found.items()],
        "provenance": {**known, "turned_away": list(map(asdict, known.get("turned_away", ())))},
        "published": None if published is None else _of_paper(published),
    }
    return f"{_laid_out(sealed(content))}\n".encode()


def _cohort(exposure: str, found: CohortFound) -> dict[str, Any]:
    return {
        "exposure": exposure,
        "attrition": list(map(asdict, found.attrition)),
        "tables": {table.name: _rows(table, found.moments) for table in TABLES},
    }


def _rows(
    table: schemas.Table, moments: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, Any]:
    columns = _columns(table)
    rows = [[_exact(row[name]) for name in columns] for row in moments.get(table.name) or ()]
    return {"columns": columns, "rows": sorted(rows)}  # the first columns are a key


def _columns(table: schemas.Table) -> list[str]:
    return [name for name in table.names if name != "set"]


def _exact(value: Any) -> int | str | None:
    if isinstance(value, Decimal):
        whole = int(value)
        if whole != value:
            raise ValueError("a sum over persons is a whole number")
        return whole
    return value


def _of_paper(published: Published) -> dict[str, Any]:
    file = None if published.file is None else asdict(published.file)
    return {"file": file, "values": list(map(asdict, published.values))}


_plain = json.JSONEncoder(ensure_ascii=False).encode


def _laid_out(value: Any, indent: str = "") -> str:
    """JSON in which a list of plain values is one line."""
    inner = f"{indent} "
    if isinstance(value, dict) and value:
        parts = [f"{inner}{_plain(k)}: {_laid_out(v, inner)}" for k, v in value.items()]
        begin, end = "{", "}"
    elif isinstance(value, (list, tuple)) and any(isinstance(v, (list, dict)) for v in value):
        parts = [inner + _laid_out(v, inner) for v in value]
        begin, end = "[", "]"
    else:
        return _plain(value)
    within = ",\n".join(parts)
    return f"{begin}\n{within}\n{indent}{end}"


def read_moments(content: bytes, name: str) -> Publication:
    """What a `moments.json` says, to be analysed and published again.

    Args:
        content: of the file.
        name: of the file, for messages.

    Raises:
        ResultsError: it is none, is damaged, or was written by another version of the software.
    """
    try:
        found = from_json(content)
        if not isinstance(found, dict) or "cohorts" not in found:
            raise ValueError("it holds no moments")
    except ValueError as error:
        raise ResultsError(Problem(name, f"is no {MOMENTS} of a run: {error}", _MEND)) from None
    if not is_as_written(found):
        what = "is not as the run wrote it: its checksum differs"
        raise ResultsError(Problem(name, what, _MEND))
    try:
        moments = _Moments.model_validate(found)
        return _publication(moments)
    except ValidationError as error:
        places = sorted({".".join(map(str, fault["loc"][:3])) for fault in error.errors()})
        made = found.get("software_version")
        what = f"has other keys than this version of the software writes: {', '.join(places[:5])}"
        mend = f"read it with ldn_spark {made}, which made it, or run the study again"
        raise ResultsError(Problem(name, what, mend)) from None
    except ValueError as error:
        raise ResultsError(Problem(name, str(error), _MEND)) from None


def _publication(moments: _Moments) -> Publication:
    cohorts = {one.exposure: _found(one) for one in moments.cohorts}
    study = StudyDefinition.model_validate(moments.study)
    if list(cohorts) != [STUDY, *(one.id for one in study.exposures)]:
        raise ValueError("has other cohorts than its study")
    own = cohorts.pop(STUDY)
    known = moments.provenance
    return Publication(
        study=study,
        moments=own.moments,
        attrition=own.attrition,
        provenance={
            **known,
            "turned_away": tuple(TurnedAway(**one) for one in known.get("turned_away", ())),
        },
        study_hash=moments.study_hash,
        software_version=moments.software_version,
        published=None if moments.published is None else _paper(moments.published),
        others=cohorts,
    )


def _found(cohort: _Cohort) -> CohortFound:
    found = {}
    for table in TABLES:
        rows = cohort.tables.get(table.name)
        columns = _columns(table)
        if rows is None or rows.columns != columns:
            raise ValueError(f"has other columns in {table.name} than this version writes")
        if any(len(row) != len(columns) for row in rows.rows):
            raise ValueError(f"has a row in {table.name} that lacks a column")
        found[table.name] = [dict(zip(columns, row, strict=True)) for row in rows.rows]
    return CohortFound(found, tuple(AttritionStep(**one.model_dump()) for one in cohort.attrition))


def _paper(published: _Published) -> Published:
    values = tuple(PublishedValue(**one.model_dump()) for one in published.values)
    file = published.file
    return Published(values, None if file is None else InputFile(**file.model_dump()))
