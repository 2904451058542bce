"""Rows that are parts of other rows, by their ATC codes: no part exceeds its whole.

Codes are cut into regions by which outcomes hold them; an outcome is a set of regions. One lies in
another, or two share nothing, whatever was dispensed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from ldn_spark.papers.audit.findings import IMPOSSIBLE, INCONSISTENT, Finding, finding, span
from ldn_spark.papers.boxes import TOLERANCE, Box, total
from ldn_spark.papers.values import Published, PublishedValue
from ldn_spark.study.definition import StudyDefinition

Region = frozenset[str]
Footprints = dict[str, frozenset[Region]]
_WINDOWS = ("before", "after")


def footprints(study: StudyDefinition) -> Footprints:
    """The regions of codes that each outcome holds."""
    prefixes = {code for outcome in study.outcomes for code in outcome.atc}
    held = [
        frozenset(o.id for o in study.outcomes if any(code.startswith(p) for p in o.atc))
        for code in prefixes
    ]
    return {o.id: frozenset(r for r in held if o.id in r) for o in study.outcomes}


@cache
def _covers(codes: tuple[tuple[str, frozenset[Region]], ...], name: str) -> tuple[Region, ...]:
    """The smallest sets of other outcomes that together hold every region of an outcome."""
    prints = dict(codes)
    found: set[Region] = set()

    def grow(chosen: Region, missing: frozenset[Region]) -> None:
        if not missing:
            found.add(chosen)
            return
        region = min(missing, key=sorted)
        for other in sorted(region & prints.keys() - {name} - chosen):
            if prints[other] != prints[name]:
                grow(chosen | {other}, missing - prints[other])

    grow(frozenset(), prints[name])
    smallest = [one for one in found if not any(other < one for other in found)]
    return tuple(sorted(smallest, key=lambda one: (len(one), sorted(one))))


@cache
def _packings(codes: tuple[tuple[str, frozenset[Region]], ...], name: str) -> tuple[Region, ...]:
    """The largest sets of outcomes inside an outcome that share nothing with each other."""
    prints = dict(codes)
    inside = [other for other in sorted(prints) if prints[other] < prints[name]]
    found: set[Region] = set()

    def grow(chosen: Region, rest: list[str]) -> None:
        fitting = [o for o in rest if all(not prints[o] & prints[c] for c in chosen)]
        if not fitting:
            found.add(chosen)
        for position, other in enumerate(fitting):
            grow(chosen | {other}, fitting[position + 1 :])

    grow(frozenset(), inside)
    largest = [one for one in found if one and not any(one < other for other in found)]
    return tuple(sorted(largest, key=lambda one: (len(one), sorted(one))))


def check_nesting(published: Published, study: StudyDefinition) -> Iterator[Finding]:
    """Parts against wholes: mean doses in each window, and counts of users."""
    prints = footprints(study)
    for stratum in dict.fromkeys(stratum for stratum, _ in published.rows("ddd")):
        doses = {when: _column(published, "ddd", stratum, f"mean_{when}") for when in _WINDOWS}
        wrong: dict[str, list[Finding]] = {}
        for when in _WINDOWS:
            for outcome, found in _doses(doses[when], prints):
                wrong.setdefault(outcome, []).append(found)
        for outcome, found in wrong.items():
            yield from _whole_row(published, stratum, outcome, found)
        change = _column(published, "ddd", stratum, "mean_difference")
        settled = {outcome: value for outcome, value in change.items() if outcome not in wrong}
        if not wrong:
            yield from (found for _, found in _partitions(settled, prints))
    for stratum in dict.fromkeys(stratum for stratum, _ in published.rows("users")):
        for when in _WINDOWS:
            column = _column(published, "users", stratum, f"users_{when}")
            yield from (found for _, found in _above_cover(column, prints))


def _column(
    published: Published, table: str, stratum: str, quantity: str
) -> dict[str, PublishedValue]:
    """One column of a stratum by outcome."""
    values = (v for v in published.values if (v.table, v.stratum) == (table, stratum))
    found: dict[str, PublishedValue] = {}
    for value in values:
        if value.quantity == quantity:
            found.setdefault(value.outcome, value)
    return found


def _codes(
    column: dict[str, PublishedValue], prints: Footprints
) -> tuple[tuple[str, frozenset[Region]], ...]:
    """The printed outcomes, hashable."""
    return tuple((name, regions) for name, regions in prints.items() if name in column)


def _doses(column: dict[str, PublishedValue], prints: Footprints) -> Iterator[tuple[str, Finding]]:
    """Means of one window: the outcome at fault with what is wrong."""
    above = list(_above_cover(column, prints))
    yield from above
    rest = {name: v for name, v in column.items() if name not in {name for name, _ in above}}
    yield from _over_packed(rest, prints)


def _above_cover(
    column: dict[str, PublishedValue], prints: Footprints
) -> Iterator[tuple[str, Finding]]:
    """An outcome that exceeds outcomes which together hold all of its codes."""
    codes = _codes(column, prints)
    sure = _corroborated(column, prints)
    for name, value in column.items():
        for cover in _covers(codes, name):
            others = [column[other] for other in column if other in cover]
            most = total(other.box for other in others)
            if value.box.low <= most.high + TOLERANCE:
                continue
            proven = cover <= sure and name not in sure
            names = " + ".join(other.outcome for other in others)
            rest = " and agrees with the other rows" if proven else ""
            yield (
                name,
                finding(
                    "part_above_whole",
                    IMPOSSIBLE if proven else INCONSISTENT,
                    [value, *others],
                    recomputed=f"at most {span(Box(most.high, most.high), decimals=2)}",
                    explanation=f"{name} is part of {names}, which is {_sum(others)}{rest}.",
                    wrong=[value] if proven else (),
                ),
            )
            break


def _sum(values: Sequence[PublishedValue]) -> str:
    return " + ".join(value.text for value in values)


def _over_packed(
    column: dict[str, PublishedValue], prints: Footprints
) -> Iterator[tuple[str, Finding]]:
    """An outcome that is less than separate parts of it together."""
    codes = _codes(column, prints)
    for name, value in column.items():
        for packing in _packings(codes, name):
            parts = [column[other] for other in column if other in packing]
            least = total(part.box for part in parts)
            if len(parts) > 1 and least.low > value.box.high + TOLERANCE:
                names = " + ".join(part.outcome for part in parts)
                yield (
                    name,
                    finding(
                        "parts_above_whole",
                        INCONSISTENT,
                        [value, *parts],
                        recomputed=f"at least {span(Box(least.low, least.low), decimals=2)}",
                        explanation=f"{names} share nothing within {name}; together {_sum(parts)}.",
                    ),
                )
                break


def _exact_parts(
    column: dict[str, PublishedValue], prints: Footprints
) -> Iterator[tuple[str, Region]]:
    """Outcomes with separate parts that together are all of them."""
    codes = _codes(column, prints)
    for name in column:
        for packing in _packings(codes, name):
            held = frozenset(region for part in packing for region in prints[part])
            if len(packing) > 1 and held == prints[name]:
                yield name, packing


def _corroborated(column: dict[str, PublishedValue], prints: Footprints) -> frozenset[str]:
    """Outcomes that take part in a sum that holds: two rows speak for each of them."""
    sure: set[str] = set()
    for name, parts in _exact_parts(column, prints):
        if total(column[part].box for part in parts).meets(column[name].box):
            sure |= {name, *parts}
    return frozenset(sure)


def _partitions(
    column: dict[str, PublishedValue], prints: Footprints
) -> Iterator[tuple[str, Finding]]:
    """Mean changes add over separate parts, whatever their sign."""
    for name, names in _exact_parts(column, prints):
        parts = [column[other] for other in column if other in names]
        together = total(part.box for part in parts)
        if not together.meets(column[name].box):
            yield (
                name,
                finding(
                    "sum_of_parts",
                    INCONSISTENT,
                    [column[name], *parts],
                    recomputed=span(together, decimals=2),
                    explanation=f"{' + '.join(part.outcome for part in parts)} make up {name}.",
                ),
            )


def _whole_row(
    published: Published, stratum: str, outcome: str, found: list[Finding]
) -> Iterator[Finding]:
    """When both means of a row cannot be, nothing in the row is about the outcome it names."""
    if len(found) < len(_WINDOWS) or any(not one.cells for one in found):
        yield from found
        return
    involved = dict.fromkeys(key for one in found for key in one.involved)
    values = [v for key in involved if (v := published.get(*key)) is not None]
    wrong = [v for v in values if v.outcome == outcome]
    row = [v for v in published.row("ddd", stratum, outcome) if v.place == wrong[0].place]
    others = [v for v in values if v.outcome != outcome]
    names = " + ".join(dict.fromkeys(v.outcome for v in others))
    sums = [_sum([v for v in others if v.quantity == f"mean_{when}"]) for when in _WINDOWS]
    yield finding(
        "part_above_whole",
        IMPOSSIBLE,
        [*values, *(value for value in row if value not in values)],
        recomputed=" and ".join(one.recomputed for one in found).replace("and at most", "and"),
        explanation=f"{outcome} is part of {names}, which is {sums[0]} before and {sums[1]} after "
        "and agrees with the other rows: the whole row is about something else.",
        wrong=row,
        shown=wrong,
    )
