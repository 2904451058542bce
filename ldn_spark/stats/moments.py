"""Exact count, sum and sum of squares of one variable; floats appear once, at the end."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import isqrt

from ldn_spark.stats.not_estimable import FEWER_THAN_TWO, NOBODY, NotEstimable, Number

_ROOT_BITS = 128


def square_root(value: Fraction) -> float:
    """The square root of an exact non-negative number, good to the last bit of a float.

    >>> square_root(Fraction(2)) == 2 ** 0.5
    True
    """
    return root_of_ratio(value.numerator, value.denominator)


def root_of_ratio(numerator: int, denominator: int) -> float:
    """The same of a ratio of whole numbers, which may have common divisors."""
    bits = _ROOT_BITS + _further_bits(numerator, denominator)
    return isqrt((numerator << (2 * bits)) // denominator) / (1 << bits)


def _further_bits(numerator: int, denominator: int) -> int:
    """For small numbers, so that the root keeps its relative precision."""
    lacking = denominator.bit_length() - numerator.bit_length()
    return max(0, (lacking + 1) // 2)


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, sum and sum of squares of one variable, exact, so that they add without loss.

    Raises:
        ValueError: no numbers can have these sums (Cauchy-Schwarz: total^2 <= n * squares, with
            equality for a single number; of none, both are 0).
    """

    n: int
    total: Fraction
    squares: Fraction

    def __post_init__(self) -> None:
        if self.n < 0:
            raise ValueError("a count cannot be negative")
        spread = self.spread
        if spread < 0 or (self.n == 1 and spread) or (self.n == 0 and self.squares):
            raise ValueError("no numbers have this count, sum and sum of squares")

    @classmethod
    def from_sums(
        cls, n: int, total: int | Decimal, squares: int | Decimal, *, units: int = 1
    ) -> Moments:
        """Moments from integer sums of a variable counted in `units` to one.

        >>> Moments.from_sums(2, 3_000, 5_000_000, units=1000).mean
        1.5
        """
        return cls(n, _scaled(total, units), _scaled(squares, units**2))

    @property
    def spread(self) -> int:
        """n * squares - total^2, times `scale`: whole numbers need no common divisors."""
        total, squares = self.total, self.squares
        return (
            self.n * squares.numerator * total.denominator**2
            - total.numerator**2 * squares.denominator
        )

    @property
    def scale(self) -> int:
        """What `spread` is counted in."""
        return self.squares.denominator * self.total.denominator**2

    @classmethod
    def of(cls, values: list[int | Decimal | Fraction]) -> Moments:
        """Moments of listed exact values."""
        exact = [Fraction(value) for value in values]
        return cls(len(exact), sum(exact, Fraction()), sum((v * v for v in exact), Fraction()))

    def __add__(self, other: Moments) -> Moments:
        """Moments of the two samples taken together."""
        return Moments(self.n + other.n, self.total + other.total, self.squares + other.squares)

    @property
    def exact_mean(self) -> Fraction:
        """The mean; only for n >= 1."""
        return Fraction(self.total.numerator, self.total.denominator * self.n)

    @property
    def mean(self) -> Number:
        """The mean; not estimable of no persons."""
        return float(self.exact_mean) if self.n else NOBODY

    @property
    def exact_variance(self) -> Fraction | NotEstimable:
        """The sample variance (n - 1), exact; not estimable of fewer than two persons."""
        if self.n < 2:
            return FEWER_THAN_TWO
        return Fraction(self.spread, self.scale * self.n * (self.n - 1))

    @property
    def sd(self) -> Number:
        """The sample standard deviation; not estimable of fewer than two persons."""
        variance = self.exact_variance
        return variance if isinstance(variance, NotEstimable) else square_root(variance)

    @property
    def se(self) -> Number:
        """The standard error of the mean; not estimable of fewer than two persons."""
        variance = self.exact_variance
        return variance if isinstance(variance, NotEstimable) else square_root(variance / self.n)


def _scaled(total: int | Decimal, units: int) -> Fraction:
    if isinstance(total, int):
        return Fraction(total, units)
    exact = Fraction(total)
    return Fraction(exact.numerator, exact.denominator * units)
