"""From moments to estimates: which statistic is formed of which group, contrast and outcome.

Names, units and formulas of every quantity: `catalogue.tables`. Nothing here knows of an engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ldn_spark.catalogue.designs import table_of
from ldn_spark.catalogue.lookup import need
from ldn_spark.estimates import comparisons, descriptions
from ldn_spark.estimates.comparisons import Value
from ldn_spark.estimates.curves import cumulative_curves
from ldn_spark.estimates.descriptions import balance_values, baseline_values, cohort_values
from ldn_spark.estimates.doses import UnknownDoses
from ldn_spark.estimates.groups import Group, OutcomeMoments, groups_of
from ldn_spark.estimates.results import NOT_ESTIMABLE, AttritionStep, CurvePoint, Estimate, Results
from ldn_spark.stats import multiplicity
from ldn_spark.stats.measures import together
from ldn_spark.stats.not_estimable import NotEstimable, Number
from ldn_spark.study.definition import OVERALL, StudyDefinition

Row = Mapping[str, Any]
NEEDED_SUMS = together([*comparisons.NEEDS.values(), descriptions.NEEDS])
"""The sums over persons that a study's estimates are made of: what the engine is asked for."""
Form = Callable[[list[OutcomeMoments]], dict[str, Value]]
"""The numbers of one outcome from the moments of the groups that are compared."""


def analyse(
    study: StudyDefinition,
    *,
    cohort_moments: Sequence[Row],
    design_moments: Sequence[Row],
    daily_moments: Sequence[Row] | None,
    attrition: Sequence[AttritionStep],
) -> Results:
    """All estimates, curves and attrition of a study.

    Args:
        study: the definition.
        cohort_moments, design_moments, daily_moments: the rows of these tables, in any order; of
            the last None where no curves are wanted.
        attrition: from `attrition_steps`.

    Returns:
        Results in a fixed order: subgroups, then strata, then outcomes, as in the study file. The
        numbers of further designs follow, in tables named `table@design`.
    """
    estimates: list[Estimate] = []
    cohort = groups_of(study, OVERALL, cohort_moments, design_moments)
    unknown = UnknownDoses.of(cohort)
    for subgroup in (OVERALL, *(group.id for group in study.subgroups)):
        strata = groups_of(study, subgroup, cohort_moments, design_moments)
        estimates.extend(_estimates(study, subgroup, strata, unknown))
    for design in study.designs:
        estimates.extend(_of_design(study, design.id, cohort_moments, design_moments))
    curves: Iterable[CurvePoint] = ()
    if daily_moments is not None:
        curves = cumulative_curves(
            study,
            {group.name: group.persons for group in cohort},
            [row for row in daily_moments if row["subgroup"] == OVERALL],
            leave_out=_without_curve(study, cohort, unknown),
        )
    return Results(tuple(estimates), tuple(curves), tuple(attrition))


def _of_design(
    study: StudyDefinition,
    design: str,
    cohort_moments: Sequence[Row],
    design_moments: Sequence[Row],
) -> Iterator[Estimate]:
    """What is compared in the windows of a further design."""
    cohort = groups_of(study, OVERALL, cohort_moments, design_moments, design)
    unknown = UnknownDoses.of(cohort)
    for subgroup in (OVERALL, *(group.id for group in study.subgroups)):
        strata = groups_of(study, subgroup, cohort_moments, design_moments, design)
        for estimate in _estimates(study, subgroup, strata, unknown):
            if estimate.table in comparisons.NEEDS:
                yield replace(estimate, table=table_of(estimate.table, design))


def _without_curve(
    study: StudyDefinition, cohort: Sequence[Group], unknown: UnknownDoses
) -> frozenset[str]:
    """The outcomes of which either side of the curves has no known dose in a window."""
    contrast = study.figures.curve_contrast
    sides = [group for group in cohort if group.name in (contrast.comparator, contrast.exposed)]
    return frozenset(
        outcome.id
        for outcome in study.outcomes
        if unknown.lacking(outcome.id, [side.outcomes[outcome.id] for side in sides])
    )


def _estimates(
    study: StudyDefinition, subgroup: str, strata: list[Group], unknown: UnknownDoses
) -> Iterator[Estimate]:
    """Every estimate of one subgroup, strata first, then all of them together."""
    everyone = sum(strata[1:], start=strata[0])
    whole = Group(OVERALL, *(getattr(everyone, name) for name in Group.__slots__[1:]))
    put = _Writer("" if subgroup == OVERALL else f"{subgroup}/", study, unknown)
    for group in (*strata, whole):
        yield from put("cohort", group.name, "", cohort_values(group, whole.persons))
        if study.total_outcome is not None:
            baseline = baseline_values(group, group.outcomes[study.total_outcome.id])
            yield from put("baseline", group.name, "", baseline)
    by_name = {group.name: group for group in strata}
    pairs = {one.id: (by_name[one.comparator], by_name[one.exposed]) for one in study.contrasts}
    for contrast, pair in pairs.items():
        yield from put("baseline", contrast, "", balance_values(study, *pair))
    for table, within in comparisons.WITHIN.items():
        for group in (*strata, whole):
            yield from put.family(table, group.name, [group], partial(_of_one, study, within))
    for table, between in comparisons.BETWEEN.items():
        for contrast, pair in pairs.items():
            yield from put.family(table, contrast, pair, partial(_of_two, study, between))
    for table, along in comparisons.ALONG.items():
        yield from put.family(table, OVERALL, strata, partial(along, study))


def _of_one(
    study: StudyDefinition, form: comparisons.Within, sides: list[OutcomeMoments]
) -> dict[str, Value]:
    return form(study, sides[0])


def _of_two(
    study: StudyDefinition, form: comparisons.Between, sides: list[OutcomeMoments]
) -> dict[str, Value]:
    return form(study, sides[0], sides[1])


def _p(value: Value) -> Number:
    return value if isinstance(value, NotEstimable) else float(value)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Turns named values into estimates of one subgroup; every name is in the catalogue."""

    prefix: str
    study: StudyDefinition
    unknown: UnknownDoses

    def __call__(
        self, table: str, stratum: str, outcome: str, values: Mapping[str, Value]
    ) -> Iterator[Estimate]:
        for quantity, value in values.items():
            need(table, quantity)
            key = (table, self.prefix + stratum, outcome, quantity)
            if isinstance(value, NotEstimable):
                yield Estimate(*key, None, NOT_ESTIMABLE, value.reason)
            else:
                yield Estimate(*key, value)

    def family(
        self, table: str, stratum: str, groups: Sequence[Group], form: Form
    ) -> Iterator[Estimate]:
        """The rows of one family of tests, one per outcome, with adjusted p-values.

        A family is one table and one stratum or contrast: all outcomes of the study.
        """
        rows = [self._row(table, groups, outcome.id, form) for outcome in self.study.outcomes]
        p_values = [_p(row["p"]) for row in rows]
        adjusted = zip(
            multiplicity.holm(p_values), multiplicity.benjamini_hochberg(p_values), strict=True
        )
        for outcome, row, (holm, bh) in zip(self.study.outcomes, rows, adjusted, strict=True):
            yield from self(table, stratum, outcome.id, {**row, "p_holm": holm, "p_bh": bh})

    def _row(
        self, table: str, groups: Sequence[Group], outcome: str, form: Form
    ) -> dict[str, Value]:
        sides = [group.outcomes[outcome] for group in groups]
        lacking = self.unknown.lacking(outcome, sides) if table in comparisons.DOSES else None
        return form(sides) if lacking is None else lacking.leave(form(sides))
