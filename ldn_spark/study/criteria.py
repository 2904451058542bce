"""Conditions on a person, as a study file states them: a small tree of and, or, not.

A leaf looks at a person's dispensings, at when the register saw the person, at death, age or sex.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    model_serializer,
    model_validator,
)

from ldn_spark.study.codes import AtcCode, ReimbursementCode
from ldn_spark.study.windows import DayWindow, DayWindowPair, PeriodPair
from ldn_spark.texts.documents import Document, is_from_a_file
from ldn_spark.texts.faults import refuse
from ldn_spark.texts.values import AtLeastOne, DayOffset, Years

Delivered = Literal["observation periods", "days of death"]
"""What a register may deliver or not. Where it did not, a condition that asks for it is unknown."""

_MANY_CODES = 1_000
_MANY_CONDITIONS = Field(min_length=1, max_length=100)


class Dispensed(Document):
    """At least `at_least` dispensings of these codes in a calendar period or a day window.

    A dispensing matches when its ATC code falls under one of `atc` (empty: any code) and its
    reimbursement code begins with one of `reimbursement_icd` (ICD-10) or `reimbursement_icpc`
    (ICPC-2); both empty: any reimbursement, also none. `days` are relative to the index date.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                {"anyOf": [{"required": [key]} for key in keys]}
                for keys in (("period", "days"), ("atc", "reimbursement_icd", "reimbursement_icpc"))
            ]
        }
    )

    atc: tuple[AtcCode, ...] = Field(
        default=(), max_length=_MANY_CODES, description="ATC codes or beginnings of them"
    )
    reimbursement_icd: tuple[ReimbursementCode, ...] = Field(
        default=(), max_length=_MANY_CODES, description="beginnings of ICD-10 codes"
    )
    reimbursement_icpc: tuple[ReimbursementCode, ...] = Field(
        default=(), max_length=_MANY_CODES, description="beginnings of ICPC-2 codes"
    )
    at_least: AtLeastOne = Field(description="how many matching dispensings are needed")
    counting: Literal["each_dispense", "one_a_day"] = Field(
        description="each_dispense: every line counts; one_a_day: every day with a line counts once"
    )
    period: PeriodPair | None = Field(
        default=None, description="calendar days [first, last], both included; or else 'days'"
    )
    days: DayWindowPair | None = Field(
        default=None,
        description="days [first, last] from the index date, both included; or else 'period'",
    )

    @model_validator(mode="after")
    def _check(self) -> Dispensed:
        refuse(self._problems())
        return self

    def _problems(self) -> Iterator[tuple[tuple[str, ...], str]]:
        if (self.period is None) == (self.days is None):
            yield (), "it must be said when; give either 'period' or 'days', and not both"
        if not (self.atc or self.reimbursement_icd or self.reimbursement_icpc):
            what = "it must be said what"
            yield (), f"{what}; give 'atc', 'reimbursement_icd' or 'reimbursement_icpc'"


class Observed(Document):
    """The register sees the person on every day from the first to the last, both included.

    It sees a person on the days of the observation periods, until the day of death, which is the
    last one. Whoever has no period, where others have, is not observed.
    """

    asks_for: ClassVar[Delivered] = "observation periods"

    days: DayWindowPair = Field(
        description="days [first, last] from the index date, both included; all of them must lie "
        "in observation periods and not after the day of death"
    )


class Alive(Document):
    """The person does not die before a day; whoever dies on it is alive on it.

    Where days of death were delivered, a person without one is alive.
    """

    asks_for: ClassVar[Delivered] = "days of death"

    on_day: DayOffset = Field(
        description="a day from the index date; whoever dies on it is alive on it"
    )

    @property
    def days(self) -> DayWindow:
        """The days that it looks at: one."""
        return DayWindow(first=self.on_day, last=self.on_day)


class AgeBetween(Document):
    """Age in the index year from `at_least` to `at_most`; null = no limit."""

    at_least: Years | None = Field(description="the youngest age; null = no limit")
    at_most: Years | None = Field(description="the oldest age; null = no limit")

    @model_validator(mode="after")
    def _check(self) -> AgeBetween:
        if self.at_least is None or self.at_most is None:
            return self
        if self.at_least > self.at_most:
            what = f"nobody is at least {self.at_least} and at most {self.at_most}"
            raise ValueError(f"{what}; swap them")
        return self


def _exactly_one(schema: dict[str, Any]) -> None:
    """Say in a JSON schema that one key is given, and not as null."""
    schema |= {"minProperties": 1, "maxProperties": 1}
    for key in schema["properties"].values():
        (kind,) = (kind for kind in key.pop("anyOf") if kind != {"type": "null"})
        key |= kind
        del key["default"]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of these is met."""

    parts: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these is met."""

    parts: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """This is not met."""

    part: Criterion


@dataclass(frozen=True, slots=True)
class SexIs:
    """A sex that is known and this one."""

    sex: Literal["F", "M"]


Condition = AllOf | AnyOf | Not | Dispensed | Observed | Alive | AgeBetween | SexIs
"""What a criterion asks. Whoever asks of what kind it is names all of them and nothing else."""
Look = Dispensed | Observed | Alive
"""What is looked up in tables of the lake, person by person."""


class Criterion(Document):
    """Exactly one of: all, any, not, dispensed, observed, alive, age, sex."""

    model_config = ConfigDict(json_schema_extra=_exactly_one)

    all: Annotated[tuple[Criterion, ...], _MANY_CONDITIONS] | None = Field(
        default=None, description="every one of these is met"
    )
    any: Annotated[tuple[Criterion, ...], _MANY_CONDITIONS] | None = Field(
        default=None, description="at least one of these is met"
    )
    not_: Criterion | None = Field(default=None, alias="not", description="this is not met")
    dispensed: Dispensed | None = Field(
        default=None, description="enough dispensings of some codes in some time"
    )
    observed: Observed | None = Field(
        default=None,
        description="seen by the register on every one of some days; where a lake holds no "
        "observation period this is unknown, and excludes nobody",
    )
    alive: Alive | None = Field(
        default=None,
        description="not dead before a day; where a lake holds no day of death this is unknown, "
        "and excludes nobody",
    )
    age: AgeBetween | None = Field(default=None, description="age in the index year")
    sex: Literal["F", "M"] | None = Field(default=None, description="F: women; M: men")

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Criterion:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1 or (is_from_a_file(info) and len(self.model_fields_set) != 1):
            *most, last = (field.alias or name for name, field in type(self).model_fields.items())
            raise ValueError(
                f"a condition is exactly one of {', '.join(most)} and {last}; "
                "nest further ones under 'all' or 'any'"
            )
        return self

    @property
    def condition(self) -> Condition:
        """The one thing that it asks, by its kind."""
        if self.all is not None:
            return AllOf(self.all)
        if self.any is not None:
            return AnyOf(self.any)
        if self.not_ is not None:
            return Not(self.not_)
        if self.sex is not None:
            return SexIs(self.sex)
        found = self.dispensed or self.observed or self.alive or self.age
        assert found is not None, "the schema refuses a criterion that asks nothing"
        return found

    def parts(self) -> Iterator[Condition]:
        """Every condition in the tree that holds no other, in the order of the file."""
        here = self.condition
        if isinstance(here, AllOf | AnyOf):
            inside = here.parts
        elif isinstance(here, Not):
            inside = (here.part,)
        else:
            yield here
            return
        for part in inside:
            yield from part.parts()

    def looks(self) -> Iterator[Look]:
        """Every look at tables of the lake in the tree, in the order of the file."""
        return (part for part in self.parts() if isinstance(part, Look))

    def leaves(self) -> Iterator[Dispensed]:
        """Every look at dispensings in the tree, in the order of the file."""
        return (part for part in self.parts() if isinstance(part, Dispensed))

    def asks_for(self) -> frozenset[Delivered]:
        """What it needs of a register beyond persons and dispensings."""
        return frozenset(one.asks_for for one in self.looks() if isinstance(one, Observed | Alive))

    @model_serializer(mode="wrap")
    def _without_new_keys(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A condition without a key that came later is what it was, and so is a study's hash."""
        content = serialise(self)
        new = ("observed", "alive")
        return {key: value for key, value in content.items() if key not in new or value is not None}
