"""Conditions on a person, as a study file states them: a small tree of and, or, not.

A leaf looks at a person's dispensings, age or sex; nothing else is known of a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ldn_spark.study.codes import AtcCode
from ldn_spark.study.documents import Document
from ldn_spark.study.windows import DayWindowPair, PeriodPair


class Dispensed(Document):
    """At least `at_least` dispensings of these codes in a calendar period or a day window.

    A dispensing matches when its ATC code falls under one of `atc` (empty: any code) and its
    reimbursement code begins with one of `reimbursement_icd` (ICD-10) or `reimbursement_icpc`
    (ICPC-2); both empty: any reimbursement, also none. `days` are relative to the index date.
    """

    atc: tuple[AtcCode, ...] = ()
    reimbursement_icd: tuple[str, ...] = ()
    reimbursement_icpc: tuple[str, ...] = ()
    at_least: Annotated[int, Field(gt=0)]
    counting: Literal["each_dispense", "one_a_day"]
    period: PeriodPair | None = None
    days: DayWindowPair | None = None

    @model_validator(mode="after")
    def _check(self) -> Dispensed:
        if (self.period is None) == (self.days is None):
            raise ValueError("say when: give either 'period' or 'days', and not both")
        if not (self.atc or self.reimbursement_icd or self.reimbursement_icpc):
            raise ValueError("say what: give 'atc', 'reimbursement_icd' or 'reimbursement_icpc'")
        return self


class AgeBetween(Document):
    """Age in the index year from `at_least` to `at_most`; null = no limit."""

    at_least: int | None
    at_most: int | None


class Criterion(Document):
    """Exactly one of: all, any, not, dispensed, age, sex."""

    all: tuple[Criterion, ...] | None = None
    any: tuple[Criterion, ...] | None = None
    not_: Criterion | None = Field(default=None, alias="not")
    dispensed: Dispensed | None = None
    age: AgeBetween | None = None
    sex: Literal["F", "M"] | None = None

    @model_validator(mode="after")
    def _check(self) -> Criterion:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                "a condition is exactly one of all, any, not, dispensed, age and sex; "
                "nest further ones under 'all' or 'any'"
            )
        if self.all == () or self.any == ():
            raise ValueError("'all' and 'any' need at least one condition; remove or fill it")
        return self

    def leaves(self) -> Iterator[Dispensed]:
        """Every look at dispensings in the tree, in the order of the file."""
        if self.dispensed is not None:
            yield self.dispensed
        for child in (*(self.all or ()), *(self.any or ())):
            yield from child.leaves()
        if self.not_ is not None:
            yield from self.not_.leaves()
