"""From candidates to the cohort: eligibility in the study's order, attrition at every step."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import reduce
from operator import and_, or_
from typing import assert_never

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ldn_spark.schemas import DISPENSINGS, Table
from ldn_spark.study.atc.translation import AskedCodes
from ldn_spark.study.atc.uses import EVERY_CODE
from ldn_spark.study.codes import shortest_prefixes
from ldn_spark.study.criteria import (
    AgeBetween,
    Alive,
    AllOf,
    AnyOf,
    Criterion,
    Delivered,
    Dispensed,
    Look,
    Not,
    Observed,
    SexIs,
)
from ldn_spark.study.definition import IndexEvent, Returns, Subgroup
from ldn_spark.study.reach import ConditionLook, Reach, condition_looks
from ldn_spark.study.selection import OfExposure, conditions, selection_steps
from ldn_spark.study.sets import StudySet, by_returns
from ldn_spark.transforms.atc_versions import read_as
from ldn_spark.transforms.codes import any_of, begins_with_any
from ldn_spark.transforms.days import is_within, require_years
from ldn_spark.transforms.exposure import is_washed_out, stratum_of
from ldn_spark.transforms.observed import find_those_of
from ldn_spark.transforms.returns import NEEDS, require_dispensings
from ldn_spark.transforms.sets import KEY, by_set, choose, is_of_any, of_sets, together

Looks = Mapping[Look, str]
"""What is looked up of a person, and the column that holds what is found."""
Leaves = Mapping[Dispensed, str]
"""Looks at dispensings, and the column that each is counted in."""
_REIMBURSEMENT = ("reimbursement_icd", "reimbursement_icpc")

Registry = Callable[[Table], DataFrame]
"""The tables of a lake, each as it is asked for."""


def add_person_attributes(candidates: DataFrame, persons: DataFrame) -> DataFrame:
    """Add index_date, sex and age (index year - birth year; null when unknown) to candidates.

    The register's persons are cut to the candidates before the outer join, whose sides would
    otherwise both be shuffled.

    One row per set and person before and after.
    """
    index_date = F.date_add(F.to_date(F.lit("1970-01-01")), F.col("index_day"))
    keys = F.broadcast(candidates.select("person_key"))
    attributes = persons.select("person_key", "sex", "birth_year").join(
        keys, on="person_key", how="left_semi"
    )
    return (
        candidates.withColumn("index_date", index_date)
        .join(attributes, on="person_key", how="left")
        .withColumn("age", (F.year("index_date") - F.col("birth_year")).cast("int"))
        .drop("birth_year")
    )


def add_looks(
    candidates: DataFrame,
    index_days: DataFrame,
    registry: Registry,
    sets: Sequence[StudySet],
    looks: Looks,
    undelivered: Collection[Delivered],
) -> DataFrame:
    """Add, per look, what it finds of each candidate.

    Of a look at dispensings that is the number of matching ones (0 = none), of any other whether
    it is met; null where the lake holds nothing that it asks for. All looks at dispensings, of all
    cohorts in which returns do the same, are one look at the registry.

    Args:
        candidates: one row per set and person: set, person_key.
        index_days: one row per candidate: set, person_key, index_day; every look reads it, so it
            should be a table and not the outcome of joins.
        registry: the tables of the lake, of which every look reads what it asks for.
        sets: the cohorts.
        looks: and the column of each.
        undelivered: what the lake does not hold.

    Returns:
        One row per candidate, with one column per look; nothing found where a cohort does not ask.
    """
    leaves = {look: name for look, name in looks.items() if isinstance(look, Dispensed)}
    found = _add_counts(candidates, index_days, registry, sets, leaves) if leaves else candidates
    for look, name in looks.items():
        if isinstance(look, Dispensed):
            continue
        if look.asks_for in undelivered:
            found = found.withColumn(name, F.lit(None).cast("boolean"))
            continue
        those = find_those_of(look, index_days, registry).withColumn(name, F.lit(True))
        found = found.join(those, on=list(KEY), how="left")
        found = found.withColumn(name, F.coalesce(F.col(name), F.lit(False)))
    return found


def _add_counts(
    candidates: DataFrame,
    index_days: DataFrame,
    registry: Registry,
    sets: Sequence[StudySet],
    leaves: Leaves,
) -> DataFrame:
    """Add the number of dispenses that each look at dispensings finds."""
    asking = [one for one in sets if _looks(one)]
    days = index_days.select(*KEY, "index_day")
    counts = together(
        [
            _count_leaves(
                registry(DISPENSINGS),
                of_sets(days, alike, sets),
                alike,
                leaves,
                returns=returns,
            )
            for returns, alike in by_returns(asking).items()
        ]
    )
    candidates = candidates.join(counts, on=list(KEY), how="left")
    names = {name: F.coalesce(F.col(name), F.lit(0).cast("bigint")) for name in leaves.values()}
    return candidates.withColumns(names)


def _looks(one: StudySet) -> list[ConditionLook]:
    return list(condition_looks(one.definition))


def _count_leaves(
    dispensings: DataFrame,
    keys: DataFrame,
    sets: Sequence[StudySet],
    leaves: Leaves,
    *,
    returns: Returns,
) -> DataFrame:
    """Dispenses of every leaf that these sets ask, of the candidates that have any they look at."""
    lines = _lines_looked_at(dispensings, F.broadcast(keys), sets, returns)
    counts = [
        _count_leaf(leaf, [one for one in sets if leaf in _leaves_of(one)], sets, name)
        for leaf, name in leaves.items()
    ]
    return lines.groupBy(*KEY).agg(*counts)


def _leaves_of(one: StudySet) -> list[Dispensed]:
    return list(dict.fromkeys(look.leaf for look in _looks(one)))


def _lines_looked_at(
    dispensings: DataFrame, keys: DataFrame, sets: Sequence[StudySet], returns: Returns
) -> DataFrame:
    """The candidates' dispensings that any look may ask for, with their index day.

    The days of the looks narrow the years that are read, unless a return outside them may take
    back what lies inside: then the candidates' lines of all days are matched first, by their code
    in the study's index even where every code is asked for.
    """
    asked = {one.number: one.translation.asked_for(_codes_of(one, returns)) for one in sets}
    needs = {name for codes in asked.values() for name in codes.needs}
    found = dispensings.where(_may_be_asked(sets, asked, returns))
    if returns != "cancel":
        years = [_years(look, one) for one in sets for look in _looks(one)]
        found = require_years(found, min(first for first, _ in years), max(y for _, y in years))
    if returns != "as_dispense":
        needs |= set(NEEDS)
    for one in sets:
        needs |= {
            name for leaf in _leaves_of(one) for name in _REIMBURSEMENT if getattr(leaf, name)
        }
    columns = ("person_key", "atc", "dispensed_on", *sorted(needs))
    mine = found.select(*columns).join(keys, on="person_key", how="inner")
    read = choose({number: codes.parts for number, codes in asked.items()}, read_as)
    return require_dispensings(mine.withColumn("atc", read), returns)


def _codes_of(one: StudySet, returns: Returns) -> Sequence[str]:
    """The codes that the looks of a set ask for; every code, where returns of any are matched."""
    leaves = _leaves_of(one)
    if returns == "cancel" and any(not leaf.atc for leaf in leaves):
        return EVERY_CODE
    return shortest_prefixes(code for leaf in leaves for code in leaf.atc or ())


def _years(look: ConditionLook, one: StudySet) -> tuple[int, int]:
    event = one.definition.exposure.index_event
    return look.reach((event.first, event.last)).closed_years


def _may_be_asked(
    sets: Sequence[StudySet], asked: Mapping[int, AskedCodes], returns: Returns
) -> Column:
    """What an engine can skip files by: the codes that are asked for, as they are delivered.

    Where returns are matched a look at reimbursement codes alone reads every line, else those with
    one of its codes.
    """
    alone = dict.fromkeys(leaf for one in sets for leaf in _leaves_of(one) if not leaf.atc)
    if returns == "cancel" and alone:
        return F.lit(True)
    delivered = [code for codes in asked.values() for code in codes.delivered]
    conditions = [begins_with_any("atc", shortest_prefixes(delivered))] if delivered else []
    return any_of([*conditions, *map(_is_reimbursed, alone)])


def _count_leaf(
    leaf: Dispensed, asking: Sequence[StudySet], sets: Sequence[StudySet], name: str
) -> Column:
    """Dispenses, or days with one, that are of the codes and the days of a look."""
    if not asking:  # nothing was read for it
        return F.count(F.when(F.lit(False), F.lit(1))).cast("bigint").alias(name)
    conditions = [is_of_any(asking, sets), _is_inside(leaf)]
    if leaf.atc:
        conditions.append(begins_with_any("atc", shortest_prefixes(leaf.atc)))
    if leaf.reimbursement_icd or leaf.reimbursement_icpc:
        conditions.append(_is_reimbursed(leaf))
    is_asked = reduce(and_, conditions)
    if leaf.counting == "each_dispense":
        return F.count(F.when(is_asked, F.lit(1))).cast("bigint").alias(name)
    return F.count_distinct(F.when(is_asked, F.col("dispensed_on"))).cast("bigint").alias(name)


def _is_reimbursed(leaf: Dispensed) -> Column:
    """Whether a line has one of the reimbursement codes of a look; null or false where not."""
    return any_of(
        [
            begins_with_any(column, prefixes)
            for column in _REIMBURSEMENT
            if (prefixes := getattr(leaf, column))
        ]
    )


def _is_inside(leaf: Dispensed) -> Column:
    if leaf.period is not None:
        return is_within(Reach("condition", leaf.period.first, leaf.period.last))
    assert leaf.days is not None, "the schema refuses a look without days"
    day = F.unix_date("dispensed_on") - F.col("index_day")
    return day.between(leaf.days.first, leaf.days.last)


def is_met(criterion: Criterion, looks: Looks) -> Column:
    """A criterion as a condition; an unknown age or sex never meets one (and always a `not`).

    Null where it cannot be told because of what the lake does not hold. Null follows the logic of
    three values (Kleene), as SQL does: `any` of null and true is true, `all` of null and false is
    false, and else null stays null, also under `not`.
    """
    match criterion.condition:
        case AllOf(parts):
            return reduce(and_, [is_met(part, looks) for part in parts])
        case AnyOf(parts):
            return reduce(or_, [is_met(part, looks) for part in parts])
        case Not(part):
            return ~is_met(part, looks)
        case Dispensed() as leaf:
            return F.col(looks[leaf]) >= leaf.at_least
        case Observed() | Alive() as look:
            return F.col(looks[look])
        case AgeBetween() as age:
            return F.coalesce(_age_is_between(age), F.lit(False))
        case SexIs(sex):
            return F.coalesce(F.col("sex") == F.lit(sex), F.lit(False))
        case other:
            assert_never(other)


def _age_is_between(age: AgeBetween) -> Column:
    low = F.lit(True) if age.at_least is None else F.col("age") >= age.at_least
    high = F.lit(True) if age.at_most is None else F.col("age") <= age.at_most
    return F.col("age").isNotNull() & low & high


def name_looks(sets: Sequence[StudySet]) -> dict[Look, str]:
    """A column name for every different look in the conditions of all sets."""
    found = dict.fromkeys(
        look for one in sets for asked in conditions(one.definition) for look in asked.looks()
    )
    return {look: f"look_{number}" for number, look in enumerate(found)}


def is_passed(condition: Criterion | OfExposure, event: IndexEvent, looks: Looks) -> Column:
    """The condition of a step asked of a candidate; what is unknown excludes nobody."""
    match condition:
        case Criterion() as criterion:
            met = is_met(criterion, looks)
            return F.coalesce(met, F.lit(True)) if criterion.asks_for() else met
        case OfExposure.CODES:
            return F.col("atc_records") > 0
        case OfExposure.PRODUCTS:
            return F.col("product_records") > 0
        case OfExposure.CLEAN_INDEX:
            return F.col("index_day").isNotNull()
        case OfExposure.WASHOUT:
            return is_washed_out(event)
        case other:
            assert_never(other)


def add_steps_passed(candidates: DataFrame, sets: Sequence[StudySet], looks: Looks) -> DataFrame:
    """Add how many steps after the first each candidate passes before the first that fails.

    The first step, a dispensing of the exposure's ATC codes in the index period, is what makes a
    candidate.
    """

    def asked(one: StudySet) -> tuple[tuple[Criterion | OfExposure, ...], IndexEvent]:
        conditions = tuple(step.condition for step in selection_steps(one.definition)[1:])
        return conditions, one.definition.exposure.index_event

    def passed(asked: tuple[tuple[Criterion | OfExposure, ...], IndexEvent]) -> Column:
        number, stays = F.lit(0), F.lit(True)
        for condition in asked[0]:
            stays = stays & is_passed(condition, asked[1], looks)
            number = number + F.when(stays, F.lit(1)).otherwise(F.lit(0))
        return number

    return candidates.withColumn("steps_passed", by_set(sets, asked, passed))


def summarise_attrition(candidates: DataFrame) -> DataFrame:
    """Persons and their exposure records in the index period by the number of steps passed.

    Returns:
        One row per set and number of steps passed: persons, atc_records, product_records.
    """
    return candidates.groupBy("set", "steps_passed").agg(
        F.count(F.lit(1)).alias("persons"),
        F.sum("atc_records").alias("atc_records"),
        F.sum("product_records").alias("product_records"),
    )


def require_selected(candidates: DataFrame, sets: Sequence[StudySet]) -> DataFrame:
    """Keep the persons with an index day who pass every step."""
    steps = by_set(sets, lambda one: len(selection_steps(one.definition)) - 1, F.lit)
    return candidates.where((F.col("steps_passed") == steps) & F.col("stratum").isNotNull())


def add_stratum(candidates: DataFrame, sets: Sequence[StudySet]) -> DataFrame:
    """Add the stratum of every candidate with an index day; null for the others."""
    stratum = by_set(
        sets,
        lambda one: one.definition.strata.levels,
        lambda levels: stratum_of("exposure_dispenses", levels),
    )
    return candidates.withColumn("stratum", F.when(F.col("index_day").isNotNull(), stratum))


def add_subgroups(cohort: DataFrame, sets: Sequence[StudySet], looks: Looks) -> DataFrame:
    """Add the ids of the subgroups each person is known to belong to, as an array."""

    def members(subgroups: tuple[Subgroup, ...]) -> Column:
        found = [F.when(is_met(group.keep_if, looks), F.lit(group.id)) for group in subgroups]
        if not found:
            return F.array().cast("array<string>")
        return F.filter(F.array(*found), lambda name: name.isNotNull())

    return cohort.withColumn(
        "subgroups", by_set(sets, lambda one: one.definition.subgroups, members)
    )
