"""The base variables of a study's tables, and what everybody knows of them.

Variables are persons by their use, persons and their sexes, ages and fills, and sums of amounts of
every stratum; the column of all strata is their sum. Relations R1 to R9 follow the specification of
linked cells: sums over strata, persons add up in every outcome, nested outcomes, unions, additive
doses, subgroups, sexes, attrition. The study's own windows and exposure are meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from ldn_spark.estimates.groups import Group, PairSums
from ldn_spark.estimates.results import AttritionStep
from ldn_spark.release.linked import Form, Relation, Variable, minus, plus, sum_of
from ldn_spark.release.nesting import Nesting, nesting_of
from ldn_spark.stats.measures import Measure
from ldn_spark.study.criteria import Criterion
from ldn_spark.study.definition import OVERALL, StudyDefinition

KINDS = ("both", "before_only", "after_only", "neither")
AMOUNTS: tuple[Measure, ...] = ("ddd", "dispenses")
SUMS = ("x", "y")
SQUARES = ("xx", "yy", "dd")
"""Of the amounts before, after, and of their difference."""
Groups = Mapping[str, Sequence[Group]]
"""The strata of the cohort (`overall`) and of each subgroup."""
_FINEST = 10_000
"""Micro-DDD by which other worlds differ: a hundredth of a DDD."""
_LONGEST = 10**7
"""Steps that the largest sum of a system may have, so that a solver's numbers stay exact."""
Whole = Literal["x", "y", "xx", "yy", "dd"]


@dataclass(frozen=True)
class Cells:
    """The numbers of a study, as forms of base variables.

    Attributes:
        study: names outcomes, strata and subgroups.
        groups: what was found.
        attrition: the steps of the selection.
    """

    study: StudyDefinition
    groups: Groups
    attrition: Sequence[AttritionStep] = ()

    @cached_property
    def nesting(self) -> Nesting:
        """How outcomes lie within each other."""
        return nesting_of(self.study)

    @property
    def strata(self) -> tuple[str, ...]:
        """Ids of the strata."""
        return tuple(level.id for level in self.study.strata.levels)

    @property
    def columns(self) -> tuple[str, ...]:
        """The strata, and all of them together."""
        return (*self.strata, OVERALL)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Ids of the outcomes."""
        return tuple(one.id for one in self.study.outcomes)

    def group(self, group: str, stratum: str) -> Group:
        """One stratum as it was found."""
        return next(one for one in self.groups[group] if one.name == stratum)

    @cached_property
    def whole(self) -> dict[str, Group]:
        """All strata of the cohort and of each subgroup together."""
        return {name: sum(rest, start=first) for name, (first, *rest) in self.groups.items()}

    def found(self, group: str, column: str) -> Group:
        """What was found of a column."""
        return self.whole[group] if column == OVERALL else self.group(group, column)

    def form(self, group: str, column: str, *names: str) -> Form:
        """The sum of variables of a column; of all strata where that is the column."""
        strata = self.strata if column == OVERALL else (column,)
        return sum_of(f"{group}/{stratum}/{name}" for stratum in strata for name in names)

    def users(self, group: str, column: str, outcome: str, side: str) -> Form:
        """Users of an outcome in a window."""
        return self.form(group, column, f"{outcome}/both", f"{outcome}/{side}_only")

    def persons(self, group: str, column: str) -> Form:
        """The persons of a column."""
        return self.form(group, column, "persons")

    def amount(self, group: str, column: str, outcome: str, measure: Measure, what: str) -> Form:
        """A sum of amounts or squares."""
        return self.form(group, column, f"{outcome}/{measure}/{what}")

    def excluded(self, step: AttritionStep) -> str:
        """The variable of the persons that a step excludes."""
        return f"attrition/{step.step}"

    @cached_property
    def steps(self) -> tuple[AttritionStep, ...]:
        """The steps that count persons and exclude a known number of them."""
        return tuple(
            one
            for one in self.attrition
            if one.number_subjects is not None and one.excluded_subjects is not None
        )

    def variables(self) -> Iterator[Variable]:
        """All base variables."""
        most = 10 * self.whole[OVERALL].persons + 100
        for name, strata in self.groups.items():
            for one in strata:
                yield from _persons(f"{name}/{one.name}", one, most)
                for outcome, moments in one.outcomes.items():
                    where = f"{name}/{one.name}/{outcome}"
                    counts = moments.counts
                    for kind in KINDS:
                        yield Variable(f"{where}/{kind}", getattr(counts, kind), 0, most)
                    for measure in AMOUNTS:
                        yield from self._amounts(where, outcome, measure, moments.sums)
        for step in self.steps:
            number = step.excluded_subjects or 0
            yield Variable(self.excluded(step), number, 0, 10 * number + most)

    def _amounts(
        self, where: str, outcome: str, measure: Measure, sums: Mapping[Measure, PairSums]
    ) -> Iterator[Variable]:
        found = sums.get(measure, PairSums())
        users = sums.get("users", PairSums())
        for what in (*SUMS, *SQUARES):
            value, step = amount_of(found, what), self._step(outcome, measure, what)
            nobody = not (users.x if what[0] == "x" else users.y if what[0] == "y" else 1)
            negative = (found.x_negative or 0) + (found.y_negative or 0) and what in SUMS
            far = 10**9 * step
            low = -far if negative else 0
            known = nobody and not value  # nobody's amount is known to be nothing
            bounds = (value, value) if known else (min(low, value), max(far, value))
            yield Variable(f"{where}/{measure}/{what}", value, *bounds, step)

    def _step(self, outcome: str, measure: Measure, what: str) -> int:
        """Sums of amounts have one step in a study, since outcomes add up; squares by outcome."""
        if what in SUMS:
            return self._sum_step[measure]
        largest = max(
            abs(amount_of(one.outcomes[outcome].sums.get(measure, PairSums()), what))
            for one in self.whole.values()
        )
        return _coarse(largest, _FINEST**2 if measure == "ddd" else 1)

    @cached_property
    def _sum_step(self) -> dict[Measure, int]:
        found: dict[Measure, int] = {}
        for measure in AMOUNTS:
            largest = max(
                abs(amount_of(moments.sums.get(measure, PairSums()), what))
                for one in self.whole.values()
                for moments in one.outcomes.values()
                for what in SUMS
            )
            found[measure] = _coarse(largest, _FINEST if measure == "ddd" else 1)
        return found

    def relations(self) -> Iterator[Relation]:
        """What everybody knows."""
        for group in self.groups:
            for stratum in self.strata:
                yield from self._of_persons(group, stratum)
                yield from self._of_outcomes(group, stratum)
        for group in self.groups:
            if group != OVERALL:
                yield from self._within_cohort(group)
        yield from self._of_sexes()

    def _of_persons(self, group: str, stratum: str) -> Iterator[Relation]:
        persons = self.persons(group, stratum)
        known = self.form(group, stratum, "women", "men", "sex_unknown")
        yield _equal(known, persons)
        yield _equal(self.form(group, stratum, "age_known", "age_unknown"), persons)
        for outcome in self.outcomes:
            kinds = self.form(group, stratum, *(f"{outcome}/{kind}" for kind in KINDS))
            yield _equal(kinds, persons)
        fills = self.form(group, stratum, "fills")
        level = next(one for one in self.study.strata.levels if one.id == stratum)
        yield _at_most(_times(persons, level.at_least), fills)
        if level.at_most is not None:
            yield _at_most(fills, _times(persons, level.at_most))

    def _of_outcomes(self, group: str, stratum: str) -> Iterator[Relation]:
        def using(outcome: str, *kinds: str) -> Form:
            return self.form(group, stratum, *(f"{outcome}/{kind}" for kind in kinds))

        uses = (("both",), ("both", "before_only"), ("both", "after_only"), KINDS[:3])
        for child, parent in self.nesting.direct:
            for kinds in uses:
                yield _at_most(using(child, *kinds), using(parent, *kinds))
        for whole, parts in self.nesting.unions:
            for kinds in uses[1:]:
                yield _at_most(using(whole, *kinds), plus(*(using(p, *kinds) for p in parts)))
        for measure in AMOUNTS:
            for what in SUMS:
                yield from self._of_amounts(group, stratum, measure, what)

    def _of_amounts(
        self, group: str, stratum: str, measure: Measure, what: str
    ) -> Iterator[Relation]:
        """Amounts of outcomes add up where no code is of two; else a part is at most the whole."""
        if self.has_negative(measure):
            nested: Sequence[tuple[str, str]] = ()
        else:
            nested = self.nesting.direct
        for child, parent in nested:
            one, other = (
                self.amount(group, stratum, name, measure, what) for name in (child, parent)
            )
            yield _at_most(one, other)
        for whole, parts in self.nesting.unions:
            of_parts = plus(*(self.amount(group, stratum, p, measure, what) for p in parts))
            of_whole = self.amount(group, stratum, whole, measure, what)
            if whole in self.nesting.disjoint:
                yield _equal(of_parts, of_whole)
            elif not self.has_negative(measure):
                yield _at_most(of_whole, of_parts)

    def has_negative(self, measure: Measure) -> bool:
        """Whether any person's amount is below 0: a part can then be more than the whole."""
        found = (
            moments.sums.get(measure, PairSums())
            for one in self.whole.values()
            for moments in one.outcomes.values()
        )
        return any((one.x_negative or 0) + (one.y_negative or 0) for one in found)

    def _within_cohort(self, group: str) -> Iterator[Relation]:
        names = ["persons", "women", "men", "sex_unknown", "age_known", "age_unknown"]
        names += [f"{outcome}/{kind}" for outcome in self.outcomes for kind in KINDS]
        for measure in AMOUNTS:
            whats = SQUARES if self.has_negative(measure) else (*SUMS, *SQUARES)
            names += [f"{one}/{measure}/{what}" for one in self.outcomes for what in whats]
        for stratum in self.strata:
            for name in names:
                inner, outer = (self.form(one, stratum, name) for one in (group, OVERALL))
                yield _at_most(inner, outer)

    def _of_sexes(self) -> Iterator[Relation]:
        """Subgroups of women and of men are the cohort's women and men."""
        for group in self.study.subgroups:
            name = {"F": "women", "M": "men"}.get(_sex(group.keep_if) or "")
            if name is not None and group.id in self.groups:
                for stratum in self.strata:
                    yield _equal(self.persons(group.id, stratum), self.form(OVERALL, stratum, name))
        sexed = [one.id for one in self.study.subgroups if _sex(one.keep_if)]
        if len({_sex(one.keep_if) for one in self.study.subgroups} - {None}) == 2:
            for stratum in self.strata:
                for outcome in self.outcomes:
                    for kind in KINDS:
                        name = f"{outcome}/{kind}"
                        parts = plus(*(self.form(one, stratum, name) for one in sexed[:2]))
                        yield _at_most(parts, self.form(OVERALL, stratum, name))


def amount_of(sums: PairSums, what: str) -> int:
    """A sum of amounts, of squares, or of squares of differences."""
    if what == "dd":
        return (sums.xx or 0) + (sums.yy or 0) - 2 * (sums.xy or 0)
    return getattr(sums, what) or 0


def _persons(where: str, one: Group, most: int) -> Iterator[Variable]:
    found = {
        "persons": one.persons,
        "women": one.women,
        "men": one.men,
        "sex_unknown": one.persons - one.sex_known,
        "age_known": one.age.n,
        "age_unknown": one.persons - one.age.n,
    }
    for name, number in found.items():
        yield Variable(f"{where}/{name}", number, 0, most)
    yield Variable(f"{where}/fills", one.exposure_fills, 0, 1000 * most)


def _coarse(largest: int, finest: int) -> int:
    step = finest
    while largest // step > _LONGEST:
        step *= 10
    return step


def _sex(criterion: Criterion) -> str | None:
    return criterion.sex


def _times(form: Form, factor: int) -> Form:
    return {name: factor * value for name, value in form.items() if factor}


def _equal(one: Form, other: Form) -> Relation:
    return Relation(minus(one, other), 0, 0)


def _at_most(one: Form, other: Form) -> Relation:
    return Relation(minus(other, one), 0, None)
