"""Which codes of a study find nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ldn_spark.study.codes import shortest_prefixes
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.occurrences import Look, Occurrence, find
from ldn_spark.study.reach import Reach, leaf_reach, outcome_reach

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
                when = _years(leaf_reach(step.id, leaf, (event.first, event.last)))
                codes = _find(shortest_prefixes(leaf.atc), when, occurrences)
                found += [Hits(part, step.id, code, when, number) for code, number in codes]
    found += _outcome_hits(study, occurrences)
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


def _outcome_hits(study: StudyDefinition, occurrences: Sequence[Occurrence]) -> Iterator[Hits]:
    when = _years(outcome_reach(study))
    for outcome in study.outcomes:
        codes = _find(outcome.atc, when, occurrences)
        yield Hits("outcome", outcome.id, "", when, sum(number for _, number in codes))
        for code, number in codes:
            yield Hits("outcome", outcome.id, code, when, number)


def _find(
    codes: Sequence[str], years: Years, occurrences: Sequence[Occurrence]
) -> tuple[tuple[str, int], ...]:
    """Each asked code and its dispensings in these years."""
    return find(Look("", tuple(codes), *years), occurrences).by_code if codes else ()


def _years(reach: Reach) -> Years:
    first, last = reach.years
    assert first is not None, "conditions and windows have a first day"
    return first, last
