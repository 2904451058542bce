"""Find what the exposure of a study is in a lake, and what was returned of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ldn_spark import schemas
from ldn_spark.engine import collect
from ldn_spark.errors import Problem
from ldn_spark.lake.versions import Lake, LakeVersion
from ldn_spark.shown import counted, numbered
from ldn_spark.study.atc.translation import AskedCodes
from ldn_spark.study.definition import IndexEvent, Returns
from ldn_spark.study.load import Study
from ldn_spark.study.reach import Reach, index_reach, together_in_time
from ldn_spark.study.sets import StudySet, by_returns
from ldn_spark.transforms.days import is_within, require_days
from ldn_spark.transforms.exposure import is_of
from ldn_spark.transforms.returns import NONE, PART, WHOLE, add_matched, is_return
from ldn_spark.transforms.sets import by_set, split_by_codes, together


@dataclass(frozen=True, slots=True)
class Returned:
    """The lines of an exposure that are returns, in all days of a lake.

    Attributes:
        lines: of the exposure, returns included; a return without a product number is one of them.
        returns: those that bring something back.
        whole, part, none: returns that found all, some and nothing of what they take back; 0 where
            the study does not match them.
    """

    lines: int
    returns: int
    whole: int = 0
    part: int = 0
    none: int = 0


@dataclass(frozen=True, slots=True)
class ExposureFound:
    """Dispensings of a study's exposure in its index period, as its run counts them.

    Attributes:
        atc: under its ATC codes.
        products: those of them that are the exposure.
        lines: delivered under the codes in the period, returns and what was returned included.
        returned: what was returned of the exposure.
    """

    atc: int
    products: int
    lines: int
    returned: Returned


def find_exposures(
    lake: Lake, version: LakeVersion, sets: Sequence[StudySet]
) -> dict[int, ExposureFound]:
    """Count the exposures of cohorts: of the index period, or of all days where returns may be.

    What the dispensing profile tells is read there. For the others the registry is looked at once,
    where returns do the same in all cohorts.

    Returns:
        What was found, by the number of the set.
    """
    told = [one for one in sets if _profile_tells(version, one)]
    untold = [one for one in sets if one not in told]
    counts = [
        _count(lake.read(schemas.DISPENSINGS, version), version, alike, returns)
        for returns, alike in by_returns(untold).items()
    ]
    if told:
        counts.append(_count_in_profile(lake.read(schemas.DISPENSING_PROFILE, version), told))
    found = dict.fromkeys((one.number for one in sets), ExposureFound(0, 0, 0, Returned(0, 0)))
    for row in collect.rows(together(counts)):
        kinds = (row[f"returns_{how}"] for how in (WHOLE, PART, NONE))
        returned = Returned(row["mine"], row["returns"], *kinds)
        found[row["set"]] = ExposureFound(row["atc"], row["products"], row["lines"], returned)
    return found


def _profile_tells(version: LakeVersion, one: StudySet) -> bool:
    """Whether the dispensing profile, a small table by month and code, tells of an exposure.

    It does not know products and returns, how codes are read that files hold otherwise, or days.
    """
    event = _index_event(one)
    whole_months = event.first.day == 1 and (event.last + timedelta(days=1)).day == 1
    return (
        not version.may_hold_returns
        and one.study.exposure_products is None
        and not _asked(one).parts
        and whole_months
    )


def _count_in_profile(profile: DataFrame, sets: Sequence[StudySet]) -> DataFrame:
    """As `_count`, for cohorts whose exposures the profile tells."""
    month = F.col("year") * F.lit(12) + F.col("month")

    def is_in(event: IndexEvent) -> Column:
        return month.between(*(day.year * 12 + day.month for day in (event.first, event.last)))

    lines = split_by_codes(profile, {one.number: _asked(one) for one in sets})
    found = lines.where(by_set(sets, _index_event, is_in)).groupBy("set")
    total = F.sum("dispensings").cast("bigint")
    told = ("lines", "atc", "products", "mine")
    untold = ("returns", *(f"returns_{how}" for how in (WHOLE, PART, NONE)))
    return found.agg(total.alias("lines")).select(
        "set",
        *[F.col("lines").alias(name) for name in told],
        *[F.lit(0).cast("bigint").alias(name) for name in untold],
    )


def _count(
    dispensings: DataFrame, version: LakeVersion, sets: Sequence[StudySet], returns: Returns
) -> DataFrame:
    """One row per set with any line of its exposure: lines of each kind."""
    if not version.may_hold_returns:
        dispensings = require_days(dispensings, together_in_time(map(_period, sets)))
    asked = {one.number: _asked(one) for one in sets}
    marked, is_dispensing = _marked(split_by_codes(dispensings, asked), version, returns)
    in_period = by_set(sets, _period, is_within)
    is_exposure = by_set(sets, lambda one: one.study.exposure_products, is_of)
    mine = is_exposure | (F.col("is_return") & F.col("product_number").isNull())
    counted = {
        "lines": in_period,
        "atc": in_period & is_dispensing,
        "products": in_period & is_dispensing & is_exposure,
        "mine": mine,
        "returns": mine & F.col("is_return"),
    }
    counted |= {
        f"returns_{how}": mine & F.col("is_return") & (F.col("matched") == how)
        for how in (WHOLE, PART, NONE)
    }
    return marked.groupBy("set").agg(
        *[F.count(F.when(condition, F.lit(1))).alias(n) for n, condition in counted.items()]
    )


def _asked(one: StudySet) -> AskedCodes:
    return one.translation.asked_for(one.definition.exposure.atc)


def _index_event(one: StudySet) -> IndexEvent:
    return one.definition.exposure.index_event


def _period(one: StudySet) -> Reach:
    return index_reach(_index_event(one))


def _marked(lines: DataFrame, version: LakeVersion, returns: Returns) -> tuple[DataFrame, Column]:
    """Lines with is_return and matched (empty where nothing is), and which are dispensings."""
    if not version.may_hold_returns:
        unmatched = F.lit("").alias("matched")
        return lines.select("*", F.lit(False).alias("is_return"), unmatched), F.lit(True)
    if returns == "cancel":
        return add_matched(lines), ~F.col("is_return") & (F.col("matched") != WHOLE)
    marked = lines.select("*", is_return().alias("is_return"), F.lit("").alias("matched"))
    return marked, F.lit(True) if returns == "as_dispense" else ~F.col("is_return")


def missing_exposure(study: Study, version: LakeVersion, found: ExposureFound) -> Iterator[Problem]:
    """What stops a run that would find nobody."""
    exposure = study.definition.exposure
    event = exposure.index_event
    codes, period = ", ".join(exposure.atc), f"from {event.first} to {event.last}"
    if found.atc == 0 and found.lines:
        yield Problem(
            "exposure",
            f"nothing is left of the {numbered(found.lines, 'line')} {period} with a code under "
            f"{codes}: all of them are returns or were returned",
            f"look at the amounts of the delivery, or at `returns: {study.definition.returns}`",
        )
    elif found.atc == 0:
        yield Problem(
            "exposure",
            f"no dispensing {period} has a code under {codes}",
            f"check the codes and the index period; the lake holds {version.first_dispensed_on} "
            f"to {version.last_dispensed_on}",
        )
    elif found.products == 0:
        name = exposure.products
        yield Problem(
            f"codelist {name}",
            f"none of its {numbered(len(study.exposure_products or ()), 'product number')} is "
            f"dispensed {period}, under {codes}",
            f"give the product numbers of this register: --codelist {name}=FILE",
        )


def returned_exposure(study: Study, returned: Returned) -> Iterator[Problem]:
    """What a person should know of the returns among the exposure's lines."""
    if not returned.returns:
        return
    rule = study.definition.returns
    what = (
        f"{_are(returned.returns, returned.lines, study.definition.exposure.abbreviation)} "
        f"(`returns: {rule}`)"
    )
    if rule == "cancel":
        what += (
            f": what a return takes back was found wholly for {counted(returned.whole)}, "
            f"in part for {counted(returned.part)} and not at all for {counted(returned.none)}; "
            "what is not found is left out"
        )
    elif rule == "no_dispense":
        what += ": a return is no dispensing, and its DDDs are subtracted"
    else:
        what += ": a return counts as a dispensing"
    yield Problem("returns", what)


def _are(returns: int, lines: int, exposure: str) -> str:
    are = "is a return" if returns == 1 else "are returns"
    return f"{counted(returns)} of {numbered(lines, 'line')} of {exposure} {are}"
