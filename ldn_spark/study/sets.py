"""The cohorts of a run: each is a study, or a study with another exposure, of its own number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ldn_spark.study.atc.translation import Translation
from ldn_spark.study.definition import Returns, StudyDefinition
from ldn_spark.study.load import Study


@dataclass(frozen=True)
class StudySet:
    """One cohort among those of a run, and how the lake is read for it.

    Attributes:
        number: from 0; the column `set` of every table of the run.
        study: what is asked.
        translation: how the lake's codes are read in the study's ATC index.
        returns: what a returned package does: as the study says, or `as_dispense` where the
            registry is known to hold no return, which is the least work.
        has_curves: whether the day-by-day curves of this cohort are drawn.
    """

    number: int
    study: Study
    translation: Translation
    returns: Returns
    has_curves: bool = True

    @property
    def definition(self) -> StudyDefinition:
        """What the study file says."""
        return self.study.definition


def by_returns(sets: Iterable[StudySet]) -> dict[Returns, tuple[StudySet, ...]]:
    """The sets by what a returned package does in them: each kind is one look at the registry."""
    sets = tuple(sets)
    kinds = dict.fromkeys(one.returns for one in sets)
    return {kind: tuple(one for one in sets if one.returns == kind) for kind in kinds}
