"""DDDs per ATC code: how many are missing, and which look wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from ldn_spark.quality.volume import YearMonth, months_between
from ldn_spark.schemas import HUGE_DDD, MICRO
from ldn_spark.shown import counted

MISSING_SHARE = Fraction(10, 100)
ZERO_SHARE = Fraction(5, 100)
RETURNED_SHARE = Fraction(5, 100)
LOWEST_MEAN, HIGHEST_MEAN = Fraction(1, 10), 1_000
LONG_ABSENT_MONTHS = 12
USUAL_DISPENSINGS = 500


@dataclass(frozen=True, slots=True)
class Amounts:
    """The dispensings of a group of ATC codes and their DDDs; two groups add up.

    Attributes:
        dispensings: all of them.
        ddd_missing, ddd_zero, ddd_negative, ddd_huge: those whose DDD is unknown, 0, below 0 (a
            return), or more than `HUGE_DDD`.
        micro: sum of the known DDDs, in millionths.
        low, high: smallest and largest of one line, in millionths; None where none is known.
        first, last: months of the first and the last dispensing.
    """

    dispensings: int
    ddd_missing: int
    ddd_zero: int
    ddd_negative: int
    ddd_huge: int
    micro: int
    low: int | None
    high: int | None
    first: YearMonth
    last: YearMonth

    def __add__(self, other: Amounts) -> Amounts:
        """Both groups taken together."""
        return Amounts(
            self.dispensings + other.dispensings,
            self.ddd_missing + other.ddd_missing,
            self.ddd_zero + other.ddd_zero,
            self.ddd_negative + other.ddd_negative,
            self.ddd_huge + other.ddd_huge,
            self.micro + other.micro,
            _of_known(min, self.low, other.low),
            _of_known(max, self.high, other.high),
            min(self.first, other.first),
            max(self.last, other.last),
        )

    @property
    def mean(self) -> Fraction | None:
        """DDDs of a line whose DDD is known; None where none is."""
        known = self.dispensings - self.ddd_missing
        return Fraction(self.micro, MICRO * known) if known else None

    def share(self, lines: int) -> Fraction:
        """A part of the dispensings."""
        return Fraction(lines, self.dispensings)


def _of_known(choose: Callable[..., int], one: int | None, two: int | None) -> int | None:
    known = [value for value in (one, two) if value is not None]
    return choose(known) if known else None


@dataclass(frozen=True, slots=True)
class Rule:
    """What is pointed out of a row of the ATC table.

    Attributes:
        id: as it stands in the CSV.
        label: as it is printed.
        says: when it applies, in words.
        applies: to the amounts, in an extract from one month to another.
    """

    id: str
    label: str
    says: str
    applies: Callable[[Amounts, YearMonth, YearMonth], bool]


def _mean(amounts: Amounts) -> Fraction:
    return Fraction(1) if amounts.mean is None else amounts.mean


DDD_RULES = (
    Rule("no_ddd", "no DDD", "no line has a DDD", lambda a, *_: a.ddd_missing == a.dispensings),
    Rule(
        "ddd_missing",
        "DDD often missing",
        f"more than {float(100 * MISSING_SHARE):g} % of the lines have no DDD",
        lambda a, *_: MISSING_SHARE < a.share(a.ddd_missing) < 1,
    ),
    Rule(
        "ddd_zero",
        "DDD often 0",
        f"more than {float(100 * ZERO_SHARE):g} % of the lines have a DDD of 0",
        lambda a, *_: a.share(a.ddd_zero) > ZERO_SHARE,
    ),
    Rule(
        "returns",
        "many returns",
        f"more than {float(100 * RETURNED_SHARE):g} % of the lines are negative: returns",
        lambda a, *_: a.share(a.ddd_negative) > RETURNED_SHARE,
    ),
    Rule(
        "ddd_huge",
        "huge DDD",
        f"a line has more than {counted(HUGE_DDD)} DDDs",
        lambda a, *_: a.ddd_huge > 0,
    ),
    Rule(
        "mean_low",
        "low mean",
        f"the mean of the known lines is below {float(LOWEST_MEAN):g} DDD",
        lambda a, *_: _mean(a) < LOWEST_MEAN,
    ),
    Rule(
        "mean_high",
        "high mean",
        f"the mean of the known lines is above {counted(HIGHEST_MEAN)} DDDs",
        lambda a, *_: _mean(a) > HIGHEST_MEAN,
    ),
)
PRESENCE_RULES = (
    Rule(
        "begins_late",
        "begins late",
        f"{USUAL_DISPENSINGS} dispensings or more, the first of them {LONG_ABSENT_MONTHS} months "
        "or more after the beginning of the extract",
        lambda a, first, _: (
            a.dispensings >= USUAL_DISPENSINGS
            and months_between(first, a.first) >= LONG_ABSENT_MONTHS
        ),
    ),
    Rule(
        "ends_early",
        "ends early",
        f"{USUAL_DISPENSINGS} dispensings or more, the last of them {LONG_ABSENT_MONTHS} months "
        "or more before the end of the extract",
        lambda a, _, last: (
            a.dispensings >= USUAL_DISPENSINGS
            and months_between(a.last, last) >= LONG_ABSENT_MONTHS
        ),
    ),
)
"""A code that is recoded in a new version of the ATC index ends, and another one begins."""

RULES = {rule.id: rule for rule in (*DDD_RULES, *PRESENCE_RULES)}


def flags(amounts: Amounts, whole: Amounts) -> tuple[str, ...]:
    """The ids of the rules that apply to a row, in an extract whose amounts are `whole`."""
    return tuple(
        rule.id for rule in RULES.values() if rule.applies(amounts, whole.first, whole.last)
    )


def total(by_code: Mapping[str, Amounts]) -> Amounts | None:
    """All codes together; None for no dispensing."""
    found: Amounts | None = None
    for amounts in by_code.values():
        found = amounts if found is None else found + amounts
    return found
