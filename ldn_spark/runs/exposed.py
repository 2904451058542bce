"""Find what the exposure of a study is in a lake, and what was returned of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ldn_spark import schemas
from ldn_spark.engine import collect
from ldn_spark.errors import Problem
from ldn_spark.lake.versions import Lake, LakeVersion
from ldn_spark.runs.run import returns_of
from ldn_spark.shown import counted, numbered
from ldn_spark.study.atc.translation import Translation
from ldn_spark.study.load import Study
from ldn_spark.study.reach import index_reach
from ldn_spark.transforms.atc_versions import require_codes
from ldn_spark.transforms.days import is_within, require_days
from ldn_spark.transforms.exposure import is_of
from ldn_spark.transforms.returns import NONE, PART, WHOLE, add_matched, is_return


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
    lake: Lake, version: LakeVersion, study: Study, translation: Translation
) -> ExposureFound:
    """Count a study's exposures: of the index period, or of all days where returns may be."""
    exposure, period = study.definition.exposure, index_reach(study.definition.exposure.index_event)
    dispensings = lake.read(schemas.DISPENSINGS, version)
    in_period = is_within(period)
    if not version.may_hold_returns:
        dispensings = require_days(dispensings, period)
    lines = require_codes(dispensings, exposure.atc, translation)
    marked, is_dispensing = _marked(lines, study, version)
    is_exposure = is_of(study.exposure_products)
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
    found = collect.one(
        marked.agg(
            *[F.count(F.when(condition, F.lit(1))).alias(n) for n, condition in counted.items()]
        )
    )
    kinds = (found[f"returns_{how}"] for how in (WHOLE, PART, NONE))
    returned = Returned(found["mine"], found["returns"], *kinds)
    return ExposureFound(found["atc"], found["products"], found["lines"], returned)


def _marked(lines: DataFrame, study: Study, version: LakeVersion) -> tuple[DataFrame, Column]:
    """Lines with is_return and matched (empty where nothing is), and which are dispensings."""
    if not version.may_hold_returns:
        unmatched = F.lit("").alias("matched")
        return lines.select("*", F.lit(False).alias("is_return"), unmatched), F.lit(True)
    if returns_of(study, version) == "cancel":
        return add_matched(lines), ~F.col("is_return") & (F.col("matched") != WHOLE)
    marked = lines.select("*", is_return().alias("is_return"), F.lit("").alias("matched"))
    counts = returns_of(study, version) == "as_dispense"
    return marked, F.lit(True) if counts else ~F.col("is_return")


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
    of_lines = f"{counted(lines)} {'line' if lines == 1 else 'lines'}"
    return f"{counted(returns)} of {of_lines} of {exposure} {are}"
