"""The steps of a study's selection, in order, from whoever collected the drug to the cohort.

Transforms, attrition and reports read this one list: they cannot disagree on its order or length.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

from ldn_spark.study.criteria import Alive, Criterion, Delivered, Observed
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.exposures import Exposure
from ldn_spark.study.words import describe, listing, so_many_days

Records = Literal["atc_records", "product_records"]


class OfExposure(Enum):
    """What a step asks of a person's own exposures; further conditions are criteria."""

    CODES = auto()  # a dispensing of the ATC codes in the index period: this makes a candidate
    PRODUCTS = auto()  # one of them is of the product list
    CLEAN_INDEX = auto()  # one of them has no exposure in the wash-out before it
    WASHOUT = auto()  # the first of them has no exposure in the wash-out before it


@dataclass(frozen=True, slots=True)
class Step:
    """One step: whoever does not meet its condition is excluded there.

    Attributes:
        id: as in `attrition.csv`.
        condition: what a person must meet.
        label: what those who are left have in common, for the attrition and the flow diagram.
        sentence: the condition in words, for the methods.
        mend: where to look when nobody is left.
        records: the dispensings of the index period that are counted of those who are left.
    """

    id: str
    condition: OfExposure | Criterion
    label: str
    sentence: str
    mend: str
    records: Records = "product_records"

    @property
    def is_further(self) -> bool:
        """Whether it is a condition of eligibility, beyond exposure and wash-out."""
        return isinstance(self.condition, Criterion)

    def unknown(self, undelivered: Collection[Delivered]) -> str:
        """Why it is unknown who meets it: a lake does not hold what it asks for; else empty."""
        if not isinstance(self.condition, Criterion):
            return ""
        return unknown_of(self.condition, undelivered)

    def label_where(self, undelivered: Collection[Delivered]) -> str:
        """The label, and what of it is unknown."""
        why = self.unknown(undelivered)
        if not why:
            return self.label
        assert isinstance(self.condition, Criterion)
        whole = all(
            isinstance(part, Observed | Alive) and part.asks_for in undelivered
            for part in self.condition.parts()
        )
        return f"{self.label} ({'' if whole else 'in part '}unknown: {why})"


def unknown_of(criterion: Criterion, undelivered: Collection[Delivered]) -> str:
    """Why it is unknown who meets a condition; empty where it is known.

    >>> unknown_of(Criterion(alive=Alive(on_day=364)), {"days of death"})
    'no days of death were delivered'
    """
    lacking = sorted(criterion.asks_for() & set(undelivered))
    return f"no {listing(lacking, 'or')} were delivered" if lacking else ""


def asked_for(study: StudyDefinition) -> frozenset[Delivered]:
    """What the conditions of a study, and its subgroups, need beyond persons and dispensings."""
    return frozenset(kind for condition in conditions(study) for kind in condition.asks_for())


def conditions(study: StudyDefinition) -> list[Criterion]:
    """The conditions of eligibility and of subgroups, in the order of the study file."""
    found = [step.keep_if for step in study.eligibility]
    return found + [group.keep_if for group in study.subgroups]


def selection_steps(study: StudyDefinition) -> tuple[Step, ...]:
    """The steps in the order in which they apply; the first makes a candidate."""
    return (*_of_exposure(study.exposure), *_washout(study.exposure), *_further(study))


def _of_exposure(exposure: Exposure) -> Iterator[Step]:
    period = _period(exposure)
    mend = "check the exposure's ATC codes, its codelist (--codelist) and the index period"
    label = f"Collected {', '.join(exposure.atc)} in {period}"
    codes = f"ATC {listing(exposure.atc)}"
    yield Step("exposure_atc", OfExposure.CODES, label, codes, mend, records="atc_records")
    if exposure.products is not None:
        label = f"Collected {exposure.name} (by product number) in {period}"
        only = f"only the product numbers of the codelist {exposure.products}"
        yield Step("exposure_product", OfExposure.PRODUCTS, label, only, mend)


def _period(exposure: Exposure) -> str:
    """The index period: `2013`, `2013–2014`, or its two days where these are no whole years."""
    first, last = exposure.index_event.first, exposure.index_event.last
    if (first.month, first.day, last.month, last.day) != (1, 1, 12, 31):
        return f"{first.isoformat()} to {last.isoformat()}"
    return "–".join(str(year) for year in sorted({first.year, last.year}))


def _washout(exposure: Exposure) -> Iterator[Step]:
    drug, event = exposure.abbreviation, exposure.index_event
    number = event.washout_days
    if number == "none":
        return
    condition, label = OfExposure.WASHOUT, f"No {drug} before the index date"
    sentence = f"Patients with any {drug} before the index date are excluded."
    if number != "ever":
        span = "day" if number == 1 else f"{number} days"
        label = f"No {drug} in the {span} before the index date"
        sentence = (
            f"Patients with {drug} in the {so_many_days(number)} before the index date are "
            "excluded."
        )
    if event.rule == "first_after_washout":
        condition = OfExposure.CLEAN_INDEX
        sentence = "Part of the index date, see above; patients without such a dispense are "
        sentence += "excluded."
    yield Step("washout", condition, label, sentence, "look at `washout_days`")


def _further(study: StudyDefinition) -> Iterator[Step]:
    mend = "look at that condition, and at what `ldn plan` says"
    for step in study.eligibility:
        yield Step(step.id, step.keep_if, step.label, describe(step.keep_if), mend)
