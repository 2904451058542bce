"""What a reader should know first: strata without persons, contrasts without numbers."""

from __future__ import annotations

from collections.abc import Iterator

from ldn_spark.estimates.results import Results
from ldn_spark.reporting.cells import View
from ldn_spark.reporting.exposure_tables import cohorts
from ldn_spark.reporting.units import unknown_doses
from ldn_spark.reporting.wording import contrast_label
from ldn_spark.shown import numbered
from ldn_spark.study.definition import OVERALL, StudyDefinition
from ldn_spark.study.words import listing

FEW = 5
"""A stratum of fewer persons is pointed out."""


def cautions(study: StudyDefinition, results: Results) -> list[str]:
    """Sentences without a full stop, for the report's head, the manifest and the terminal."""
    found = [*_strata(study, results)]
    for subgroup in study.subgroups:
        found += _strata(study, results, subgroup.id, f" of the subgroup {subgroup.label}")
    found += [*_contrasts(study, results), *_unused(study, results), *_others(study, results)]
    return [*found, *filter(None, [unknown_doses(study, results)])]


def _strata(
    study: StudyDefinition, results: Results, subgroup: str = "", where: str = ""
) -> Iterator[str]:
    """Strata that nobody is in, and those of a handful."""
    view = View(results, subgroup)
    sizes = {
        level.label: view.count("cohort", level.id, "", "persons") for level in study.strata.levels
    }
    if empty := [label for label, size in sizes.items() if size == 0]:
        strata = f"strata {listing(empty)}" if len(empty) > 1 else f"stratum {empty[0]}"
        yield f"the {strata}{where} {'have' if len(empty) > 1 else 'has'} no patients"
    for label, size in sizes.items():
        if 0 < size < FEW:
            yield f"the stratum {label}{where} has {numbered(size, 'patient')}, fewer than {FEW}"


def _others(study: StudyDefinition, results: Results) -> Iterator[str]:
    """Further exposures whose cohorts are empty, by the step that emptied them."""
    by_step: dict[str, dict[str, str]] = {}
    for one in cohorts(study, results)[1:]:
        if (step := one.emptied_by) is not None:
            by_step.setdefault(step.step, {})[one.label] = step.reason
    for step, emptied in by_step.items():
        several = len(emptied) > 1
        where = f"`{step}`" if several else f"“{next(iter(emptied.values()))}”"
        yield (
            f"the {'cohorts' if several else 'cohort'} of {listing(emptied)} "
            f"{'are' if several else 'is'} empty: nobody is left after the step {where}"
        )


def _contrasts(study: StudyDefinition, results: Results) -> Iterator[str]:
    """Contrasts of which no outcome has a test."""
    missing = [
        contrast
        for contrast in study.contrasts
        if not any(
            results.value(f"did_{table}", contrast.id, outcome.id, "p") is not None
            for outcome in study.outcomes
            for table in ("users", "ddd", "dispenses")
        )
    ]
    if missing and len(missing) == len(study.contrasts):
        yield "no contrast is estimable for any outcome"
        return
    for contrast in missing:
        yield f"the contrast {contrast_label(study, contrast)} is estimable for no outcome"


def _unused(study: StudyDefinition, results: Results) -> Iterator[str]:
    """Outcomes that nobody of the cohort used in either window: all their numbers are 0."""
    view = View(results)
    persons = view.count("cohort", OVERALL, "", "persons")
    labels = [
        outcome.label
        for outcome in study.outcomes
        if persons and view.value("users", OVERALL, outcome.id, "neither") == persons
    ]
    if not labels:
        return
    if len(labels) == len(study.outcomes):
        patients = numbered(persons, "patient")
        yield f"none of the {patients} was dispensed any of the examined medicines"
    else:
        yield f"no patient was dispensed: {'; '.join(labels)}"
