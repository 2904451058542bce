"""The methods of a study in sentences: every choice of its file, none left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ldn_spark.reporting.wording import (
    before_and_after,
    confidence,
    contrast_label,
    counted_on,
    days,
    dispenses_of,
    index_dispense,
    percent_text,
    sentence_case,
)
from ldn_spark.study import choices
from ldn_spark.study.definition import Outcome, StudyDefinition
from ldn_spark.study.exposures import OtherExposure
from ldn_spark.study.selection import OfExposure, selection_steps
from ldn_spark.study.words import describe, listing

Paragraph = tuple[str, str]
"""A heading and its text."""


_RETURNS = {
    "cancel": "A line of negative DDDs or packages takes back the latest dispensing before it of "
    "the same patient, code and product, the day itself included; what is taken back counts "
    "nowhere, and a return that finds none is left out.",
    "no_dispense": "A line of negative DDDs or packages is no dispensing; its DDDs are subtracted "
    "on its day.",
    "as_dispense": "A line of negative DDDs or packages counts as a dispensing of its DDDs.",
}


def methods(study: StudyDefinition) -> list[Paragraph]:
    """Design first, then selection, exposure, outcomes and statistics."""
    return [*_design(study), *_selection(study), *_outcomes(study), *_statistics(study)]


def _design(study: StudyDefinition) -> Iterator[Paragraph]:
    drug = study.exposure.abbreviation
    between = (
        f", and these changes are compared between groups by how often they collected {drug}"
        if study.contrasts
        else ""
    )
    yield (
        "Design",
        f"{'Controlled before–after' if study.contrasts else 'Before–after'} study of dispensings: "
        f"patients are compared with themselves {before_and_after(study)}{between}.",
    )
    rule = sentence_case(index_dispense(study))
    yield "Index date", f"{rule}; its day is day 0. Both ends of every window count."


def _selection(study: StudyDefinition) -> Iterator[Paragraph]:
    drug, exposure = study.exposure.abbreviation, study.exposure
    steps = selection_steps(study)
    said = {step.condition: step.sentence for step in steps}
    products = said.get(OfExposure.PRODUCTS, "every product")
    what = f"{exposure.name} ({drug}): {said[OfExposure.CODES]}, {products}"
    yield "Exposure", f"{sentence_case(what)}. Codes of ATC version {study.atc_version}."
    yield "Returns", _RETURNS[study.returns]
    washouts = (said.get(one) for one in (OfExposure.CLEAN_INDEX, OfExposure.WASHOUT))
    none = f"None: earlier use of {drug} does not exclude a patient."
    yield "Wash-out", next(filter(None, washouts), none)
    further = [f"{step.label} ({step.sentence})" for step in steps if step.is_further]
    text = f"In this order: {'; '.join(further)}." if further else "None."
    yield "Further conditions", text


def _outcomes(study: StudyDefinition) -> Iterator[Paragraph]:
    drug = study.exposure.abbreviation
    groups = [f"{level.label} {dispenses_of(level)}" for level in study.strata.levels]
    yield (
        "Strata",
        f"By the number of {drug} dispenses on {counted_on(study)}: {listing(groups)}.",
    )
    if study.subgroups:
        parts = [f"{group.label} ({describe(group.keep_if)})" for group in study.subgroups]
        yield "Subgroups", f"Everything is computed once more in: {'; '.join(parts)}."
    if study.designs:
        pairs = [
            f"{one.label} (before: {days(one.before)}; after: {days(one.after)})"
            for one in study.designs
        ]
        yield "Other windows", f"Everything is compared once more in: {'; '.join(pairs)}."
    if study.exposures:
        drugs = "; ".join(map(_drug, study.exposures))
        yield (
            "Other exposures",
            f"Everything is done once more for: {drugs}; each with a cohort of its own, by the "
            "same rules. A patient may be in several cohorts, which are not compared with each "
            "other by any test.",
        )
    roles = (
        ("total", "Total"),
        ("main", "Main"),
        ("secondary", "Secondary"),
        ("additional", "Additional"),
    )
    texts = [
        f"{title}: {'; '.join(map(_outcome, found))}."
        for role, title in roles
        if (found := study.outcomes_in_role(role))
    ]
    yield (
        "Outcomes",
        "Sum of dispensed DDDs per patient, and users (at least one dispensing), in each of the "
        "two windows. A patient without a dispensing counts with 0 DDD. " + " ".join(texts),
    )
    if study.contrasts:
        pairs = listing(contrast_label(study, contrast) for contrast in study.contrasts)
        yield (
            "Contrasts",
            f"Comparator − exposed: {pairs}. Difference-in-differences: change (after − before) "
            "in the comparator minus change in the exposed; positive means that the exposed fell "
            "more or rose less.",
        )


def _drug(drug: OtherExposure) -> str:
    """An exposure by its names, codes and list of products."""
    codes = f"ATC {listing(drug.atc)}"
    if drug.products is not None:
        codes += f", only the product numbers of the codelist {drug.products}"
    if drug.name == drug.abbreviation:
        return drug.name if drug.atc == (drug.name,) else f"{drug.name} ({codes})"
    return f"{drug.name} ({drug.abbreviation}; {codes})"


def _outcome(outcome: Outcome) -> str:
    """An outcome with its codes, unless its label names them all already."""
    if all(re.search(rf"\b{code}\b", outcome.label) for code in outcome.atc):
        return outcome.label
    return f"{outcome.label} = {' + '.join(outcome.atc)}"


def _statistics(study: StudyDefinition) -> Iterator[Paragraph]:
    chosen = study.statistics
    interval = choices.PAIRED_INTERVALS[chosen.paired_proportion_interval].words
    yield (
        "Dose",
        f"Mean change with {confidence(study)} and two-sided p of the paired t-test; so of the "
        "number of dispenses, which is compared where doses are not known.",
    )
    yield (
        "Users",
        f"Change of the share of users with {confidence(study)} by the {interval} and p by "
        f"{choices.MCNEMAR[chosen.mcnemar].words}.",
    )
    if study.contrasts:
        yield (
            "Difference-in-differences",
            f"Dose: {choices.MEAN_VARIANCES[chosen.did_mean_variance].words}. Users: normal "
            "approximation with the variances of paired proportions, not pooled.",
        )
    if len(study.strata.levels) > 1:
        yield (
            "Trend",
            "Linear contrast of the changes over the strata, taken as equally spaced in the order "
            "of the study file; z test (Fleiss, Levin and Paik 2003).",
        )
    families = ["in one stratum", *(["contrast"] if study.contrasts else [])]
    families += ["trend"] if len(study.strata.levels) > 1 else []
    where = "beside those of contrasts, and in estimates.csv beside all of them,"
    yield (
        "Many tests",
        "p-values are printed as they are; "
        f"{where if study.contrasts else 'in estimates.csv beside them'} stand p-values adjusted "
        "by Holm's method and by Benjamini and Hochberg's. A family is all outcomes "
        f"{listing(families, 'or')}.",
    )
    spread = choices.DISPERSIONS[chosen.dispersion].words
    yield (
        "Further",
        f"Numbers in brackets after a mean are {spread}. Minimal detectable differences are for "
        f"{percent_text(chosen.power)} power. Halves are rounded away from zero, and differences "
        "are formed before rounding; “<0.001” stands for p < 0.0005.",
    )
