"""What a run is bound to: `run.json` among its tables, written before any of them.

The first stage writes it, never over another one. Whoever works on the run later, in this process
or another, takes the version of the lake and what was said of ATC codes from it, and stops where
anything else is asked than was then. A run that was published is closed by a second file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ldn_spark.errors import EngineError, OutputExistsError, Problem
from ldn_spark.lake.small_files import only_one, put_if_absent
from ldn_spark.lake.sums import NO_FILE
from ldn_spark.lake.versions import LakeVersion
from ldn_spark.places.place import Place
from ldn_spark.runs.run import Asked, key_of
from ldn_spark.runs.software import software
from ldn_spark.study.load import Study
from ldn_spark.texts.documents import conf_folder
from ldn_spark.texts.sealed import is_as_written, sealed

RUN_FILE = "run.json"
CLOSED_FILE = "published.json"
_ANOTHER = "give this one another --run-id"
_Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class BoundStudy(_Part):
    """A study of a run.

    Attributes:
        id: its id.
        hash: that of the definition with all that counts beside it.
        key: of what the run computes of it.
        file: a name in conf/studies, or an absolute path.
        codelists: SHA-256 of the codes of every list, by name.
    """

    id: str
    hash: _Sha256
    key: str
    file: str
    codelists: dict[str, _Sha256]


class Software(_Part):
    """The software that began a run."""

    ldn_spark: str
    source_sha256: _Sha256


class Bound(_Part):
    """What a run is bound to.

    Attributes:
        run_id: names its tables.
        key: stands for all that follows.
        studies: what is asked, in the order in which their cohorts are numbered.
        given_codelists: absolute paths of the lists that replace a study's, by name.
        lake_version: the version of the lake that is read.
        data: SHA-256 of what that version's record says of the delivered files and their lines.
        software: what computes.
        atc_versions: what was said of the index of the delivered codes, as arguments.
    """

    run_id: str
    key: str
    studies: list[BoundStudy]
    given_codelists: dict[str, str]
    lake_version: int
    data: _Sha256
    software: Software
    atc_versions: list[str]


def bound_of(run_id: str, asked: Sequence[Asked]) -> Bound:
    """What a run of these studies over one version of a lake is bound to."""
    first = asked[0]
    content: dict[str, Any] = {
        "studies": [_study(one) for one in asked],
        "lake_version": first.version.number,
        "data": data_hash(first.version),
        "software": software(),
        "atc_versions": first.stated.texts,
    }
    given = {
        file.name: str(Path(one.study.codelists[file.name].source).absolute())
        for one in asked
        for file in one.study.files
        if file.is_given and file.name in one.study.codelists
    }
    key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]
    return Bound.model_validate({"run_id": run_id, "key": key, "given_codelists": given, **content})


def _study(asked: Asked) -> dict[str, Any]:
    study = asked.study
    lists = {name: [*found.codes] for name, found in sorted(study.codelists.items())}
    return {
        "id": study.definition.id,
        "hash": study.hash,
        "key": key_of(asked),
        "file": _file_of(study),
        "codelists": {name: _hash_of(codes) for name, codes in lists.items()},
    }


def _file_of(study: Study) -> str:
    path = study.path.resolve()
    is_our_own = path.parent == (conf_folder() / "studies").resolve()
    return path.stem if is_our_own else str(path)


def data_hash(version: LakeVersion) -> str:
    """SHA-256 of what a record says of a version's data, wherever its tables lie."""
    said = asdict(replace(version, number=0, tables={}, sums={}, commits={}))
    said.pop("bases")  # where the logs begin is no part of the data
    if not version.erasures:
        said.pop("erasures")
    return _hash_of(said)


def _hash_of(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def bind(lake: Place, bound: Bound) -> None:
    """Bind a run, or see that it is bound to the same already.

    Raises:
        OutputExistsError: it is bound to something else, or published.
        EngineError: what it is bound to cannot be read.
    """
    content = json.dumps(sealed(bound.model_dump()), indent=2, ensure_ascii=False) + "\n"
    if not put_if_absent(_folder(lake, bound.run_id) / RUN_FILE, content.encode()):
        require_begun_alike(lake, bound)


def require_begun_alike(lake: Place, bound: Bound) -> None:
    """See that a run has not begun, or may go on as it is asked for; see `bind`."""
    there = read_bound(lake, bound.run_id)
    if there is not None:
        require_same(there, bound)
        require_open(lake, bound.run_id)


def read_bound(lake: Place, run_id: str) -> Bound | None:
    """What a run is bound to; None where it has not begun.

    Raises:
        EngineError: the file is damaged.
    """
    path = _folder(lake, run_id) / RUN_FILE
    try:
        content = json.loads(path.read_bytes())
        bound = Bound.model_validate(content)
        if is_as_written(content):
            return bound
    except FileNotFoundError:
        return None
    except (*NO_FILE, ValueError, ValidationError, RecursionError):
        pass
    mend = f"restore it from a backup, or {_ANOTHER}"
    raise EngineError(Problem(str(path), "is damaged: it is not as the run wrote it", mend))


def require_same(there: Bound, now: Bound) -> None:
    """See that a run is asked for what it is bound to.

    Raises:
        OutputExistsError: it is not; every difference is named.
    """
    found = list(_differences(there, now))
    if found:
        where = f"run {there.run_id}"
        raise OutputExistsError(
            [Problem(where, what, f"{mend}, or {_ANOTHER}") for what, mend in found]
        )


def _differences(there: Bound, now: Bound) -> Iterator[tuple[str, str]]:
    """What differs, and what would mend it."""
    before = {study.id: study for study in there.studies}
    after = {study.id: study for study in now.studies}
    if list(before) != list(after):
        names, asked = ", ".join(before), ", ".join(after)
        yield f"it is a run of {names}, not of {asked}", f"ask for {names}"
    for name, study in before.items():
        if name in after:
            yield from _of_study(study, after[name])
    if there.lake_version != now.lake_version:
        what = f"it reads version {there.lake_version} of the lake, not {now.lake_version}"
        yield what, f"say --as-of {there.lake_version}"
    elif there.data != now.data:
        what = f"version {there.lake_version} of the lake was made of other lines then"
        yield what, "restore the lake from a backup"
    if there.software.ldn_spark != now.software.ldn_spark:
        made = f"ldn_spark {there.software.ldn_spark}"
        yield f"it was begun by {made}; this is {now.software.ldn_spark}", f"go on with {made}"
    elif there.software != now.software:
        what = f"it was begun by another build of ldn_spark {now.software.ldn_spark}"
        yield what, "go on with the build that began it"
    if there.atc_versions != now.atc_versions:
        said, says = (_arguments(one.atc_versions) for one in (there, now))
        yield f"it was begun with {said}, not with {says}", f"say {said}"


def _of_study(before: BoundStudy, after: BoundStudy) -> Iterator[tuple[str, str]]:
    if before.hash == after.hash:
        return
    lists = {*before.codelists, *after.codelists}
    others = sorted(n for n in lists if before.codelists.get(n) != after.codelists.get(n))
    what = f"codelist {', '.join(others)}" if others else "study file or ATC alterations"
    yield f"study {before.id} has another {what} than when it was begun", "give those of then"


def _arguments(texts: Sequence[str]) -> str:
    return " ".join(f"--atc-version {text}" for text in texts) or "no --atc-version"


def require_open(lake: Place, run_id: str) -> None:
    """See that a run is not published yet.

    Raises:
        OutputExistsError: it is.
    """
    if (_folder(lake, run_id) / CLOSED_FILE).exists():
        what, mend = "it is published, and closed", _ANOTHER
        raise OutputExistsError(Problem(f"run {run_id}", what, mend))


def close(lake: Place, run_id: str, folders: Mapping[str, Place]) -> None:
    """Say that a run is published: where the results of each study are."""
    said = {"folders": {study: str(folder) for study, folder in folders.items()}}
    content = json.dumps(sealed(said), indent=2, ensure_ascii=False) + "\n"
    put_if_absent(_folder(lake, run_id) / CLOSED_FILE, content.encode())


@contextmanager
def only_worker(lake: Place, run_id: str) -> Iterator[None]:
    """Hold a run for one process.

    Raises:
        ConflictError: another one works on it.
    """
    what, mend = "another process works on it", "wait for it and run this again"
    with only_one(_folder(lake, run_id), Problem(f"run {run_id}", what, mend)):
        yield


def _folder(lake: Place, run_id: str) -> Place:
    return lake / "runs" / run_id
