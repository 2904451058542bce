"""Rows of the tables of moments, from sums that a test states by stratum."""

from __future__ import annotations

from ldn_spark.stats.measures import SUMS


def persons_row(study, row):
    """A row of `cohort_moments`, of one that names a stratum."""
    row = dict(row)
    return row | {"fills": _fills(study, row.pop("stratum"))}


def design_rows(study, row):
    """The rows of `design_moments` of a stratum and outcome, one per measure.

    `row` holds persons by their use, and sums, sums of squares and those of the difference of DDDs
    and dispenses, under the names of `tests.reference_model.group_moments`.
    """
    key = {
        "design": row.get("design", "main"),
        "subgroup": row["subgroup"],
        "fills": _fills(study, row["stratum"]),
        "outcome": row["outcome"],
    }
    both, before, after = (int(row[name]) for name in ("both", "before_only", "after_only"))
    users = (both + before, both + after, both + before, both + after, both)
    ddd = _of(row, "sum_{}", "sum_squares_{}", "sum_squares_difference")
    fills = "dispenses_{}"
    dispenses = _of(row, fills, fills + "_sum_squares", "dispenses_difference_sum_squares")
    missing = (row["ddd_missing_before"], row["ddd_missing_after"])
    largest = {"users": 1, "ddd": row["largest"], "dispenses": 0}
    for measure, sums, lacking in (
        ("users", users, (None, None)),
        ("ddd", ddd, missing),
        ("dispenses", dispenses, (None, None)),
    ):
        named = dict(zip(SUMS, (*sums, *lacking), strict=True))
        yield key | {"measure": measure, "largest": largest[measure]} | named


def _of(row, total, squares, difference):
    x, y = (int(row[total.format(side)]) for side in ("before", "after"))
    xx, yy = (int(row[squares.format(side)]) for side in ("before", "after"))
    twice = xx + yy - int(row[difference])
    assert twice % 2 == 0
    return x, y, xx, yy, twice // 2


def _fills(study, stratum):
    return next(level.at_least for level in study.strata.levels if level.id == stratum)
