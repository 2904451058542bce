"""Within one row: change, interval and p must come from one estimate and one standard error."""

from __future__ import annotations

from collections.abc import Iterator

from ldn_spark.papers.audit.feasible import (
    NORMAL,
    Scale,
    UserRow,
    change_of_means,
    dose_scales,
    regions,
    user_fits,
)
from ldn_spark.papers.audit.findings import IMPOSSIBLE, INCONSISTENT, Finding, finding, span
from ldn_spark.papers.boxes import ANYTHING, Box, Region
from ldn_spark.papers.quantities import kind_of
from ldn_spark.papers.values import Published
from ldn_spark.stats.proportions import INTERVALS, MCNEMAR
from ldn_spark.study.definition import StudyDefinition

Row = tuple[str, str, str]


def check_dose_rows(published: Published, study: StudyDefinition) -> Iterator[Finding]:
    """Means and their change; then change, interval and p of a paired test."""
    level = study.statistics.confidence_level
    for stratum, outcome in published.rows("ddd"):
        key = ("ddd", stratum, outcome)
        change = change_of_means(published, stratum, outcome)
        if change.empty:
            names = ("mean_before", "mean_after", "mean_difference")
            before, after, printed = (published.get(*key, name) for name in names)
            yield finding(
                "difference",
                INCONSISTENT,
                [before, after, printed],
                recomputed=f"a difference of {span(after.box - before.box, decimals=2)}",
                explanation="No means that round to the printed ones have this difference.",
            )
            continue
        scales = dose_scales(published.persons(stratum))
        yield from _estimate_row(published, key, "mean_difference", change, scales, level)
    for table in ("trend_users", "trend_ddd"):
        for stratum, outcome in published.rows(table):
            key = (table, stratum, outcome)
            estimate = published.box(*key, "estimate") or ANYTHING
            yield from _estimate_row(published, key, "estimate", estimate, (NORMAL,), level)


def _estimate_row(
    published: Published,
    key: Row,
    name: str,
    estimate: Box,
    scales: tuple[Scale, ...],
    level: float,
) -> Iterator[Finding]:
    """An estimate, its symmetric interval and its p, under each candidate distribution."""
    centre, low, high, p = (published.get(*key, q) for q in (name, "ci_low", "ci_high", "p"))
    free = regions(published, key, estimate, scales, level, with_p=False)
    if not any(free.values()):
        sides = Box(low.box.low, low.box.high) + Box(high.box.low, high.box.high)
        kind = kind_of(key[0], name)
        yield finding(
            "interval",
            INCONSISTENT,
            [centre, low, high],
            recomputed=f"the middle of the interval is {span(sides * Box(0.5, 0.5), kind, 2)}",
            explanation="The interval is not symmetric about the estimate.",
        )
    elif p is not None and not any(regions(published, key, estimate, scales, level).values()):
        possible = _p_ranges(free, scales)
        yield finding(
            "p_value",
            IMPOSSIBLE,
            [centre, low, high, p],
            recomputed="; ".join(f"{span(box, decimals=4)} ({n})" for n, box in possible.items()),
            explanation="No standard error gives both the interval and the p-value.",
            wrong=[p],
        )


def _p_ranges(free: dict[str, list[Region]], scales: tuple[Scale, ...]) -> dict[str, Box]:
    """The p-values that estimate and interval allow, by test."""
    return {
        scale.name: scale.p_range(region.ratio) for scale in scales for region in free[scale.name]
    }


def check_user_rows(published: Published, study: StudyDefinition) -> Iterator[Finding]:
    """Counts and their difference; then difference, interval and p of paired proportions."""
    level = study.statistics.confidence_level
    for stratum, outcome in published.rows("users"):
        row = UserRow.read(published, stratum, outcome)
        key = ("users", stratum, outcome)
        if row is None:
            estimate = published.box(*key, "difference")
            if estimate is not None:
                yield from _estimate_row(published, key, "difference", estimate, (NORMAL,), level)
            continue
        yield from _difference(published, key, row)
        if row.candidates:
            yield from _paired(published, key, row, level)


def _difference(published: Published, key: Row, row: UserRow) -> Iterator[Finding]:
    exact = row.gain / row.persons
    counts = [published.get(*key, f"users_{when}") for when in ("before", "after")]
    value = published.get(*key, "difference")
    if value is not None and not value.box.meets(Box(exact, exact)):
        yield finding(
            "difference",
            IMPOSSIBLE,
            [value, *counts],
            recomputed=f"({row.after} - {row.before}) / {row.persons} = {exact * 100:.2f}",
            explanation="The difference is not that of the printed counts.",
            wrong=[value],
        )


def _paired(published: Published, key: Row, row: UserRow, level: float) -> Iterator[Finding]:
    """Whether any number of changed persons gives p, gives the interval, and gives both."""
    p, *limits = (published.get(*key, name) for name in ("p", "ci_low", "ci_high"))
    ends = f"{row.candidates[0]} to {row.candidates[-1]}"
    if p is not None and not any(row.by_test(name) for name in MCNEMAR):
        yield finding(
            "p_value",
            IMPOSSIBLE,
            [p, published.get(*key, "users_before"), published.get(*key, "users_after")],
            recomputed="; ".join(_reach(row)),
            explanation=f"With {ends} changed, none of McNemar's tests gives this p.",
            wrong=[p],
        )
    elif any(limits) and not any(row.by_interval(name, level) for name in INTERVALS):
        yield finding(
            "interval",
            IMPOSSIBLE,
            [*limits, published.get(*key, "users_before"), published.get(*key, "users_after")],
            recomputed=f"limits about {row.gain / row.persons * 100:.2f}",
            explanation=f"With {ends} changed, no paired interval has these limits.",
            wrong=limits,
        )
    elif p is not None and not any(user_fits(row, level).values()):
        yield finding(
            "interval_and_p",
            INCONSISTENT,
            [*limits, p],
            recomputed=_changed(row, level),
            explanation="Interval and p need different numbers of persons whose use changed.",
        )


def _reach(row: UserRow) -> Iterator[str]:
    """The p-values that any number of changed persons can give, by test."""
    changed = [number for number in row.candidates if number]
    for name, test in MCNEMAR.items() if changed else ():
        low, high = (test(row.table(changed[end])) for end in (0, -1))
        yield f"{low:.4f} to {high:.4f} ({name})"


def _changed(row: UserRow, level: float) -> str:
    """The numbers of changed persons that p and interval ask for."""

    def hull(ranges: list[range]) -> str:
        some = [numbers for numbers in ranges if numbers]
        return f"{min(r[0] for r in some)} to {max(r[-1] for r in some)}"

    by_p = hull([row.by_test(name) for name in MCNEMAR])
    by_interval = hull([row.by_interval(name, level) for name in INTERVALS])
    return f"p: {by_p} changed; interval: {by_interval} changed"
