"""From moments to estimates: which statistic is formed of which group, contrast and outcome.

Names, units and formulas of every quantity: `catalogue.tables`. Nothing here knows of an engine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

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
from ldn_spark.study.definition import MAIN, OVERALL, StudyDefinition

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
    designs: Mapping[str, tuple[Estimate, ...]] | None = None,
) -> Results:
    """All estimates, curves and attrition of a study.

    Args:
        study: the definition.
        cohort_moments, design_moments, daily_moments: the rows of these tables, in any order; of
            the last None where no curves are wanted.
        attrition: from `attrition_steps`.
        designs: what `compare_in` gives of each further design; None where that is still to do.

    Returns:
        Results in a fixed order: subgroups, then strata, then outcomes, as in the study file.
    """
    if designs is None:
        further = (one.id for one in study.designs)
        designs = {one: compare_in(study, one, cohort_moments, design_moments) for one in further}
    own = _by_part(study, MAIN, cohort_moments, design_moments)
    curves: Iterable[CurvePoint] = ()
    if daily_moments is not None:
        curves = cumulative_curves(
            study,
            {group.name: group.persons for group in own[OVERALL]},
            [row for row in daily_moments if row["subgroup"] == OVERALL],
            leave_out=_without_curve(study, own[OVERALL]),
        )
    estimates = tuple(_estimates(study, own, of_persons=True))
    return Results(estimates, tuple(curves), tuple(attrition), designs=designs)


def compare_in(
    study: StudyDefinition,
    design: str,
    cohort_moments: Sequence[Row],
    design_moments: Sequence[Row],
) -> tuple[Estimate, ...]:
    """What is compared in the windows of a further design, from the rows of all of them."""
    by_part = _by_part(study, design, cohort_moments, design_moments)
    return tuple(_estimates(study, by_part, of_persons=False))


def _by_part(
    study: StudyDefinition,
    design: str,
    cohort_moments: Sequence[Row],
    design_moments: Sequence[Row],
) -> dict[str, list[Group]]:
    """The strata of the cohort and of each subgroup by one design."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in design_moments:
        if row["design"] == design:
            rows[row["subgroup"]].append(row)
    return {
        part: groups_of(study, part, cohort_moments, rows[part], design)
        for part in (OVERALL, *(group.id for group in study.subgroups))
    }


def _without_curve(study: StudyDefinition, cohort: Sequence[Group]) -> frozenset[str]:
    """The outcomes of which either side of the curves has no known dose in a window."""
    contrast, unknown = study.figures.curve_contrast, UnknownDoses.of(cohort)
    sides = [group for group in cohort if group.name in (contrast.comparator, contrast.exposed)]
    return frozenset(
        outcome.id
        for outcome in study.outcomes
        if unknown.lacking(outcome.id, [side.outcomes[outcome.id] for side in sides])
    )


def _estimates(
    study: StudyDefinition, by_part: Mapping[str, list[Group]], *, of_persons: bool
) -> Iterator[Estimate]:
    """Every estimate of one pair of windows, the cohort first, then each subgroup.

    Args:
        study: names groups, contrasts and outcomes.
        by_part: the strata of the cohort and of each subgroup.
        of_persons: whether to say who the persons are, which no window changes.
    """
    unknown = UnknownDoses.of(by_part[OVERALL])
    for part, strata in by_part.items():
        everyone = sum(strata[1:], start=strata[0])
        whole = Group(OVERALL, *(getattr(everyone, name) for name in Group.__slots__[1:]))
        put = _Writer("" if part == OVERALL else f"{part}/", study, unknown)
        if of_persons:
            yield from _described(put, strata, whole)
        yield from _compared(put, strata, whole)


def _described(put: _Writer, strata: Sequence[Group], whole: Group) -> Iterator[Estimate]:
    """Who the persons are: each stratum, then all of them together, then the contrasts."""
    total = put.study.total_outcome
    for group in (*strata, whole):
        yield from put("cohort", group.name, "", cohort_values(group, whole.persons))
        if total is not None:
            yield from put(
                "baseline", group.name, "", baseline_values(group, group.outcomes[total.id])
            )
    for contrast, pair in _pairs(put.study, strata).items():
        yield from put("baseline", contrast, "", balance_values(put.study, *pair))


def _compared(put: _Writer, strata: list[Group], whole: Group) -> Iterator[Estimate]:
    """What changed: in each stratum and all of them together, between strata, and along them."""
    study, pairs = put.study, _pairs(put.study, strata)
    for table, within in comparisons.WITHIN.items():
        for group in (*strata, whole):
            yield from put.family(table, group.name, [group], partial(_of_one, study, within))
    for table, between in comparisons.BETWEEN.items():
        for contrast, pair in pairs.items():
            yield from put.family(table, contrast, pair, partial(_of_two, study, between))
    for table, along in comparisons.ALONG.items():
        yield from put.family(table, OVERALL, strata, partial(along, study))


def _pairs(study: StudyDefinition, strata: Sequence[Group]) -> dict[str, tuple[Group, Group]]:
    """Comparator and exposed of each contrast."""
    by_name = {group.name: group for group in strata}
    return {one.id: (by_name[one.comparator], by_name[one.exposed]) for one in study.contrasts}


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
        stratum = self.prefix + stratum
        for quantity, value in values.items():
            need(table, quantity)
            if isinstance(value, NotEstimable):
                reason = value.reason
                yield Estimate(table, stratum, outcome, quantity, None, NOT_ESTIMABLE, reason)
            else:
                yield Estimate(table, stratum, outcome, quantity, value)

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
