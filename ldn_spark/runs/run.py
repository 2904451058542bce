"""One run of one study over one version of a lake: what it reads, and what it is called."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ldn_spark import __version__, schemas
from ldn_spark.lake.versions import Lake, LakeVersion
from ldn_spark.study.atc.stated_versions import NOTHING_STATED, StatedVersions
from ldn_spark.study.atc.translation import Translation, translate
from ldn_spark.study.atc.uses import codes_apart, uses_of
from ldn_spark.study.criteria import Delivered
from ldn_spark.study.definition import Returns, StudyDefinition
from ldn_spark.study.load import Study
from ldn_spark.study.selection import asked_for
from ldn_spark.study.sets import StudySet

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class Asked(Protocol):
    """What a run computes: a study, a version of a lake, and how its codes are read."""

    @property
    def study(self) -> Study:
        """What is asked."""

    @property
    def version(self) -> LakeVersion:
        """The version of the lake that is read."""

    @property
    def stated(self) -> StatedVersions:
        """In which ATC index the delivered codes are, where it is not as the files declare."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One study that is to be run, and what its results are held against.

    Attributes:
        study: what is asked.
        published: values to hold against the computed ones, in the report and in compare.csv.
    """

    study: Study
    published: Path | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What a run would compute, before there is an engine."""

    study: Study
    version: LakeVersion
    stated: StatedVersions = NOTHING_STATED


@dataclass(frozen=True)
class Run:
    """One run of one study over one version of a lake.

    Attributes:
        spark: the session.
        study: what is asked.
        lake: where the registry lies.
        version: the version of the lake that is read, pinned for the whole run.
        run_id: names its folder of results.
        stated: in which ATC index the delivered codes are, where it is not as the files declare.
    """

    spark: SparkSession
    study: Study
    lake: Lake
    version: LakeVersion
    run_id: str
    stated: StatedVersions = NOTHING_STATED

    @cached_property
    def translation(self) -> Translation:
        """How the lake's ATC codes are read in the study's index.

        Raises:
            UsageError: what is stated of the codes does not fit the files.
        """
        return translation_of(self.study, self.version, self.stated)

    @property
    def returns(self) -> Returns:
        """What returned packages do; in a lake that holds none, the least work."""
        return returns_of(self.study, self.version)

    @cached_property
    def undelivered(self) -> frozenset[Delivered]:
        """What the study's conditions ask for and the lake does not hold."""
        return undelivered_of(self.study.definition, self.lake, self.version)


def translation_of(study: Study, version: LakeVersion, stated: StatedVersions) -> Translation:
    """How the ATC codes of a version of a lake are read in a study's index.

    Raises:
        UsageError: what is stated of the codes does not fit the files.
    """
    files = [f for f in version.files if f.kind == schemas.DISPENSINGS.name and not f.is_replaced]
    definition = study.definition
    return translate(
        definition.atc_version,
        study.to_read,
        uses_of(definition),
        stated.versions({file.file_id: (file.name, file.atc_version) for file in files}),
        codes_apart(definition) if version.may_hold_returns else (),
    )


def returns_of(study: Study, version: LakeVersion) -> Returns:
    """What returned packages do; in a version that holds none, the least work."""
    return study.definition.returns if version.may_hold_returns else "as_dispense"


def undelivered_of(
    study: StudyDefinition, lake: Lake, version: LakeVersion
) -> frozenset[Delivered]:
    """What the conditions of a study ask for of which a version of a lake holds nothing."""
    return frozenset(kind for kind in asked_for(study) if not holds(kind, lake, version))


def holds(kind: Delivered, lake: Lake, version: LakeVersion) -> bool:
    """Whether anything of a kind was delivered; not to a lake without the table for it."""
    from ldn_spark.engine import collect
    from ldn_spark.transforms.observed import count_delivered, table_of

    table = table_of(kind)
    if table.name not in version.tables:
        return False
    return collect.one(count_delivered(kind, lake.read(table, version)))["delivered"] > 0


def run_key(
    study: Study,
    version: LakeVersion,
    software_version: str,
    translations: Iterable[Translation],
) -> str:
    """Eight characters that stand for study, data and software: same key, same numbers.

    How codes are read counts where any is read as another one.
    """
    parts = [study.hash, software_version, *sorted(file.sha256 for file in version.files)]
    parts += [f"erased {erasure}" for erasure in sorted(version.erasures)]
    for translation in translations:
        if not translation.is_empty:
            content = [asdict(part) for part in translation.parts]
            parts.append(json.dumps(content, sort_keys=True))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def key_of(asked: Asked) -> str:
    """The key of what a run of this software computes; see `run_key`.

    Raises:
        UsageError: what is stated of the codes does not fit the files.
    """
    sets = sets_of(asked.study, asked.version, asked.stated).values()
    translations = [one.translation for one in sets]
    return run_key(asked.study, asked.version, __version__, translations)


def sets_of(
    study: Study, version: LakeVersion, stated: StatedVersions, first: int = 0
) -> dict[str, StudySet]:
    """The cohorts of a study by exposure, numbered from `first` on, its own first.

    Raises:
        UsageError: what is stated of the codes does not fit the files.
    """
    return {
        name: StudySet(
            number,
            one,
            translation_of(one, version, stated),
            returns_of(one, version),
            has_curves=one is study,
        )
        for number, (name, one) in enumerate(study.by_exposure.items(), start=first)
    }
