"""From candidates to the cohort: eligibility in the study's order, attrition at every step."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import reduce
from operator import and_, or_
from typing import assert_never

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ldn_spark.schemas import DISPENSINGS, Table
from ldn_spark.study.atc.translation import Translation
from ldn_spark.study.atc.uses import EVERY_CODE
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
from ldn_spark.study.definition import Returns, StudyDefinition, Subgroup
from ldn_spark.study.reach import Reach
from ldn_spark.study.selection import OfExposure, Step, selection_steps
from ldn_spark.transforms.atc_versions import read_codes, require_codes
from ldn_spark.transforms.codes import begins_with_any
from ldn_spark.transforms.days import require_days
from ldn_spark.transforms.exposure import is_washed_out, stratum_of
from ldn_spark.transforms.observed import find_those_of
from ldn_spark.transforms.returns import NEEDS, is_return, require_dispensings

Registry = Callable[[Table], DataFrame]
"""The tables of a lake, each as it is asked for."""


def add_person_attributes(candidates: DataFrame, persons: DataFrame) -> DataFrame:
    """Add index_date, sex and age (index year - birth year; null when unknown) to candidates.

    The register's persons are cut to the candidates before the outer join, whose sides would
    otherwise both be shuffled.

    One row per person before and after.
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
    looks: Mapping[Look, str],
    translation: Translation,
    *,
    returns: Returns,
    undelivered: Collection[Delivered],
) -> DataFrame:
    """Add, per look, what it finds of each candidate.

    Of a look at dispensings that is the number of matching ones (0 = none), of any other whether
    it is met; null where the lake holds nothing that it asks for.

    Args:
        candidates: one row per person: person_key.
        index_days: one row per candidate: person_key, index_day; every look reads it, so it should
            be a table and not the outcome of joins.
        registry: the tables of the lake, of which every look reads what it asks for.
        looks: and the column of each.
        translation: how the lake's codes are read.
        returns: what a returned package does.
        undelivered: what the lake does not hold.

    Returns:
        One row per candidate, with one column per look.
    """
    keys = F.broadcast(index_days.select("person_key", "index_day"))
    for look, name in looks.items():
        if isinstance(look, Dispensed):
            found = _count_matching(registry(DISPENSINGS), keys, look, translation, returns)
            found, none = found.withColumnRenamed("found", name), F.lit(0).cast("bigint")
        elif look.asks_for in undelivered:
            candidates = candidates.withColumn(name, F.lit(None).cast("boolean"))
            continue
        else:
            those = find_those_of(look, index_days, registry)
            found, none = those.withColumn(name, F.lit(True)), F.lit(False)
        candidates = candidates.join(found, on="person_key", how="left")
        candidates = candidates.withColumn(name, F.coalesce(F.col(name), none))
    return candidates


def _count_matching(
    dispensings: DataFrame,
    keys: DataFrame,
    look: Dispensed,
    translation: Translation,
    returns: Returns,
) -> DataFrame:
    """One row per candidate with a matching dispensing: found, how many."""
    counted = F.lit(1) if look.counting == "each_dispense" else F.col("dispensed_on")
    counter = F.count if look.counting == "each_dispense" else F.count_distinct
    return (
        _require_matching(dispensings, keys, look, translation, returns)
        .where(_is_inside(look))
        .groupBy("person_key")
        .agg(counter(counted).cast("bigint").alias("found"))
    )


def _require_matching(
    dispensings: DataFrame,
    keys: DataFrame,
    leaf: Dispensed,
    translation: Translation,
    returns: Returns,
) -> DataFrame:
    """The candidates' dispensings of the codes and the period of a look; days are looked at later.

    A period narrows the years that are read, unless a return outside it may take back what lies
    inside: then the candidates' lines of all days are matched first, by their code in the study's
    index even where every code is asked for.
    """
    found = require_codes(dispensings, leaf.atc, translation) if leaf.atc else dispensings
    if returns == "cancel" and not leaf.atc:
        found = read_codes(found, translation.asked_for(EVERY_CODE))
    if returns == "cancel":
        asked = ("reimbursement_icd", "reimbursement_icpc")
        columns = ("person_key", "atc", "dispensed_on", "year", *NEEDS, *asked)
        mine = found.select(*columns).join(keys, on="person_key", how="inner")
        return _require_asked(require_dispensings(mine, returns), leaf)
    found = _require_asked(found, leaf)
    if returns == "no_dispense":
        found = found.where(~is_return())
    found = found.select("person_key", "dispensed_on")
    return found.join(keys, on="person_key", how="inner")


def _require_asked(found: DataFrame, leaf: Dispensed) -> DataFrame:
    """Keep the reimbursement codes and the period of a look."""
    codes = [
        F.coalesce(begins_with_any(column, prefixes), F.lit(False))
        for column, prefixes in (
            ("reimbursement_icd", leaf.reimbursement_icd),
            ("reimbursement_icpc", leaf.reimbursement_icpc),
        )
        if prefixes
    ]
    if codes:
        found = found.where(reduce(or_, codes))
    if leaf.period is not None:
        found = require_days(found, Reach("condition", leaf.period.first, leaf.period.last))
    return found


def _is_inside(leaf: Dispensed) -> Column:
    if leaf.days is None:
        return F.lit(True)
    day = F.unix_date("dispensed_on") - F.col("index_day")
    return day.between(leaf.days.first, leaf.days.last)


def is_met(criterion: Criterion, looks: Mapping[Look, str]) -> Column:
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


def name_looks(criteria: Sequence[Criterion]) -> dict[Look, str]:
    """A column name for every different look in these criteria."""
    found = (look for criterion in criteria for look in criterion.looks())
    return {look: f"look_{number}" for number, look in enumerate(dict.fromkeys(found))}


def is_passed(step: Step, study: StudyDefinition, looks: Mapping[Look, str]) -> Column:
    """A step of the selection as a condition on a candidate; what is unknown excludes nobody."""
    match step.condition:
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
            return is_washed_out(study.exposure.index_event)
        case other:
            assert_never(other)


def add_steps_passed(
    candidates: DataFrame, study: StudyDefinition, looks: Mapping[Look, str]
) -> DataFrame:
    """Add how many steps after the first each candidate passes before the first that fails.

    The first step, a dispensing of the exposure's ATC codes in the index period, is what makes a
    candidate.
    """
    passed: Column = F.lit(0)
    stays: Column = F.lit(True)
    for step in selection_steps(study)[1:]:
        stays = stays & is_passed(step, study, looks)
        passed = passed + F.when(stays, F.lit(1)).otherwise(F.lit(0))
    return candidates.withColumn("steps_passed", passed)


def summarise_attrition(candidates: DataFrame) -> DataFrame:
    """Persons and their exposure records in the index period by the number of steps passed.

    Returns:
        One row per number of steps passed: persons, atc_records, product_records.
    """
    return candidates.groupBy("steps_passed").agg(
        F.count(F.lit(1)).alias("persons"),
        F.sum("atc_records").alias("atc_records"),
        F.sum("product_records").alias("product_records"),
    )


def require_selected(candidates: DataFrame, study: StudyDefinition) -> DataFrame:
    """Keep the persons with an index day who pass every step."""
    passed_all = F.col("steps_passed") == len(selection_steps(study)) - 1
    return candidates.where(passed_all & F.col("stratum").isNotNull())


def add_stratum(candidates: DataFrame, study: StudyDefinition) -> DataFrame:
    """Add the stratum of every candidate with an index day; null for the others."""
    stratum = stratum_of("exposure_dispenses", study.strata.levels)
    return candidates.withColumn("stratum", F.when(F.col("index_day").isNotNull(), stratum))


def add_subgroups(
    cohort: DataFrame, subgroups: Sequence[Subgroup], looks: Mapping[Look, str]
) -> DataFrame:
    """Add the ids of the subgroups each person is known to belong to, as an array."""
    members = [F.when(is_met(group.keep_if, looks), F.lit(group.id)) for group in subgroups]
    if not members:
        return cohort.withColumn("subgroups", F.array().cast("array<string>"))
    inside = F.filter(F.array(*members), lambda name: name.isNotNull())
    return cohort.withColumn("subgroups", inside)
