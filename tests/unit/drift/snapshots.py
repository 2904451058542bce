"""Two runs of a study, as small as a number can move in them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from ldn_spark.drift.dispensed import Dispensed
from ldn_spark.drift.snapshot import Interval, Snapshot, Step

KEY = ("did_ddd", "LDNx1-LDNx4+", "N03A")
OLD = Snapshot(
    run_id="monday",
    folder="/out/a/monday",
    ended="2026-11-23T03:00:00",
    study="a",
    title="A study",
    outcomes={"N03A": "Antiepileptics"},
    shown=("LDNx1-LDNx4+", ("N03A",)),
    same_study="1",
    same_data="1",
    same_software="1",
    invented=False,
    dispensings=1000,
    persons=100,
    last_dispensed_on="2014-06-30",
    dispensed=(
        Dispensed(2013, "N03AX09", 40, Decimal(2000), 0),
        Dispensed(2014, "N03AX09", 20, Decimal(1000), 0),
    ),
    steps=(
        Step("study", "delivered", "Lines delivered", None, 1010),
        Step("study", "registry", "Accepted", 100, 1000),
        Step("study", "exposure", "Collected it", 60, 90),
        Step("study", "adults", "Adults", 50, 80),
    ),
    estimates={KEY: Interval(50, Decimal("2.0"), Decimal("1.0"), Decimal("3.0"))},
)


def moved(**what):
    """The run of the next day, with something that is not the same."""
    return replace(OLD, run_id="tuesday", ended="2026-11-24T03:00:00", **what)


def dispensed(ddd_2013, ddd_2014, atc="N03AX09"):
    """What was dispensed of a code in two years."""
    return tuple(
        Dispensed(year, atc, 40, Decimal(ddd), 0)
        for year, ddd in ((2013, ddd_2013), (2014, ddd_2014))
    )


def steps(*persons):
    """The steps of the run, with other persons behind the registry's."""
    changed = zip(OLD.steps[2:], persons, strict=True)
    return (*OLD.steps[:2], *(replace(step, persons=number) for step, number in changed))


def estimate(value, low="1.0", high="3.0", n=50):
    """The one estimate of the run, at other values."""
    numbers = (None if one is None else Decimal(one) for one in (value, low, high))
    return {KEY: Interval(n, *numbers)}
