"""Returned medicines: lines of a negative amount, and the dispensings that they take back.

A line of negative DDDs or of a negative number of packages is a return. By the study's key
`returns` it takes back what was dispensed before (`cancel`), is subtracted where it stands
(`no_dispense`), or counts as any other line (`as_dispense`).

**cancel.** A return takes back the latest dispensing before it of the same person, ATC code (as
read in the study's index) and product number; a return without a product number, that of the same
person and code, when those with one have taken theirs. The day of the return itself counts as
before; of several dispensings on a day the smallest goes first. A larger return goes on to the
dispensing before, a smaller one leaves the rest of its dispensing, which stays a dispensing. What
a return does not find is counted and left out: neither a dispensing nor negative DDDs.

All days of the extract are matched, whatever a study looks at: a return cancels where its purchase
was, also when it lies after the window or its purchase before it. Amounts are compared in DDDs
where every line of the matched kind has some, else in packages where every line has some, else one
return takes back one dispensing. Compared in packages, the DDDs left of a part are unknown.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ldn_spark.schemas import MICRO
from ldn_spark.study.definition import Returns

NEEDS = ("product_number", "ddd", "packages")
"""Columns that tell and match returns, beside person_key, atc and dispensed_on."""
WHOLE, PART, NONE = "whole", "part", "none"
"""How much of a line was matched with lines of the other kind."""
_TIES = ("product_number", "reimbursement_icd", "reimbursement_icpc")


def is_return() -> Column:
    """Whether a line is a return: negative DDDs or packages; an unknown amount is not negative."""
    return _is_negative("ddd") | _is_negative("packages")


def _is_negative(column: str) -> Column:
    return F.coalesce(F.col(column) < F.lit(0), F.lit(False))


def subtracted_ddd() -> Column:
    """The DDDs of a line, below 0 where it is a return; null where they are unknown."""
    return F.when(is_return(), -F.abs("ddd")).otherwise(F.col("ddd")).cast("decimal(18,6)")


def require_dispensings(lines: DataFrame, returns: Returns) -> DataFrame:
    """Keep the lines that count as dispensings.

    Args:
        lines: one row per line, or per set and line: person_key, atc, dispensed_on and `NEEDS`;
            with `cancel` of all days, as lines that a study does not look at take back and are
            taken back too.
        returns: what a return does.

    Returns:
        The rows of `lines` that are dispensings, with the DDDs that are left of them.
    """
    if returns == "as_dispense":
        return lines
    if returns == "no_dispense":
        return lines.where(~is_return())
    left = add_matched(lines).where(~F.col("is_return") & (F.col("matched") != WHOLE))
    return left.drop("is_return", "matched")


def add_matched(lines: DataFrame) -> DataFrame:
    """Add how returns and dispensings match; one row per line before and after.

    Returns:
        The columns of `lines`, `ddd` and `packages` being what is left of a dispensing (null where
        that is unknown), and is_return, matched (`WHOLE`: the dispensing is gone, the return has
        found all of its amount; `PART`; `NONE`).
    """
    names = lines.columns
    ready = lines.select(
        *[name for name in names if name not in ("ddd", "packages")],
        *[_micro(name).alias(name) for name in ("ddd", "packages")],
        is_return().alias("is_return"),
        F.lit(NONE).alias("matched"),
    )
    person = [name for name in ("set", "person_key") if name in names]
    named = F.col("product_number").isNotNull()
    matched = _match(ready, (*person, "atc", "product_number"), named)
    matched = _match(matched, (*person, "atc"), ~named)
    return matched.select(
        *[
            _amount(name).alias(name) if name in ("ddd", "packages") else F.col(name)
            for name in names
        ],
        "is_return",
        "matched",
    )


def _micro(column: str) -> Column:
    return (F.col(column) * F.lit(MICRO)).cast("bigint")


def _amount(column: str) -> Column:
    """Millionths as an amount again: digits are moved, so that nothing is divided."""
    return (F.col(column).cast("decimal(18,0)") * F.lit("0.000001").cast("decimal(7,6)")).cast(
        "decimal(18,6)"
    )


def _match(lines: DataFrame, together: Sequence[str], is_active: Column) -> DataFrame:
    """Let the active returns take back what is left of the dispensings with the same keys.

    Dispensings lie on a stack, the latest on top, and returns take from the top. The height of the
    stack is the running sum of what comes and goes, held at 0 where a return finds nothing; of a
    dispensing there is left what no later height has gone below.
    """
    every = Window.partitionBy(*together)
    taking = F.col("is_return") & is_active & (F.col("matched") == NONE)
    lying = ~F.col("is_return") & (F.col("matched") != WHOLE)
    lacks = {
        name: F.max(F.when((taking | lying) & ~_has_some(name), 1).otherwise(0)).over(every)
        for name in ("ddd", "packages")
    }
    size = (
        F.when(F.col("lacks_ddd") == 0, F.abs("ddd"))
        .when(F.col("lacks_packages") == 0, F.abs("packages"))
        .otherwise(F.lit(1))
        .cast("bigint")
    )
    change = F.when(taking, -F.col("size")).when(lying, F.col("size")).otherwise(_zero())
    in_order = every.orderBy("place")
    so_far = in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    before = in_order.rowsBetween(Window.unboundedPreceding, -1)
    from_now = in_order.rowsBetween(Window.currentRow, Window.unboundedFollowing)
    total = F.sum(change.cast("decimal(18,0)")).over(so_far).cast("bigint")
    floor, floor_before = (_at_most_0(F.min("total").over(frame)) for frame in (so_far, before))
    stacked = (
        lines.select("*", *[column.alias(f"lacks_{name}") for name, column in lacks.items()])
        .withColumn("size", size)
        .withColumn("place", F.row_number().over(every.orderBy(*_order(lines.columns))))
        .withColumn("total", total)
        .select("*", floor.alias("floor"), floor_before.alias("floor_before"))
        .withColumn("height", F.col("total") - F.col("floor"))
        .withColumn("lowest", F.min("height").over(from_now))
    )
    left = F.col("lowest") - F.col("height") + F.col("size")
    left = F.when(left > 0, left).otherwise(_zero())
    missed = F.col("floor_before") - F.col("floor")
    stacked = stacked.withColumn("rest", F.when(taking, missed).when(lying, left))
    touched = F.col("rest").isNotNull() & (F.col("rest") != F.col("size"))
    matched = F.when(F.col("rest") == 0, F.lit(WHOLE)).otherwise(F.lit(PART))
    cut = touched & lying & (F.col("rest") > 0)
    by_ddd = F.col("lacks_ddd") == 0
    by_packages = ~by_ddd & (F.col("lacks_packages") == 0)
    now = {
        "ddd": F.when(~cut, F.col("ddd")).when(by_ddd, F.col("rest")),
        "packages": F.when(~cut, F.col("packages")).when(by_packages, F.col("rest")),
        "matched": F.when(touched, matched).otherwise(F.col("matched")),
    }
    return stacked.select(
        *[now[name].alias(name) if name in now else F.col(name) for name in lines.columns]
    )


def _order(names: Sequence[str]) -> list[Column]:
    """Days, dispensings before returns, the smallest of a day last; the rest decides ties."""
    amounts = [F.coalesce(F.col(name), F.lit(-1).cast("bigint")) for name in ("ddd", "packages")]
    texts = [F.coalesce(F.col(name), F.lit("")) for name in _TIES if name in names]
    return [F.unix_date("dispensed_on"), F.col("is_return"), -F.col("size"), *amounts, *texts]


def _has_some(amount: str) -> Column:
    return F.coalesce(F.col(amount) != F.lit(0), F.lit(False))


def _at_most_0(column: Column) -> Column:
    return F.when(column < 0, column).otherwise(_zero())


def _zero() -> Column:
    return F.lit(0).cast("bigint")
