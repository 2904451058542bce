"""The study as an expert would write it by hand with Polars: files to moments, nothing else.

    python benchmarks/peers/polars_study.py --raw extract --out moments.json

Two lazy scans on the streaming engine: the exposure's rows, then the examined codes' rows joined
to the small cohort. Filters on codes are pushed into the reader. Amounts are whole millionths of a
DDD; their squares are summed as 128-bit integers.
"""

from __future__ import annotations

import os
from argparse import Namespace

os.environ.setdefault("POLARS_MAX_THREADS", "2")

import paper
import polars as pl

EXAMINED = "^(" + "|".join(paper.GROUPS) + ")"


def main() -> None:
    """Exposure, cohort, the cohort's examined dispensings, moments."""
    given = paper.arguments(__doc__.split("\n")[0])
    person = "pseudonym" if given.raw else "person_key"
    attributes = ["sex", "birth_year"]
    exposed = (
        pl.scan_parquet(paper.exposure_files(given))
        .filter(
            pl.col("atc") == paper.EXPOSURE, pl.col("product_number").is_in(list(paper.PRODUCTS))
        )
        .select(person, "dispensed_on", *(attributes if given.raw else []))
        .collect(engine="streaming")
    )
    cohort = find_cohort(exposed, person, given)
    if given.raw:
        said = exposed.group_by(person).agg(pl.col(attributes).first())
    else:
        people = pl.scan_parquet(paper.persons_files(given)).select(person, *attributes)
        keys = cohort.lazy().select(person)
        said = people.join(keys, on=person, how="semi").collect(engine="streaming")
    persons = count_persons(cohort.join(said, on=person))
    day = (pl.col("dispensed_on") - pl.col("index_date")).dt.total_days()
    cut = (
        pl.scan_parquet(paper.outcome_files(given))
        .filter(examined(clustered=given.lake is not None))
        .select(person, "atc", "dispensed_on", "ddd")
        .join(cohort.lazy().select(person, "index_date", "stratum"), on=person)
        .filter(day.is_between(-365, 364))
        .select(
            person,
            "stratum",
            "atc",
            (day >= 0).alias("is_after"),
            (pl.col("ddd").cast(pl.Decimal(38, 6)) * 1_000_000).cast(pl.Int64).alias("micro"),
        )
        .collect(engine="streaming")
    )
    paper.write(given.out, persons.to_dicts(), sum_groups(cut, person).to_dicts())


def examined(*, clustered: bool) -> pl.Expr:
    """The examined codes: a pattern is the quickest test, a range lets row groups be skipped."""
    matches = pl.col("atc").str.contains(EXAMINED)
    if clustered:
        return (pl.col("atc") >= paper.GROUPS[0]) & (pl.col("atc") < "N06C") & matches
    return matches


def find_cohort(exposed: pl.DataFrame, person: str, given: Namespace) -> pl.DataFrame:
    """One row per person: index date, dispenses on days 0 to 364, stratum."""
    on = pl.col("dispensed_on")
    found = (
        exposed.with_columns(
            on.filter(on.is_between(*paper.index_period(given)))
            .min()
            .over(person)
            .alias("index_date")
        )
        .filter(pl.col("index_date").is_not_null())
        .group_by(person, "index_date")
        .agg(
            (on - pl.col("index_date")).dt.total_days().is_between(0, 364).sum().alias("dispenses"),
            on.min().alias("earliest"),
        )
    )
    if given.first_ever:
        found = found.filter(pl.col("earliest") >= pl.col("index_date"))
    once, few = pl.col("dispenses") == 1, pl.col("dispenses") <= 3
    stratum = pl.when(once).then(pl.lit("LDNx1")).when(few).then(pl.lit("LDNx2-3"))
    return found.with_columns(stratum.otherwise(pl.lit("LDNx4+")).alias("stratum"))


def count_persons(cohort: pl.DataFrame) -> pl.DataFrame:
    """One row per stratum: persons, sexes, ages, exposure dispenses."""
    age = pl.col("index_date").dt.year() - pl.col("birth_year")
    return cohort.group_by("stratum").agg(
        pl.len().alias("persons"),
        (pl.col("sex") == "F").sum().alias("women"),
        (pl.col("sex") == "M").sum().alias("men"),
        age.count().alias("age_known"),
        age.sum().alias("age_sum"),
        (age * age).sum().alias("age_sum_squares"),
        pl.col("dispenses").sum().alias("exposure_dispenses"),
    )


def sum_groups(cut: pl.DataFrame, person: str) -> pl.DataFrame:
    """One row per stratum and outcome with any user."""
    pairs = [
        {"atc": atc, "outcome": outcome}
        for atc in cut["atc"].unique()
        for outcome in {name for code, name in paper.PAIRS if atc.startswith(code)}
    ]
    after, micro = pl.col("is_after"), pl.col("micro")
    sums = (
        cut.join(pl.DataFrame(pairs, {"atc": pl.String, "outcome": pl.String}), on="atc")
        .group_by(person, "stratum", "outcome")
        .agg(
            (~after).sum().cast(pl.Int64).alias("dispenses_before"),
            after.sum().cast(pl.Int64).alias("dispenses_after"),
            micro.filter(~after).sum().cast(pl.Int128).alias("before"),
            micro.filter(after).sum().cast(pl.Int128).alias("after"),
        )
    )
    before, after = pl.col("before"), pl.col("after")
    used = pl.col("dispenses_before") > 0, pl.col("dispenses_after") > 0
    return sums.group_by("stratum", "outcome").agg(
        (used[0] & used[1]).sum().alias("both"),
        (~used[1]).sum().alias("before_only"),
        (~used[0]).sum().alias("after_only"),
        pl.col("dispenses_before").sum(),
        pl.col("dispenses_after").sum(),
        before.sum().alias("sum_before"),
        after.sum().alias("sum_after"),
        (before * before).sum().alias("sum_squares_before"),
        (after * after).sum().alias("sum_squares_after"),
        ((after - before) * (after - before)).sum().alias("sum_squares_difference"),
    )


if __name__ == "__main__":
    main()
