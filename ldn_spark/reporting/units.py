"""What is compared: users, doses, and dispenses where no dose is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ldn_spark.reporting.cells import Format, View, hundredths, mean
from ldn_spark.reporting.formats import percent
from ldn_spark.reporting.wording import listing
from ldn_spark.results import Results
from ldn_spark.stats.not_estimable import NO_DDD, ZERO_DDD
from ldn_spark.study.definition import OVERALL, Outcome, StudyDefinition


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


_UNKNOWN = (NO_DDD.reason, ZERO_DDD.reason)


def lacks_ddd(view: View, outcome: str) -> bool:
    """Whether the doses of an outcome are unknown: no DDD was delivered, or they sum to 0."""
    return view.get("ddd", OVERALL, outcome, "mean_difference").reason in _UNKNOWN


def without_ddd(view: View, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The outcomes whose doses are unknown: no DDD was delivered, or they sum to 0."""
    return tuple(outcome for outcome in outcomes if lacks_ddd(view, outcome.id))


def amount(view: View, outcomes: Sequence[Outcome]) -> Unit:
    """What tells how much was dispensed: doses, or dispenses where no outcome has a DDD."""
    return DISPENSES if len(without_ddd(view, outcomes)) == len(outcomes) else DOSES


def unknown_doses(study: StudyDefinition, results: Results) -> str:
    """The sentence about outcomes without any DDD; empty where there are none."""
    view = View(results)
    lacking = without_ddd(view, study.outcomes)
    if not lacking:
        return ""
    some = len(lacking) < len(study.outcomes)
    return (
        f"{' and '.join(_why(view, lacking, some=some))}; {'these' if some else 'the'} doses are "
        "not estimated, and numbers of dispenses stand in their place"
    )


def _why(view: View, lacking: Sequence[Outcome], *, some: bool) -> Iterator[str]:
    """Each reason with the outcomes that it holds for; without them where it holds for all."""
    for reason in _UNKNOWN:
        mine = [
            outcome.label
            for outcome in lacking
            if view.get("ddd", OVERALL, outcome.id, "mean_difference").reason == reason
        ]
        whose = f" for {listing(mine)}" if some or len(mine) < len(lacking) else ""
        if mine:
            yield f"{reason}{whose}"
