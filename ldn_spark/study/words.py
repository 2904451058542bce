"""The words for numbers, days and conditions of a study, as attrition, methods and captions say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from ldn_spark.shown import MINUS, counted, numbered
from ldn_spark.study.criteria import (
    AgeBetween,
    Alive,
    AllOf,
    AnyOf,
    Criterion,
    Dispensed,
    Not,
    Observed,
    SexIs,
)
from ldn_spark.study.windows import DayWindow

_NUMBERS = [
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]


def number_word(number: int) -> str:
    """A small number as a word.

    >>> number_word(3), number_word(40)
    ('three', '40')
    """
    return _NUMBERS[number] if 0 <= number < len(_NUMBERS) else str(number)


def times(number: int) -> str:
    """How often, in words.

    >>> times(1), times(2), times(4)
    ('once', 'twice', 'four times')
    """
    named = {0: "never", 1: "once", 2: "twice"}
    return named.get(number) or f"{number_word(number)} times"


def day(number: int) -> str:
    """A day relative to the index date, with a true minus sign."""
    return counted(number).replace("-", MINUS)


def days(window: DayWindow) -> str:
    """A window as its two ends: `days −365 to −1`; a single day: `day −1`."""
    if window.days == 1:
        return f"day {day(window.first)}"
    return f"days {day(window.first)} to {day(window.last)}"


def so_many_days(number: int) -> str:
    """`one day`, `30 days`."""
    return "one day" if number == 1 else numbered(number, "day")


def listing(parts: Iterable[str], joint: str = "and") -> str:
    """`a, b and c`.

    >>> listing(["a", "b", "c"]), listing(["a"]), listing([])
    ('a, b and c', 'a', '')
    """
    parts = list(parts)
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {joint} {parts[-1]}"


def describe(criterion: Criterion) -> str:
    """A condition in words."""
    match criterion.condition:
        case AllOf(parts):
            return " and ".join(map(_nested, parts))
        case AnyOf(parts):
            return " or ".join(map(_nested, parts))
        case Not(part):
            return f"not {_nested(part)}"
        case Dispensed() as leaf:
            return _dispensed(leaf)
        case Observed(days=window):
            return f"observed by the register on {_every_day(window)}"
        case Alive(on_day=number):
            return f"alive on day {day(number)}"
        case AgeBetween() as age:
            return _age(age)
        case SexIs(sex):
            return {"F": "women", "M": "men"}[sex]
        case other:
            assert_never(other)


def _every_day(window: DayWindow) -> str:
    return days(window) if window.days == 1 else f"all {days(window)}"


def _nested(criterion: Criterion) -> str:
    text = describe(criterion)
    return f"({text})" if isinstance(criterion.condition, AllOf | AnyOf) else text


def _age(age: AgeBetween) -> str:
    limits = [f"at least {age.at_least}"] if age.at_least is not None else []
    limits += [f"at most {age.at_most}"] if age.at_most is not None else []
    return f"age in the index year {' and '.join(limits) or 'of any value'}"


def _dispensed(leaf: Dispensed) -> str:
    what = f"ATC {listing(leaf.atc, 'or')}" if leaf.atc else "any medicine"
    codes = [("ICD-10", leaf.reimbursement_icd), ("ICPC-2", leaf.reimbursement_icpc)]
    reimbursed = [f"{name} {listing(found, 'or')}" for name, found in codes if found]
    if reimbursed:
        what += f" reimbursed for {' or '.join(reimbursed)}"
    when = f"on {days(leaf.days)}" if leaf.days is not None else ""
    if leaf.period is not None:
        when = f"from {leaf.period.first.isoformat()} to {leaf.period.last.isoformat()}"
    a_day = ", counted once a day" if leaf.counting == "one_a_day" else ""
    return f"{what} dispensed at least {times(leaf.at_least)}{a_day}, {when}"
