"""Values that should not arrive: letters, numbers, dates, codes, births, deaths, pseudonyms."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow as pa

from ldn_spark.errors import UsageError
from tests.acceptance.bad_deliveries.case import (
    CANONICAL,
    DATE,
    DDD,
    FIRST,
    GOOD,
    HEADER,
    P1,
    P2,
    P3,
    PARQUET,
    Account,
    Case,
    Refused,
    Taken,
    parquet,
    row,
    text,
)
from tests.unit.delivery.deliveries import like

NBSP = "\N{NO-BREAK SPACE}"
NORSK = "kanariÆØÅ"
UTF8, UTF16 = like(encoding="utf-8"), like(encoding="utf-16")
DAYS = like(date_format="days", base_date=date(1899, 12, 30))
ONE = "N05BB01 058719 2012-02-25 62.5"
"""What a good line says after its pseudonym."""


def amounts(*texts: str) -> bytes:
    """A file with a line for each amount."""
    return text(*(row(ddd=amount) for amount in texts))


ENCODINGS = {
    "B1 five encodings in one delivery, UTF-8 declared": Case(
        {
            "ascii.txt": text(GOOD),
            "bom.txt": text(row(NORSK), encoding="utf-8-sig"),
            "cp1252.txt": text(GOOD, row(NORSK, name="– €"), encoding="cp1252"),
            "latin1.txt": text(row(NORSK), GOOD),
            "utf8.txt": text(row(NORSK, ddd="1"), encoding="utf-8"),
        },
        Taken(
            {
                "ascii.txt": Account(1, 1),
                "bom.txt": Account(1, 1),
                "cp1252.txt": Account(2, 1, {"encoding": 1}),
                "latin1.txt": Account(2, 1, {"encoding": 1}),
                "utf8.txt": Account(1, 1),
            },
            dispensings=5,
            persons=2,
            rows=(
                *(f"{P1} {ONE}",) * 3,
                f"{NORSK} N05BB01 058719 2012-02-25 1",
                f"{NORSK} {ONE}",
            ),
            rejections=("cp1252.txt 3 - encoding", "latin1.txt 2 - encoding"),
        ),
        UTF8,
    ),
    "B1 latin-1 and windows-1252 have the same letters": Case(
        {"1.txt": text(row(NORSK)), "2.txt": text(row(NORSK), GOOD, encoding="cp1252")},
        Taken(
            {"1.txt": Account(1, 1), "2.txt": Account(2, 2)},
            dispensings=3,
            persons=2,
            rows=(f"{P1} {ONE}", *(f"{NORSK} {ONE}",) * 2),
        ),
    ),
    "B1 UTF-8 without a mark where latin-1 is declared": Case(
        {"a.txt": text(row(name="kanariøre"), GOOD, encoding="utf-8")},
        Taken(
            {"a.txt": Account(2, 2)},
            dispensings=2,
            persons=1,
            warnings=("a.txt: its letters beyond ASCII are UTF-8, and are read as iso-8859-1",),
        ),
    ),
    "B1 UTF-8 with a mark and UTF-16 where latin-1 is declared": Case(
        {
            "bom.txt": text(GOOD, encoding="utf-8-sig"),
            "good.txt": text(GOOD),
            "utf16.txt": text(GOOD, encoding="utf-16"),
            "utf16be.txt": text(GOOD, encoding="utf-16-be"),
        },
        Refused(
            (
                ("bom.txt line 1", "begins with a UTF-8 mark", "declare utf-8 in the source file"),
                ("utf16.txt line 1", "begins with a UTF-16 mark", "declare utf-16 in the source"),
                ("utf16be.txt line 1", "is not a line of text", "check what file this is"),
            )
        ),
    ),
    "B1 latin-1 where UTF-8 is declared": Case(
        {"a.txt": text(row(NORSK), row(NORSK), GOOD)},
        Refused(
            (("a.txt", "2 of 3 lines are rejected", "declare the encoding that the file has"),),
            rejected=("a.txt line 2: encoding (2 lines)",),
        ),
        UTF8,
    ),
    "B1 UTF-16 with and without a mark, both declared": Case(
        {
            "be.txt": text(row(NORSK), encoding="utf-16-be"),
            "le.txt": text(row(NORSK), row(P2), encoding="utf-16-le", end="\r\n"),
            "mark.txt": text(row(NORSK, ddd="1"), encoding="utf-16"),
            "same.txt": text(row(NORSK), encoding="utf-16"),
        },
        Taken(
            {"be.txt": Account(1, 1), "le.txt": Account(2, 2), "mark.txt": Account(1, 1)},
            dispensings=4,
            persons=2,
            rows=(
                f"{P2} {ONE}",
                *(f"{NORSK} {ONE}",) * 2,
                f"{NORSK} N05BB01 058719 2012-02-25 1",
            ),
            known=("same.txt",),
        ),
        UTF16,
    ),
    "B1 bytes that windows-1252 does not have": Case(
        {"a.txt": text(GOOD) + row(name="\x81\x9d").encode("latin-1") + b"\n"},
        Taken(
            {"a.txt": Account(2, 1, {"encoding": 1})},
            dispensings=1,
            persons=1,
            rejections=("a.txt 3 - encoding",),
        ),
        like(encoding="windows-1252"),
    ),
}

NUMBERS = {
    "B2 decimal commas, points, thousands, exponents and blanks": Case(
        {"a.txt": amounts("1,5", "1.234,5", "1 234", f"1{NBSP}234", "1e2", "", "1.5", " 2 ")},
        Taken(
            {
                "a.txt": Account(
                    8, 3, {"ddd_malformed": 5}, 1, {"ddd_trimmed": 1}, {"ddd_missing": 1}
                )
            },
            dispensings=3,
            persons=1,
            warnings=("a.txt: 33 % of ddd (1 of 3 values)",),
            rows=tuple(f"{P1} N05BB01 058719 2012-02-25 {ddd}" for ddd in ("-", "1.5", "2")),
            rejections=tuple(f"a.txt {line} {DDD} ddd_malformed" for line in (3, 4, 5, 6, 8)),
        ),
        share=0.7,
    ),
    "B2 a declared thousands mark": Case(
        {"a.txt": amounts("1 234,5", f"1{NBSP}234,5", "12 34", "1.234", "1234")},
        Taken(
            {"a.txt": Account(5, 3, {"ddd_malformed": 2})},
            dispensings=3,
            persons=1,
            rows=tuple(f"{P1} N05BB01 058719 2012-02-25 {d}" for d in ("1234", "1234.5", "1234.5")),
        ),
        like(thousands_mark=" "),
    ),
    "B2 one file with decimal points among files with commas": Case(
        {"commas.txt": amounts("1,5", "2"), "points.txt": amounts("1.5", "2.5", "3")},
        Refused(
            (("points.txt", "2 of 3 lines are rejected", "mend the file or its source file"),),
            rejected=(f"points.txt line 2, column {DDD}: ddd_malformed (2 lines)",),
        ),
    ),
    "B2 few decimal points in a file of whole numbers": Case(
        {"commas.txt": amounts("1,5"), "points.txt": amounts("1", "2", "2.5", "3")},
        Taken(
            {"commas.txt": Account(1, 1), "points.txt": Account(4, 3, {"ddd_malformed": 1})},
            dispensings=4,
            persons=1,
            rejections=(f"points.txt 4 {DDD} ddd_malformed",),
        ),
    ),
    "B4 returns, zero, unknown, a thousand million and more": Case(
        {"a.txt": amounts("-12,5", "0", "", "1000000000", "999999999999", "0,1234565")},
        Taken(
            {
                "a.txt": Account(
                    6,
                    5,
                    {"ddd_too_large": 1},
                    1,
                    {"ddd_rounded": 1},
                    {"ddd_huge": 1, "ddd_missing": 1, "ddd_negative": 1, "ddd_zero": 1},
                )
            },
            dispensings=5,
            persons=1,
            warnings=("a.txt: 20 % of ddd (1 of 5 values)",),
            rows=tuple(
                f"{P1} N05BB01 058719 2012-02-25 {ddd}"
                for ddd in ("-", "-12.5", "0", "0.123456", "1000000000")
            ),
            rejections=(f"a.txt 6 {DDD} ddd_too_large",),
        ),
    ),
}

DATES = {
    "B3 dates as spreadsheets write them": Case(
        {
            "a.txt": text(
                *(
                    row(day=day)
                    for day in (
                        *("40968", "01-FEB-2012", "1/2/2012", "29.02.2012", "2012-2-9", "2012"),
                        *("2012.02.30", "2012.02.25 00:00:00", "", "2012.02.29", " 2012.02.25 "),
                    )
                )
            )
        },
        Taken(
            {
                "a.txt": Account(
                    11, 2, {"date_malformed": 8, "date_missing": 1}, 1, {"date_trimmed": 1}
                )
            },
            dispensings=2,
            persons=1,
            rows=(f"{P1} {ONE}", f"{P1} N05BB01 058719 2012-02-29 62.5"),
            rejections=(
                *(f"a.txt {line} {DATE} date_malformed" for line in range(2, 10)),
                f"a.txt 10 {DATE} date_missing",
            ),
        ),
        share=0.9,
    ),
    "B3 serial days, declared": Case(
        {"a.txt": text(row(day="40968"), row(day="2012.02.29"), row(day="41333"))},
        Taken(
            {"a.txt": Account(3, 2, {"date_malformed": 1})},
            dispensings=2,
            persons=1,
            rows=tuple(f"{P1} N05BB01 058719 {day} 62.5" for day in ("2012-02-29", "2013-02-28")),
        ),
        DAYS,
    ),
    "B18 leap days that are and that are not": Case(
        {
            "a.txt": text(
                *(
                    row(day=f"{year}.02.29", born="")
                    for year in (1900, 2000, 2012, 2013, 2100, 2104)
                )
            )
        },
        Taken(
            {
                "a.txt": Account(
                    6,
                    3,
                    {"date_malformed": 3},
                    noted={"birth_year_unknown": 3, "date_in_future": 1},
                )
            },
            dispensings=3,
            persons=1,
            warnings=("a.txt: 100 % of birth_year (3 of 3 values)",),
            rows=tuple(f"{P1} N05BB01 058719 {y}-02-29 62.5" for y in (2000, 2012, 2104)),
        ),
    ),
    "B18 a leap day alone is replaced": Case(
        {"leap.txt": text(row(P3, day="2012.02.29", ddd="9"))},
        Taken(
            {"leap.txt": Account(1, 1)},
            dispensings=4,
            persons=3,
            rows=(
                f"{P1} N05BB01 058719 2012-02-28 1",
                f"{P2} N05BB01 058719 2012-03-01 3",
                f"{P3} N05BB01 058719 2012-02-29 9",
                f"{P3} N05BB01 058719 2013-02-28 4",
            ),
            replaced=1,
        ),
        held=FIRST,
        replaces=("2012-02-29..2012-02-29",),
    ),
    "B18 a period that ends on a leap day that is not": Case(
        {"a.txt": text(GOOD)},
        Refused(
            (("--replaces", "is not a period", "write it like 2013-01-01..2013-12-31"),), UsageError
        ),
        held=FIRST,
        replaces=("2013-02-01..2013-02-29",),
    ),
}

CODES = {
    "B5 ATC codes in other spellings, of other levels, and none": Case(
        {
            "a.txt": text(
                *(
                    row(atc=code)
                    for code in (
                        *(" n06ab03 ", "N06AB", "N06AB03", "Q99ZZ99", f"{NBSP}N06AB03"),
                        *("N06AB3", f"N06{NBSP}AB03", "", "ukjent"),
                    )
                )
            )
        },
        Taken(
            {
                "a.txt": Account(
                    9,
                    5,
                    {"atc_malformed": 3, "atc_missing": 1},
                    2,
                    {"atc_trimmed": 2, "atc_upper": 1},
                )
            },
            dispensings=5,
            persons=1,
            rows=tuple(
                f"{P1} {code} 058719 2012-02-25 62.5"
                for code in ("N06AB", "N06AB03", "N06AB03", "N06AB03", "Q99ZZ99")
            ),
            warnings=("fields look like missing markers: ATCKode in a.txt (ukjent 1); declare",),
        ),
    ),
    "B6 product numbers as text, as numbers and through decimals": Case(
        {
            "a.txt": text(
                *(row(product=p) for p in ("000123", "123", " 123", "", "123.0", "1234567", "1E5"))
            )
        },
        Taken(
            {
                "a.txt": Account(
                    7,
                    4,
                    {"product_number_malformed": 3},
                    2,
                    {"product_number_padded": 2, "product_number_trimmed": 1},
                    {"product_number_missing": 1},
                )
            },
            dispensings=4,
            persons=1,
            warnings=("a.txt: 25 % of product_number (1 of 4 values)",),
            rows=(
                f"{P1} N05BB01 - 2012-02-25 62.5",
                *(f"{P1} N05BB01 000123 2012-02-25 62.5",) * 3,
            ),
        ),
    ),
    "B6 product numbers in columns of three types": Case(
        {
            "double.parquet": parquet(product=pa.array([123.0])),
            "long.parquet": parquet(product=pa.array([123])),
            "text.parquet": parquet(product=pa.array(["000123"])),
        },
        Taken(
            {
                "double.parquet": Account(1, 1, {}, 1, {"product_number_padded": 1}),
                "long.parquet": Account(1, 1, {}, 1, {"product_number_padded": 1}),
                "text.parquet": Account(1, 1),
            },
            dispensings=3,
            persons=1,
            rows=(f"{P1} N05BB01 000123 2012-02-25 62.5",) * 3,
        ),
        PARQUET,
    ),
}

_DEATHS = f"{HEADER};PasientDodsAr;PasientDodsMnd"
_PERIODS = (
    f"{P1},2012-01-01,2012-06-30",
    f"{P1},2012-06-30,2012-12-31",
    f"{P1},2014-01-01,",
    f"{P2},2012-05-05,2012-05-05",
    f"{P2},2012-05-05,2012-05-04",
    f"{P2},,2012-05-04",
)
LIVES = {
    "B7 birth years after the dispensing, too long ago, and none": Case(
        {
            "a.txt": text(
                *(
                    row(f"kanari{number}", born=born)
                    for number, born in enumerate(("2012", "2013", "1896", "1849", "", "51"))
                )
            )
        },
        Taken(
            {
                "a.txt": Account(
                    6,
                    6,
                    noted={
                        "age_over_115": 1,
                        "birth_year_after_dispensing": 1,
                        "birth_year_unknown": 3,
                    },
                )
            },
            dispensings=6,
            persons=6,
            warnings=("a.txt: 83 % of birth_year (5 of 6 values)",),
            people=("kanari0 F 2012 -", *(f"kanari{number} F - -" for number in range(1, 6))),
        ),
    ),
    "B8 dispensed after death, in its month, and two months of death": Case(
        {
            "a.txt": text(
                row(P1, "2012", "1"),
                row(P1, "2012", "3"),
                row(P2, "2012", "2"),
                row(P3, "2012", "13"),
                row(P3, "", ""),
                header=_DEATHS,
            )
        },
        Taken(
            {"a.txt": Account(5, 5, noted={"death_month_unknown": 1, "dispensed_after_death": 1})},
            dispensings=5,
            persons=3,
            warnings=("a.txt: 25 % of died_on (1 of 4 values)",),
            people=(
                f"{P1} F 1951 2012-01-31",
                f"{P2} F 1951 2012-02-29",
                f"{P3} F 1951 2012-12-31",
            ),
        ),
    ),
    "B9 one person with two sexes and two birth years": Case(
        {
            "a.txt": text(row(P1, sex="1"), row(P2, born="1952"), row(P3)),
            "b.txt": text(row(P1), row(P2), row(P3, sex="9", born="")),
        },
        Taken(
            {
                "a.txt": Account(3, 3),
                "b.txt": Account(3, 3, noted={"birth_year_unknown": 1, "sex_unknown": 1}),
            },
            dispensings=6,
            persons=3,
            warnings=(
                "b.txt: 33 % of birth_year (1 of 3 values)",
                "b.txt: 33 % of sex (1 of 3 values)",
            ),
            people=(f"{P1} - 1951 -", f"{P2} F - -", f"{P3} F 1951 -"),
            conflicts=(1, 1),
        ),
    ),
    "B10 periods that overlap, end as they begin, never end, and end before": Case(
        {
            "dispensings.csv": text(
                f"{P1},2012-02-25,N05BB01,62.5",
                f"{P2},2012-02-25,N05BB01,1",
                header="pseudonym,dispensed_on,atc,ddd",
            ),
            "observation_periods.csv": text(
                *_PERIODS, header="pseudonym,observed_from,observed_to"
            ),
        },
        Taken(
            {
                "dispensings.csv": Account(2, 2),
                "observation_periods.csv": Account(
                    6, 4, {"observed_from_missing": 1, "period_reversed": 1}
                ),
            },
            dispensings=2,
            persons=2,
            periods=(
                f"{P1} 2012-01-01 2012-12-31",
                f"{P1} 2014-01-01 -",
                f"{P2} 2012-05-05 2012-05-05",
            ),
            rejections=(
                "observation_periods.csv 6 observed_to period_reversed",
                "observation_periods.csv 7 observed_from observed_from_missing",
            ),
        ),
        CANONICAL,
    ),
}

_INVISIBLE = "pseudonym_partly_invisible"
_LIKE_P1 = (
    "kanari01",
    "Kanari01",
    "\N{CYRILLIC SMALL LETTER KA}anari01",
    "kanari01\N{ZERO WIDTH SPACE}",
)
_LARGE = ("18446744073709551616", "18446744073709551617", "018446744073709551616")
PSEUDONYMS = {
    "B19 look-alikes, blanks around, and numbers beyond 64 bits": Case(
        {
            "a.txt": text(
                *(row(pid) for pid in (*_LIKE_P1, "kanari01 ", f"{NBSP}kanari01", *_LARGE)),
                encoding="utf-8",
            )
        },
        Taken(
            {"a.txt": Account(9, 9, {}, 2, {"pseudonym_trimmed": 2}, {_INVISIBLE: 1})},
            dispensings=9,
            persons=7,
            rows=tuple(
                f"{pid} {ONE}" for pid in sorted([*_LIKE_P1, "kanari01", "kanari01", *_LARGE])
            ),
        ),
        UTF8,
    ),
    "B19 whole numbers beyond 64 bits in Parquet": Case(
        {"a.parquet": parquet(pid=pa.array([Decimal(pid) for pid in _LARGE], pa.decimal128(38)))},
        Taken(
            {"a.parquet": Account(3, 3)},
            dispensings=3,
            persons=2,
            rows=(f"{_LARGE[0]} {ONE}", f"{_LARGE[0]} {ONE}", f"{_LARGE[1]} {ONE}"),
        ),
        PARQUET,
    ),
    "B15 nine lines of ten without a pseudonym": Case(
        {"a.txt": text(*(row(f"kanari{n}" if n % 10 == 0 else " " * (n % 3)) for n in range(60)))},
        Refused(
            (("a.txt", "54 of 60 lines are rejected, more than 0.5", "--max-rejected-share"),),
            rejected=("a.txt line 3, column PasientLopeNr: pseudonym_missing (54 lines)",),
        ),
    ),
    "B15 nine lines of ten without a pseudonym, allowed": Case(
        {"a.txt": text(*(row(f"kanari{n}" if n % 10 == 0 else " " * (n % 3)) for n in range(60)))},
        Taken(
            {"a.txt": Account(60, 6, {"pseudonym_missing": 54})},
            dispensings=6,
            persons=6,
            rows=tuple(f"kanari{n} {ONE}" for n in range(0, 60, 10)),
        ),
        share=0.9,
    ),
    "B15 one person with twenty thousand lines": Case(
        {"a.txt": text(*[GOOD] * 20_000, *(row(f"kanari-{n}") for n in range(5)))},
        Taken({"a.txt": Account(20_005, 20_005)}, dispensings=20_005, persons=6),
        large=True,
    ),
}

CASES = {**ENCODINGS, **NUMBERS, **DATES, **CODES, **LIVES, **PSEUDONYMS}
