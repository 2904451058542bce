"""The pattern that hides least, against complete enumeration; the proof, against a checker of its
own.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ldn_spark.release.attacker import Attacker
from ldn_spark.release.linked import Linked, Relation, Sensitive, Unit, Variable
from ldn_spark.release.pattern import SIDES, AlreadyOpenError, find_pattern
from ldn_spark.release.worlds import check_worlds, worlds_json
from tests.reference_release import faults
from tests.unit.release.problems import PROBLEMS, REFERENCES, Enumeration, random_problem

KEY = b"a holder's secret"
A_SHARE = range(0, 300, 20)
"""Of the problems that `benchmarks/release.py` solves all of."""


@pytest.fixture(scope="module")
def solved():
    return {name: (make(), find_pattern(make(), key=KEY)) for name, make in PROBLEMS.items()}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_reference_is_solved_as_by_enumeration(solved, name):
    _, pattern = solved[name]
    minimal = REFERENCES[name]["all_minimal_patterns"]
    assert set(pattern.hidden) in [set(each) for each in minimal]
    assert pattern.weight == REFERENCES[name]["minimal_hidden"]
    assert pattern.is_optimal


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_proof_holds_for_whoever_checks_it(solved, name):
    problem, pattern = solved[name]
    assert check_worlds(problem, pattern.hidden, pattern.worlds) == []
    content = worlds_json(problem, pattern)
    assert faults(content) == []
    assert content == worlds_json(problem, find_pattern(problem, key=KEY))


def _proof(solved):
    return json.loads(worlds_json(*solved["1_nested_strata"]))


TAMPERED = {
    "a unit shown after all": lambda p: next(u for u in p["units"] if u["hidden"]).update(
        hidden=False
    ),
    "a world that is out of bounds": lambda p: p["worlds"][1].update({"parent A": 99}),
    "a world that breaks a relation": lambda p: p["worlds"][1].update({"child A": 7}),
    "a proof that is missing": lambda p: p["proofs"].pop(),
    "a proof by the truth": lambda p: p["worlds"].__setitem__(p["proofs"][-1]["world"], {}),
    "a side that is further": lambda p: p["sensitive"][0].update(high=9),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_the_checker_finds_what_was_tampered_with(solved, what):
    proof = _proof(solved)
    TAMPERED[what](proof)
    assert faults(json.dumps(proof))


@pytest.mark.parametrize("seed", A_SHARE)
def test_a_random_table_is_solved_as_by_enumeration(seed):
    problem = random_problem(seed)
    enumeration = Enumeration(problem)
    pattern = find_pattern(problem, key=KEY)
    assert pattern.weight == enumeration.lightest()
    assert enumeration.is_safe(pattern.hidden)
    assert faults(worlds_json(problem, pattern)) == []
    # one unit more than the pattern shows is too much
    for name in pattern.hidden:
        fewer = pattern.hidden - {name}
        if all(name not in problem.unit[one].needs for one in fewer):
            assert not enumeration.is_safe(fewer)


def test_the_key_chooses_among_equally_light_patterns():
    problem = PROBLEMS["1_nested_strata"]()
    chosen = {find_pattern(problem, key=bytes([key])).hidden for key in range(8)}
    assert len(chosen) > 1
    minimal = REFERENCES["1_nested_strata"]["all_minimal_patterns"]
    assert {frozenset(each) for each in minimal} >= chosen


def test_the_order_of_what_is_asked_does_not_count():
    for name, make in PROBLEMS.items():
        problem = make()
        turned = Linked(
            problem.variables[::-1],
            problem.relations[::-1],
            problem.units[::-1],
            problem.sensitive[::-1],
        )
        assert find_pattern(turned, key=KEY).hidden == find_pattern(problem, key=KEY).hidden, name


def test_after_too_many_questions_it_hides_more_and_says_so():
    problem = PROBLEMS["2_paired_counts"]()
    pattern = find_pattern(problem, key=KEY, questions=1)
    assert not pattern.is_optimal
    assert pattern.weight >= 10
    assert faults(worlds_json(problem, pattern)) == []


def _small(high, *, forced=""):
    """Two numbers and their sum, of which one is small."""
    variables = (Variable("a", 2, 0, 20), Variable("b", 9, 0, 20))
    units = (
        Unit("a", ({"a": 1},), 3, forced=forced),
        Unit("b", ({"b": 1},), 2, forced=forced),
        Unit("sum", ({"a": 1, "b": 1},), 4, forced=forced),
    )
    return Linked(variables, (), units, (Sensitive("a", {"a": 1}, 1, high),))


def test_what_is_shown_in_any_case_may_give_it_away():
    assert find_pattern(_small(4), key=KEY).hidden == {"a", "b"}
    with pytest.raises(AlreadyOpenError) as told:
        find_pattern(_small(4, forced="shown"), key=KEY)
    assert told.value.names == ("a",)


def test_a_forced_unit_is_hidden_and_what_needs_it_too():
    problem = _small(4)
    third = replace(problem.units[2], needs=("b",))
    first, second, _ = problem.units
    of = replace(problem, units=(first, replace(second, forced="hidden"), third), sensitive=())
    assert find_pattern(of, key=KEY).hidden == {"b", "sum"}


def test_who_knows_that_numbers_are_whole_knows_more():
    """3 a = 2 b: over the reals a lies anywhere, whole it is even."""
    variables = (Variable("a", 2, 1, 3), Variable("b", 3, 0, 9))
    units = (Unit("a", ({"a": 1},), 1), Unit("b", ({"b": 1},), 5))
    known = (Relation({"a": 3, "b": -2}, 0, 0),)
    problem = Linked(variables, known, units, (Sensitive("a", {"a": 1}, 1, 3),))
    attacker, one = Attacker(problem), problem.sensitive[0]
    for side in SIDES:
        assert attacker.might_reach(one, side, [])
        assert attacker.reaches(one, side, []) is None
    with pytest.raises(AlreadyOpenError):
        find_pattern(problem, key=KEY)
    wide = Attacker(replace(problem, variables=(Variable("a", 2, 0, 6), variables[1])))
    assert wide.reaches(one, "low", []) == {"a": 0, "b": 0}
    assert wide.reaches(one, "high", [])["a"] in (4, 6)


def test_amounts_differ_by_their_step():
    """Doses of millionths: worlds are whole multiples of a hundredth away, and exact."""
    step = 10_000
    variables = tuple(
        Variable(name, truth, 0, 10**13, step)
        for name, truth in (("a", 28_000_001), ("b", 5_000_000_003), ("c", 70_000_000))
    )
    units = tuple(Unit(name, ({name: 1},), 1) for name in "abc")
    units += (Unit("sum", (dict.fromkeys("abc", 1),), 9),)
    one = Sensitive("a", {"a": 1}, 22_400_000, 33_600_003)
    problem = Linked(variables, (), units, (one,))
    pattern = find_pattern(problem, key=KEY)
    assert "a" in pattern.hidden
    assert len(pattern.hidden) == 2
    assert faults(worlds_json(problem, pattern)) == []
