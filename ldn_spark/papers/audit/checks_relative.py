"""Relative changes and shares of doses against the numbers that they are quotients of."""

from __future__ import annotations

from collections.abc import Iterator

from ldn_spark.catalogue.quantity import Kind
from ldn_spark.papers.audit.feasible import change_of_means, gain_of_users
from ldn_spark.papers.audit.findings import IMPOSSIBLE, Finding, finding, span
from ldn_spark.papers.boxes import Box, total
from ldn_spark.papers.quantities import SHARE_OF
from ldn_spark.papers.values import Published, PublishedValue
from ldn_spark.study.definition import OVERALL, StudyDefinition


def check_relative(published: Published, study: StudyDefinition) -> Iterator[Finding]:
    """(after - before) / before; and the share of one outcome's doses in another's."""
    for value in published.values:
        if value.quantity == "relative_change":
            yield from _relative(published, value)
        elif value.quantity.startswith(SHARE_OF):
            yield from _share_of(published, study, value)


def _relative(published: Published, value: PublishedValue) -> Iterator[Finding]:
    key = value.key[:3]
    if value.table == "users":
        basis = [published.get(*key, name) for name in ("users_before", "users_after")]
        gain = gain_of_users(published, value.stratum, value.outcome)
        if gain is None or basis[0] is None or int(basis[0].text) == 0:
            return
        quotient = Box(gain, gain) / basis[0].box
    else:
        names = ("mean_before", "mean_after", "mean_difference")
        basis = [published.get(*key, name) for name in names]
        change = change_of_means(published, value.stratum, value.outcome)
        if basis[0] is None or (basis[1] is None and basis[2] is None) or change.empty:
            return
        quotient = change / basis[0].box
    if value.box.meets(quotient):
        return
    before, after = basis[0], basis[1]
    numbers = f"{before.text} to {after.text}" if after is not None else before.text
    yield finding(
        "relative_change",
        IMPOSSIBLE,
        [value, *basis],
        recomputed=f"{span(quotient, Kind.SHARE)} %",
        explanation=f"From {numbers} ({before.place}) the relative change is another.",
        wrong=[value],
    )


def _share_of(
    published: Published, study: StudyDefinition, value: PublishedValue
) -> Iterator[Finding]:
    """Doses before and after, persons times means, summed over the strata that are meant."""
    other = value.quantity.removeprefix(SHARE_OF)
    levels = [level.id for level in study.strata.levels]
    strata = levels if value.stratum == OVERALL else [value.stratum]
    part = _doses(published, strata, value.outcome)
    whole = _doses(published, strata, other)
    if part is None or whole is None:
        return
    share = part / whole
    if not value.box.meets(share):
        yield finding(
            "share_of_doses",
            IMPOSSIBLE,
            [value],
            recomputed=f"{span(share, Kind.SHARE)} %",
            explanation=f"The mean doses of {value.outcome} and {other} give another share.",
            wrong=[value],
        )


def _doses(published: Published, strata: list[str], outcome: str) -> Box | None:
    boxes = []
    for stratum in strata:
        persons = published.persons(stratum)
        means = [
            published.box("ddd", stratum, outcome, f"mean_{when}") for when in ("before", "after")
        ]
        if persons is None or None in means:
            return None
        boxes.append(total(mean for mean in means if mean) * Box(persons, persons))
    return total(boxes)
