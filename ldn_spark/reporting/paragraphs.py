"""The results in words, a paragraph per outcome, and the sentence that says how they were made.

Plain and factual: every number as the tables print it, nothing weighed or explained.
"""

from __future__ import annotations

from collections.abc import Sequence

from ldn_spark.estimates.results import Results
from ldn_spark.invented import SENTENCE
from ldn_spark.reporting.cells import View
from ldn_spark.reporting.escaping import markdown
from ldn_spark.reporting.exposure_tables import Cohort, cohorts, headline
from ldn_spark.reporting.figures.forest import main_contrast
from ldn_spark.reporting.findings import estimate_text, p_text, signed
from ldn_spark.reporting.formats import percent, pretty
from ldn_spark.reporting.units import DOSES, USERS, Unit, amount, partly_unknown, without_ddd
from ldn_spark.reporting.wording import confidence, stratum_label
from ldn_spark.shown import counted, numbered
from ldn_spark.stats.not_estimable import NOBODY
from ldn_spark.study.definition import OVERALL, Contrast, Outcome, StudyDefinition
from ldn_spark.study.words import listing


def results_paragraphs(study: StudyDefinition, results: Results) -> list[tuple[str, str]]:
    """Label and paragraph of every outcome and of every further exposure, in the file's order."""
    view, contrast = View(results), main_contrast(study)
    own = [
        (outcome.label, _paragraph(study, view, contrast, outcome)) for outcome in study.outcomes
    ]
    return own + [_of_exposure(study, one) for one in cohorts(study, results)[1:]]


def _of_exposure(study: StudyDefinition, one: Cohort) -> tuple[str, str]:
    """Label and paragraph of a further exposure: its cohort and the total outcome."""
    outcome, persons = headline(study), one.view.count("cohort", OVERALL, "", "persons")
    label = f"{one.label}: {outcome.label}"
    if not persons:
        step = one.emptied_by
        where = "" if step is None else f": nobody is left after the step “{step.reason}”"
        return label, f"The cohort is empty{where}."
    text = _paragraph(one.study, one.view, main_contrast(study), outcome)
    return label, f"{numbered(persons, 'patient')}. {text}"


def _paragraph(
    study: StudyDefinition, view: View, contrast: Contrast | None, outcome: Outcome
) -> str:
    users = listing(_users(study, view, level.id, outcome.id) for level in study.strata.levels)
    unit = amount(view, [outcome])
    means = listing(_mean(study, view, level.id, outcome.id, unit) for level in study.strata.levels)
    head = "Mean dose in DDD per patient"
    if unit != DOSES:
        why = view.get("ddd", OVERALL, outcome.id, "mean_difference").reason
        known = "are not known" if without_ddd(view, [outcome]) else "cannot be compared"
        head = f"Doses {known} ({why}). Mean number of dispenses per patient"
    more = partly_unknown(view, outcome.id) if unit == DOSES else ""
    text = f"Users: {users}. {head}: {means}.{more and ' '}{more}"
    if contrast is None:
        return text
    between = (
        f"{stratum_label(study, contrast.comparator)} and {stratum_label(study, contrast.exposed)}"
    )
    return (
        f"{text} Difference-in-differences between {between}: "
        f"{_contrast(study, view, contrast, outcome, USERS)}, "
        f"{_contrast(study, view, contrast, outcome, unit)}."
    )


def _users(study: StudyDefinition, view: View, stratum: str, outcome: str) -> str:
    """`LDN×1 from 546 (15.2%) to 599 (16.7%), +1.5 percentage points (95% CI ..., p = 0.015)`."""
    label = stratum_label(study, stratum)
    shares = [
        view.value("users", stratum, outcome, f"share_{when}") for when in ("before", "after")
    ]
    if None in shares:
        reason = view.get("users", stratum, outcome, "difference").reason
        return _nothing(label, reason)
    counts = [
        view.count("users", stratum, outcome, f"users_{when}") for when in ("before", "after")
    ]
    before, after = (
        f"{counted(number)} ({percent(share)}%)"
        for number, share in zip(counts, shares, strict=True)
        if share is not None
    )
    change = _change(study, view, USERS, stratum, outcome)
    return f"{label} from {before} to {after}, {change}"


def _nothing(label: str, reason: str) -> str:
    """A stratum of which nothing can be said."""
    return f"{label} has no patients" if reason == NOBODY.reason else f"{label} ({reason})"


def _mean(study: StudyDefinition, view: View, stratum: str, outcome: str, unit: Unit) -> str:
    """`LDN×1 from 38.5 to 42.9, +4.4 (95% CI 0.6 to 8.2, p = 0.025)`."""
    label = stratum_label(study, stratum)
    means = [
        view.value(unit.table, stratum, outcome, f"mean_{when}") for when in ("before", "after")
    ]
    if None in means:
        reason = view.get(unit.table, stratum, outcome, "mean_difference").reason
        return _nothing(label, reason)
    before, after = (unit.form(value) for value in means if value is not None)
    return f"{label} from {before} to {after}, {_change(study, view, unit, stratum, outcome)}"


def _change(study: StudyDefinition, view: View, unit: Unit, stratum: str, outcome: str) -> str:
    change, low, high, p = (
        view.value(unit.table, stratum, outcome, quantity)
        for quantity in (unit.change, "ci_low", "ci_high", "p")
    )
    if change is None:
        return "change not estimable"
    text = signed(unit.form(change)) + (f" {unit.of}" if unit == USERS else "")
    if low is None or high is None:
        reason = view.get(unit.table, stratum, outcome, "ci_low").reason
        return f"{text} ({reason}{'' if p is None else f', {p_text(p)}'})"
    limits = f"{pretty(unit.form(low))} to {pretty(unit.form(high))}"
    tested = view.get(unit.table, stratum, outcome, "p").reason if p is None else p_text(p)
    return f"{text} ({confidence(study)} {limits}, {tested})"


def _contrast(
    study: StudyDefinition, view: View, contrast: Contrast, outcome: Outcome, unit: Unit
) -> str:
    text, words = estimate_text(study, view, contrast, outcome.id, unit), unit.of_contrast
    if text is None:
        return f"{words} not estimable"
    estimate, _, rest = text.partition(" ")
    return f"{estimate} {words} {rest}"


def methods_sentence(
    study: StudyDefinition, *, study_hash: str, software_version: str, deviations: Sequence[str]
) -> str:
    """Software, study file and whatever a run did otherwise than the file says."""
    differently = f"except: {'; '.join(deviations)}" if deviations else "without deviations"
    return (
        f"Analysed with ldn_spark {software_version} by the study file {study.id} "
        f"(SHA-256 {study_hash}), {differently}."
    )


def results_markdown(
    paragraphs: Sequence[tuple[str, str]], sentence: str, *, invented: bool = False
) -> str:
    """The paragraphs and the sentence as a text file; the mark of invented data first."""
    parts = [f"**{SENTENCE}**"] if invented else []
    parts += [f"**{markdown(label)}.** {markdown(text)}" for label, text in paragraphs]
    return "\n\n".join([*parts, markdown(sentence)]) + "\n"
