"""Rows of the tables of moments, from sums that a test states by stratum."""

from __future__ import annotations

from ldn_spark.stats.measures import PARTS_OF_ANY, SUMS


def persons_row(study, row):
    """A row of `cohort_moments`, of one that names a stratum."""
    row = dict(row)
    return row | {"fills": _fills(study, row.pop("stratum"))}


def design_rows(study, row):
    """The rows of `design_moments` of a stratum and outcome, one per measure.

    `row` holds persons by their use, and sums, sums of squares and those of the difference of DDDs
    and dispenses, under the names of `tests.reference_model.group_moments`; of what single persons
    add to doses, what it names of `PARTS_OF_ANY`.
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
    parts = dict.fromkeys(PARTS_OF_ANY, 0)
    single = {name: row[name] for name in PARTS_OF_ANY if name in row}
    of = {"users": dict.fromkeys(PARTS_OF_ANY), "ddd": parts | single, "dispenses": parts}
    for measure, sums, lacking in (
        ("users", users, (None, None)),
        ("ddd", ddd, missing),
        ("dispenses", dispenses, (None, None)),
    ):
        named = dict(zip(SUMS, (*sums, *lacking), strict=True))
        yield key | {"measure": measure} | of[measure] | named


def _of(row, total, squares, difference):
    x, y = (int(row[total.format(side)]) for side in ("before", "after"))
    xx, yy = (int(row[squares.format(side)]) for side in ("before", "after"))
    twice = xx + yy - int(row[difference])
    assert twice % 2 == 0
    return x, y, xx, yy, twice // 2


def _fills(study, stratum):
    return next(level.at_least for level in study.strata.levels if level.id == stratum)
