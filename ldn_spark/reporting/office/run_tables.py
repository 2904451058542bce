"""Every printed table of a run, in the order of its files, each with a number of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ldn_spark.estimates.results import Results
from ldn_spark.invented import SENTENCE
from ldn_spark.reporting.exposure_tables import exposure_tables
from ldn_spark.reporting.parts import printed
from ldn_spark.reporting.printed import PrintedTable
from ldn_spark.study.definition import STUDY, StudyDefinition

WIDE = 7
"""A table with more columns than these, that of the labels among them, lies on its side."""


@dataclass(frozen=True, slots=True)
class Export:
    """What is exported of a run.

    Attributes:
        study: the definition.
        results: what the run found, in full precision.
        study_hash: hash of the study and its codelists.
        software_version: version that made the run.
    """

    study: StudyDefinition
    results: Results
    study_hash: str
    software_version: str

    @property
    def tables(self) -> tuple[PrintedTable, ...]:
        """Every table; those of a further exposure name it in their numbers."""
        return tuple(_tables(self.study, self.results))

    @property
    def about(self) -> tuple[str, ...]:
        """What the numbers are of: title, study, software, and that the data are invented."""
        study = self.study
        reference = (study.reference,) if study.reference else ()
        return (
            study.title,
            *reference,
            f"Study {study.id}, hash {self.study_hash}.",
            f"Computed by ldn_spark {self.software_version}.",
            *((SENTENCE,) if self.results.invented else ()),
        )


def _tables(study: StudyDefinition, results: Results) -> Iterator[PrintedTable]:
    for exposure, found in results.by_exposure.items():
        alone = study.as_exposure(exposure)
        for design in ("", *found.designs):
            for tables in printed(alone, found, design).values():
                yield from (_named(table, alone, exposure) for table in tables)
        if exposure == STUDY:
            yield from exposure_tables(study, results)


def _named(table: PrintedTable, study: StudyDefinition, exposure: str) -> PrintedTable:
    if exposure == STUDY:
        return table
    number, rest = numbered_part(table.number)
    return replace(table, number=f"Table {number}, {study.exposure.abbreviation}{rest}")


def is_wide(table: PrintedTable) -> bool:
    """Whether a table is too wide for an upright page."""
    return len(table.columns) + 1 > WIDE


def numbered_part(number: str) -> tuple[str, str]:
    """The number of `Table 2, women`, and what stands after it; no number where none is.

    >>> numbered_part("Table 2, women"), numbered_part("Flow")
    (('2', ', women'), ('', 'Flow'))
    """
    word, _, rest = number.partition(" ")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return (digits, rest[len(digits) :]) if word == "Table" and digits else ("", number)
