"""The further exposures of a study before a run: how their codes are read, what they find."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ldn_spark import schemas
from ldn_spark.lake.versions import Lake, LakeVersion
from ldn_spark.progress import Progress, report
from ldn_spark.runs.exposed import ExposureFound, find_exposures
from ldn_spark.study.atc.translation import Translation, translate
from ldn_spark.study.atc.uses import codes_apart, uses_of
from ldn_spark.study.load import Study


@dataclass(frozen=True, slots=True)
class OtherExposure:
    """A further exposure: its id, the study of it alone, and how the lake's codes are read."""

    id: str
    study: Study
    translation: Translation


def other_exposures(
    study: Study, version: LakeVersion, translation: Translation
) -> Iterator[OtherExposure]:
    """The further exposures, the lake's files taken as the study's own exposure takes them."""
    dispensings = [
        file.file_id
        for file in version.files
        if file.kind == schemas.DISPENSINGS.name and not file.is_replaced
    ]
    versions = {
        file: part.declared
        for part in translation.parts
        for file in (dispensings if part.file_ids is None else part.file_ids)
    }
    for exposure, one in study.others.items():
        definition = one.definition
        apart = codes_apart(definition) if version.may_hold_returns else ()
        read = translate(definition.atc_version, one.to_read, uses_of(definition), versions, apart)
        yield OtherExposure(exposure, one, read)


def count_other_exposures(
    lake: Lake, version: LakeVersion, study: Study, translation: Translation
) -> dict[str, ExposureFound]:
    """Dispensings of each further exposure in the index period, by its id: one look for each."""
    found = {}
    for number, one in enumerate(other_exposures(study, version, translation)):
        report(Progress("counting other exposures", number, len(study.others), "exposures"))
        found[one.id] = find_exposures(lake, version, one.study, one.translation)
    return found
