"""What is printed about DDDs, as linear conditions on means of leaves and standard errors.

Variables are tuples: (`before` or `after`, stratum, leaf number) and (`se`, stratum, outcome).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from ldn_spark.papers.quantities import SHARE_OF
from ldn_spark.papers.replicate.boxes import Range, cells, printing, ratio
from ldn_spark.papers.replicate.leaves import Leaf
from ldn_spark.papers.values import Published
from ldn_spark.stats.distributions import t_quantile
from ldn_spark.study.definition import OVERALL, StudyDefinition

Terms = dict[tuple[str, ...], float]
"""A linear form: coefficient by variable."""


@dataclass(frozen=True)
class Condition:
    """low <= terms <= high, as one printed value asks.

    Attributes:
        unit: what is dropped as a whole when it clashes with others.
        width: how far apart the limits are: of which part of it a solution keeps away.
    """

    terms: Terms
    low: float
    high: float
    unit: tuple[str, ...]
    width: float

    @classmethod
    def box(cls, terms: Terms, low: float, high: float, unit: tuple[str, ...]) -> Condition:
        """A condition with both limits."""
        return cls(terms, low, high, unit, high - low)


@dataclass
class PrintedDoses:
    """What is printed of DDDs, as conditions on means and standard errors.

    Attributes:
        persons: of each stratum.
        direction: the last solution's two standard errors of a contrast, by (contrast, outcome).
        signs: 1 or -1 for changes whose print does not tell it, by unit.
    """

    study: StudyDefinition
    published: Published
    leaves: tuple[Leaf, ...]
    persons: dict[str, int]
    direction: dict[tuple[str, str], Range] = field(default_factory=dict)
    signs: dict[tuple[str, ...], float] = field(default_factory=dict)

    def mean(self, stratum: str, outcome: str, when: str, factor: float = 1.0) -> Terms:
        """The mean of an outcome; of all strata, weighted by persons."""
        strata = list(self.persons) if stratum == OVERALL else [stratum]
        total = sum(self.persons[name] for name in strata)
        return {
            (when, name, str(number)): factor * self.persons[name] / total
            for name in strata
            for number, leaf in enumerate(self.leaves)
            if outcome in leaf.outcomes
        }

    def change(self, stratum: str, outcome: str) -> Terms:
        """Mean change, after - before."""
        return add(
            self.mean(stratum, outcome, "after"), self.mean(stratum, outcome, "before", -1.0)
        )

    def conditions(self) -> Iterator[Condition]:
        """Everything that is printed about DDDs."""
        for stratum, outcome in self.published.rows("ddd"):
            yield from self._row(stratum, outcome)
        for contrast in self.study.contrasts:
            for outcome in self.study.outcomes:
                yield from self._contrast(contrast.comparator, contrast.exposed, outcome.id)

    def _row(self, stratum: str, outcome: str) -> Iterator[Condition]:
        if stratum not in (*self.persons, OVERALL):
            return
        row = cells(self.published, "ddd", stratum, outcome)
        unit = ("ddd", stratum, outcome)
        change = self.change(stratum, outcome)
        for name, terms in (
            ("mean_before", self.mean(stratum, outcome, "before")),
            ("mean_after", self.mean(stratum, outcome, "after")),
            ("mean_difference", change),
        ):
            if name in row:
                yield Condition.box(terms, *printing(row[name]), unit)
        if stratum != OVERALL:
            df = self.persons[stratum] - 1
            level = self.study.statistics.confidence_level
            signed = scaled(change, self._sign(row, unit))
            error = {("se", stratum, outcome): 1.0}
            yield from _test(row, change, signed, error, unit, t_quantile(level, df), df)
        for name, value in row.items():
            if name != "relative_change" and not name.startswith(SHARE_OF):
                continue
            low, high = printing(value)
            size = max(self._size(stratum, outcome), 0.1)
            before = self.mean(stratum, outcome, "before")
            after = self.mean(stratum, outcome, "after")
            if name == "relative_change":
                yield from _between(after, before, (1 + low, 1 + high), (*unit, name), size)
            if name.startswith(SHARE_OF):
                other = name.removeprefix(SHARE_OF)
                whole = add(self.mean(stratum, other, "before"), self.mean(stratum, other, "after"))
                yield from _between(add(before, after), whole, (low, high), (*unit, name), 2 * size)

    def _sign(self, row: Mapping, unit: tuple[str, ...]) -> float:
        """The sign of a change from its print; of 0.0, from the middle of its limits."""
        for names in (("mean_difference",), ("estimate",), ("ci_low", "ci_high")):
            middle = sum(float(row[name].text) for name in names if name in row)
            if middle:
                return float(np.sign(middle))
        return self.signs.setdefault(unit, 1.0) if "p" in row else 1.0

    def _size(self, stratum: str, outcome: str) -> float:
        """About the mean of an outcome: as printed, in any stratum if not in this."""
        for name in (stratum, *self.persons):
            value = self.published.get("ddd", name, outcome, "mean_before")
            if value is not None:
                return float(value.text)
        return 1.0

    def _contrast(self, comparator: str, exposed: str, outcome: str) -> Iterator[Condition]:
        key = f"{comparator}-{exposed}", outcome
        row = cells(self.published, "did_ddd", *key)
        if not row:
            return
        unit = ("did_ddd", *key)
        change = add(self.change(comparator, outcome), scaled(self.change(exposed, outcome), -1.0))
        if "estimate" in row:
            yield Condition.box(change, *printing(row["estimate"]), (*unit, "estimate"))
        pair = (comparator, exposed)
        pairs = [
            (("se", name, outcome), size)
            for name, size in zip(pair, self._near(key, pair), strict=True)
        ]
        terms, df = self._combined(pair, [size for _, size in pairs])
        se = {name: factor for (name, _), factor in zip(pairs, terms, strict=True)}
        level = self.study.statistics.confidence_level
        signed = scaled(change, self._sign(row, unit))
        yield from _test(row, change, signed, se, unit, t_quantile(level, df), df)

    def _near(self, key: tuple[str, str], pair: tuple[str, str]) -> tuple[float, ...]:
        """Two standard errors near the wanted: the last solution's, else as the rows print."""
        if key in self.direction:
            return self.direction[key]
        rows = [cells(self.published, "ddd", name, key[1]) for name in pair]
        if not all({"ci_low", "ci_high"} <= row.keys() for row in rows):
            return 1.0, 1.0
        return tuple(
            max(float(row["ci_high"].text) - float(row["ci_low"].text), 0.05) for row in rows
        )

    def _combined(
        self, pair: tuple[str, str], errors: list[float]
    ) -> tuple[tuple[float, float], float]:
        """The SE of a contrast as a linear form of both standard errors, and its df.

        Exact in the direction of the given ones, and of first order near it: the root of a sum of
        squares grows with its parts as they are to the whole. Welch and pooled as in `stats.means`.
        """
        n, m = (self.persons[name] for name in pair)
        weights, df = (1.0, 1.0), float(n + m - 2)
        if self.study.statistics.did_mean_variance == "pooled":
            both = (1 / n + 1 / m) / df
            weights = (n - 1) * n * both, (m - 1) * m * both
        first, second = (w * e**2 for w, e in zip(weights, errors, strict=True))
        if self.study.statistics.did_mean_variance == "welch":
            df = (first + second) ** 2 / (first**2 / (n - 1) + second**2 / (m - 1))
        whole = (first + second) ** 0.5
        return tuple(w * e / whole for w, e in zip(weights, errors, strict=True)), df


def _test(
    row: Mapping,
    change: Terms,
    signed: Terms,
    error: Terms,
    unit: tuple[str, ...],
    quantile: float,
    df: float,
) -> Iterator[Condition]:
    """Limits and p of a change; `signed` is its size, which is all that p tells of it."""
    whole_row = unit[0] == "ddd"
    for name, side in (("ci_low", -quantile), ("ci_high", quantile)):
        if name in row:
            terms = add(change, scaled(error, side))
            yield Condition.box(terms, *printing(row[name]), unit if whole_row else (*unit, name))
    if "p" in row:
        box = ratio(printing(row["p"]), df)
        limits = [float(row[name].text) for name in ("ci_low", "ci_high") if name in row]
        size = max(limits[-1] - limits[0], 0.05) / (2 * quantile) if limits else 0.1
        yield from _between(signed, error, box, unit if whole_row else (*unit, "p"), size)


def _between(
    part: Terms, whole: Terms, box: Range, unit: tuple[str, ...], size: float
) -> Iterator[Condition]:
    """low * whole <= part <= high * whole, where `whole` is about `size`."""
    low, high = box
    width = size * (min(high, low + 1.0) - low)
    yield Condition(add(part, scaled(whole, -low)), 0.0, np.inf, unit, width)
    if high < np.inf:
        yield Condition(add(part, scaled(whole, -high)), -np.inf, 0.0, unit, width)


def add(one: Terms, other: Terms) -> Terms:
    """The sum of two linear forms."""
    return {key: one.get(key, 0.0) + other.get(key, 0.0) for key in (*one, *other)}


def scaled(terms: Terms, factor: float) -> Terms:
    """A multiple of a linear form."""
    return {key: factor * value for key, value in terms.items()}
