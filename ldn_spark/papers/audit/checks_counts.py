"""Counts against their totals and percentages."""

from __future__ import annotations

from collections.abc import Iterator

from ldn_spark.catalogue.quantity import Kind
from ldn_spark.papers.audit.checks_design import total_persons
from ldn_spark.papers.audit.findings import IMPOSSIBLE, INCONSISTENT, Finding, finding, span
from ldn_spark.papers.boxes import Box, total
from ldn_spark.papers.values import Published, PublishedValue, decimals
from ldn_spark.study.definition import OVERALL, StudyDefinition

_PARTS = (
    ("cohort", "women", "women_share"),
    ("baseline", "users_before", "users_before_share"),
    ("users", "users_before", "share_before"),
    ("users", "users_after", "share_after"),
)
"""Table, a count of persons, and the share of the stratum that it is."""


def check_baseline(published: Published, study: StudyDefinition) -> Iterator[Finding]:
    """Sums over strata, counts beyond the stratum, and dispenses against their means."""
    yield from _sums_over_strata(published, study)
    for table, count, _ in _PARTS:
        for stratum, outcome in published.rows(table):
            value = published.get(table, stratum, outcome, count)
            persons = published.persons(stratum)
            if value is not None and persons is not None and int(value.text) > persons:
                yield finding(
                    "count",
                    INCONSISTENT,
                    [value, published.get("cohort", stratum, "", "persons")],
                    recomputed=f"at most {persons}",
                    explanation="A part of the stratum is larger than the stratum.",
                )
    yield from _dispenses(published, study)


def _sums_over_strata(published: Published, study: StudyDefinition) -> Iterator[Finding]:
    """Every count printed for each stratum and for all of them together."""
    for whole in published.values:
        if whole.stratum != OVERALL or whole.kind is not Kind.COUNT or whole.table == "design":
            continue
        key = (whole.outcome, whole.quantity)
        parts = [published.get(whole.table, level.id, *key) for level in study.strata.levels]
        counts = [int(part.text) for part in parts if part is not None]
        if len(counts) == len(parts) and sum(counts) != int(whole.text):
            yield finding(
                "sum_over_strata",
                INCONSISTENT,
                [whole, *parts],
                recomputed=f"{' + '.join(map(str, counts))} = {sum(counts)}",
                explanation="The strata do not add up to the total.",
            )


def _dispenses(published: Published, study: StudyDefinition) -> Iterator[Finding]:
    """All dispenses before against persons times mean dispenses of each stratum."""
    outcome = study.total_outcome
    value = outcome and published.get("users", OVERALL, outcome.id, "fills_before")
    means = [
        published.get("baseline", level.id, "", "dispenses_before_mean")
        for level in study.strata.levels
    ]
    persons = [published.persons(level.id) for level in study.strata.levels]
    if value is None or None in means or None in persons:
        return
    together = total(
        mean.box * Box(count, count) for mean, count in zip(means, persons, strict=True)
    )
    if not together.meets(value.box):
        yield finding(
            "dispenses",
            INCONSISTENT,
            [value, *means],
            recomputed=span(together, decimals=0),
            explanation="Persons times mean dispenses, summed over strata, give another total.",
        )


def check_shares(published: Published, study: StudyDefinition) -> Iterator[Finding]:
    """Percentages and differences in percentage points: exact, where the counts are printed."""
    everyone = total_persons(published, study)
    for stratum, _ in published.rows("cohort"):
        share = published.get("cohort", stratum, "", "share")
        count = published.get("cohort", stratum, "", "persons")
        yield from _share(share, count, everyone)
    for table, count, share in _PARTS:
        for stratum, outcome in published.rows(table):
            key = (table, stratum, outcome)
            persons = published.persons(stratum)
            yield from _share(published.get(*key, share), published.get(*key, count), persons)


def _share(
    share: PublishedValue | None, count: PublishedValue | None, persons: int | None
) -> Iterator[Finding]:
    if share is None or count is None or not persons:
        return
    exact = int(count.text) / persons
    if not share.box.meets(Box(exact, exact)):
        digits = decimals(share.text) + 2
        yield finding(
            "share",
            IMPOSSIBLE,
            [share, count],
            recomputed=f"{count.text} / {persons} = {exact * 100:.{digits}f} %",
            explanation="The percentage is not that of the printed count.",
            wrong=[share],
        )
