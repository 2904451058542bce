"""The ids of a study's parts, and the names that none of them may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from ldn_spark.texts.values import NAME_SCHEMA, Name

OVERALL = "overall"
"""The name of all strata taken together, and of the whole cohort among the subgroups."""
MAIN = "main"
"""The name of the study's own pair of windows among its designs."""
STUDY = "study"
"""The name of the study's own exposure among all whose cohorts a run forms."""

_OF_ALL = {OVERALL: "all of them together"}
_OF_DESIGNS = _OF_ALL | {MAIN: "the study's own windows"}
_OF_EXPOSURES = _OF_ALL | {STUDY: "the study's own exposure"}


def _none_of(taken: Mapping[str, str]) -> AfterValidator:
    def check(text: str) -> str:
        if text in taken:
            raise ValueError(f"'{text}' is the name of {taken[text]}; take another id")
        return text

    return AfterValidator(check)


def _schema(taken: Mapping[str, str]) -> WithJsonSchema:
    names = [*taken]
    return WithJsonSchema(
        NAME_SCHEMA | {"not": {"enum": names} if len(names) > 1 else {"const": names[0]}}
    )


Id = Annotated[Name, _none_of(_OF_ALL), _schema(_OF_ALL)]
DesignId = Annotated[Name, _none_of(_OF_DESIGNS), _schema(_OF_DESIGNS)]
ExposureId = Annotated[Name, _none_of(_OF_EXPOSURES), _schema(_OF_EXPOSURES)]
