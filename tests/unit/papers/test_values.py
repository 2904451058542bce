from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldn_spark.catalogue.quantity import Kind
from ldn_spark.papers.boxes import ANYTHING, Box, Region
from ldn_spark.papers.quantities import kind_of
from ldn_spark.papers.values import PublishedValue, agrees, in_print


def value(table: str, quantity: str, text: str) -> PublishedValue:
    return PublishedValue(2, "Table", table, "few", "psy", quantity, text)


@pytest.mark.parametrize(
    ("table", "quantity", "text", "low", "high"),
    [
        ("ddd", "mean_before", "225.8", 225.75, 225.85),
        ("ddd", "mean_difference", "-3.3", -3.35, -3.25),
        ("ddd", "mean_difference", "0.0", -0.05, 0.05),
        ("users", "difference", "-3.3", -0.0335, -0.0325),
        ("users", "relative_change", "-21", -0.215, -0.205),
        ("users", "users_before", "1143", 1143, 1143),
        ("users", "p", "0.004", 0.0035, 0.0045),
        ("users", "p", "1.000", 0.9995, 1.0),
        ("users", "p", "<0.001", 0.0, 0.001),
        ("users", "p", ">0.05", 0.05, 1.0),
        ("did_users", "ci_low", "0.2", 0.0015, 0.0025),
        ("ddd", "share_of_psy", "73", 0.725, 0.735),
    ],
)
def test_a_printed_number_is_the_interval_of_what_rounds_to_it(table, quantity, text, low, high):
    box = value(table, quantity, text).box
    assert (box.low, box.high) == pytest.approx((low, high), abs=1e-15)


@given(st.floats(-5000, 5000), st.integers(0, 3))
def test_what_is_printed_of_a_number_can_stand_for_it(number, places):
    like = f"{0:.{places}f}"
    text = in_print(number, Kind.NUMBER, like)
    box = value("ddd", "mean_before", text).box
    assert box.meets(Box(number, number))
    assert text[:2] != "-0" or float(text) != 0


@given(st.floats(0, 1))
def test_what_is_printed_of_a_p_value_can_stand_for_it_and_agrees_with_itself(p):
    text = in_print(p, Kind.P, "0.000")
    assert value("users", "p", text).box.meets(Box(p, p))
    assert agrees(text, in_print(p, Kind.P, text), p)


def test_p_is_below_a_thousandth_in_print_exactly_when_it_rounds_to_nothing():
    assert in_print(0.0005, Kind.P, "<0.001") == "0.001"
    assert in_print(0.000499, Kind.P, "0.002") == "<0.001"
    assert not agrees("<0.001", in_print(0.00087, Kind.P, "<0.001"), 0.00087)
    assert not agrees("0.001", in_print(0.0004, Kind.P, "0.001"), 0.0004)
    assert not agrees(">0.05", in_print(0.05, Kind.P, ">0.05"), 0.05)
    assert agrees("<0.05", in_print(0.0321, Kind.P, "<0.05"), 0.0321)


@pytest.mark.parametrize(
    ("printed", "p", "equal"),
    [
        ("0.000", 0.0, True),
        ("0.000", 1e-300, True),
        ("0.000", 0.000499, True),
        ("0.000", 0.0005, False),
        ("0.000", 0.3, False),
        ("0.00", 0.0049, True),
        ("0.00", 0.005, False),
        ("0.0000", 0.00004, True),
        ("0.0000", 0.0004, False),
        ("0.001", 0.0004, False),
        ("1.000", 0.9996, True),
    ],
)
def test_a_printed_p_of_nothing_is_what_rounds_to_it(printed, p, equal):
    assert agrees(printed, in_print(p, Kind.P, printed), p) is equal
    if equal:
        assert value("users", "p", printed).box.meets(Box(p, p))


def test_shares_are_told_from_other_numbers_by_their_table():
    assert kind_of("users", "ci_low_tango") is Kind.SHARE
    assert kind_of("ddd", "ci_low") is Kind.NUMBER
    assert kind_of("did_ddd", "p_welch") is Kind.P
    assert kind_of("design", "first_observation") is Kind.DATE


def test_arithmetic_of_boxes_holds_every_result():
    one, other = Box(1, 2), Box(-3, 4)
    assert one + other == Box(-2, 6)
    assert one - other == Box(-3, 5)
    assert one * other == Box(-6, 8)
    assert other / one == Box(-3, 4)
    assert one / other == ANYTHING  # the divisor may be 0
    assert (Box(1, 2) & Box(3, 4)).empty
    assert Box(1, 2).meets(Box(2, 3))


def test_a_region_is_cut_to_what_interval_and_p_allow():
    whole = Region.rectangle(Box(0.95, 1.05), Box(0.0, 10.0))
    fits = whole.within(Box(-1.05, -0.95), Box(2.95, 3.05), Box(2.0, 2.0))  # 1 -+ 2 * 1
    assert fits.estimate.low == pytest.approx(0.95)
    assert (fits.se.low, fits.se.high) == pytest.approx((0.975, 1.025))  # 4 se: 3.9 to 4.1
    ratio = fits.ratio
    assert ratio.low < 1 < ratio.high
    assert fits.with_ratio(Box(2.0, inf)).empty
    assert whole.within(Box(-1.05, -0.95), Box(3.95, 4.05), Box(2.0, 2.0)).empty


@given(st.floats(-10, 10), st.floats(0.01, 5), st.floats(1.5, 4))
def test_a_region_never_loses_the_pair_that_was_printed(estimate, se, quantile):
    def printed(x: float) -> Box:
        return Box(round(x, 1) - 0.05, round(x, 1) + 0.05)

    low, high = (printed(estimate + side * quantile * se) for side in (-1, 1))
    region = Region.rectangle(printed(estimate), Box(0.0, 1e4))
    region = region.within(low, high, Box(quantile, quantile))
    region = region.with_ratio(Box(estimate / se - 1e-6, estimate / se + 1e-6))
    assert not region.empty
