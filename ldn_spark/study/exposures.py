"""The drugs whose start is studied: the study's own, and others for which it is done once more."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ldn_spark.study.codes import ATC_SCHEMA, AtcCode, parse_atc, shortest_prefixes
from ldn_spark.study.ids import ExposureId
from ldn_spark.texts.documents import Document
from ldn_spark.texts.faults import Faults, refuse
from ldn_spark.texts.values import Abbreviation, Day, Label, Name, NumberOfDays

MOST_EXPOSURES = 1_000
Prefixes = Annotated[tuple[AtcCode, ...], Field(min_length=1, max_length=1_000)]


class IndexEvent(Document):
    """Which exposure dispensing is a person's index date.

    `first_in_period` takes the first one in the period; a wash-out then excludes persons with an
    exposure in the days before it. `first_after_washout` takes the first one in the period that
    has a clean wash-out before it: order is data.
    """

    first: Day = Field(description="the first day of the index period, as in 2013-01-01")
    last: Day = Field(description="the last day of the index period, included")
    rule: Literal["first_in_period", "first_after_washout"] = Field(
        description="first_in_period: the first dispensing of the period; first_after_washout: the "
        "first one of the period that has a clean wash-out before it"
    )
    washout_days: NumberOfDays | Literal["none", "ever"] = Field(
        description="how many days before the index date hold no dispensing of the exposure; none: "
        "nobody is excluded; ever: there is no earlier one in the whole lake"
    )

    @model_validator(mode="after")
    def _check(self) -> IndexEvent:
        refuse(self._problems())
        return self

    def _problems(self) -> Faults:
        if self.first > self.last:
            yield (), "the index period ends before it begins; swap 'first' and 'last'"
        if self.rule == "first_after_washout" and self.washout_days in ("none", "ever"):
            what = "'first_after_washout' needs a number of days"
            yield (), f"{what}; set 'washout_days' or use 'first_in_period'"


class Drug(Document):
    """A drug by its codes: ATC codes, narrowed to product numbers where given."""

    name: Label
    abbreviation: Abbreviation
    atc: Prefixes = Field(description="ATC codes or beginnings of them")
    products: Name | None

    @property
    def drug(self) -> tuple[str | None, tuple[str, ...]]:
        """What decides which dispensings are of it."""
        return self.products, shortest_prefixes(self.atc)


class Exposure(Drug):
    """The drug whose start is studied: ATC codes, narrowed to product numbers where given."""

    name: Label = Field(description="in sentences: low dose naltrexone")
    abbreviation: Abbreviation = Field(description="in tables and figures: LDN")
    products: Name | None = Field(
        description="the codelist of its product numbers in conf/codelists, or given with "
        "--codelist NAME=FILE; null = every product of the ATC codes"
    )
    index_event: IndexEvent = Field(description="which dispensing is a person's index date")


class OtherExposure(Drug):
    """Another drug for whose start the study is done once more, with a cohort of its own."""

    name: Label = Field(description="in sentences: selective serotonin reuptake inhibitors")
    abbreviation: Abbreviation = Field(description="in tables and figures: SSRI")
    products: Name | None = Field(
        default=None,
        description="the codelist of its product numbers, as of `exposure`; without it, every "
        "product of the ATC codes",
    )
    id: ExposureId = Field(description="its name in results")

    def in_place_of(self, exposure: Exposure) -> Exposure:
        """This drug with the index event of the study's own."""
        return exposure.model_copy(update={name: getattr(self, name) for name in Drug.model_fields})


def renamed(label: str, drug: str, other: str) -> str:
    """A label that names another drug where it names one by its abbreviation.

    >>> renamed("LDN×2–3", "LDN", "SSRI"), renamed("No LDNx before", "LDN", "SSRI")
    ('SSRI×2–3', 'No LDNx before')
    """
    return re.sub(rf"(?<!\w){re.escape(drug)}(?!\w)", lambda _: other, label)


EACH_OF = "each_of"
"""The key of the short form: ATC codes, each of them a drug of its own."""


def _spelt_out(value: Any) -> Any:
    """`{each_of: [N06AB03, N06AB04]}` as the list of drugs that it stands for.

    The code of each is its id, its name and its abbreviation.
    """
    if not isinstance(value, dict):
        return value
    refuse(_wrong_in(value))
    return tuple(
        {"id": code, "name": code, "abbreviation": code, "atc": (code,)} for code in value[EACH_OF]
    )


def _wrong_in(short: dict[str, Any]) -> Faults:
    """What is wrong with a short form; where all is right, it is a list of different codes."""
    for key in short:
        if key != EACH_OF:
            yield (key,), f"unknown key; write `{EACH_OF}: [N06AB03, N06AB04]`, or a list of drugs"
    codes = short.get(EACH_OF)
    if not isinstance(codes, list | tuple) or not codes:
        at = (EACH_OF,) if EACH_OF in short else ()
        yield at, f"ATC codes belong here; write `{EACH_OF}: [N06AB03, N06AB04]`"
        return
    for position, code in enumerate(codes):
        try:
            parse_atc(code)
        except ValueError as error:
            yield (EACH_OF, position), str(error)
        else:
            if code in codes[:position]:
                yield (EACH_OF, position), f"'{code}' occurs twice; write each code once"


class _InShort:
    """Says in the JSON schema that a list may be written in its short form."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        short = {
            "type": "object",
            "properties": {
                EACH_OF: {
                    "type": "array",
                    "items": ATC_SCHEMA,
                    "minItems": 1,
                    "maxItems": MOST_EXPOSURES,
                    "uniqueItems": True,
                    "description": "ATC codes or beginnings of them, each a drug of its own; its "
                    "code is its id, its name and its abbreviation",
                }
            },
            "required": [EACH_OF],
            "additionalProperties": False,
        }
        return {"anyOf": [handler(schema), short]}


OtherExposures = Annotated[
    tuple[OtherExposure, ...],
    Field(max_length=MOST_EXPOSURES),
    BeforeValidator(_spelt_out),
    _InShort(),
]
