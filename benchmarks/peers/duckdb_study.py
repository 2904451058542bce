"""The study as an expert would write it by hand with DuckDB: files to moments, nothing else.

    python benchmarks/peers/duckdb_study.py --raw extract --out moments.json

Two scans: the exposure's rows, then the cohort's rows of the examined codes. DuckDB pushes the
code filters and the keys of the small cohort down into the second scan. Reading both at once
(`ONE_SCAN`) was tried and is slower: it holds every examined dispensing of the country.
"""

from __future__ import annotations

import duckdb
import paper

EXPOSED = """
    CREATE TEMP TABLE exposed AS
    SELECT {person} AS person, dispensed_on {attributes}
    FROM read_parquet($files)
    WHERE atc = $atc AND product_number IN $products
"""
COHORT = """
    CREATE TEMP TABLE cohort AS
    WITH indexed AS (
        SELECT *, min(dispensed_on) FILTER (dispensed_on BETWEEN $first AND $last)
            OVER (PARTITION BY person) AS index_date
        FROM exposed
    )
    SELECT
        person, index_date,
        count(*) FILTER (dispensed_on BETWEEN index_date AND index_date + 364) AS dispenses,
        CASE WHEN dispenses = 1 THEN 'LDNx1' WHEN dispenses <= 3 THEN 'LDNx2-3' ELSE 'LDNx4+' END
            AS stratum
        {attributes}
    FROM indexed
    WHERE index_date IS NOT NULL
    GROUP BY person, index_date
    HAVING NOT $first_ever OR min(dispensed_on) >= index_date
"""
CUT = """
    CREATE TEMP TABLE cut AS
    SELECT person, stratum, atc, dispensed_on >= index_date AS is_after,
        CAST(ddd * 1000000 AS BIGINT) AS micro
    FROM read_parquet($files) AS dispensings
    JOIN cohort ON cohort.person = dispensings.{person}
    WHERE atc >= 'N03A' AND atc < 'N06C' AND substr(atc, 1, 4) IN $groups
        AND dispensed_on BETWEEN index_date - 365 AND index_date + 364
"""
PERSONS = """
    SELECT stratum, count(*) AS persons, count(*) FILTER (sex = 'F') AS women,
        count(*) FILTER (sex = 'M') AS men, count(birth_year) AS age_known,
        sum(year(index_date) - birth_year) AS age_sum,
        sum((year(index_date) - birth_year) * (year(index_date) - birth_year)) AS age_sum_squares,
        sum(dispenses) AS exposure_dispenses
    FROM {cohort} GROUP BY stratum
"""
GROUPS = """
    WITH pairs (code, outcome) AS (VALUES {pairs}),
    sums AS (
        SELECT person, stratum, outcome,
            count(*) FILTER (NOT is_after) AS dispenses_before,
            count(*) FILTER (is_after) AS dispenses_after,
            coalesce(sum(micro) FILTER (NOT is_after), 0) AS before,
            coalesce(sum(micro) FILTER (is_after), 0) AS after
        FROM cut JOIN pairs ON starts_with(atc, code)
        GROUP BY person, stratum, outcome
    )
    SELECT stratum, outcome,
        count(*) FILTER (dispenses_before > 0 AND dispenses_after > 0) AS both,
        count(*) FILTER (dispenses_after = 0) AS before_only,
        count(*) FILTER (dispenses_before = 0) AS after_only,
        sum(dispenses_before) AS dispenses_before,
        sum(dispenses_after) AS dispenses_after,
        sum(before) AS sum_before,
        sum(after) AS sum_after,
        sum(before * before) AS sum_squares_before,
        sum(after * after) AS sum_squares_after,
        sum((after - before) * (after - before)) AS sum_squares_difference
    FROM sums GROUP BY stratum, outcome
"""
LAKE_COHORT = "(FROM cohort JOIN read_parquet($files) AS known ON known.person_key = cohort.person)"
ANY = ", any_value(sex) AS sex, any_value(birth_year) AS birth_year"


def main() -> None:
    """Three small tables, two results."""
    given = paper.arguments(__doc__.split("\n")[0])
    first, last = paper.index_period(given)
    raw = given.raw is not None
    person = "pseudonym" if raw else "person_key"
    db = duckdb.connect(config={"threads": 2})
    db.execute(
        EXPOSED.format(person=person, attributes=", sex, birth_year" if raw else ""),
        {
            "files": paper.exposure_files(given),
            "atc": paper.EXPOSURE,
            "products": list(paper.PRODUCTS),
        },
    )
    db.execute(
        COHORT.format(attributes=ANY if raw else ""),
        {"first": first, "last": last, "first_ever": given.first_ever},
    )
    db.execute(
        CUT.format(person=person),
        {"files": paper.outcome_files(given), "groups": list(paper.GROUPS)},
    )
    if raw:
        cohort = _rows(db.execute(PERSONS.format(cohort="cohort")))
    else:
        query = PERSONS.format(cohort=LAKE_COHORT)
        cohort = _rows(db.execute(query, {"files": paper.persons_files(given)}))
    pairs = ", ".join(f"('{code}', '{outcome}')" for code, outcome in paper.PAIRS)
    groups = _rows(db.execute(GROUPS.format(pairs=pairs)))
    paper.write(given.out, cohort, groups)


def _rows(result: duckdb.DuckDBPyConnection) -> list[dict]:
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


if __name__ == "__main__":
    main()
