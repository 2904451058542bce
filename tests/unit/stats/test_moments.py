import random
import statistics
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldn_spark.stats.moments import Moments, square_root
from ldn_spark.stats.not_estimable import FEWER_THAN_TWO, NOBODY

from .exact import integers, moments, unhurried
from .nist import SETS


def to_15_digits(value: float) -> str:
    return f"{value:.14e}"


@pytest.mark.parametrize("name", SETS)
def test_nist_reference_sets_are_met_to_every_certified_digit(name):
    values, n, mean, sd = SETS[name]
    found = Moments.of(values)
    assert found.n == n
    assert to_15_digits(found.mean) == to_15_digits(float(mean))
    assert to_15_digits(found.sd) == to_15_digits(float(sd))


@pytest.mark.parametrize("name", SETS)
def test_nist_sets_give_the_same_bits_in_any_partition(name):
    values = list(SETS[name][0])
    random.Random(name).shuffle(values)
    cut = len(values) // 3
    assert Moments.of(values[:cut]) + Moments.of(values[cut:]) == Moments.of(SETS[name][0])


def test_spread_survives_a_large_offset():
    # deviations from the mean -1, 0, 1 micro-unit around 1e12: variance (1 + 0 + 1) / 2
    values = [10**18 - 1, 10**18, 10**18 + 1]
    total, squares = sum(values), sum(value**2 for value in values)
    found = Moments.from_sums(3, total, squares, units=10**6)
    assert found.sd == 1e-6
    assert found.mean == 1e12


@pytest.mark.parametrize("units", [1, 1000, 1_000_000])
def test_units_scale_the_sum_once_and_the_squares_twice(units):
    # 1, 2 and 6 reported units: mean 9 / 3, variance (4 + 1 + 9) / 2, se sqrt(7 / 3)
    found = Moments.from_sums(3, 9 * units, Decimal(41 * units**2), units=units)
    assert (found.mean, found.sd, found.se) == (3.0, 7**0.5, pytest.approx((7 / 3) ** 0.5))


@unhurried
@given(st.lists(integers, max_size=20), st.lists(integers, max_size=20))
def test_sum_of_moments_is_moments_of_all(first, second):
    assert moments(first) + moments(second) == moments(second + first)


@unhurried
@given(st.lists(st.fractions(-1000, 1000, max_denominator=10**6), min_size=2, max_size=20))
def test_mean_and_sd_are_rounded_once(values):
    found = moments(values)
    assert found.mean == float(statistics.mean(values))
    assert found.sd == pytest.approx(float(statistics.stdev(values)), rel=1e-15)


@unhurried
@given(st.lists(integers, min_size=2, max_size=20), integers, st.integers(1, 1000))
def test_sd_ignores_a_shift_and_follows_a_scale(values, shift, scale):
    moved = moments(value + shift for value in values)
    scaled = moments(-scale * value for value in values)
    assert moved.sd == moments(values).sd
    assert scaled.exact_variance == scale**2 * moments(values).exact_variance


def test_no_person_and_one_person():
    nobody, one = Moments.of([]), Moments.of([7])
    assert (nobody.mean, nobody.sd, nobody.se) == (NOBODY, FEWER_THAN_TWO, FEWER_THAN_TWO)
    assert (one.mean, one.sd, one.se) == (7.0, FEWER_THAN_TWO, FEWER_THAN_TWO)


def test_equal_values_have_no_spread():
    found = Moments.of([Decimal("0.1")] * 3)
    assert (found.mean, found.sd, found.se) == (0.1, 0.0, 0.0)


@pytest.mark.parametrize(
    ("n", "total", "squares"),
    [
        (-1, 0, 0),
        (0, 1, 1),
        (0, 0, 1),  # nobody, yet a square
        (1, 2, 5),  # one value 2 has the square 4
        (1, 2, 3),
        (2, 3, 4),  # at least 3^2 / 2 = 4.5
        (3, 0, -1),
    ],
)
def test_impossible_sums_are_refused(n, total, squares):
    with pytest.raises(ValueError, match="count"):
        Moments.from_sums(n, total, squares)


def test_the_smallest_possible_squares_are_accepted():
    assert Moments.from_sums(2, 3, Decimal("4.5")).sd == 0.0


@unhurried
@given(st.fractions(min_value=0), st.integers(-400, 400))
def test_square_root_is_right_to_the_last_bit(value, exponent):
    value *= Fraction(10) ** (exponent // 2)
    with localcontext() as context:
        context.prec = 60
        expected = float((Decimal(value.numerator) / Decimal(value.denominator)).sqrt())
    assert square_root(value) == expected


@unhurried
@given(st.integers(0, 2**53), st.integers(-150, 150))
def test_square_root_of_an_exact_square(root, exponent):
    exact = root * Fraction(2) ** exponent
    assert square_root(exact**2) == float(exact)
