"""When each reason for a missing number is true, counted person by person."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ldn_spark.estimates.results import Estimate
from ldn_spark.stats import not_estimable
from ldn_spark.study.definition import OVERALL
from tests.unit.reporting.claim_worlds import Person, World, knows_doses

Groups = Sequence[list[Person]]
Check = Callable[[World, Estimate, Groups], bool]


def groups_of(world: World, estimate: Estimate) -> Groups:
    """The persons of what an estimate compares: one group, two, or all strata."""
    subgroup, _, name = estimate.stratum.rpartition("/")
    contrasts = {one.id: (one.comparator, one.exposed) for one in world.study.contrasts}
    if name in contrasts:
        return [world.of(stratum, subgroup) for stratum in contrasts[name]]
    if estimate.table.startswith("trend_"):
        return [world.of(level.id, subgroup) for level in world.study.strata.levels]
    return [world.of(name, subgroup)]


def values_of(estimate: Estimate, people: list[Person]) -> list[int]:
    """What an estimate is a statistic of, one number per person."""
    outcome = estimate.outcome or "all"
    if estimate.quantity == "smd_women":
        return [int(one.sex == "F") for one in people if one.sex]
    if estimate.quantity == "smd_age":
        return [one.age for one in people if one.age is not None]
    if estimate.quantity == "smd_dispenses_before":
        return [one.filled[outcome][0] for one in people]
    if estimate.quantity == "smd_users_before":
        return [int(one.filled[outcome][0] > 0) for one in people]
    sides = [one.filled[outcome] for one in people]
    if estimate.table.endswith("users"):
        return [(side[1] > 0) - (side[0] > 0) for side in sides]
    first = 2 if estimate.table.endswith("ddd") else 0
    return [side[first + 1] - side[first] for side in sides]


def is_true(world: World, estimate: Estimate) -> bool:
    """Whether the reason of an estimate holds; a reason that nobody knows how to check is false."""
    groups = groups_of(world, estimate)
    check = CHECKS.get(estimate.reason)
    return check is not None and check(world, estimate, groups)


def _values(estimate: Estimate, groups: Groups) -> list[list[int]]:
    return [values_of(estimate, people) for people in groups]


def _no_variance(world: World, estimate: Estimate, groups: Groups) -> bool:
    if estimate.table.startswith("trend_") and len(groups) % 2:  # the middle one has no weight
        groups = [people for place, people in enumerate(groups) if place != len(groups) // 2]
    return all(len(set(values)) <= 1 for values in _values(estimate, groups))


def _no_ddd(world: World, estimate: Estimate, groups: Groups) -> bool:
    """Of these persons, or of the whole cohort where nobody used this one."""
    for people in (groups[0], world.of(OVERALL)):
        filled = [one.filled[estimate.outcome] for one in people]
        if all(one[4:] == one[:2] for one in filled) and not _known_anywhere(world, filled):
            return True
    return False


def _known_anywhere(world: World, filled: list) -> bool:
    """Of an outcome that nobody used, nothing says that its doses are unknown but the others'."""
    if any(one[0] or one[1] for one in filled):
        return False
    return any(knows_doses(world.of(OVERALL), name) for name in _used(world))


def _used(world: World) -> list[str]:
    names = [outcome.id for outcome in world.study.outcomes]
    return [n for n in names if any(sum(one.filled[n][:2]) for one in world.persons)]


def _sum_to_zero(world: World, estimate: Estimate, groups: Groups) -> bool:
    filled = [one.filled[estimate.outcome] for one in groups[0]]
    cohort = [one.filled[estimate.outcome] for one in world.of(OVERALL)]
    return any(
        all(one[2] == one[3] == 0 for one in side) and not _known_anywhere(world, side)
        for side in (filled, cohort)
    )


def _no_ddd_in(*places: int) -> Check:
    """In a window in which there is a dispense, no dispense has a DDD."""

    def check(world: World, estimate: Estimate, groups: Groups) -> bool:
        sides = [_window(people, estimate.outcome, place) for people in groups for place in places]
        return any(used == missing > 0 for used, _, missing in sides)

    return check


def _zero_in(*places: int) -> Check:
    """In a window in which some dispenses have a DDD, nobody has a dose."""

    def check(world: World, estimate: Estimate, groups: Groups) -> bool:
        sides = [_window(people, estimate.outcome, place) for people in groups for place in places]
        return any(used > missing and not doses for used, doses, missing in sides)

    return check


def _window(people: list[Person], outcome: str, place: int) -> list[int]:
    """Dispenses, DDDs and dispenses without one, in the window before (0) or after (1)."""
    return [sum(one.filled[outcome][place + what] for one in people) for what in (0, 2, 4)]


def _in_a_group(
    check: Check,
) -> Check:
    return lambda world, estimate, groups: any(check(world, estimate, [one]) for one in groups)


CHECKS: dict[str, Check] = {
    not_estimable.NOBODY.reason: lambda w, e, g: len(g) == 1 and not g[0],
    not_estimable.A_GROUP_IS_EMPTY.reason: lambda w, e, g: len(g) > 1 and not all(g),
    not_estimable.FEWER_THAN_TWO.reason: lambda w, e, g: len(g) == 1 and len(g[0]) < 2,
    not_estimable.A_GROUP_OF_ONE.reason: lambda w, e, g: len(g) > 1 and min(map(len, g)) < 2,
    not_estimable.NOBODY_SWITCHED.reason: lambda w, e, g: set(values_of(e, g[0])) == {0},
    not_estimable.ALL_SWITCHED_ALIKE.reason: lambda w, e, g: set(values_of(e, g[0])) in ({1}, {-1}),
    not_estimable.NO_CHANGE.reason: lambda w, e, g: set(values_of(e, g[0])) == {0},
    not_estimable.ALL_CHANGED_ALIKE.reason: lambda w, e, g: (
        len(set(values_of(e, g[0]))) == 1 and set(values_of(e, g[0])) != {0}
    ),
    not_estimable.NOTHING_BEFORE.reason: lambda w, e, g: (
        sum(one.filled[e.outcome][2 if e.table == "ddd" else 0] for one in g[0]) <= 0
    ),
    not_estimable.NO_DDD.reason: _no_ddd,
    not_estimable.NO_DDD_IN_A_GROUP.reason: _in_a_group(_no_ddd),
    not_estimable.ZERO_DDD.reason: _sum_to_zero,
    not_estimable.ZERO_DDD_IN_A_GROUP.reason: _in_a_group(_sum_to_zero),
    not_estimable.NO_DDD_BEFORE.reason: _no_ddd_in(0),
    not_estimable.NO_DDD_AFTER.reason: _no_ddd_in(1),
    not_estimable.NO_DDD_IN_A_WINDOW.reason: _no_ddd_in(0, 1),
    not_estimable.ZERO_DDD_BEFORE.reason: _zero_in(0),
    not_estimable.ZERO_DDD_AFTER.reason: _zero_in(1),
    not_estimable.ZERO_DDD_IN_A_WINDOW.reason: _zero_in(0, 1),
    not_estimable.NO_VARIANCE.reason: _no_variance,
    "nobody used it in either period": lambda w, e, g: (
        not any(sum(one.filled[e.outcome][:2]) for one in g[0])
    ),
    "nobody's sex is known": lambda w, e, g: g[0] != [] and not any(one.sex for one in g[0]),
    "nobody's age is known": lambda w, e, g: g[0] != [] and all(one.age is None for one in g[0]),
    "fewer than two persons of known age": lambda w, e, g: (
        sum(one.age is not None for one in g[0]) < 2 <= len(g[0])
    ),
    "a group has nobody of known sex": lambda w, e, g: any(
        people and not any(one.sex for one in people) for people in g
    ),
    "a group has fewer than two persons of known age": lambda w, e, g: any(
        sum(one.age is not None for one in people) < 2 <= len(people) for people in g
    ),
}
"""Every reason there is. One that is not listed fails the test: a new one comes with its check."""
