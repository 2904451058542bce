"""What the change in one row can be: its estimate and standard error, from what is printed.

Doses: a mean change with its t interval and p. Users: whole persons, so that only the number S of
persons whose use changed is free; every S is tried against each test and interval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf, sqrt

from ldn_spark.papers.boxes import ANYTHING, TOLERANCE, Box, Region
from ldn_spark.papers.values import Published
from ldn_spark.stats.distributions import t_quantile, t_two_sided, z_quantile, z_two_sided
from ldn_spark.stats.not_estimable import NotEstimable
from ldn_spark.stats.proportions import INTERVALS, MCNEMAR, PairedCounts, paired_interval

_ENDLESS = 1e4
"""Beyond any mean or standard error; small enough for floats to keep twelve decimals."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The distribution that links a standard error with its interval and p.

    Student's t with some degrees of freedom from `df` to `df_most` (Welch's depend on both
    variances), or normal where they are infinite.
    """

    name: str
    df: float
    df_most: float

    def quantiles(self, level: float) -> Box:
        """Half the interval's width in standard errors."""
        return Box(_quantile(level, self.df_most), _quantile(level, self.df))

    def ratio(self, p: Box) -> Box:
        """|estimate| / se of every p in a box."""
        low = _quantile(1 - p.high, self.df_most) if p.high < 1 else 0.0
        return Box(max(low, 0.0), _quantile(1 - p.low, self.df) if p.low > 0 else inf)

    def p_range(self, ratio: Box) -> Box:
        """The p-values of every estimate / se in a box."""
        sizes = (abs(ratio.low), abs(ratio.high))
        smallest = 0.0 if ratio.low <= 0 <= ratio.high else min(sizes)
        return Box(_tail(max(sizes), self.df_most), _tail(smallest, self.df))


def _quantile(level: float, df: float) -> float:
    return z_quantile(level) if df == inf else t_quantile(level, df)


def _tail(ratio: float, df: float) -> float:
    if ratio == inf:
        return 0.0
    return z_two_sided(ratio) if df == inf else t_two_sided(ratio, df)


NORMAL = Scale("normal", inf, inf)


def change_of_means(published: Published, stratum: str, outcome: str) -> Box:
    """Mean change (after - before) that agrees with the printed change and both means."""
    key = ("ddd", stratum, outcome)
    change = published.box(*key, "mean_difference") or ANYTHING
    before, after = (published.box(*key, f"mean_{when}") for when in ("before", "after"))
    return change & (after - before) if before and after else change


def gain_of_users(published: Published, stratum: str, outcome: str) -> int | None:
    """Net change in users, where both counts are printed."""
    before = published.count("users", stratum, outcome, "users_before")
    after = published.count("users", stratum, outcome, "users_after")
    return None if before is None or after is None else after - before


def dose_scales(persons: int | None) -> tuple[Scale, ...]:
    """Candidates for a paired test of a mean change: t with n - 1 df, normal."""
    if persons is None or persons < 2:
        return (NORMAL,)
    return Scale("paired t", persons - 1, persons - 1), NORMAL


def dose_regions(
    published: Published, stratum: str, outcome: str, level: float, *, with_p: bool = True
) -> dict[str, list[Region]]:
    """What mean change and SE can be, by candidate test; a test that fits nothing has no region."""
    key = ("ddd", stratum, outcome)
    change = change_of_means(published, stratum, outcome)
    scales = dose_scales(published.persons(stratum))
    return regions(published, key, change, scales, level, with_p=with_p)


def regions(
    published: Published,
    key: tuple[str, str, str],
    estimate: Box,
    scales: tuple[Scale, ...],
    level: float,
    *,
    with_p: bool = True,
) -> dict[str, list[Region]]:
    """What an estimate and its SE can be, given its printed limits and p, by candidate test.

    A p-value says how large their ratio is, not its sign: there is a region for each sign.
    """
    limits = [published.box(*key, name) or ANYTHING for name in ("ci_low", "ci_high")]
    p = published.box(*key, "p") if with_p else None
    found: dict[str, list[Region]] = {}
    for scale in scales:
        whole = Region.rectangle(bounded(estimate), Box(0.0, _ENDLESS))
        whole = whole.within(*limits, scale.quantiles(level))
        found[scale.name] = [part for part in by_p(whole, p, scale) if not part.empty]
    return found


def bounded(box: Box) -> Box:
    """A range cut to what a mean or a share can be."""
    return box & Box(-_ENDLESS, _ENDLESS)


def by_p(region: Region, p: Box | None, scale: Scale) -> list[Region]:
    """The parts of a region with this p, one for each sign of the estimate."""
    if p is None or region.empty:
        return [region]
    ratio = scale.ratio(p)
    return [region.with_ratio(ratio), region.with_ratio(Box(-ratio.high, -ratio.low))]


@dataclass(frozen=True, slots=True)
class UserRow:
    """What is printed of the users of one outcome in one stratum; counts are exact."""

    persons: int
    before: int
    after: int
    ci_low: Box
    ci_high: Box
    p: Box | None

    @classmethod
    def read(cls, published: Published, stratum: str, outcome: str) -> UserRow | None:
        """None when the row lacks a count, or its counts exceed the persons."""
        key = ("users", stratum, outcome)
        persons = published.persons(stratum)
        before = published.count(*key, "users_before")
        after = published.count(*key, "users_after")
        if not persons or before is None or after is None or max(before, after) > persons:
            return None
        low, high = (published.box(*key, name) or ANYTHING for name in ("ci_low", "ci_high"))
        return cls(persons, before, after, low, high, published.box(*key, "p"))

    @property
    def gain(self) -> int:
        """Net change in users."""
        return self.after - self.before

    def table(self, changed: int) -> PairedCounts:
        """The four counts when the use of so many persons changed."""
        gained = (changed + self.gain) // 2
        lost = (changed - self.gain) // 2
        return PairedCounts(self.before - lost, lost, gained, self.persons - self.before - gained)

    @property
    def candidates(self) -> range:
        """Every S that whole, non-negative counts allow; 0 allows no test."""
        least = abs(self.gain)
        most = min(self.before + self.after, 2 * self.persons - self.before - self.after)
        return range(least, most + 1, 2)

    def variance(self, changed: int) -> float:
        """Variance of the difference: (S - gain^2 / n) / n^2."""
        return (changed - self.gain**2 / self.persons) / self.persons**2

    def by_test(self, name: str) -> range:
        """S that give the printed p by one of McNemar's tests; p grows with S."""
        if self.p is None:
            return self.candidates
        return _where(self.candidates, lambda s: _or_first(MCNEMAR[name](self.table(s))), self.p)

    def by_interval(self, name: str, level: float) -> range:
        """S that give the printed limits by one interval; the interval widens with S."""

        def outwards(changed: int, which: int) -> float:
            limit = paired_interval(self.table(changed), level, name)[which]
            return _or_first(limit, sign=(-1, 1)[which])

        some = self.candidates
        if self.ci_low != ANYTHING:
            low = Box(-self.ci_low.high, -self.ci_low.low)
            some = _where(some, lambda s: outwards(s, 0), low)
        if self.ci_high != ANYTHING:
            some = _where(some, lambda s: outwards(s, 1), self.ci_high)
        return some


def _or_first(value: float | NotEstimable, *, sign: int = 1) -> float:
    """An undefined p or limit comes before every other: S is at its smallest there."""
    return -inf if isinstance(value, NotEstimable) else sign * value


def _where(numbers: range, rising: Callable[[int], float], box: Box) -> range:
    """The numbers at which a rising function lies in a box."""

    def first(reached: Callable[[float], bool]) -> int:
        low, high = 0, len(numbers)
        while low < high:
            middle = (low + high) // 2
            if reached(rising(numbers[middle])):
                high = middle
            else:
                low = middle + 1
        return low

    start = first(lambda value: value >= box.low - TOLERANCE)
    return numbers[start : first(lambda value: value > box.high + TOLERANCE)]


def overlap(one: range, other: range) -> range:
    """What two ranges of the same step and parity share."""
    if not one or not other:
        return range(0)
    return range(max(one[0], other[0]), min(one[-1], other[-1]) + 1, 2)


METHODS = tuple((test, interval) for test in MCNEMAR for interval in INTERVALS)
"""Every pair of a test and an interval for paired proportions."""


def user_fits(row: UserRow, level: float) -> dict[tuple[str, str], range]:
    """For each test and interval, the S that give the printed p and limits at once."""
    tests = {name: row.by_test(name) for name in MCNEMAR}
    intervals = {name: row.by_interval(name, level) for name in INTERVALS}
    return {(t, i): overlap(tests[t], intervals[i]) for t, i in METHODS}


def changes(
    published: Published, table: str, stratum: str, outcome: str, level: float
) -> Iterator[Region]:
    """Every region in which change and SE of one row may lie, whatever the test; for contrasts.

    A row that contradicts itself, or is not printed, restricts nothing.
    """
    if table == "ddd":
        change = change_of_means(published, stratum, outcome)
        if change.empty:
            change = published.box("ddd", stratum, outcome, "mean_difference") or ANYTHING
        change = bounded(change)
        fits = dose_regions(published, stratum, outcome, level).values()
        regions = [region for parts in fits for region in parts]
        yield from regions or [Region.rectangle(change, Box(0.0, _ENDLESS))]
        return
    row = UserRow.read(published, stratum, outcome)
    if row is None:
        change = published.box(table, stratum, outcome, "difference") or ANYTHING
        yield Region.rectangle(bounded(change), Box(0.0, _ENDLESS))
        return
    fits = [numbers for numbers in user_fits(row, level).values() if numbers]
    free = fits or ([row.candidates] if row.candidates else [])
    exact = row.gain / row.persons
    ends = [sqrt(max(row.variance(n), 0.0)) for numbers in free for n in (numbers[0], numbers[-1])]
    se = Box(min(ends), max(ends)) if ends else Box(0.0, _ENDLESS)
    yield Region.rectangle(Box(exact, exact), se)
