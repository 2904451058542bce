"""The key findings in plain sentences: numbers and where they stand, no interpretation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ldn_spark.estimates.results import Results
from ldn_spark.reporting.cells import View, mean
from ldn_spark.reporting.figures.forest import main_contrast
from ldn_spark.reporting.formats import NO_BREAK, UNDEFINED, Numeric, p_value, percent, pretty
from ldn_spark.reporting.units import USERS, Unit, amount, unknown_doses
from ldn_spark.reporting.wording import confidence, sentence_case, stratum_label
from ldn_spark.shown import counted
from ldn_spark.study.definition import OVERALL, Contrast, Outcome, StudyDefinition
from ldn_spark.study.words import listing


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence, and the items it introduces."""

    text: str
    items: tuple[str, ...] = ()


def key_findings(study: StudyDefinition, results: Results) -> list[Finding]:
    """Cohort, total outcome, outcomes whose contrast differs from zero, and how many tests."""
    view, contrast = View(results), main_contrast(study)
    found = [_cohort(study, view)]
    if unknown := unknown_doses(study, results):
        found.append(Finding(f"{sentence_case(unknown)}."))
    if contrast is None:
        return found
    total = study.total_outcome
    if total is not None:
        found += [
            sentence
            for unit in (USERS, amount(view, [total]))
            for sentence in _total(study, view, contrast, total, unit)
        ]
    units = (USERS, amount(view, study.outcomes))
    return found + [_different(study, view, contrast, unit) for unit in units]


def _cohort(study: StudyDefinition, view: View) -> Finding:
    number = view.count("cohort", OVERALL, "", "persons")
    strata = listing(
        f"{counted(view.count('cohort', level.id, '', 'persons'))} {level.label}"
        for level in study.strata.levels
    )
    were = "patient was" if number == 1 else "patients were"
    described = [*_women(view, number), *_age(view, number)]
    more = f" {sentence_case('; '.join(described))}." if described else ""
    return Finding(f"{counted(number)} {were} included: {strata}.{more}")


def _women(view: View, persons: int) -> Iterator[str]:
    """The share of women among the patients of known sex."""
    share = view.value("cohort", OVERALL, "", "women_share")
    unknown = view.count("cohort", OVERALL, "", "sex_unknown")
    if share is None:
        yield from ["the sex of no patient is known"] if persons else []
    elif unknown:
        yield f"of the {counted(persons - unknown)} whose sex is known {percent(share)}% were women"
    else:
        yield f"{percent(share)}% were women"


def _age(view: View, persons: int) -> Iterator[str]:
    """The mean age of the patients of known age."""
    age = view.value("cohort", OVERALL, "", "age_mean")
    unknown = view.count("cohort", OVERALL, "", "age_unknown")
    if age is None:
        yield from ["the age of no patient is known"] if persons else []
    elif unknown:
        known = counted(persons - unknown)
        yield f"the mean age of the {known} whose is known was {mean(age)} years"
    else:
        yield f"the mean age was {mean(age)} years"


def _total(
    study: StudyDefinition, view: View, contrast: Contrast, total: Outcome, unit: Unit
) -> Iterator[Finding]:
    changes = [
        view.value(unit.table, stratum, total.id, unit.change)
        for stratum in (contrast.comparator, contrast.exposed)
    ]
    estimate = estimate_text(study, view, contrast, total.id, unit)
    if None in changes or estimate is None:
        missing = view.get(f"did_{unit.table}", contrast.id, total.id, "p").reason
        yield Finding(
            f"{total.label}: a difference-in-differences of the {unit.name} is not estimable "
            f"({missing})."
        )
        return
    first, second = (signed(unit.form(change)) for change in changes if change is not None)
    yield Finding(
        f"{total.label}: the {unit.name} changed by {first} {unit.of} in "
        f"{stratum_label(study, contrast.comparator)} and by {second} in "
        f"{stratum_label(study, contrast.exposed)}, a difference-in-differences of {estimate}."
    )


def estimate_text(
    study: StudyDefinition, view: View, contrast: Contrast, outcome: str, unit: Unit
) -> str | None:
    """`3.8 (95% CI 2.0 to 5.6, p < 0.001)`; None where it cannot be estimated."""
    names = ("estimate", "ci_low", "ci_high", "p")
    values = [view.value(f"did_{unit.table}", contrast.id, outcome, name) for name in names]
    if None in values:
        return None
    estimate, low, high = (pretty(unit.form(value)) for value in values[:3] if value is not None)
    return f"{estimate} ({confidence(study)} {low} to {high}, {p_text(values[3])})"


def _different(study: StudyDefinition, view: View, contrast: Contrast, unit: Unit) -> Finding:
    """The outcomes whose p lies under the level of the study, and what adjustment leaves."""
    table, limit = f"did_{unit.table}", round(1 - study.statistics.confidence_level, 12)
    tested = [
        (outcome, p)
        for outcome in study.outcomes
        if (p := view.value(table, contrast.id, outcome.id, "p")) is not None
    ]
    below = [outcome for outcome, p in tested if p < limit]
    holm = [o for o in below if _below(view, table, contrast, o, "p_holm", limit)]
    level = f"{limit:.6f}".rstrip("0")
    names = (
        f"{stratum_label(study, contrast.comparator)} and {stratum_label(study, contrast.exposed)}"
    )
    text = f"Change in the {unit.name} ({unit.of}): "
    if not tested:
        return Finding(f"{text}no outcome could be compared between {names}.")
    text += (
        f"{len(below)} of {len(tested)} {'outcome' if len(tested) == 1 else 'outcomes'} "
        f"{'differs' if len(below) == 1 else 'differ'} between {names} with "
        f"p{NO_BREAK}<{NO_BREAK}{level}"
    )
    if below:
        text += f", {len(holm) or 'none'} of them after Holm's adjustment"
    items = tuple(
        f"{outcome.label}: {estimate_text(study, view, contrast, outcome.id, unit) or UNDEFINED}"
        f"; Holm {p_text(view.value(table, contrast.id, outcome.id, 'p_holm'))}"
        for outcome in below
    )
    return Finding(text + (":" if items else "."), items)


def _below(
    view: View, table: str, contrast: Contrast, outcome: Outcome, quantity: str, limit: float
) -> bool:
    value = view.value(table, contrast.id, outcome.id, quantity)
    return value is not None and value < limit


def p_text(value: Numeric | None) -> str:
    """`p = 0.015` or `p < 0.001`, without a line break inside."""
    if value is None:
        return f"p{NO_BREAK}{UNDEFINED}"
    text = p_value(value)
    relation, number = ("<", text[1:]) if text.startswith("<") else ("=", text)
    return f"p{NO_BREAK}{relation}{NO_BREAK}{number}"


def signed(text: str) -> str:
    """A change with its sign, also a rise.

    >>> signed("0.6"), signed("0.0")
    ('+0.6', '0.0')
    """
    rises = not text.startswith("-") and text.strip("0.") != ""
    return ("+" if rises else "") + pretty(text)
