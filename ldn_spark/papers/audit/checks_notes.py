"""What the numbers reveal about how they were made: which methods, and what `<0.001` means."""

from __future__ import annotations

from collections.abc import Iterator

from ldn_spark.catalogue.quantity import Kind
from ldn_spark.papers.audit import checks_contrasts as contrasts
from ldn_spark.papers.audit.feasible import UserRow, dose_regions, dose_scales, user_fits
from ldn_spark.papers.audit.findings import INCONSISTENT, NOTE, Finding, finding, span
from ldn_spark.papers.boxes import Box
from ldn_spark.papers.values import SMALLEST_P, Published, PublishedValue
from ldn_spark.shown import numbered
from ldn_spark.stats.proportions import INTERVALS, MCNEMAR, paired_interval
from ldn_spark.study.definition import StudyDefinition

Pair = tuple[str, str]


def check_methods(published: Published, study: StudyDefinition) -> Iterator[Finding]:
    """Which test and interval of paired proportions give every row, and on how little that rests.

    A note when a single row singles out one method; a contradiction when each row fits some
    method but none fits them all.
    """
    level = study.statistics.confidence_level
    fits: dict[tuple[str, str], set[Pair]] = {}
    for stratum, outcome in published.rows("users"):
        row = UserRow.read(published, stratum, outcome)
        if row is not None and published.get("users", stratum, outcome, "ci_low") is not None:
            pairs = {pair for pair, changed in user_fits(row, level).items() if changed}
            if pairs:
                fits[stratum, outcome] = pairs
    if not fits:
        return
    every = set.intersection(*fits.values())
    if not every:
        yield _no_method(published, fits)
    elif len(every) == 1:
        yield from _single_row(published, fits, every.pop(), level)


def _no_method(published: Published, fits: dict[tuple[str, str], set[Pair]]) -> Finding:
    counts = {pair: sum(pair in pairs for pairs in fits.values()) for pair in _all(fits)}
    best = max(counts, key=lambda pair: counts[pair])
    failing = [row for row, pairs in fits.items() if best not in pairs]
    return finding(
        "methods",
        INCONSISTENT,
        [published.get("users", *row, name) for row in failing for name in ("ci_low", "ci_high")],
        recomputed=f"{best[0]} McNemar with {best[1]} fits {counts[best]} of "
        f"{numbered(len(fits), 'row')}",
        explanation="Each row fits some test and interval, but none fits them all.",
    )


def _all(fits: dict[tuple[str, str], set[Pair]]) -> list[Pair]:
    return sorted(set.union(*fits.values()))


def _single_row(
    published: Published, fits: dict[tuple[str, str], set[Pair]], best: Pair, level: float
) -> Iterator[Finding]:
    """One row that alone decides between the only method that fits and the next best."""
    test, chosen = best
    rivals = {
        name: [row for row, pairs in fits.items() if (test, name) not in pairs]
        for name in INTERVALS
        if name != chosen
    }
    close = {name: failing for name, failing in rivals.items() if len(failing) == 1}
    rows = {failing[0] for failing in close.values()}
    for stratum, outcome in sorted(rows):
        names = [name for name, failing in close.items() if failing[0] == (stratum, outcome)]
        limits = _limits(published, stratum, outcome, test, (*names, chosen), level)
        key = ("users", stratum, outcome)
        yield finding(
            "methods",
            NOTE,
            [published.get(*key, name) for name in ("ci_low", "ci_high", "p")],
            recomputed="; ".join(f"{name} {text}" for name, text in limits.items()),
            explanation=f"Only {chosen} with the {test} McNemar test gives all "
            f"{numbered(len(fits), 'row')}; this row alone speaks against {', '.join(names)}.",
        )


def _limits(
    published: Published,
    stratum: str,
    outcome: str,
    test: str,
    names: tuple[str, ...],
    level: float,
) -> dict[str, str]:
    """The limits that each interval gives with the numbers of changed persons that p allows."""
    row = UserRow.read(published, stratum, outcome)
    changed = row.by_test(test)
    found = {}
    for name in names:
        narrow, wide = (
            paired_interval(row.table(n), level, name) for n in (changed[0], changed[-1])
        )
        ends = Box(wide[0], narrow[0]), Box(narrow[1], wide[1])
        found[name] = ", ".join(span(end, Kind.SHARE, 3) for end in ends)
    return found


def check_smallest_p(published: Published, study: StudyDefinition) -> Iterator[Finding]:
    """Whether `<0.001` must mean below 0.0005: a p printed as 0.001 that lies below 0.001."""
    if not any(value.text == SMALLEST_P for value in published.values):
        return
    printed = [v for v in published.values if v.quantity == "p" and v.text == "0.001"]
    highest = {v.key: p for v in printed if (p := _highest_p(published, study, v)) is not None}
    below = [v for v in printed if v.key in highest and highest[v.key] < 0.001 - 1e-6]
    if below:
        ends = [f"{' '.join(v.key[:3])} at most {highest[v.key]:.5f}" for v in below]
        yield finding(
            "smallest_p",
            NOTE,
            below,
            recomputed="; ".join(ends),
            explanation="p = 0.001 is printed below 0.001: here <0.001 stands for p < 0.0005.",
        )


def _highest_p(published: Published, study: StudyDefinition, value: PublishedValue) -> float | None:
    """The largest p that fits everything printed about an estimate; None = unknown."""
    level = study.statistics.confidence_level
    if value.table == "ddd":
        scales = dose_scales(published.persons(value.stratum))
        fits = dose_regions(published, value.stratum, value.outcome, level)
        found = [s.p_range(region.ratio).high for s in scales for region in fits[s.name]]
    elif value.table == "users":
        row = UserRow.read(published, value.stratum, value.outcome)
        fits = user_fits(row, level) if row is not None else {}
        found = [MCNEMAR[t](row.table(s[-1])) for (t, _), s in fits.items() if s]
    elif value.table in contrasts.TABLES:
        contrast = next(c for c in study.contrasts if c.id == value.stratum)
        allowed = contrasts.fit(published, value.table, contrast, value.outcome, level)
        sizes = contrasts.methods(*map(published.persons, (contrast.comparator, contrast.exposed)))
        found = [
            method.scale.p_range(region.ratio).high
            for method in sizes
            for region in allowed.by_both[method.name]
        ]
    else:
        found = []
    return max(found) if found else None
