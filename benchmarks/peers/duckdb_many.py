"""Many drugs started in a year, as an expert would write it by hand with DuckDB.

    python benchmarks/peers/duckdb_many.py --raw extract --out moments.json --drugs N06AB04 …

Two scans, whatever the number of drugs: the exposures of all, then the dispensings of the examined
codes of whoever started any. What is computed of each drug is what `duckdb_study.py` computes.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path

import duckdb
import paper
from duckdb_study import GROUPS, PERSONS

MEMORY = "6GiB"
"""Without a limit it takes more than nine for fifty drugs; with one it spills to disk."""
EXPOSED = """
    CREATE TEMP TABLE exposed AS
    SELECT pseudonym AS person, atc AS drug, dispensed_on, sex, birth_year
    FROM read_parquet($files) WHERE atc IN $drugs
"""
COHORT = """
    CREATE TEMP TABLE cohort AS
    WITH indexed AS (
        SELECT *, min(dispensed_on) FILTER (dispensed_on BETWEEN $first AND $last)
            OVER (PARTITION BY drug, person) AS index_date
        FROM exposed
    )
    SELECT
        drug, person, index_date,
        count(*) FILTER (dispensed_on BETWEEN index_date AND index_date + 364) AS dispenses,
        CASE WHEN dispenses = 1 THEN 'LDNx1' WHEN dispenses <= 3 THEN 'LDNx2-3' ELSE 'LDNx4+' END
            AS stratum,
        any_value(sex) AS sex, any_value(birth_year) AS birth_year
    FROM indexed WHERE index_date IS NOT NULL
    GROUP BY drug, person, index_date
"""
CUT = """
    CREATE TEMP TABLE cut AS
    SELECT drug, person, stratum, atc, dispensed_on >= index_date AS is_after,
        CAST(ddd * 1000000 AS BIGINT) AS micro
    FROM read_parquet($files) AS dispensings
    JOIN cohort ON cohort.person = dispensings.pseudonym
    WHERE dispensings.atc >= 'N03A' AND dispensings.atc < 'N06C'
        AND substr(dispensings.atc, 1, 4) IN $groups
        AND dispensings.dispensed_on BETWEEN index_date - 365 AND index_date + 364
"""


def main() -> None:
    """Three tables, two results of every drug."""
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--raw", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--drugs", nargs="+", required=True)
    parser.add_argument("--year", type=int, default=2013)
    given = parser.parse_args()
    given.first_ever = False
    first, last = paper.index_period(given)
    spill = str(given.out.parent / "spill")
    settings = {"threads": 2, "memory_limit": MEMORY, "temp_directory": spill}
    db = duckdb.connect(config=settings)
    files = {"files": paper.exposure_files(given), "drugs": given.drugs}
    db.execute(EXPOSED, files)
    db.execute(COHORT, {"first": first, "last": last})
    db.execute(CUT, {"files": paper.outcome_files(given), "groups": list(paper.GROUPS)})
    persons = PERSONS.format(cohort="cohort").replace("SELECT stratum", "SELECT drug, stratum")
    cohort = _rows(db.execute(persons.replace("GROUP BY stratum", "GROUP BY drug, stratum")))
    pairs = ", ".join(f"('{code}', '{outcome}')" for code, outcome in paper.PAIRS)
    query = (
        GROUPS.format(pairs=pairs)
        .replace("SELECT person, stratum", "SELECT drug, person, stratum")
        .replace("GROUP BY person, stratum", "GROUP BY drug, person, stratum")
        .replace("SELECT stratum, outcome", "SELECT drug, stratum, outcome")
        .replace("GROUP BY stratum, outcome", "GROUP BY drug, stratum, outcome")
    )
    groups = _rows(db.execute(query))
    found = {drug: {"cohort": [], "groups": []} for drug in given.drugs}
    for kind, rows in (("cohort", cohort), ("groups", groups)):
        for row in rows:
            found[row.pop("drug")][kind].append(row)
    given.out.write_text(json.dumps(found, default=str))


def _rows(result: duckdb.DuckDBPyConnection) -> list[dict]:
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


if __name__ == "__main__":
    main()
