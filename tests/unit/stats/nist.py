"""The nine univariate Statistical Reference Datasets of NIST, with their certified values."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

DATA = Path(__file__).parent / "data"


def read(name: str) -> list[Decimal]:
    lines = (DATA / f"{name}.txt").read_text().splitlines()
    return [Decimal(word) for line in lines if not line.startswith("#") for word in line.split()]


def alternating(middle: str, low: str, high: str) -> list[Decimal]:
    """NumAcc2 to 4: one middle value, then 500 times low and high."""
    return [Decimal(middle)] + 500 * [Decimal(low), Decimal(high)]


def pi_digits(count: int) -> list[int]:
    """The first digits of pi, by Machin's formula in integers with guard digits."""
    one = 10 ** (count + 10)

    def arctan_of_inverse(x: int) -> int:
        total, term, odd = 0, one // x, 1
        while term:
            total += term // odd if odd % 4 == 1 else -(term // odd)
            term, odd = term // (x * x), odd + 2
        return total

    rest = 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239)) // 10**11  # `count` digits
    digits = []
    while rest:
        rest, digit = divmod(rest, 10)
        digits.append(digit)
    return digits[::-1]


def nist_pi_digits() -> list[int]:
    """The 5000 digits that NIST certified.

    The certified mean and standard deviation mean a sum of 22674 and a sum of squares of 143922.
    Those of pi itself are 5 and 55 more, so NIST's list must hold a 3 for one of pi's 8s (no
    other single digit gives both); which one does not matter to either statistic.
    """
    digits = pi_digits(5000)
    assert (sum(digits), sum(digit**2 for digit in digits)) == (22674 + 5, 143922 + 55)
    digits[digits.index(8)] = 3
    return digits


# name: (values, n, certified mean, certified sample standard deviation)
SETS = {
    "PiDigits": (nist_pi_digits(), 5000, "4.53480000000000", "2.86733906028871"),
    "Lottery": (read("lottery"), 218, "518.958715596330", "291.699727470969"),
    "Lew": (read("lew"), 200, "-177.435000000000", "277.332168044316"),
    "Mavro": (read("mavro"), 50, "2.00185600000000", "0.000429123454003053"),
    "Michelso": (read("michelso"), 100, "299.852400000000", "0.0790105478190518"),
    "NumAcc1": ([10000001, 10000003, 10000002], 3, "10000002", "1"),
    "NumAcc2": (alternating("1.2", "1.1", "1.3"), 1001, "1.2", "0.1"),
    "NumAcc3": (alternating("1000000.2", "1000000.1", "1000000.3"), 1001, "1000000.2", "0.1"),
    "NumAcc4": (alternating("10000000.2", "10000000.1", "10000000.3"), 1001, "10000000.2", "0.1"),
}
