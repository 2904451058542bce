"""Tables of a study's exposures side by side: one row for the cohort of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ldn_spark.estimates.results import AttritionStep, Results
from ldn_spark.invented import SENTENCE
from ldn_spark.reporting import captions
from ldn_spark.reporting.cells import View, blank, cell, interval, whole
from ldn_spark.reporting.formats import MINUS, percent
from ldn_spark.reporting.printed import Cell, Column, PrintedTable, Row, Section
from ldn_spark.reporting.units import DISPENSES, DOSES, USERS, Unit, without_change
from ldn_spark.reporting.wording import (
    abbreviations,
    before_and_after,
    confidence,
    dispenses_of,
    sentence_case,
)
from ldn_spark.study.definition import OVERALL, Contrast, Outcome, StudyDefinition
from ldn_spark.study.exposures import renamed

STUB = "Exposure"
_HEADS = {
    "exposure_atc": "Its ATC codes",
    "exposure_product": "Its product numbers",
    "washout": "Wash-out",
}
"""Heads of the steps whose labels name the drug."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """The cohort of one exposure: its id, the study of it alone, and what was found."""

    id: str
    study: StudyDefinition
    results: Results

    @property
    def label(self) -> str:
        """As the exposure is called in tables."""
        return self.study.exposure.abbreviation

    @property
    def view(self) -> View:
        """Its numbers."""
        return View(self.results)

    @property
    def emptied_by(self) -> AttritionStep | None:
        """The step after which nobody is left; None where somebody is."""
        return next((step for step in self.results.attrition if step.number_subjects == 0), None)


def cohorts(study: StudyDefinition, results: Results) -> tuple[Cohort, ...]:
    """The cohorts of all exposures, the study's own first."""
    return tuple(
        Cohort(exposure, study.as_exposure(exposure), found)
        for exposure, found in results.by_exposure.items()
    )


def headline(study: StudyDefinition) -> Outcome:
    """The outcome by which exposures are compared first: the total, or else the first."""
    return study.total_outcome or study.outcomes[0]


def amount_of(of: Sequence[Cohort], outcomes: Sequence[Outcome]) -> Unit:
    """What tells how much was dispensed; dispenses where no cohort's doses are compared."""
    known = any(len(without_change(one.view, outcomes)) < len(outcomes) for one in of)
    return DOSES if known else DISPENSES


def level_words(study: StudyDefinition, stratum: str) -> str:
    """A stratum without the name of a drug: `four or more dispenses`."""
    return next(dispenses_of(level) for level in study.strata.levels if level.id == stratum)


def contrast_words(study: StudyDefinition, contrast: Contrast) -> str:
    """A contrast without the name of a drug: comparator minus exposed."""
    pair = contrast.comparator, contrast.exposed
    return f" {MINUS} ".join(level_words(study, stratum) for stratum in pair)


def exposure_tables(study: StudyDefinition, results: Results) -> tuple[PrintedTable, ...]:
    """The total outcome, the selection, and every other outcome, one row per exposure.

    None of a study without further exposures; the last one is left out where there is no other
    outcome.
    """
    if not results.others:
        return ()
    of = cohorts(study, results)
    first = headline(study)
    further = [outcome for outcome in study.outcomes if outcome != first]
    tables = [_total_table(study, of, first), _flow_table(study, of)]
    if further:
        tables.append(_outcomes_table(study, of, further))
    mark = (SENTENCE,) if results.invented else ()
    return tuple(replace(table, notes=(*table.notes, *mark)) for table in tables)


def _total_table(study: StudyDefinition, of: Sequence[Cohort], outcome: Outcome) -> PrintedTable:
    units = USERS, amount_of(of, [outcome])
    rows = (Row(one.id, one.label, (*_sizes(one), *_changes(one, outcome, units))) for one in of)
    sizes = [Column(("Patients", "All"), ("n",))]
    sizes += [
        Column(("Patients", sentence_case(dispenses_of(level))), (f"n_{level.id}",))
        for level in study.strata.levels
    ]
    return PrintedTable(
        id="exposures",
        number=captions.NUMBERS["exposures"],
        title=f"{outcome.label} by exposure.",
        caption=_caption(study, of, units),
        stub=STUB,
        key_names=("exposure", "abbreviation"),
        columns=(*sizes, *_change_columns(study, units)),
        sections=(Section("", "", tuple(rows)),),
        notes=(captions.exposures_note(study, units[1].table), *_empty(of)),
    )


def _outcomes_table(
    study: StudyDefinition, of: Sequence[Cohort], outcomes: Sequence[Outcome]
) -> PrintedTable:
    units = USERS, amount_of(of, outcomes)
    return PrintedTable(
        id="exposures_outcomes",
        number=captions.NUMBERS["exposures_outcomes"],
        title="Every other outcome by exposure.",
        caption=_caption(study, of, units),
        stub=STUB,
        key_names=("outcome", "medicine_group", "exposure", "abbreviation"),
        columns=_change_columns(study, units),
        sections=tuple(
            Section(
                outcome.id,
                outcome.label,
                tuple(Row(one.id, one.label, (*_changes(one, outcome, units),)) for one in of),
            )
            for outcome in outcomes
        ),
        notes=(captions.exposures_note(study, units[1].table), *_empty(of)),
    )


def _caption(study: StudyDefinition, of: Sequence[Cohort], units: Sequence[Unit]) -> str:
    """Windows, what is a user, and the drugs of the abbreviations."""
    names = [abbreviations(one.study) for one in of]
    more = abbreviations(study, *(("DDD",) if DOSES in units else ()), "ATC", "CI")
    own = names[0]
    drugs = [*filter(None, names), more.removeprefix(own).strip()]
    return f"Dispensed to patients {before_and_after(study)}. {' '.join(drugs)}"


def _sizes(one: Cohort) -> Iterator[Cell]:
    for stratum in (OVERALL, *(level.id for level in one.study.strata.levels)):
        yield cell(whole, one.view.get("cohort", stratum, "", "persons"))


def _change_columns(study: StudyDefinition, units: Sequence[Unit]) -> tuple[Column, ...]:
    users, change = "Users, all patients", "Change in users"
    columns = [
        Column((users, "Before", "N"), ("before_n",)),
        Column((users, "Before", "%"), ("before_pct",)),
        Column((users, "After", "N"), ("after_n",)),
        Column((users, "After", "%"), ("after_pct",)),
        Column((change, "% points"), ("diff_pct_points",)),
        Column((change, confidence(study)), ("ci_low", "ci_high")),
    ]
    for contrast in study.contrasts:
        head = f"Difference-in-differences, {contrast_words(study, contrast)}"
        for unit in units:
            names = [f"{contrast.id}_{unit.table}_{name}" for name in ("did", "ci_low", "ci_high")]
            columns.append(Column((head, unit.panel, "Estimate"), (names[0],)))
            columns.append(Column((head, unit.panel, confidence(study)), tuple(names[1:])))
    return tuple(columns)


def _changes(one: Cohort, outcome: Outcome, units: Sequence[Unit]) -> Iterator[Cell]:
    def users(quantity: str) -> tuple[str, str, str, str]:
        return "users", OVERALL, outcome.id, quantity

    get = one.view.get
    for when in ("before", "after"):
        yield cell(whole, get(*users(f"users_{when}")))
        yield cell(percent, get(*users(f"share_{when}")), pattern="({})")
    yield cell(percent, get(*users("difference")))
    yield interval(percent, get(*users("ci_low")), get(*users("ci_high")))
    for contrast in one.study.contrasts:
        for unit in units:
            estimate, low, high = (
                get(f"did_{unit.table}", contrast.id, outcome.id, name)
                for name in ("estimate", "ci_low", "ci_high")
            )
            yield cell(unit.form, estimate)
            yield interval(unit.form, low, high)


def _empty(of: Sequence[Cohort]) -> Iterator[str]:
    """Which cohorts are empty, and at which step the last patient fell."""
    for one in of:
        if (step := one.emptied_by) is not None:
            yield f"{one.label}: nobody is left after the step “{step.reason}”."


def _flow_table(study: StudyDefinition, of: Sequence[Cohort]) -> PrintedTable:
    """How many patients every step of the selection leaves of each exposure."""
    heads: dict[str, str] = {}
    for one in of:
        for step in one.results.attrition[2:]:  # from the exposure's codes on
            label = renamed(step.reason, one.label, "the drug")
            heads.setdefault(step.step, _HEADS.get(step.step, label))
    return PrintedTable(
        id="exposures_flow",
        number=captions.NUMBERS["exposures_flow"],
        title="Selection of the cohort of each exposure.",
        caption="Patients who are left after each step.",
        stub=STUB,
        key_names=("exposure", "abbreviation"),
        columns=tuple(
            Column(("Patients left", head), (f"left_{step}",)) for step, head in heads.items()
        ),
        sections=(Section("", "", tuple(_flow_row(one, list(heads)) for one in of)),),
    )


def _flow_row(one: Cohort, steps: Sequence[str]) -> Row:
    left = {step.step: step.number_subjects for step in one.results.attrition}
    cells = (blank() if left.get(step) is None else Cell((str(left[step]),)) for step in steps)
    return Row(one.id, one.label, tuple(cells))
