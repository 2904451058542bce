"""Which numbers must stay open under a policy: small numbers of persons, and sums that tell too
much of one of them.

Every number is looked at in the cohort, in each subgroup, and in the rest of the cohort without it,
which whoever knows both knows too; in every stratum, and in all of them together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from ldn_spark.estimates.groups import PairSums
from ldn_spark.release.cells import AMOUNTS, KINDS, SQUARES, SUMS, Cells, amount_of
from ldn_spark.release.linked import Form, Sensitive, minus, plus, value_of
from ldn_spark.release.policy import Policy
from ldn_spark.study.definition import OVERALL


@dataclass(frozen=True)
class _Part:
    """A subgroup, the cohort, or the cohort without a subgroup."""

    name: str
    group: str
    is_rest: bool = False


def sensitive_numbers(cells: Cells, policy: Policy) -> Iterator[Sensitive]:
    """Every number that must stay open, each once.

    A form that is the same number as another one, because everything else in it is 0 for sure, is
    named for itself.
    """
    truth = {one.name: one.truth for one in cells.variables()}
    seen: set[tuple[tuple[str, int], ...]] = set()
    for one in _all(cells, policy, truth):
        key = tuple(sorted(one.form.items()))
        if key not in seen:
            seen.add(key)
            yield one


def _all(cells: Cells, policy: Policy, truth: dict[str, int]) -> Iterator[Sensitive]:
    parts = [_Part(name, name) for name in cells.groups]
    parts += [_Part(f"not {name}", name, True) for name in cells.groups if name != OVERALL]
    for part, column in product(parts, cells.columns):
        size = value_of(_of(cells, part, column, "persons"), truth)
        for name, form in _counts(cells, policy, part, column):
            yield from _small(policy, truth, f"{part.name}/{column}/{name}", form, size)
    for part, column in product(parts, cells.columns):
        if not part.is_rest:
            yield from _amounts(cells, policy, part.group, column)
    for step in cells.steps:
        form = {cells.excluded(step): 1}
        number = step.excluded_subjects or 0
        yield from _small(policy, truth, f"attrition/{step.step}", form, max(number, 1000))


def _of(cells: Cells, part: _Part, column: str, *names: str) -> Form:
    form = cells.form(part.group, column, *names)
    return minus(cells.form(OVERALL, column, *names), form) if part.is_rest else form


def _counts(cells: Cells, policy: Policy, part: _Part, column: str) -> Iterator[tuple[str, Form]]:
    """The numbers of persons of a column, by name."""

    def of(*names: str) -> Form:
        return _of(cells, part, column, *names)

    yield "persons", of("persons")
    for name in ("women", "men", "sex_unknown", "age_unknown", "age_known"):
        yield name, of(name)
    yield from _by_fills(cells, part, column)
    kinds = KINDS if policy.discordant == "small" else ("both", "neither")
    for outcome in cells.outcomes:
        for kind in kinds:
            yield f"{outcome}/{kind}", of(f"{outcome}/{kind}")
        for side in ("before", "after"):
            users = of(f"{outcome}/both", f"{outcome}/{side}_only")
            yield f"{outcome}/users_{side}", users
            if policy.complements == "small":
                yield f"{outcome}/without_{side}", minus(of("persons"), users)
    if policy.nested_differences == "small":
        yield from _of_nested(cells, part, column)


def _by_fills(cells: Cells, part: _Part, column: str) -> Iterator[tuple[str, Form]]:
    """Persons with either number of fills, where a stratum has two."""
    for level in cells.study.strata.levels:
        if level.id == column and level.at_most == level.at_least + 1:
            persons = _of(cells, part, column, "persons")
            fills = _of(cells, part, column, "fills")
            fewest = {name: level.at_least * factor for name, factor in persons.items()}
            most = {name: level.at_most * factor for name, factor in persons.items()}
            yield f"fills_{level.at_most}", minus(fills, fewest)
            yield f"fills_{level.at_least}", minus(most, fills)


def _of_nested(cells: Cells, part: _Part, column: str) -> Iterator[tuple[str, Form]]:
    """Users of an outcome and not of one within it; users of both parts of a union."""

    def users(outcome: str, side: str) -> Form:
        return _of(cells, part, column, f"{outcome}/both", f"{outcome}/{side}_only")

    for side in ("before", "after"):
        for child, parent in cells.nesting.within:
            name = f"{parent} without {child}/users_{side}"
            yield name, minus(users(parent, side), users(child, side))
        for whole, parts in cells.nesting.unions:
            if len(parts) == 2:
                together = plus(*(users(one, side) for one in parts))
                yield f"{' and '.join(parts)}/users_{side}", minus(together, users(whole, side))


def _small(
    policy: Policy, truth: dict[str, int], name: str, form: Form, size: int
) -> Iterator[Sensitive]:
    """A number of persons of so many that is small."""
    value = value_of(form, truth)
    if form and policy.is_small(value):
        most = policy.threshold - (policy.keep_possible == "class")
        least = 0 if policy.zeros == "small" else 1
        yield Sensitive(name, form, least, max(value, min(most, size)), "small")


def _amounts(cells: Cells, policy: Policy, group: str, column: str) -> Iterator[Sensitive]:
    """Sums and squares of a column that few persons make up, or one or two nearly alone."""
    found = cells.found(group, column)
    for outcome, measure in product(cells.outcomes, AMOUNTS):
        moments = found.outcomes[outcome]
        sums = moments.sums.get(measure, PairSums())
        users = moments.sums.get("users", PairSums())
        few = {"dd": _is_few(policy, sums.changed or 0)}
        for what in SUMS:
            few[what] = few[what * 2] = _is_few(policy, getattr(users, what) or 0) or dominates(
                policy, sums, what
            )
        few["dd"] = few["dd"] or few["x"] or few["y"]
        for what in (*SUMS, *SQUARES):
            if few[what]:
                form = cells.amount(group, column, outcome, measure, what)
                largest = _largest(sums, what)
                name = f"{group}/{column}/{outcome}/{measure}/{what}"
                yield from _open_sum(policy, name, form, amount_of(sums, what), largest)
    yield from _nested_amounts(cells, policy, group, column)


def _nested_amounts(cells: Cells, policy: Policy, group: str, column: str) -> Iterator[Sensitive]:
    """What is left of a sum without that of an outcome within it, where few persons may have it."""
    outcomes = cells.found(group, column).outcomes
    for (child, parent), measure, what in product(cells.nesting.within, AMOUNTS, SUMS):
        of = [outcomes[name].sums for name in (parent, child)]
        users, amounts = (
            [getattr(each.get(kind, PairSums()), what) or 0 for each in of]
            for kind in ("users", measure)
        )
        left = amounts[0] - amounts[1]
        # at least so many persons have something of the rest
        if left and users[0] - users[1] < policy.contributors:
            form = minus(
                cells.amount(group, column, parent, measure, what),
                cells.amount(group, column, child, measure, what),
            )
            name = f"{group}/{column}/{parent} without {child}/{measure}/{what}"
            yield from _open_sum(policy, name, form, left, 0)


def _open_sum(
    policy: Policy, name: str, form: Form, value: int, largest: int
) -> Iterator[Sensitive]:
    """A sum that must stay open by a share of itself, and of its largest contributor."""
    share, percent = round(policy.dose_interval * 1000), round(policy.dominance.p_percent * 10)
    margin = -(-max(share * abs(value), percent * largest) // 1000)
    if margin:
        yield Sensitive(name, form, value - margin, value + margin, "few contributors")


def _is_few(policy: Policy, persons: int) -> bool:
    return 0 < persons < policy.contributors


def _largest(sums: PairSums, what: str) -> int:
    """The largest amount of a person; that of squares follows from it."""
    if what in SUMS:
        return getattr(sums, f"{what}_largest") or 0
    return 0


def dominates(policy: Policy, sums: PairSums, what: str) -> bool:
    """Whether one or two persons make up too much of a sum, or amounts below 0 hide it.

    A second largest amount that is not known is taken to be as large as the largest.
    """
    if getattr(sums, f"{what}_negative"):
        return True
    total = getattr(sums, what) or 0
    largest = getattr(sums, f"{what}_largest") or 0
    second = getattr(sums, f"{what}_second")
    second = largest if second is None else second
    if not largest:
        return False
    rest = total - largest - second
    if 1000 * rest < round(policy.dominance.p_percent * 10) * largest:
        return True
    if policy.dominance.nk is None:
        return False
    most, share = policy.dominance.nk
    top = largest + (second if most > 1 else 0)
    return 1000 * top > round(share * 1000) * total
