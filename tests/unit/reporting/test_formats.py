from __future__ import annotations

from decimal import Decimal

import pytest

from ldn_spark.reporting.formats import fixed, p_value, percent, pretty


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0.05, "0.1"),
        (-0.05, "-0.1"),
        (0.049999, "0.0"),
        (-0.04, "0.0"),
        (-0.0, "0.0"),
        (2.25, "2.3"),
        (-2.25, "-2.3"),
        (2.35, "2.4"),  # binary 2.35000000000000008882
        (1.005, "1.0"),
        (13.65, "13.7"),  # binary 13.6500000000000003553
        (0.15, "0.2"),  # binary 0.1499999999999999944
        (Decimal("5.25"), "5.3"),
        (7, "7.0"),
        (1e-12, "0.0"),
        (1e22, "10000000000000000000000.0"),
    ],
)
def test_one_decimal_halves_away_from_zero(value, printed):
    assert fixed(value) == printed


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (21 / 400, "5.3"),  # 5.25 %: a half
        (-21 / 400, "-5.3"),
        (-0.0003, "0.0"),
        (2865 / 5103, "56.1"),
        ((2698 - 2865) / 5103, "-3.3"),
    ],
)
def test_percent(value, printed):
    assert percent(value) == printed


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0.0, "<0.001"),
        (0.000499999, "<0.001"),
        (0.0005, "0.001"),
        (0.00079, "0.001"),
        (0.0015, "0.002"),
        (0.4665, "0.467"),
        (0.99951, "1.000"),
        (1.0, "1.000"),
    ],
)
def test_p_values(value, printed):
    assert p_value(value) == printed


def test_pretty_groups_the_whole_part_only():
    assert pretty("1234567.1234") == "1\u202f234\u202f567.1234"
    assert pretty("-365") == "−365"
    assert pretty("<0.001") == "<0.001"
    assert pretty("2013-01-01") == "2013-01-01", "only numbers are touched"
