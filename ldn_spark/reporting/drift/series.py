"""Which numbers are drawn over the runs of a study, and what they were in each run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ldn_spark.drift.moves import BY_YEAR, COHORT, ESTIMATES, STEPS
from ldn_spark.drift.snapshot import Interval, Key, Snapshot
from ldn_spark.reporting.drift.rows import is_share
from ldn_spark.study.ids import STUDY

MOST_YEARS, MOST_STEPS, MOST_OUTCOMES = 12, 9, 8
_ALL = "overall"
_CHANGES = {
    "ddd": "DDDs, after − before, all persons",
    "dispenses": "Dispenses, after − before, all persons",
    "users": "Users, after − before, all persons, percentage points",
    "did_ddd": "DDDs, difference-in-differences {}",
    "did_dispenses": "Dispenses, difference-in-differences {}",
    "did_users": "Users, difference-in-differences {}, percentage points",
}
"""The groups of estimates that are drawn; doses, or dispenses where no dose is known."""
Read = Callable[[Snapshot], Decimal | int | None]
_NOTHING = Interval(None, None, None, None)


@dataclass(frozen=True, slots=True)
class Series:
    """One number over the runs of a study.

    Attributes:
        kind, where: which one, as a `Move` has it.
        group: the heading that it stands under.
        title: what it is.
        values: in each run; None where a run does not say it.
        lows, highs: the limits of an estimate; None without.
        is_whole: whether it counts something.
    """

    kind: str
    where: tuple[str, ...]
    group: str
    title: str
    values: tuple[Decimal | None, ...]
    lows: tuple[Decimal | None, ...]
    highs: tuple[Decimal | None, ...]
    is_whole: bool

    @property
    def has_intervals(self) -> bool:
        """Whether any run has limits of it."""
        return any(low is not None for low in self.lows)


def wanted_estimates(run: Snapshot) -> list[Key]:
    """The estimates of a run that are drawn over all runs of its study."""
    contrast, outcomes = run.shown
    has_doses = any(key[0] == "ddd" and one.value is not None for key, one in run.estimates.items())
    amount = "ddd" if has_doses else "dispenses"
    keys = [
        (table, stratum, outcome)
        for table, stratum in (
            (f"did_{amount}", contrast),
            ("did_users", contrast),
            (amount, _ALL),
            ("users", _ALL),
        )
        for outcome in outcomes[:MOST_OUTCOMES]
    ]
    return [key for key in keys if key in run.estimates]


def all_series(runs: Sequence[Snapshot]) -> list[Series]:
    """Every number that is drawn, of runs in their order, the newest last; that decides which."""
    newest = runs[-1]
    found = [
        *_registry(runs),
        *_years(runs, newest),
        *_cohorts(runs, newest),
        *_estimates(runs, newest),
    ]
    return [one for one in found if any(value is not None for value in one.values)]


def _registry(runs: Sequence[Snapshot]) -> Iterator[Series]:
    for kind, title in (
        ("lines", "Delivered lines of dispensings"),
        ("dispensings", "Dispensings"),
        ("persons", "Persons"),
    ):
        yield _counted(runs, kind, (), "Registry", title, lambda run, kind=kind: getattr(run, kind))


def _years(runs: Sequence[Snapshot], newest: Snapshot) -> Iterator[Series]:
    years = sorted({one.year for one in newest.dispensed or ()})[-MOST_YEARS:]
    sums = {id(run): _ddd_by_year(run) for run in runs}
    group = "DDDs of the study's codes in the registry, by year of dispensing"
    for year in years:
        yield _counted(
            runs,
            BY_YEAR,
            (str(year),),
            group,
            str(year),
            lambda run, year=year: sums[id(run)].get(year),
            is_whole=False,
        )


def _ddd_by_year(run: Snapshot) -> dict[int, Decimal]:
    found: dict[int, Decimal] = {}
    for one in run.dispensed or ():
        found[one.year] = found.get(one.year, Decimal(0)) + one.ddd
    return found


def _cohorts(runs: Sequence[Snapshot], newest: Snapshot) -> Iterator[Series]:
    group = "Persons of the cohort, and who remain before it after each step"
    own = [step for step in newest.steps_between if step.exposure == STUDY][:MOST_STEPS]
    for step in own:
        key = (step.exposure, step.id)
        yield _counted(
            runs,
            STEPS,
            key,
            group,
            step.label,
            lambda run, key=key: {(s.exposure, s.id): s.persons for s in run.steps}.get(key),
        )
    for exposure in list(newest.cohorts)[:MOST_STEPS]:
        title = "Cohort" if exposure == STUDY else f"Cohort of {exposure}"
        yield _counted(
            runs,
            COHORT,
            (exposure,),
            group,
            title,
            lambda run, exposure=exposure: run.cohorts.get(exposure),
        )


def _counted(
    runs: Sequence[Snapshot],
    kind: str,
    where: tuple[str, ...],
    group: str,
    title: str,
    read: Read,
    *,
    is_whole: bool = True,
) -> Series:
    found = [read(run) for run in runs]
    values = tuple(None if value is None else Decimal(value) for value in found)
    none = (None,) * len(runs)
    return Series(kind, where, group, title, values, none, none, is_whole)


def _estimates(runs: Sequence[Snapshot], newest: Snapshot) -> Iterator[Series]:
    for key in wanted_estimates(newest):
        table, stratum, outcome = key
        scale = 100 if is_share(table) else 1
        found = [run.estimates.get(key, _NOTHING) for run in runs]
        parts = [
            tuple(None if value is None else value * scale for value in values)
            for values in (
                [one.value for one in found],
                [one.low for one in found],
                [one.high for one in found],
            )
        ]
        group, title = _CHANGES[table].format(stratum), newest.outcomes.get(outcome, outcome)
        yield Series(ESTIMATES, key, group, title, *parts, is_whole=False)
