"""Differences in differences against the rows they are made of, and within themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, sqrt

from ldn_spark.papers.audit.feasible import NORMAL, Scale, by_p, changes
from ldn_spark.papers.audit.findings import IMPOSSIBLE, Finding, finding, span
from ldn_spark.papers.boxes import ANYTHING, Box, Region
from ldn_spark.papers.quantities import kind_of
from ldn_spark.papers.values import Published
from ldn_spark.study.definition import Contrast, StudyDefinition

TABLES = {"did_users": "users", "did_ddd": "ddd"}


@dataclass(frozen=True, slots=True)
class Method:
    """How the variances of two groups are joined: weights of each, and the distribution."""

    name: str
    weights: tuple[float, float]
    scale: Scale


def methods(first: int | None, second: int | None) -> tuple[Method, ...]:
    """Welch with any degrees of freedom it can have, pooled variance, and normal.

    Pooled: ((n1 - 1) s1^2 + (n2 - 1) s2^2) / df * (1 / n1 + 1 / n2), with s_i^2 = n_i se_i^2.
    """
    normal = Method("normal", (1.0, 1.0), NORMAL)
    if first is None or second is None or min(first, second) < 2:
        return (normal,)
    df = first + second - 2
    apart = 1 / first + 1 / second
    weights = tuple((n - 1) * n / df * apart for n in (first, second))
    return (
        Method("Welch", (1.0, 1.0), Scale("t", min(first, second) - 1, df)),
        Method("pooled", weights, Scale("t", df, df)),
        normal,
    )


@dataclass(frozen=True)
class ContrastFit:
    """What each method allows: regions that fit the interval, and those that fit p as well."""

    estimate: Box
    by_interval: dict[str, list[Region]]
    by_both: dict[str, list[Region]]
    p: dict[str, Box]


def fit(
    published: Published, table: str, contrast: Contrast, outcome: str, level: float
) -> ContrastFit:
    """Every (estimate, SE) that the two rows allow, narrowed to what is printed of the contrast."""
    key = (table, contrast.id, outcome)
    boxes = [published.box(*key, name) for name in ("estimate", "ci_low", "ci_high", "p")]
    estimate, low, high = (box or ANYTHING for box in boxes[:3])
    one, other = (
        list(changes(published, TABLES[table], stratum, outcome, level))
        for stratum in (contrast.comparator, contrast.exposed)
    )
    pairs = [(a, b) for a in one for b in other]
    spans = [a.estimate - b.estimate for a, b in pairs]
    whole = Box(min(box.low for box in spans), max(box.high for box in spans))
    found = ContrastFit(whole, {}, {}, {})
    persons = (published.persons(contrast.comparator), published.persons(contrast.exposed))
    for method in methods(*persons):
        fitting, both = found.by_interval.setdefault(method.name, []), []
        for a, b in pairs:
            region = _difference(a, b, method.weights, estimate)
            region = region.within(low, high, method.scale.quantiles(level))
            if region.empty:
                continue
            fitting.append(region)
            _widen(found.p, method.name, method.scale.p_range(region.ratio))
            both += [part for part in by_p(region, boxes[3], method.scale) if not part.empty]
        found.by_both.setdefault(method.name, []).extend(both)
    return found


def _widen(ranges: dict[str, Box], name: str, box: Box) -> None:
    old = ranges.get(name, box)
    ranges[name] = Box(min(old.low, box.low), max(old.high, box.high))


def _difference(one: Region, other: Region, weights: tuple[float, float], printed: Box) -> Region:
    """A region that holds every difference of two independent estimates, and its SE.

    The SE is sqrt(w1 se1^2 + w2 se2^2). Where the difference has one sign, its ratio to the SE is
    smallest at corners (a linear function over a convex one is quasi-concave) and at most the
    root of the sum of both squared ratios (Cauchy-Schwarz).
    """
    estimate = (one.estimate - other.estimate) & printed
    w1, w2 = weights
    se = Box(*(sqrt(w1 * a**2 + w2 * b**2) for a, b in _ends(one.se, other.se)))
    region = Region.rectangle(estimate, se)
    if region.empty or se.low <= 0:
        return region
    whole = one.estimate - other.estimate
    if whole.low < 0 < whole.high:
        return region
    ratios = [
        abs(x1 - x2) / sqrt(w1 * y1**2 + w2 * y2**2)
        for x1, y1 in one.corners
        for x2, y2 in other.corners
    ]
    low, high = min(ratios), sqrt(_steepest(one, w1) ** 2 + _steepest(other, w2) ** 2)
    return region.with_ratio(Box(low, high) if whole.low >= 0 else Box(-high, -low))


def _ends(one: Box, other: Box) -> tuple[tuple[float, float], tuple[float, float]]:
    return (one.low, other.low), (one.high, other.high)


def _steepest(region: Region, weight: float) -> float:
    """The largest |estimate| / (sqrt(weight) se) of a region."""
    if region.se.low <= 0:
        return inf
    return max(abs(x) / y for x, y in region.corners) / sqrt(weight)


def check_contrasts(published: Published, study: StudyDefinition) -> Iterator[Finding]:
    """The estimate from the rows, the interval from their standard errors, p from both."""
    for table in TABLES:
        for contrast in study.contrasts:
            for stratum, outcome in published.rows(table):
                if stratum == contrast.id:
                    yield from _contrast(published, study, table, contrast, outcome)


def _contrast(
    published: Published, study: StudyDefinition, table: str, contrast: Contrast, outcome: str
) -> Iterator[Finding]:
    key = (table, contrast.id, outcome)
    names = ("estimate", "ci_low", "ci_high", "p")
    estimate, low, high, p = (published.get(*key, name) for name in names)
    kind = kind_of(table, "estimate")
    rows = [
        published.get(TABLES[table], stratum, outcome, name)
        for stratum in (contrast.comparator, contrast.exposed)
        for name in ("difference", "mean_difference")
    ]
    found = fit(published, table, contrast, outcome, study.statistics.confidence_level)
    if estimate is not None and not found.estimate.meets(estimate.box):
        yield finding(
            "contrast_estimate",
            IMPOSSIBLE,
            [estimate, *rows],
            recomputed=span(found.estimate, kind, 2),
            explanation="The changes of the two groups have another difference.",
            wrong=[estimate],
        )
    elif not any(found.by_interval.values()):
        yield finding(
            "contrast_interval",
            IMPOSSIBLE,
            [estimate, low, high, *rows],
            recomputed="no interval by Welch, pooled variance or normal",
            explanation="No standard errors that the two rows allow give this interval.",
            wrong=[low, high],
        )
    elif p is not None and not any(found.by_both.values()):
        ranges = [f"{span(box, decimals=4)} ({name})" for name, box in found.p.items()]
        unfit = [name for name, fitting in found.by_interval.items() if not fitting]
        besides = f" (not even the interval: {', '.join(unfit)})" if unfit else ""
        yield finding(
            "contrast_p",
            IMPOSSIBLE,
            [estimate, low, high, p, *rows],
            recomputed="; ".join(ranges),
            explanation=f"Estimate, interval and rows allow no such p by any method{besides}.",
            wrong=[p],
        )
