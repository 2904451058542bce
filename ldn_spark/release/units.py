"""What is shown together, how much it is missed, and the whole problem of a study.

A unit is a column's users before, users after, who began and who stopped with interval and p
(`pair`), a sum of amounts before or after, their spread; its persons, sexes, ages, fills; a step of
the selection.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from ldn_spark.errors import EngineError
from ldn_spark.estimates.results import AttritionStep
from ldn_spark.release.cells import AMOUNTS, SQUARES, Cells, Groups
from ldn_spark.release.linked import Form, Linked, Unit, faults, plus
from ldn_spark.release.policy import Policy
from ldn_spark.release.sensitive import sensitive_numbers
from ldn_spark.shown import numbered
from ldn_spark.study.definition import OVERALL, StudyDefinition

_HUNDREDTHS = 100
_PERSONS, _SEX, _AGE, _FILLS, _STEP = 40, 4, 2, 1, 1
"""How much the numbers that no policy weighs are missed: without the persons no share is left."""
_SUBGROUP = Fraction(1, 2)


def problem_of(
    study: StudyDefinition, groups: Groups, attrition: Sequence[AttritionStep], policy: Policy
) -> Linked:
    """The linked cells of a study's own windows and exposure under a policy.

    Raises:
        EngineError: the sums contradict what everybody knows of them.
    """
    cells = Cells(study, groups, attrition)
    problem = Linked(
        tuple(cells.variables()),
        tuple(cells.relations()),
        tuple(units_of(cells, policy)),
        tuple(sensitive_numbers(cells, policy)),
    )
    if wrong := faults(problem, (), problem.truth):
        many = numbered(len(wrong), "relation")
        raise EngineError(f"the moments contradict each other in {many} that always hold")
    return problem


def units_of(cells: Cells, policy: Policy) -> Iterator[Unit]:
    """Every unit of a study."""
    for group in cells.groups:
        for column in cells.columns:
            persons = cells.found(group, column).persons
            # of a group of a few nothing is told, not even how many they are
            forced = "hidden" if 0 < persons < policy.min_group else ""
            for unit in _of_column(cells, policy, group, column):
                yield Unit(unit.name, unit.cells, unit.weight, unit.needs, forced)
    yield from _of_steps(cells)


def _of_column(cells: Cells, policy: Policy, group: str, column: str) -> Iterator[Unit]:
    share = Fraction(str(policy.weights.overall)) if column == OVERALL else Fraction(1)
    share *= _SUBGROUP if group != OVERALL else 1
    where = f"{group}/{column}"

    def unit(name: str, weight: Fraction | int, *forms: Form, needs: tuple[str, ...] = ()) -> Unit:
        whole = max(1, round(weight * share * _HUNDREDTHS))
        return Unit(f"{where}/{name}", forms, whole, tuple(f"{where}/{one}" for one in needs))

    def form(*names: str) -> Form:
        return cells.form(group, column, *names)

    yield unit("persons", _PERSONS, form("persons"))
    yield unit("sex", _SEX, form("women"), form("men"))
    yield unit("age", _AGE, form("age_known"))
    yield unit("fills", _FILLS, form("fills"))
    weights = policy.weights
    for outcome in cells.study.outcomes:
        role, name = Fraction(str(getattr(weights, outcome.role))), outcome.id
        users, pair, dose, spread = (
            role * Fraction(str(each))
            for each in (weights.users, weights.pair, weights.dose, weights.spread)
        )
        for side in ("before", "after"):
            found = cells.users(group, column, name, side)
            yield unit(f"{name}/users_{side}", users, found)
        both = tuple(f"{name}/users_{side}" for side in ("before", "after"))
        changed = (form(f"{name}/before_only"), form(f"{name}/after_only"))
        yield unit(f"{name}/pair", pair, *changed, needs=both)
        for measure in AMOUNTS:
            for side, what in (("before", "x"), ("after", "y")):
                amount = form(f"{name}/{measure}/{what}")
                needs = (f"{name}/users_{side}",)
                yield unit(f"{name}/{measure}_{side}", dose, amount, needs=needs)
            squares = [form(f"{name}/{measure}/{what}") for what in SQUARES]
            sums = tuple(f"{name}/{measure}_{side}" for side in ("before", "after"))
            yield unit(f"{name}/{measure}_spread", spread, *squares, needs=sums)


def _of_steps(cells: Cells) -> Iterator[Unit]:
    """Persons after each step but the last, which are the cohort's."""
    everyone = cells.persons(OVERALL, OVERALL)
    for number, step in enumerate(cells.steps[:-1]):
        later = {cells.excluded(one): 1 for one in cells.steps[number + 1 :]}
        yield Unit(f"attrition/{step.step}", (plus(everyone, later),), _STEP * _HUNDREDTHS)
