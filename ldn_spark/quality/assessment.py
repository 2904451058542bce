"""Everything that a quality report says of one version of a lake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ldn_spark.errors import Problem
from ldn_spark.quality.amounts import Amounts
from ldn_spark.quality.atc import AtcRow
from ldn_spark.quality.coverage import Coverage, Extract
from ldn_spark.quality.hits import Hits
from ldn_spark.quality.volume import Month


@dataclass(frozen=True, slots=True)
class FileAccount:
    """A delivered file and what became of its lines.

    Attributes:
        file_id, name: as the lake lists it.
        kind: what it holds: dispensings, persons, deaths or observation_periods.
        source: the layout it was read in.
        lines: delivered; each is accepted, rejected or left out.
        accepted, rejected: what became of them.
        repaired: accepted ones with something mended.
        superseded: accepted ones that a later delivery has replaced.
        left_out: those that the source does not mean.
        reasons: lines by kind (`rejected`, `repaired`, `noted`) and reason.
    """

    file_id: int
    name: str
    kind: str
    source: str
    lines: int
    accepted: int
    rejected: int
    repaired: int
    superseded: int
    reasons: Mapping[tuple[str, str], int]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class People:
    """Persons of the register.

    Attributes:
        persons: all of them.
        sex_conflicts, birth_year_conflicts: persons of whom different ones were delivered; kept
            as unknown.
        sex_missing, birth_year_missing: persons of whom none was delivered.
        died: persons with a day of death.
        birth_year_impossible: persons whose birth year is after a dispensing, or more than 115
            years before one; kept as unknown.
        dispensed_after_death: persons with a dispensing after the day of death.
    """

    persons: int
    sex_conflicts: int
    birth_year_conflicts: int
    sex_missing: int
    birth_year_missing: int
    died: int
    birth_year_impossible: int = 0
    dispensed_after_death: int = 0


@dataclass(frozen=True, slots=True)
class Repeated:
    """Dispensings of a year that are alike in every stored column but the file.

    Attributes:
        year: of dispensing.
        dispensings: all of that year.
        repeats: those that another one is like, the first of each kind left out.
        across_files: those of them whose kind stands in more than one file.
    """

    year: int
    dispensings: int
    repeats: int
    across_files: int


@dataclass(frozen=True, slots=True)
class StudyQuality:
    """What the data are like for one study.

    Attributes:
        id, title: of the study.
        coverage: of the days around the index dates that persons have.
        uncovered: parts of the study that the extract does not cover, of all index dates that
            there can be.
        hits: what its codes find.
    """

    id: str
    title: str
    coverage: Coverage
    uncovered: tuple[Problem, ...]
    hits: tuple[Hits, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything that a quality report says.

    Attributes:
        version: of the lake.
        files: every delivered file.
        explanations: reasons in words.
        extract: what the data span; None for no dispensing.
        whole: all dispensings; None for none.
        atc: rows of the ATC table.
        months: from the first to the last dispensing.
        people: the register.
        studies: as they were asked for.
        repeated: by year; None where nobody looked.
        nobodies: lines by pseudonyms that look like nobody's, as NULL does.
        invented: whether the lake holds invented data.
    """

    version: int
    files: tuple[FileAccount, ...]
    explanations: Mapping[str, str]
    extract: Extract | None
    whole: Amounts | None
    atc: tuple[AtcRow, ...]
    months: tuple[Month, ...]
    people: People
    studies: tuple[StudyQuality, ...]
    repeated: tuple[Repeated, ...] | None
    nobodies: Mapping[str, int] = field(default_factory=dict)
    invented: bool = False
