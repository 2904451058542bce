"""The linked cells of studies: what hangs together, what must stay open, safe patterns."""

from __future__ import annotations

import pytest

from ldn_spark.errors import EngineError
from ldn_spark.estimates.groups import PairSums
from ldn_spark.release.cells import Cells
from ldn_spark.release.linked import faults as contradicted
from ldn_spark.release.linked import value_of
from ldn_spark.release.nesting import nesting_of
from ldn_spark.release.pattern import find_pattern
from ldn_spark.release.policy import load_policy
from ldn_spark.release.sensitive import dominates
from ldn_spark.release.units import problem_of
from ldn_spark.release.worlds import worlds_json
from ldn_spark.study.load import load_study
from tests.reference_release import faults
from tests.unit.release.worlds_of_studies import WOMEN, attrition, groups, people, study

KEY = b"k"


def problem(seed=1, sizes=(40, 30, 25), *, policy="ohdsi", subgroups=(), rare=0.1, **changed):
    definition = study(subgroups=subgroups)
    persons = people(definition, sizes, seed, rare)
    rules = load_policy(policy).model_copy(update=changed)
    return problem_of(definition, groups(definition, persons), attrition(persons), rules)


def test_outcomes_within_each_other_are_told_by_their_codes():
    found = nesting_of(study())
    assert set(found.within) == {("N05", "all"), ("N06", "all"), ("benzo", "all"), ("benzo", "N05")}
    assert set(found.direct) == {("N05", "all"), ("N06", "all"), ("benzo", "N05")}
    assert found.unions == (("all", ("N05", "N06")),)
    assert found.disjoint == {"all"}
    paper = nesting_of(load_study("ldn_2013").definition)
    assert "all" in paper.disjoint
    assert dict(paper.unions)["all"] == ("N03A", "N05A", "N05B", "N05C", "N06A", "N06B")
    assert dict(paper.unions)["bz"] == ("benzo", "zhyp")


@pytest.mark.parametrize("seed", range(3))
def test_what_everybody_knows_holds_for_any_persons(seed):
    found = problem(seed, subgroups=WOMEN)
    assert contradicted(found, [one.name for one in found.units], found.truth) == []
    names = [one.name for one in found.sensitive]
    assert len(names) == len(set(names))


def test_sums_that_contradict_each_other_are_refused():
    definition = study()
    found = groups(definition, people(definition, (9, 9, 9), 1))
    first = found["overall"][0].outcomes
    first["N05"].sums["users"] = PairSums(x=9, y=9, xy=9)
    with pytest.raises(EngineError, match="contradict each other"):
        problem_of(definition, found, (), load_policy("ohdsi"))


def test_every_small_number_of_persons_is_sensitive():
    """Counted person by person, not by sums."""
    definition = study(subgroups=WOMEN)
    persons = people(definition, (30, 12, 20), 5)
    everybody = [one for of in persons.values() for one in of]
    rules = load_policy("ohdsi")
    found = problem_of(definition, groups(definition, persons), attrition(persons), rules)
    names = {one.name: value_of(one.form, found.truth) for one in found.sensitive}

    def uses(one, codes, side):
        return any(p[side] for code, p in one["use"].items() if code.startswith(codes))

    for column, members in [*persons.items(), ("overall", everybody)]:
        for part, mine in (
            ("overall", members),
            ("women", [one for one in members if one["sex"] == "F"]),
            ("not women", [one for one in members if one["sex"] != "F"]),
        ):
            told = {}
            for side, name in ((0, "before"), (1, "after")):
                users = [uses(one, ("N05",), side) for one in mine]
                benzo = [uses(one, ("N05BA", "N05CD"), side) for one in mine]
                other = [uses(one, ("N06",), side) for one in mine]
                told[f"N05/users_{name}"] = sum(users)
                told[f"N05/without_{name}"] = len(mine) - sum(users)
                told[f"N05 without benzo/users_{name}"] = sum(users) - sum(benzo)
                both = sum(a and b for a, b in zip(users, other, strict=True))
                told[f"N05 and N06/users_{name}"] = both
            for name, number in told.items():
                key = f"{part}/{column}/{name}"
                if rules.is_small(number):
                    # the same form may stand under an earlier name
                    assert names.get(key, number) == number
                else:
                    assert key not in names
    assert names["attrition/adult"] == 2


def test_a_pattern_is_proved_for_whoever_checks_it():
    found = problem(2, (30, 0, 25), subgroups=WOMEN, rare=0.5)
    pattern = find_pattern(found, key=KEY)
    assert found.sensitive
    assert pattern.is_optimal
    assert 0 < pattern.share < 1
    assert faults(worlds_json(found, pattern)) == []


def test_stricter_rules_never_show_more():
    """A larger threshold, one more that stays possible."""

    def weight(**changed):
        return find_pattern(problem(3, (0, 35, 30), rare=0.5, **changed), key=KEY).weight

    few = weight(threshold=3, contributors=3, min_group=3)
    usual, beyond = weight(), weight(keep_possible="beyond")
    assert few < usual <= beyond


def test_a_group_of_few_is_hidden_whole():
    found = problem(1, (0, 30, 3), rare=0.5)
    last = Cells(study(), {}).strata[-1]
    pattern = find_pattern(found, key=KEY)
    mine = {one.name for one in found.units if one.name.startswith(f"overall/{last}/")}
    assert mine <= pattern.hidden
    # else their number is what the others leave of all
    sizes = {f"overall/{one}/persons" for one in (*Cells(study(), {}).columns,)}
    assert len(sizes & pattern.hidden) > 1
    assert faults(worlds_json(found, pattern)) == []


DOMINANCE = [  # total, largest, second, whether it is dominated: 2 make up 90 %, or p is 10 %
    (100, 10, 10, False),
    (100, 50, 39, False),
    (100, 50, 41, True),
    (100, 30, 30, False),
    (100, 95, 0, True),
    (1000, 500, 460, True),
    (0, 0, 0, False),
]


@pytest.mark.parametrize(("total", "largest", "second", "expected"), DOMINANCE)
def test_who_makes_up_too_much_of_a_sum(total, largest, second, expected):
    sums = PairSums(x=total, x_largest=largest, x_second=second)
    assert dominates(load_policy("ohdsi"), sums, "x") == expected


def test_what_is_not_known_of_contributors_counts_against_a_sum():
    policy = load_policy("ohdsi")
    assert dominates(policy, PairSums(x=100, x_largest=46, x_second=None), "x")
    assert not dominates(policy, PairSums(x=100, x_largest=46, x_second=1), "x")
    assert dominates(policy, PairSums(x=100, x_largest=1, x_second=1, x_negative=1), "x")
