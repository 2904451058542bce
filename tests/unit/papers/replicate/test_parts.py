"""The parts of the construction, each against what it promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldn_spark.papers.replicate.amounts import draw_amounts, share_out
from ldn_spark.papers.replicate.boxes import inside, printing, ratio
from ldn_spark.papers.replicate.draws import Draws
from ldn_spark.papers.replicate.patterns import Patterns, find_patterns
from ldn_spark.papers.replicate.persons import draw_ages, draw_dispenses, sample_sd
from ldn_spark.papers.replicate.unions import join_unions
from ldn_spark.papers.values import PublishedValue, in_print
from ldn_spark.stats.proportions import PairedCounts

STATES = np.repeat([0, 1, 2, 3], [50, 20, 25, 60])


def value(table, quantity, text):
    return PublishedValue(2, "Table", table, "few", "opioids", quantity, text)


@given(st.floats(-400, 400))
def test_a_number_lies_where_its_own_print_says(number):
    text = in_print(number, value("ddd", "mean_before", "1.0").kind, "1.0")
    assert inside(number, printing(value("ddd", "mean_before", text)))


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("0.025", 0.0245, 0.0255), ("<0.001", 0.0, 0.0005), (">0.05", 0.05, 1.0)],
)
def test_p_values_that_print_alike(text, low, high):
    assert printing(value("ddd", "p", text)) == pytest.approx((low, high))


def test_ratio_of_change_and_standard_error():
    """Student's t for 10 degrees of freedom: 2.228 leaves 0.05 in both tails, 1.812 leaves 0.1."""
    assert ratio((0.05, 0.1), 10) == pytest.approx((1.8125, 2.2281), abs=1e-4)
    assert ratio((0.0, 1.0), None) == (0.0, np.inf)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=30), st.integers(0, 5000))
def test_shares_add_up_and_leave_nobody_out(weights, further):
    weight = np.array(weights, dtype=float)
    if not weight.any():
        return
    users = int((weight > 0).sum())
    shares = share_out(weight, users + further)
    assert shares.sum() == users + further
    assert ((shares > 0) == (weight > 0)).all()


def test_more_users_than_tenths_cannot_be():
    with pytest.raises(ValueError, match="more users than tenths"):
        share_out(np.ones(4), 3)


@pytest.mark.parametrize("squares", [2e6, 3e7, 2e8])
def test_amounts_have_exact_sums_and_squares_on_target(squares):
    before, after = draw_amounts(Draws(1, 2), STATES, 40_000, 45_000, squares)
    assert (before.sum(), after.sum()) == (40_000, 45_000)
    assert ((before > 0) == (STATES & 1 > 0)).all()
    assert ((after > 0) == (STATES & 2 > 0)).all()
    assert ((after - before) ** 2).sum() == pytest.approx(squares, rel=1e-3)


def test_exchanging_amounts_moves_the_union_alone():
    state = np.stack([STATES, Draws(3, 1).order(len(STATES)) % 4], axis=1)
    columns = [draw_amounts(Draws(leaf, 2), state[:, leaf], 30_000, 30_000, 3e7) for leaf in (0, 1)]
    amounts = np.moveaxis(np.array(columns), 0, -1)
    joined = join_unions(Draws(5, 3), state, amounts, np.array([[True, True]]), {0: 6.5e7})
    change = (joined[1] - joined[0]).sum(axis=1)
    assert (change**2).sum() == pytest.approx(6.5e7, rel=1e-3)
    for window in (0, 1):
        assert (np.sort(joined[window], axis=0) == np.sort(amounts[window], axis=0)).all()
        assert ((joined[window] > 0) == (amounts[window] > 0)).all()


def test_patterns_have_the_counts_of_every_union():
    member = np.array([[True, True, True], [True, False, False], [False, True, False]])
    targets = {0: PairedCounts(60, 25, 30, 185), 1: PairedCounts(20, 15, 10, 255)}
    state = find_patterns(1, 0, 300, member, targets, np.array([35, 60, 20]), np.full((2, 3), 2))
    for outcome, counts in targets.items():
        union = np.bitwise_or.reduce(state[:, member[outcome]], axis=1)
        found = np.bincount(union, minlength=4)
        assert found.tolist() == [
            counts.neither,
            counts.before_only,
            counts.after_only,
            counts.both,
        ]


def test_a_proposal_gains_what_it_is_said_to_gain():
    draws = Draws(4, 1)
    member = np.array([[1, 1, 1], [1, 0, 1]], dtype=np.int32)
    state = draws.below(4, 40, 3)
    patterns = Patterns(state, member, np.array([[10, 10, 10, 10], [20, 5, 5, 10]]))
    for turn in range(200):
        person, leaf = draws.below(40, 1, 2), draws.below(3, 1)
        if turn % 2 or person[0, 0] == person[0, 1]:
            person[0, 1] = -1
        new = draws.below(4, 1, 2)
        before, said = patterns.misses, patterns.gains(person, leaf, new)[0]
        patterns.apply(person[0], int(leaf[0]), new[0])
        assert patterns.misses == before + said
    fresh = Patterns(patterns.state.copy(), member, patterns.target)
    assert (fresh.counts == patterns.counts).all()


def test_ages_have_the_printed_mean_and_sd():
    ages = draw_ages(Draws(1, 7), 2500, (50.55, 50.65), (12.05, 12.15))
    assert inside(ages.mean(), (50.55, 50.65))
    assert inside(sample_sd(ages), (12.05, 12.15))
    assert ages.min() >= 18


def test_dispenses_have_exact_total_and_sd():
    draws = Draws(1, 4)
    used = draws.uniform(800, 4) < 0.25
    tenths = np.where(used, 1 + draws.below(3000, 800, 4), 0)
    found = draw_dispenses(draws, used, tenths, 4200, 9.3)
    assert found.sum() == 4200
    assert ((found > 0) == used).all()
    assert (found <= tenths).all()
    assert sample_sd(found.sum(axis=1)) == pytest.approx(9.3, abs=0.01)
