"""Which codes of a study find nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from ldn_spark.study.criteria import Dispensed
from ldn_spark.study.definition import StudyDefinition

Part = Literal["exposure", "product", "condition", "subgroup", "outcome"]
Years = tuple[int, int]

HITS_RULE = (
    "Dispensings in the calendar years that a run would read; those of the exposure and its "
    "products in the index period. A code stands for everything that begins with it."
)


@dataclass(frozen=True, slots=True)
class Hits:
    """What one code of a study finds.

    Attributes:
        part: where the study asks for it.
        id: of the outcome, condition, subgroup or codelist.
        code: the ATC code or product number; empty for all codes of an outcome together.
        years: the calendar years looked at.
        dispensings: found there.
        asked: False for a product that is found and stands in no codelist of the study.
    """

    part: Part
    id: str
    code: str
    years: Years
    dispensings: int
    asked: bool = True

    @property
    def is_empty(self) -> bool:
        """Whether the study asks for something that is not there."""
        return self.asked and self.dispensings == 0


@dataclass(frozen=True, slots=True)
class Exposed:
    """Dispensings under the exposure's ATC codes in the index period, by code and product."""

    atc: str
    product_number: str | None
    dispensings: int


def find_hits(
    study: StudyDefinition,
    products: Sequence[str] | None,
    by_code_and_year: Mapping[tuple[str, int], int],
    exposed: Sequence[Exposed],
) -> tuple[Hits, ...]:
    """Count what every code of a study finds, in the order of the study file.

    Args:
        study: what is asked.
        products: the product numbers of its exposure; None where every product counts.
        by_code_and_year: dispensings of each delivered ATC code and calendar year.
        exposed: dispensings of the exposure's codes in the index period.
    """
    event = study.exposure.index_event
    years = (event.first.year, event.last.year)
    found = [
        Hits("exposure", study.exposure.abbreviation, code, years, _exposed(exposed, code))
        for code in study.exposure.atc
    ]
    found += _product_hits(study, products, exposed, years)
    for part, steps in (("condition", study.eligibility), ("subgroup", study.subgroups)):
        for step in steps:
            for leaf in step.keep_if.leaves():
                when = _leaf_years(study, leaf)
                for code in leaf.atc:
                    number = _within(by_code_and_year, code, when)
                    found.append(Hits(part, step.id, code, when, number))
    found += _outcome_hits(study, by_code_and_year)
    return tuple(found)


def _exposed(exposed: Sequence[Exposed], code: str) -> int:
    return sum(row.dispensings for row in exposed if row.atc.startswith(code))


def _product_hits(
    study: StudyDefinition,
    products: Sequence[str] | None,
    exposed: Sequence[Exposed],
    years: Years,
) -> Iterator[Hits]:
    """Products of the codelist, and those under the exposure's codes that are not in it."""
    name = study.exposure.products
    if name is None or products is None:
        return
    counts: dict[str, int] = {}
    for row in exposed:
        if row.product_number is not None:
            number = row.product_number
            counts[number] = counts.get(number, 0) + row.dispensings
    for number in sorted(products):
        yield Hits("product", name, number, years, counts.get(number, 0))
    for number in sorted(counts.keys() - set(products)):
        yield Hits("product", name, number, years, counts[number], asked=False)


def _outcome_hits(
    study: StudyDefinition, by_code_and_year: Mapping[tuple[str, int], int]
) -> Iterator[Hits]:
    when = _window_years(study)
    for outcome in study.outcomes:
        numbers = {code: _within(by_code_and_year, code, when) for code in outcome.atc}
        yield Hits("outcome", outcome.id, "", when, sum(numbers.values()))
        for code, number in numbers.items():
            yield Hits("outcome", outcome.id, code, when, number)


def _within(found: Mapping[tuple[str, int], int], code: str, years: Years) -> int:
    return sum(
        number
        for (atc, year), number in found.items()
        if atc.startswith(code) and years[0] <= year <= years[1]
    )


def _leaf_years(study: StudyDefinition, leaf: Dispensed) -> Years:
    if leaf.period is not None:
        return leaf.period.first.year, leaf.period.last.year
    assert leaf.days is not None
    return _around(study, leaf.days.first, leaf.days.last)


def _window_years(study: StudyDefinition) -> Years:
    return _around(study, study.windows.before.first, study.windows.after.last)


def _around(study: StudyDefinition, first: int, last: int) -> Years:
    """The calendar years of the days from `first` to `last` around any index date."""
    event = study.exposure.index_event
    return (event.first + timedelta(days=first)).year, (event.last + timedelta(days=last)).year
