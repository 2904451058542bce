"""What an expert would write by hand with DuckDB: delivered text files to clustered Parquet.

    python benchmarks/peers/duckdb_ingest.py DELIVERY OUT

It parses the files, keys the people, merges what is said of them, and writes each year sorted by
ATC code and person. It keeps no account of lines, looks for no fault and makes no new version: a
line that does not fit the types stops it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

LINES = """
    SELECT
        hash(PasientLopeNr) AS person_key,
        PasientLopeNr AS pseudonym,
        PasientKjonn AS sex,
        TRY_CAST(PasientFodtAr AS INTEGER) AS birth_year,
        TRY_CAST(PasientDodsAr AS INTEGER) AS death_year,
        TRY_CAST(PasientDodsMnd AS INTEGER) AS death_month,
        ATCKode AS atc,
        lpad(Varenr, 6, '0') AS product_number,
        UtleveringsDato AS dispensed_on,
        OrdinasjonAntallDDD AS ddd,
        RefusjonKodeICDNr AS reimbursement_icd,
        RefusjonKodeICPCNr AS reimbursement_icpc,
        year(UtleveringsDato) AS year
    FROM read_csv(
        $files, delim = ';', header = true, quote = '"', encoding = 'latin-1',
        decimal_separator = ',', dateformat = '%Y.%m.%d', all_varchar = false,
        columns = {
            'PasientLopeNr': 'VARCHAR', 'PasientKjonn': 'VARCHAR', 'PasientFodtAr': 'VARCHAR',
            'PasientDodsAr': 'VARCHAR', 'PasientDodsMnd': 'VARCHAR', 'UtleveringsDato': 'DATE',
            'ATCKode': 'VARCHAR', 'Varenr': 'VARCHAR', 'Varenavn': 'VARCHAR',
            'OrdinasjonAntallDDD': 'DECIMAL(18,6)', 'RefusjonKodeICDNr': 'VARCHAR',
            'RefusjonKodeICPCNr': 'VARCHAR'
        }
    )
"""
PERSONS = """
    SELECT
        person_key, pseudonym, min(sex) AS sex, min(birth_year) AS birth_year,
        min(sex) <> max(sex) AS sex_conflict,
        min(birth_year) <> max(birth_year) AS birth_year_conflict,
        min(make_date(death_year, coalesce(death_month, 12), 1)) AS died_on
    FROM lines GROUP BY ALL
"""
DISPENSINGS = """
    SELECT person_key, atc, product_number, dispensed_on, ddd, reimbursement_icd,
        reimbursement_icpc, year
    FROM lines WHERE year = {year} ORDER BY atc, person_key, dispensed_on
"""


def main(delivery: str, out: str) -> None:
    """Read every text file of a folder once, write persons and one file a year."""
    folder = Path(out)
    folder.mkdir(parents=True)
    db = duckdb.connect(str(folder / "work.duckdb"))
    db.execute("SET threads = 2; SET memory_limit = '4GiB'; SET preserve_insertion_order = false")
    files = sorted(str(path) for path in Path(delivery).glob("*.txt"))
    db.execute(f"CREATE TABLE lines AS {LINES}", {"files": files})
    db.execute(f"COPY ({PERSONS}) TO '{folder / 'persons.parquet'}' (COMPRESSION snappy)")
    for (year,) in db.execute("SELECT DISTINCT year FROM lines ORDER BY ALL").fetchall():
        query = DISPENSINGS.format(year=year)
        db.execute(f"COPY ({query}) TO '{folder / f'{year}.parquet'}' (COMPRESSION snappy)")
    db.close()
    (folder / "work.duckdb").unlink()


if __name__ == "__main__":
    main(*sys.argv[1:3])
