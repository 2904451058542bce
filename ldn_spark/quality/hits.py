"""Which codes of a study find nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ldn_spark.study.atc.occurrences import Look, Occurrence, find
from ldn_spark.study.atc.uses import Use, code_uses
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.reach import index_reach

Part = Literal["exposure", "product", "condition", "subgroup", "outcome"]
Years = tuple[int, int]

HITS_RULE = (
    "Dispensings in the calendar years that a run would read; those of the exposure and its "
    "products in the index period. A code stands for everything that begins with it; codes of "
    "another ATC index are read in the study's, as in a run."
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
    occurrences: Sequence[Occurrence],
    exposed: Sequence[Exposed],
) -> tuple[Hits, ...]:
    """Count what every code of a study finds, in the order of the study file.

    Args:
        study: what is asked.
        products: the product numbers of its exposure; None where every product counts.
        occurrences: how often each delivered code stands in the lake.
        exposed: dispensings of the exposure's codes in the index period.
    """
    years = index_reach(study.exposure.index_event).closed_years
    found = [
        Hits("exposure", study.exposure.abbreviation, code, years, _exposed(exposed, code))
        for code in study.exposure.atc
    ]
    found += _product_hits(study, products, exposed, years)
    uses = code_uses(study)
    for use in uses:
        if use.kind in ("condition", "subgroup"):
            when, codes = use.reach.closed_years, find(Look.of(use), occurrences).by_code
            found += [Hits(use.kind, use.id, code, when, number) for code, number in codes]
    for use in uses:
        if use.kind == "outcome":
            found += _outcome_hits(use, occurrences)
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


def _outcome_hits(use: Use, occurrences: Sequence[Occurrence]) -> Iterator[Hits]:
    when, found = use.reach.closed_years, find(Look.of(use), occurrences)
    yield Hits("outcome", use.id, "", when, found.dispensings)
    for code, number in found.by_code:
        yield Hits("outcome", use.id, code, when, number)
