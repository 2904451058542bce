"""What is said of every number that moved: a row with words, in the terminal and on the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from ldn_spark.catalogue.designs import table_and_design, without_exposure
from ldn_spark.catalogue.lookup import find
from ldn_spark.catalogue.quantity import Kind
from ldn_spark.drift.found import Drift
from ldn_spark.drift.moves import BY_CODE, BY_YEAR, COHORT, ESTIMATES, KINDS, STEPS, Move
from ldn_spark.drift.snapshot import MAIN_QUANTITY, Interval, Snapshot
from ldn_spark.reporting.formats import NO_BREAK, UNDEFINED, exact, fixed, percent, pretty
from ldn_spark.study.ids import STUDY

TITLES = {
    "lines": "Registry",
    "dispensings": "Registry",
    "persons": "Registry",
    BY_YEAR: "DDDs of the study's codes, by year",
    BY_CODE: "DDDs, by year and code",
    COHORT: "Cohort",
    STEPS: "Steps of the selection, persons who remain",
    ESTIMATES: "Estimates, with their intervals",
}
"""Kinds of numbers by the section in which they stand."""
_LABELS = {
    "lines": "delivered lines of dispensings",
    "dispensings": "dispensings",
    "persons": "persons",
}
PLUS = "+"


@dataclass(frozen=True, slots=True)
class Row:
    """What is said of a number that moved.

    Attributes:
        label: what it is.
        old, new: as they are printed; estimates with their intervals and persons.
        change: how far it moved.
        threshold: what it is above; empty for nothing.
    """

    label: str
    old: str
    new: str
    change: str
    threshold: str


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one kind, those that moved furthest first.

    Attributes:
        title: what they are.
        rows: the first of them.
        more: how many more there are.
    """

    title: str
    rows: tuple[Row, ...]
    more: int


def sections(drift: Drift, most: int) -> Iterator[Section]:
    """Sections in the order of kinds; what is above a threshold stands there always.

    Args:
        drift: what moved.
        most: rows of a section, beside those above a threshold.
    """
    for title in dict.fromkeys(TITLES.values()):
        moves = [m for kind in KINDS if TITLES[kind] == title for m in drift.of(kind)]
        if moves:
            above = sum(bool(drift.threshold(move)) for move in moves)
            kept = moves[: max(most, above)]
            rows = tuple(row_of(drift, move) for move in kept)
            yield Section(title, rows, len(moves) - len(kept))


def row_of(drift: Drift, move: Move) -> Row:
    """What is said of one number."""
    if move.kind == ESTIMATES:
        table = move.where[0]
        old = interval_text(table, move.was, with_n=move.was.n != move.became.n)
        new = interval_text(table, move.became)
        change = _estimate_change(move)
    else:
        old, new = _amount(move.old), _amount(move.new)
        change = _change(move)
    return Row(label_of(drift.new, move), old, new, change, drift.threshold(move))


def label_of(run: Snapshot, move: Move) -> str:
    """What a number is, in words."""
    if move.kind == ESTIMATES:
        return estimate_label(run, move.where)
    if move.kind in (BY_YEAR, BY_CODE):
        return " ".join(move.where) + (" (under way)" if move.is_open else "")
    if move.kind == COHORT:
        return "persons" if move.where[0] == STUDY else f"persons, {move.where[0]}"
    if move.kind == STEPS:
        exposure, step = move.where
        labels = {(s.exposure, s.id): s.label for s in run.steps}
        label = labels.get((exposure, step), step)
        return label if exposure == STUDY else f"{exposure}: {label}"
    return _LABELS[move.kind]


def estimate_label(run: Snapshot, key: tuple[str, ...]) -> str:
    """`users, LDNx1: Antiepileptics`: table, stratum or contrast, and outcome.

    A further exposure and further windows stand behind the table.
    """
    table, stratum, outcome = key
    name, exposure = without_exposure(table)
    name, design = table_and_design(name)
    of = [name, design, "" if exposure == STUDY else exposure, stratum]
    where, label = ", ".join(filter(None, of)), run.outcomes.get(outcome, outcome)
    return f"{where}: {label}" if label else where


def interval_text(table: str, found: Interval, *, with_n: bool = True) -> str:
    """`−1.52 (−4.10 to 1.06), n = 328`; shares in percentage points."""
    if found.value is None:
        return UNDEFINED
    text = pretty(value_text(table, found.value))
    if found.low is not None and found.high is not None:
        limits = (pretty(value_text(table, one)) for one in (found.low, found.high))
        text += f" ({f'{NO_BREAK}to{NO_BREAK}'.join(limits)})"
    return (
        text
        if found.n is None or not with_n
        else f"{text}, n{NO_BREAK}={NO_BREAK}{pretty(str(found.n))}"
    )


def value_text(table: str, value: Decimal) -> str:
    """A value of a table in its print: shares in percentage points, others with two decimals."""
    return percent(value, 2) if is_share(table) else fixed(value, 2)


def is_share(table: str) -> bool:
    """Whether the values of a table of estimates are shares."""
    name = table_and_design(without_exposure(table)[0])[0]
    quantity = find(name, MAIN_QUANTITY.get(name, ""))
    return quantity is not None and quantity.kind == Kind.SHARE


def _amount(value: Decimal | None) -> str:
    if value is None:
        return UNDEFINED
    whole = value == value.to_integral_value()
    return pretty(f"{value:.0f}" if whole else fixed(exact(value), 1))


def _estimate_change(move: Move) -> str:
    if move.old == move.new:
        limits = [(one.low, one.high) for one in (move.was, move.became)]
        return "persons alone" if limits[0] == limits[1] else "interval alone"
    if move.half_widths is not None:
        return f"{fixed(move.half_widths, 2)} half widths"
    if move.difference is None:
        return UNDEFINED
    sign = PLUS if move.difference > 0 else ""
    return f"{sign}{pretty(value_text(move.where[0], move.difference))}"


def _change(move: Move) -> str:
    if move.difference is None:
        return UNDEFINED
    sign = PLUS if move.difference > 0 else ""
    text = f"{sign}{_amount(move.difference)}"
    if move.percent is None:
        return f"{text} (from 0)"
    return f"{text} ({sign}{pretty(fixed(move.percent, 2))}{NO_BREAK}%)"
