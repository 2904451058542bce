"""From a published table to a cohort that prints it: every step in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ldn_spark.errors import ConfigError, Problem
from ldn_spark.papers.replicate.amounts import draw_amounts
from ldn_spark.papers.replicate.boxes import Range, printing
from ldn_spark.papers.replicate.cohort import Cohort
from ldn_spark.papers.replicate.counts import Key, choose_counts
from ldn_spark.papers.replicate.doses import Doses, solve_doses
from ldn_spark.papers.replicate.draws import Draws
from ldn_spark.papers.replicate.guesses import guess_users
from ldn_spark.papers.replicate.leaves import find_leaves, membership
from ldn_spark.papers.replicate.patterns import find_patterns
from ldn_spark.papers.replicate.persons import draw_ages, draw_dispenses
from ldn_spark.papers.replicate.unions import choose_squares, join_unions, natural_squares
from ldn_spark.papers.values import Published
from ldn_spark.progress import Progress, report
from ldn_spark.shown import numbered
from ldn_spark.stats.proportions import PairedCounts
from ldn_spark.study.definition import OVERALL, StudyDefinition

PER_LEAF = 4  # dispenses a year of a user of a leaf, where no total is printed


@dataclass(frozen=True)
class _Targets:
    """What all strata have in common while they are built."""

    study: StudyDefinition
    published: Published
    member: np.ndarray
    persons: Mapping[str, int]
    doses: Doses
    counts: Mapping[Key, PairedCounts]
    users: Mapping[tuple[str, int], float]
    seed: int


def solve_cohort(study: StudyDefinition, published: Published, seed: int = 1) -> Cohort:
    """A cohort whose study prints what is published, as far as anything can.

    Printed values that clash with the others come out otherwise: `cohort.check` tells which. The
    outcomes, strata and methods are the study's; every number is from `published`.

    Raises:
        ConfigError: the persons of a stratum are not printed, or nothing is printed of DDDs.
    """
    persons = _persons(study, published)
    stages = len(persons) + 2
    report(Progress("solving the published tables", 0, stages, "steps"))
    leaves = find_leaves(study)
    try:
        doses = solve_doses(study, published, leaves, persons)
    except ValueError as error:
        what = f"no mean DDDs agree with these values ({error})"
        raise ConfigError(Problem("published values", what, "check them")) from None
    report(Progress("solving the published tables", 1, stages, "steps"))
    users, guesses = guess_users(study, published, leaves, doses, persons)
    counts = choose_counts(study, published, persons, guesses)
    targets = _Targets(
        study, published, membership(study, leaves), persons, doses, counts, users, seed
    )
    parts, totals = [], _fills(study, published, persons)
    for number, stratum in enumerate(persons):
        report(Progress("solving the published tables", 2 + number, stages, "steps"))
        parts.append(_stratum(targets, number, stratum, totals[stratum]))
    report(Progress("solving the published tables", stages, stages, "steps"))
    return Cohort.together(parts)


def _persons(study: StudyDefinition, published: Published) -> dict[str, int]:
    """Persons of every stratum."""
    found = {level.id: published.persons(level.id) for level in study.strata.levels}
    problems = [
        Problem("published values", f"the persons of {stratum} are not printed", "add the row")
        for stratum, count in found.items()
        if not count
    ]
    if not any(True for _ in published.rows("ddd")):
        what = "nothing is printed of DDDs"
        problems.append(Problem("published values", what, "add the rows of table ddd"))
    if problems:
        raise ConfigError(problems)
    return {stratum: count for stratum, count in found.items() if count}


def _stratum(
    targets: _Targets, number: int, stratum: str, totals: Mapping[str, int | float | None]
) -> Cohort:
    """The persons of one stratum."""
    n, seed = targets.persons[stratum], targets.seed
    state, sums = _users_and_sums(targets, number, stratum)
    amounts = _amounts(targets, number, stratum, state, sums)
    dispenses = []
    for window, when in enumerate(("before", "after")):
        used = state & (1 + window) > 0
        total = totals[when]
        total = PER_LEAF * int(used.sum()) if total is None else int(total)
        if not used.sum() <= total <= amounts[window].sum():
            what = (
                f"{numbered(total, 'dispense')} {when} in {stratum} do not suit its users and DDDs"
            )
            raise ConfigError(Problem("published values", what, "check the dispenses"))
        sd = totals["sd"] if when == "before" else None
        draws = Draws(seed, 4 + window, number)
        dispenses.append(draw_dispenses(draws, used, amounts[window], total, sd))
    woman, age = _women(targets, number, stratum), _ages(targets, number, stratum)
    return Cohort(np.full(n, number), woman, age, *amounts, *dispenses)


def _users_and_sums(targets: _Targets, number: int, stratum: str) -> tuple[np.ndarray, np.ndarray]:
    """State of every (person, leaf), and tenths of DDDs of every (window, leaf).

    Whoever uses a leaf has a tenth at least, and a leaf that nobody uses has none.
    """
    n, places = targets.persons[stratum], range(targets.member.shape[1])
    means = targets.doses.before, targets.doses.after
    sums = np.array([[round(10 * n * mean[stratum, leaf]) for leaf in places] for mean in means])
    ids = [outcome.id for outcome in targets.study.outcomes]
    wanted = {
        ids.index(name): count
        for (where, name), count in targets.counts.items()
        if where == stratum
    }
    users = np.array([targets.users[stratum, leaf] for leaf in places])
    least = np.where(sums > 0, np.minimum(2, sums), 0)
    state = find_patterns(targets.seed, number, n, targets.member, wanted, users, least)
    used = np.stack([(state & bit > 0).sum(axis=0) for bit in (1, 2)])
    return state, np.where(used > 0, np.maximum(sums, used), 0)


def _amounts(
    targets: _Targets, number: int, stratum: str, state: np.ndarray, sums: np.ndarray
) -> np.ndarray:
    """Tenths of DDDs: (window, person, leaf)."""
    n = targets.persons[stratum]
    wanted = {}
    for place, outcome in enumerate(targets.study.outcomes):
        se = targets.doses.se.get((stratum, outcome.id))
        if se:
            inside = np.flatnonzero(targets.member[place])
            change = (sums[1] - sums[0])[inside].sum()
            meant = (
                10
                * n
                * sum(
                    targets.doses.after[stratum, leaf] - targets.doses.before[stratum, leaf]
                    for leaf in inside.tolist()
                )
            )
            if meant:  # sums are whole tenths now; keep change / se, and with it p
                se *= np.clip(change / meant, 0.998, 1.002)
            wanted[place] = 100 * se**2 * n * (n - 1) + change**2 / n
    natural = natural_squares(state, *sums)
    squares = choose_squares(targets.member, wanted, natural)
    draws = Draws(targets.seed, 2, number)
    columns = [
        draw_amounts(draws, state[:, leaf], int(sums[0, leaf]), int(sums[1, leaf]), squares[leaf])
        for leaf in range(state.shape[1])
    ]
    amounts = np.moveaxis(np.array(columns), 0, -1)
    return join_unions(Draws(targets.seed, 3, number), state, amounts, targets.member, wanted)


def _women(targets: _Targets, number: int, stratum: str) -> np.ndarray:
    n = targets.persons[stratum]
    count = targets.published.count("cohort", stratum, "", "women")
    share = targets.published.get("cohort", stratum, "", "women_share")
    if count is None:
        count = round(n * sum(printing(share)) / 2) if share else n // 2
    woman = np.zeros(n, dtype=np.int64)
    woman[Draws(targets.seed, 6, number).order(n)[:count]] = 1
    return woman


def _ages(targets: _Targets, number: int, stratum: str) -> np.ndarray:
    mean, sd = (_range(targets.published, "cohort", stratum, f"age_{q}") for q in ("mean", "sd"))
    draws = Draws(targets.seed, 7, number)
    return draw_ages(draws, targets.persons[stratum], mean or (50.0, 51.0), sd or (12.0, 13.0))


def _range(published: Published, table: str, stratum: str, quantity: str) -> Range | None:
    value = published.get(table, stratum, "", quantity)
    return None if value is None else printing(value)


def _fills(
    study: StudyDefinition, published: Published, persons: Mapping[str, int]
) -> dict[str, dict[str, int | float | None]]:
    """Dispenses of every stratum before and after; None where nothing is printed."""
    total = study.total_outcome.id if study.total_outcome else ""
    found: dict[str, dict[str, int | float | None]] = {name: {} for name in persons}
    boxes = {name: _range(published, "baseline", name, "dispenses_before_mean") for name in persons}
    size = {name: float(n) for name, n in persons.items()}
    everyone = published.count("users", OVERALL, total, "fills_before")
    if all(boxes.values()):
        middle = {name: sum(boxes[name]) / 2 * n for name, n in persons.items()}
        width = {name: (boxes[name][1] - boxes[name][0]) * n for name, n in persons.items()}
        missing = 0.0 if everyone is None else everyone - sum(middle.values())
        size = {k: v + missing * width[k] / sum(width.values()) for k, v in middle.items()}
    for when in ("before", "after"):
        whole = published.count("users", OVERALL, total, f"fills_{when}")
        if whole is None and when == "before" and all(boxes.values()):
            whole = round(sum(size.values()))
        parts = _rounded(size, whole)
        for name in persons:
            found[name][when] = parts[name]
            sd = _range(published, "baseline", name, "dispenses_before_sd")
            found[name]["sd"] = sum(sd) / 2 if sd else None
    return found


def _rounded(size: Mapping[str, float], whole: int | None) -> dict[str, int | None]:
    """`whole` split in proportion, whole numbers; None when there is nothing to split."""
    if whole is None:
        return dict.fromkeys(size)
    ends = np.rint(np.cumsum(list(size.values())) / sum(size.values()) * whole).astype(int)
    return dict(zip(size, np.diff(ends, prepend=0).tolist(), strict=True))
