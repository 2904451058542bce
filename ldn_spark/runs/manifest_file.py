"""The manifest of a run: written last, with a checksum of its own, and checked by whoever reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from ldn_spark import __version__
from ldn_spark.errors import Problem, ResultsError
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.texts.sealed import is_as_written

MANIFEST = "manifest.json"
RESTORE = "restore it from a copy, or run the study again"
_MAX_BYTES = 64 << 20
_Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Part(BaseModel):
    """A part of a manifest: what readers need of it is checked, the rest may be anything."""

    model_config = ConfigDict(strict=True, frozen=True)


class Output(_Part):
    """A file that a run wrote."""

    path: str
    bytes: Annotated[int, Field(ge=0)]
    sha256: _Sha256


class _Software(_Part):
    ldn_spark: str
    source_sha256: str = ""
    engine: str = ""
    packages: dict[str, str | None] = {}


class _Study(_Part):
    id: str
    hash: _Sha256
    definition: dict[str, Any]
    codelists: dict[str, list[str]] = {}


class Delivered(_Part):
    """A delivered file that the lake was made of; what is not said is what nobody knew."""

    name: str
    sha256: str
    lines: int = 0
    superseded: int = 0
    version: int = 0


class _TurnedAway(_Part):
    kind: str
    reason: str
    meaning: str
    lines: Annotated[int, Field(ge=0)]


class _Input(_Part):
    lake_version: int = 0
    data_sha256: str = ""
    invented: bool = False
    persons: int | None = None
    dispensings: int | None = None
    last_dispensed_on: str = ""
    files: list[Delivered] = []
    turned_away: list[_TurnedAway] = []


class Manifest(_Part):
    """What the readers of a finished run look at."""

    run_id: str
    key: str
    command: str = ""
    inputs: list[dict[str, Any]] = []
    study: _Study
    software: _Software
    input: _Input = _Input()
    warnings: list[str]
    outputs: list[Output]
    ended: str
    sha256: _Sha256


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a finished run.

    Raises:
        ResultsError: there is none, or it is not as the run wrote it.
    """
    path = folder / MANIFEST
    content = _json(path)
    try:
        manifest = Manifest.model_validate(content)
    except ValidationError as error:
        raise ResultsError(_problems(str(path), error, _mend(content))) from None
    if not is_as_written(content):
        what = "is not as the run wrote it: its checksum differs"
        raise ResultsError(Problem(str(path), what, RESTORE))
    return manifest


def study_of(folder: Path, manifest: Manifest) -> StudyDefinition:
    """The study that a run answered.

    Raises:
        ResultsError: this version of the software has other rules for a study.
    """
    try:
        return StudyDefinition.model_validate(manifest.study.definition)
    except ValidationError as error:
        made = f"the run was made by ldn_spark {manifest.software.ldn_spark}"
        mend = f"{made}, this is {__version__}: read it with that version, or run the study again"
        where = f"{folder / MANIFEST}: study.definition"
        raise ResultsError(_problems(where, error, mend)) from None


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        what = "is no regular file" if path.exists() else "no such file"
        mend = "give the folder that `ldn run` printed last"
        raise ResultsError(Problem(str(path), what, mend))
    with path.open("rb") as stream:
        content = stream.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise ResultsError(Problem(str(path), "is too large for a manifest", RESTORE))
    try:
        found = from_json(content)
    except ValueError as error:
        what = f"is damaged: {error}" if content else "is empty"
        raise ResultsError(Problem(str(path), what, RESTORE)) from None
    if not isinstance(found, dict):
        raise ResultsError(Problem(str(path), "is no manifest of a run", RESTORE))
    return found


def _mend(content: Mapping[str, Any]) -> str:
    """What to do about a manifest of another shape, which another version may have written."""
    software = content.get("software")
    made = software.get("ldn_spark") if isinstance(software, dict) else None
    if isinstance(made, str) and made != __version__:
        return f"read it with ldn_spark {made}, which made it, or run the study again"
    return RESTORE


def _problems(where: str, error: ValidationError, mend: str) -> list[Problem]:
    """What a model refuses, by key; no value is shown."""
    problems = []
    for fault in error.errors(include_url=False, include_input=False):
        key = ".".join(map(str, fault["loc"]))
        said = fault["msg"].removeprefix("Value error, ")
        what = "is missing" if fault["type"] == "missing" else said[:1].lower() + said[1:]
        problems.append(Problem(f"{where}: {key}" if key else where, what, mend))
    return problems
