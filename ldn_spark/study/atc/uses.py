"""List what a study uses ATC codes for, and which alterations can change what it finds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ldn_spark.study.atc.alterations import Alteration
from ldn_spark.study.codes import ATC_LENGTHS, shortest_prefixes
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.reach import Reach, condition_looks, exposure_reach, outcome_reach

Uses = Mapping[str, tuple[str, ...]]
"""What a study uses codes for, by name, with the codes of each."""


EVERY_CODE = ("",)
"""The beginning of every ATC code."""


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that a study uses ATC codes for.

    Attributes:
        kind, id: what it is, and its id in the study file; the exposure's is its abbreviation.
        name: as messages name it; no two uses of a study have the same.
        codes: ATC codes or beginnings of them, none within another.
        reach: the days of dispensing that it looks at.
    """

    kind: Literal["exposure", "outcome", "condition", "subgroup"]
    id: str
    name: str
    codes: tuple[str, ...]
    reach: Reach


def code_uses(study: StudyDefinition) -> tuple[Use, ...]:
    """Everything a study uses ATC codes for: exposure, outcomes, conditions and subgroups.

    A condition on reimbursement alone, whatever the ATC code, is none.
    """
    exposure, outcomes = exposure_reach(study), outcome_reach(study)
    event, drug = study.exposure.index_event, study.exposure
    found = [Use("exposure", drug.abbreviation, "exposure", shortest_prefixes(drug.atc), exposure)]
    found += [
        Use("outcome", one.id, f"outcome {one.id}", one.atc, outcomes) for one in study.outcomes
    ]
    for look in condition_looks(study):
        if look.leaf.atc:
            name, codes = f"{look.part}, codes {look.number}", shortest_prefixes(look.leaf.atc)
            reach = look.reach((event.first, event.last))
            found.append(Use(look.kind, look.id, name, codes, reach))
    return tuple(found)


def uses_of(study: StudyDefinition) -> Uses:
    """The codes of every use of a study, by its name."""
    return {use.name: use.codes for use in code_uses(study)}


def used_for(code: str, uses: Uses) -> frozenset[tuple[str, str]]:
    """Which uses a code belongs to, and which ask for a part of what it stands for.

    Two codes of which this is the same are the same to a study.

    >>> sorted(used_for("N03AX", {"a": ("N03A",), "b": ("N03AX12",), "c": ("N06",)}))
    [('a', ''), ('b', '12')]
    """
    found = set()
    for name, prefixes in uses.items():
        for prefix in prefixes:
            if code.startswith(prefix):
                found.add((name, ""))
            elif prefix.startswith(code):
                found.add((name, prefix[len(code) :]))
    return frozenset(found)


def codes_apart(study: StudyDefinition) -> tuple[str, ...]:
    """The codes below which no two are the same to a study, though it may use them alike.

    A return that is to take back a dispensing (`returns: cancel`) takes one of the same code. A
    condition on reimbursement alone asks for every code there is.
    """
    if study.returns != "cancel":
        return ()
    if any(not look.leaf.atc for look in condition_looks(study)):
        return EVERY_CODE
    return shortest_prefixes(code for use in code_uses(study) for code in use.codes)


def lies_among(code: str, prefixes: Iterable[str]) -> bool:
    """Whether a code is below one of the prefixes, or holds one of them."""
    return any(code.startswith(prefix) or prefix.startswith(code) for prefix in prefixes)


def relevant_alterations(
    rows: Iterable[Alteration], study: StudyDefinition
) -> tuple[Alteration, ...]:
    """The rows that can change what the codes of a study find, in the order of the table.

    Rows that share a code, or whose codes lie within each other, belong together; all of them are
    kept as soon as two of their codes are not the same to the study.
    """
    uses = uses_of(study)
    return _families_that(rows, lambda points: _differ(points, uses))


def alterations_to_read(
    rows: Iterable[Alteration], study: StudyDefinition
) -> tuple[Alteration, ...]:
    """The relevant rows, and those that decide which dispensing a return takes back.

    The latter are no part of a study's hash: they count where a lake holds returns under codes of
    several indices, and then the key of the run covers how its codes are read.
    """
    uses, apart = uses_of(study), codes_apart(study)
    return _families_that(
        rows,
        lambda points: _differ(points, uses) or any(lies_among(one, apart) for one in points),
    )


def _differ(points: Collection[str], uses: Uses) -> bool:
    """Whether two of these codes are not the same to a study."""
    return len({used_for(point, uses) for point in points}) > 1


def _families_that(
    rows: Iterable[Alteration], matter: Callable[[Collection[str]], bool]
) -> tuple[Alteration, ...]:
    """The rows of the families whose codes matter, in the order of the table."""
    rows = tuple(rows)
    family = _families(rows)
    members: dict[str, list[Alteration]] = {}
    for row in rows:
        members.setdefault(family[row.previous], []).append(row)
    kept = {name for name, together in members.items() if matter(points_of(together))}
    return tuple(row for row in rows if family[row.previous] in kept)


def _families(rows: Sequence[Alteration]) -> dict[str, str]:
    """By code, one code that stands for everything it is connected with."""
    parent = {code: code for row in rows for code in (row.previous, row.new)}

    def root(code: str) -> str:
        while parent[code] != code:
            parent[code] = parent[parent[code]]
            code = parent[code]
        return code

    for row in rows:
        parent[root(row.previous)] = root(row.new)
    for code in parent:
        for length in ATC_LENGTHS:
            if length < len(code) and code[:length] in parent:
                parent[root(code)] = root(code[:length])
    return {code: root(code) for code in parent}


def points_of(rows: Iterable[Alteration]) -> set[str]:
    """Every code at which rows may begin or end, also inside groups that move as a whole.

    >>> rows = [Alteration("A01AA", "B01AA", 2010), Alteration("B01AA02", "C01AA01", 2015)]
    >>> sorted(points_of(rows))
    ['A01AA', 'A01AA02', 'B01AA', 'B01AA02', 'C01AA01']
    """
    rows = tuple(rows)
    ends = [(row.previous, row.new) for row in rows] + [(row.new, row.previous) for row in rows]
    points = {here for here, _ in ends}
    while True:
        more = {
            there + point[len(here) :]
            for here, there in ends
            for point in points
            if point.startswith(here)
        }
        if more <= points:
            return points
        points |= more
