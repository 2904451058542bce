"""Rounded numbers add up, tell of nobody alone, and move as little as they can."""

from __future__ import annotations

import itertools
from functools import cache

import pytest

from ldn_spark.release.cells import KINDS, Cells
from ldn_spark.release.linked import minus, value_of
from ldn_spark.release.rounding import midpoint6, round_consistent, round_nearest
from tests.registers import study_like
from tests.unit.release.worlds_of_studies import FIGURES, WOMEN, groups, people, study

KEY = b"k"
SEEDS = (1,)


@cache
def rounded(seed, base):
    definition = study(subgroups=WOMEN)
    cells = Cells(definition, groups(definition, people(definition, (12, 9, 10), seed)))
    truth = {one.name: one.truth for one in cells.variables()}
    return cells, truth, truth | round_consistent(cells, base, KEY)


@pytest.mark.parametrize("seed", SEEDS)
def test_sums_hold_and_nobody_is_told_of(seed):
    base = 3
    cells, truth, found = rounded(seed, base)
    rounded_names = {name for name in found if _is_rounded(name)}
    for relation in cells.relations():
        if all(name in rounded_names for name in relation.form):
            value = value_of(relation.form, found)
            assert relation.low is None or value >= relation.low
            assert relation.high is None or value <= relation.high
    for group, column in itertools.product(cells.groups, cells.columns):
        told = [cells.form(group, column, "women"), cells.form(group, column, "men")]
        persons = cells.persons(group, column)
        if group == "overall":  # women are a subgroup, and rounded
            assert value_of(persons, found) == value_of(persons, truth)
        for outcome in cells.outcomes:
            told += [cells.form(group, column, f"{outcome}/{kind}") for kind in KINDS]
            for side in ("before", "after"):
                users = cells.users(group, column, outcome, side)
                told += [users, minus(persons, users)]
        told += [minus(cells.form("overall", column, *_names(form)), form) for form in told]
        for form in told:
            assert value_of(form, found) not in range(1, base), (group, column, form)
    assert any(0 < value < base for name, value in truth.items() if name.count("/") == 3)


def _is_rounded(name):
    return name.endswith(("women", "men", "sex_unknown", "persons", *KINDS))


def _names(form):
    return dict.fromkeys(name.split("/", 2)[2] for name in form)


@pytest.mark.parametrize("seed", SEEDS)
def test_differences_of_nested_outcomes_are_not_small_either(seed):
    cells, _, found = rounded(seed, 3)
    for stratum, side in itertools.product(cells.columns, ("before", "after")):
        users = {
            one: value_of(cells.users("overall", stratum, one, side), found)
            for one in cells.outcomes
        }
        for child, parent in cells.nesting.within:
            assert users[parent] - users[child] not in range(1, 3)
            assert users[child] <= users[parent]
        assert users["N05"] + users["N06"] - users["all"] not in range(1, 3)


def test_the_same_key_gives_the_same_numbers():
    assert rounded.__wrapped__(1, 3)[2] == rounded(1, 3)[2]


def one_outcome(counts):
    """A study of one outcome and stratum, with persons by their use."""
    definition = study_like(
        outcomes=[{"id": "a", "label": "A", "role": "main", "atc": ["N05"], "may_be_empty": True}],
        figures=FIGURES | {"curve_outcomes": ["a"]},
    ).definition
    uses = [(1, 1)] * counts[0] + [(1, 0)] * counts[1] + [(0, 1)] * counts[2] + [(0, 0)] * counts[3]
    persons = {level.id: [] for level in definition.strata.levels}
    first = definition.strata.levels[0].id
    persons[first] = [
        {"sex": "F", "age": 50, "fills": 1, "use": {"N05A": [10 * x, 10 * y]}} for x, y in uses
    ]
    return Cells(definition, groups(definition, persons)), first


CASES = [(5, 2, 1, 9), (1, 1, 1, 20), (2, 2, 0, 6), (0, 1, 2, 4), (9, 1, 2, 0), (4, 2, 2, 4)]


@pytest.mark.parametrize("counts", CASES)
def test_users_move_as_little_as_enumeration_finds(counts):
    """Small ones become 0 or 3, the others of use stay, those without use take up the rest."""
    base, size = 3, sum(counts)
    cells, stratum = one_outcome(counts)
    found = round_consistent(cells, base, KEY)
    got = [found[f"overall/{stratum}/a/{kind}"] for kind in KINDS]
    choices = [
        (0,) if n == 0 else (0, base) if n < base else range(base, n + 4 * base + 1) for n in counts
    ]

    def cost(chosen):
        both, before, after, _ = (new - old for new, old in zip(chosen, counts, strict=True))
        large = sum(abs(n - o) for n, o in zip(chosen[:3], counts[:3], strict=True) if o >= base)
        # a stratum and all strata together are the same persons here
        return 2 * (abs(both + before) + abs(both + after)) + 4 * large

    fitting = [
        chosen
        for chosen in itertools.product(*choices)
        if sum(chosen) == size
        and all(n == 0 or n >= base for n in (chosen[0] + chosen[1], chosen[2] + chosen[3]))
    ]
    assert sum(got) == size
    assert cost(got) == min(map(cost, fitting))


def test_a_stratum_of_fewer_than_the_base_cannot_be_rounded():
    cells, _ = one_outcome((1, 0, 1, 0))
    with pytest.raises(ValueError, match="fewer persons than the base"):
        round_consistent(cells, 3, KEY)


def test_each_cell_alone():
    for base in (3, 5, 10):
        for number in range(200):
            near = round_nearest(number, base)
            assert near % base == 0
            assert 2 * abs(near - number) <= base
    told = {midpoint6(number) for number in range(1, 7)}
    assert told == {3}
    assert all(abs(midpoint6(n) - n) <= 3 for n in range(1, 500))
    assert midpoint6(0) == 0
