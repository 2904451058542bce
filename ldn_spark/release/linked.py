"""Numbers that hang together: what is unknown, what everybody knows, what is shown together.

Base variables are whole numbers. Everything else is a form, a sum of variables with whole
coefficients: a printed number (a cell), what is known of all numbers (a relation), and a number
that must stay open (a sensitive form). Nothing here knows of studies, so that a problem can be
written down by hand and solved by enumeration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

Form = Mapping[str, int]
"""Coefficients by variable."""
World = Mapping[str, int]
"""A value for every variable."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A base variable.

    Attributes:
        name: unique.
        truth: its value.
        low, high: what everybody knows of it.
        step: other worlds differ from the truth by multiples of it; 1 for persons. All variables
            of a form have the same.
    """

    name: str
    truth: int
    low: int
    high: int
    step: int = 1


@dataclass(frozen=True, slots=True)
class Relation:
    """What everybody knows: a form from `low` to `high`, both included; None is no bound."""

    form: Form
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class Unit:
    """What is shown together or not at all.

    Attributes:
        name: unique.
        cells: the forms whose values it tells.
        weight: how much it is missed; a whole number, at least 1.
        needs: units without which it cannot be shown.
        forced: `shown` or `hidden` where there is no choice; else empty.
    """

    name: str
    cells: tuple[Form, ...]
    weight: int
    needs: tuple[str, ...] = ()
    forced: str = ""


@dataclass(frozen=True, slots=True)
class Sensitive:
    """A number that must stay open: worlds must remain with it at most `low` and at least `high`.

    Attributes:
        name: unique.
        form: the number.
        low, high: what must stay possible; the truth lies between.
        why: in a word, for the record.
    """

    name: str
    form: Form
    low: int
    high: int
    why: str = ""


@dataclass(frozen=True)
class Linked:
    """A problem of disclosure: variables, relations, units and sensitive forms."""

    variables: tuple[Variable, ...]
    relations: tuple[Relation, ...]
    units: tuple[Unit, ...]
    sensitive: tuple[Sensitive, ...]

    @cached_property
    def truth(self) -> dict[str, int]:
        """The world as it is."""
        return {one.name: one.truth for one in self.variables}

    @cached_property
    def step(self) -> dict[str, int]:
        """By how much other worlds differ, by variable."""
        return {one.name: one.step for one in self.variables}

    @cached_property
    def unit(self) -> dict[str, Unit]:
        """The units by name."""
        return {one.name: one for one in self.units}


def value_of(form: Form, world: World) -> int:
    """A form in a world."""
    return sum(factor * world[name] for name, factor in form.items())


def plus(*forms: Form) -> dict[str, int]:
    """The sum of forms."""
    found: dict[str, int] = {}
    for form in forms:
        for name, factor in form.items():
            found[name] = found.get(name, 0) + factor
    return {name: factor for name, factor in found.items() if factor}


def minus(one: Form, other: Form) -> dict[str, int]:
    """The difference of two forms."""
    return plus(one, {name: -factor for name, factor in other.items()})


def sum_of(names: Iterable[str]) -> dict[str, int]:
    """The sum of variables."""
    return dict.fromkeys(names, 1)


def faults(problem: Linked, shown: Sequence[str], world: World) -> list[str]:
    """What a world contradicts of all that everybody knows and sees; whole numbers alone."""
    found = [
        f"{one.name} is out of its bounds"
        for one in problem.variables
        if not one.low <= world[one.name] <= one.high
    ]
    for number, relation in enumerate(problem.relations):
        value = value_of(relation.form, world)
        below = relation.low is not None and value < relation.low
        if below or (relation.high is not None and value > relation.high):
            found.append(f"relation {number} does not hold")
    found += [
        f"{name} would show another number"
        for name in shown
        for cell in problem.unit[name].cells
        if value_of(cell, world) != value_of(cell, problem.truth)
    ]
    return found
