"""What is compared: users, doses, and dispenses where no dose is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ldn_spark.estimates.results import Results
from ldn_spark.reporting.cells import Format, View, hundredths, mean
from ldn_spark.reporting.formats import percent
from ldn_spark.shown import counted, numbered
from ldn_spark.stats.not_estimable import (
    NO_DDD,
    NO_DDD_AFTER,
    NO_DDD_BEFORE,
    ZERO_DDD,
    ZERO_DDD_AFTER,
    ZERO_DDD_BEFORE,
)
from ldn_spark.study.definition import OVERALL, Outcome, StudyDefinition
from ldn_spark.study.words import listing


@dataclass(frozen=True, slots=True)
class Unit:
    """One of the things that are compared, and its words.

    Attributes:
        table: the table of its estimates; `did_` and `trend_` stand in front of the others.
        form: how its numbers are printed.
        change: the quantity of the change within a group.
        name: what changes.
        of: the unit of a change.
        of_contrast: the unit where the sentence does not say what changes.
        changing, summed: what a relative change is of, in short and in full.
        did_title, trend_title, change_title: the heads of its tables and columns.
        panel: the head of its panel in the forest plot.
        scale: what a value is multiplied by for a plot.
    """

    table: str
    form: Format
    change: str
    name: str
    of: str
    of_contrast: str
    changing: str
    summed: str
    did_title: str
    trend_title: str
    change_title: str
    panel: str
    scale: int = 1


USERS = Unit(
    table="users",
    form=percent,
    change="difference",
    name="share of users",
    of="percentage points",
    of_contrast="percentage points of users",
    changing="number of users",
    summed="numbers of users",
    did_title="number of users (% points)",
    trend_title="Users, % points per stratum",
    change_title="Change in number of users (%)",
    panel="Users (% points)",
    scale=100,
)
DOSES = Unit(
    table="ddd",
    form=mean,
    change="mean_difference",
    name="mean dose",
    of="DDD per patient",
    of_contrast="DDD",
    changing="dose",
    summed="sums of DDDs",
    did_title="cumulative dose (DDD)",
    trend_title="DDD per stratum",
    change_title="Change in dose (%)",
    panel="Dose (DDD)",
)
DISPENSES = Unit(
    table="dispenses",
    form=hundredths,
    change="mean_difference",
    name="mean number of dispenses",
    of="dispenses per patient",
    of_contrast="dispenses",
    changing="number of dispenses",
    summed="numbers of dispenses",
    did_title="number of dispenses",
    trend_title="Dispenses per stratum",
    change_title="Change in number of dispenses (%)",
    panel="Dispenses",
)


_WHOLLY = (NO_DDD.reason, ZERO_DDD.reason)
_IN_A_WINDOW = tuple(
    one.reason for one in (NO_DDD_BEFORE, NO_DDD_AFTER, ZERO_DDD_BEFORE, ZERO_DDD_AFTER)
)


def _reason(view: View, outcome: Outcome) -> str:
    """Why the change in the doses of an outcome is not known; empty where it is."""
    return view.get("ddd", OVERALL, outcome.id, "mean_difference").reason


def _lacking(view: View, outcomes: Sequence[Outcome], reasons: Sequence[str]) -> list[Outcome]:
    return [outcome for outcome in outcomes if _reason(view, outcome) in reasons]


def without_ddd(view: View, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The outcomes whose doses are unknown in both windows: no DDD was delivered, or all are 0."""
    return tuple(_lacking(view, outcomes, _WHOLLY))


def without_change(view: View, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The outcomes whose doses are unknown in a window or in both, so that they have no change."""
    return tuple(_lacking(view, outcomes, (*_WHOLLY, *_IN_A_WINDOW)))


def amount(view: View, outcomes: Sequence[Outcome]) -> Unit:
    """What tells how much was dispensed: doses, or dispenses where no outcome's are compared."""
    return DISPENSES if len(without_change(view, outcomes)) == len(outcomes) else DOSES


def missing_ddd(view: View, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """The note on how many dispenses carry no DDD, by outcome; none when all carry one."""
    listed = ", ".join(
        f"{outcome.label} {missing}"
        for outcome in outcomes
        if (missing := _missing(view, outcome.id))
    )
    if not listed:
        return ()
    return (f"Dispenses without a known DDD, counted as users but with no dose: {listed}.",)


def _missing(view: View, outcome: str) -> str:
    """`16 (12 before, 4 after)`; empty where none is missing."""
    both, before, after = (
        view.value("ddd", OVERALL, outcome, f"ddd_missing{when}")
        for when in ("", "_before", "_after")
    )
    if not both:
        return ""
    if before is None or after is None:  # of a folder written before they were told apart
        return counted(both)
    return f"{counted(both)} ({counted(before)} before, {counted(after)} after)"


def partly_unknown(view: View, outcome: str) -> str:
    """The sentence about an outcome some of whose dispenses carry no DDD; empty for none."""
    parts = []
    for when in ("before", "after"):
        missing = view.count("ddd", OVERALL, outcome, f"ddd_missing_{when}")
        if missing:
            dispenses = view.count("users", OVERALL, outcome, f"fills_{when}")
            parts.append(f"{counted(missing)} of {numbered(dispenses, 'dispense')} {when}")
    return f"The DDD is not known of {' and of '.join(parts)}." if parts else ""


def unknown_doses(study: StudyDefinition, results: Results) -> str:
    """The sentence about outcomes without any DDD, or any in a window; empty where all have."""
    view = View(results)
    parts = []
    for reasons, whole, part, instead in (
        (_WHOLLY, "the doses are", "these doses are", "in their place"),
        (_IN_A_WINDOW, "the change in dose is", "this change in dose is", "beside it"),
    ):
        lacking = _lacking(view, study.outcomes, reasons)
        if lacking:
            some = len(lacking) < len(study.outcomes)
            why = " and ".join(_why(view, lacking, reasons, some=some))
            what = part if some else whole
            parts.append(f"{why}; {what} not estimated, and numbers of dispenses stand {instead}")
    return "; ".join(parts)


def _why(
    view: View, lacking: Sequence[Outcome], reasons: Sequence[str], *, some: bool
) -> Iterator[str]:
    """Each reason with the outcomes that it holds for; without them where it holds for all."""
    for reason in reasons:
        mine = [outcome.label for outcome in _lacking(view, lacking, (reason,))]
        whose = f" for {listing(mine)}" if some or len(mine) < len(lacking) else ""
        if mine:
            yield f"{reason}{whose}"
