"""Tell which codes stand in a lake, and what a study finds of them, read in its index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ldn_spark.study.atc.history import BEGINNING
from ldn_spark.study.atc.translation import Part
from ldn_spark.study.atc.uses import Use


@dataclass(frozen=True, slots=True)
class Occurrence:
    """How often a delivered code stands in one part and year of a lake."""

    part: Part
    year: int
    code: str
    dispensings: int


@dataclass(frozen=True, slots=True)
class Look:
    """One use of codes, and the years of dispensing that it looks at, both included."""

    name: str
    prefixes: tuple[str, ...]
    first_year: int
    last_year: int

    @classmethod
    def of(cls, use: Use) -> Look:
        """A use of a study; one that looks back for ever does so from before the first year."""
        first, last = use.reach.years
        return cls(use.name, use.codes, BEGINNING if first is None else first, last)

    def sees(self, occurrence: Occurrence) -> bool:
        """Whether an occurrence is of these years."""
        return self.first_year <= occurrence.year <= self.last_year


@dataclass(frozen=True, slots=True)
class Found:
    """What one use finds: dispensings by asked code, and how many different codes those have."""

    by_code: tuple[tuple[str, int], ...]
    codes_found: int

    @property
    def dispensings(self) -> int:
        """Dispensings of all asked codes together; none lies within another."""
        return sum(number for _, number in self.by_code)


def find(look: Look, occurrences: Iterable[Occurrence]) -> Found:
    """What a use finds in the years that it looks at."""
    counts, codes = Counter[str](), set[str]()
    for one in occurrences:
        if not look.sees(one):
            continue
        code = one.part.read(one.code)
        for prefix in look.prefixes:
            if code.startswith(prefix):
                counts[prefix] += one.dispensings
                codes.add(code)
    return Found(tuple((prefix, counts[prefix]) for prefix in look.prefixes), len(codes))
