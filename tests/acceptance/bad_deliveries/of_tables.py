"""Tables that should not arrive: columns, types, broken lines, repeated and corrected lines."""

from __future__ import annotations

import gzip
from datetime import datetime
from decimal import Decimal

import pyarrow as pa

from ldn_spark.errors import ConfigError, UsageError
from tests.acceptance.bad_deliveries.case import (
    CANONICAL,
    COLUMNS,
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

ONE = "N05BB01 058719 2012-02-25 62.5"
KEYED = like(id="keyed", line_key=["Linje"])
ONCE = like(id="once", repeated_lines="reject")
LOOKED_UP = like(
    id="looked_up",
    columns={**like().columns, "ddd": "ddd_of"},
    lookups=[{"name": "ddds", "key": "Varenr", "gives": ["ddd_of"]}],
)
_NAMES = list(COLUMNS.values())
_FIELDS = GOOD.split(";")


def in_order(*order: int) -> tuple[str, str]:
    """The header and the good line with the columns in another order."""
    return tuple(";".join(cells[place] for place in order) for cells in (_NAMES, _FIELDS))


_REVERSED = in_order(*range(7, -1, -1))
_MIXED = in_order(3, 0, 6, 5, 1, 7, 2, 4)
COLUMN_CASES = {
    "B12 columns in three orders": Case(
        {
            "1.txt": text(GOOD),
            "2.txt": text(_REVERSED[1], header=_REVERSED[0]),
            "3.txt": text(_MIXED[1], header=_MIXED[0]),
        },
        Taken(
            {name: Account(1, 1) for name in ("1.txt", "2.txt", "3.txt")},
            dispensings=3,
            persons=1,
            rows=(f"{P1} {ONE}",) * 3,
        ),
    ),
    "B12 extra columns, one of them twice, and one without a name": Case(
        {"a.txt": text(row(P1, "x", "y", "z", ""), header=f"{HEADER};Kommune;Kommune;Fylke;")},
        Taken(
            {"a.txt": Account(1, 1)},
            dispensings=1,
            persons=1,
            rows=(f"{P1} {ONE}",),
            warnings=(
                "2 columns are not known to source norpd and are ignored: Kommune (a.txt), "
                "Fylke (a.txt)",
            ),
        ),
    ),
    "B12 missing, renamed, doubled and otherwise spelt columns, all at once": Case(
        {
            "a.txt": text(header=HEADER.replace(";PasientKjonn", "")),
            "b.txt": text(GOOD, header=HEADER.replace("UtleveringsDato", "Dato")),
            "c.txt": text(row(P1, "A10"), header=f"{HEADER};ATCKode"),
            "d.txt": text(GOOD, header=HEADER.replace("Varenr", "VARENR").replace("ATC", "Atc")),
            "good.txt": text(GOOD),
        },
        Refused((
            ("a.txt line 1", "'PasientKjonn' is missing", "or name the right one in source norpd"),
            ("b.txt line 1", "'UtleveringsDato' is missing", "add the column, or name the right"),
            ("c.txt line 1", "'ATCKode' occurs twice", "remove one of them"),
            ("d.txt line 1", "'ATCKode' is missing", "the file has 'AtcKode': spell it alike"),
            ("d.txt line 1", "'Varenr' is missing", "the file has 'VARENR': spell it alike"),
        )),
        held=FIRST,
    ),
    "B12 no header": Case(
        {"a.txt": text(GOOD, header=row(P2))},
        Refused(tuple(("a.txt line 1", f"'{name}' is missing") for name in (
            *("PasientLopeNr", "PasientKjonn", "PasientFodtAr", "ATCKode", "Varenr"),
            *("UtleveringsDato", "OrdinasjonAntallDDD"),
        ))),
        named=("a.txt",),
    ),
    "B12 another delimiter": Case(
        {"a.txt": text(GOOD.replace(";", "\t"), header=HEADER.replace(";", "\t"))},
        Refused((
            ("a.txt line 1", "the delimiter ';' does not occur", "declare the delimiter"),
        )),
    ),
    "B12 files put together: headers in the middle, one after a line without end": Case(
        {"a.txt": text(GOOD, HEADER, row(P2), row(P3) + HEADER, row(P1, ddd="1"))},
        Taken(
            {"a.txt": Account(5, 3, {"repeated_header": 1, "too_many_fields": 1})},
            dispensings=3,
            persons=2,
            rejections=(
                "a.txt 3 PasientLopeNr repeated_header",
                "a.txt 5 - too_many_fields",
            ),
        ),
    ),
}  # fmt: skip

TYPES = {
    "B13 pseudonyms as numbers in one file and text in another": Case(
        {
            "long.parquet": parquet(pid=pa.array([10_000_001, 10_000_002])),
            "text.parquet": parquet(pid=pa.array(["010000001"])),
        },
        Refused((
            (
                "long.parquet column PasientLopeNr",
                "has the type int64, but is text in text.parquet",
                "have it delivered as text in every file",
            ),
        )),
        PARQUET,
    ),
    "B13 pseudonyms as floating numbers, days with a time zone and with a time": Case(
        {
            "float.parquet": parquet(pid=pa.array([10_000_001.0])),
            "time.parquet": parquet(day=pa.array([datetime(2012, 2, 25, 13)])),
            "zone.parquet": parquet(
                day=pa.array([datetime(2012, 2, 25)], pa.timestamp("us", "Europe/Oslo"))
            ),
        },
        Refused((
            ("float.parquet column PasientLopeNr", "double", "does not keep every digit"),
            ("time.parquet column UtleveringsDato", "holds times of day", "have dates delivered"),
            ("zone.parquet column UtleveringsDato", "the day depends on the time zone"),
        )),
        PARQUET,
    ),
    "B13 doses as decimals and as floating numbers, days in nanoseconds and as text": Case(
        {
            "1.parquet": parquet(
                ddd=pa.array([Decimal("62.500"), None], pa.decimal128(12, 3)),
                day=pa.array([datetime(2012, 2, 25)] * 2, pa.timestamp("ns")),
            ),
            "2.parquet": parquet(
                ddd=pa.array([62.5, float("nan"), 0.1]), day=pa.array(["2012.02.25"] * 3)
            ),
        },
        Taken(
            {
                "1.parquet": Account(2, 2, noted={"ddd_missing": 1}),
                "2.parquet": Account(3, 3, noted={"ddd_missing": 1}),
            },
            dispensings=5,
            persons=1,
            warnings=("1.parquet, 2.parquet: 40 % of ddd (2 of 5 values)",),
            rows=tuple(
                f"{P1} N05BB01 058719 2012-02-25 {ddd}" for ddd in ("-", "-", "0.1", "62.5", "62.5")
            ),
        ),
        PARQUET,
    ),
}  # fmt: skip

SIZES = {
    "B14 a header and no line": Case(
        {"a.txt": text()},
        Taken(
            {"a.txt": Account(0, 0)},
            dispensings=0,
            persons=0,
            rows=(),
            warnings=("a.txt: holds a header and no line",),
        ),
    ),
    "B14 one line": Case(
        {"a.txt": text(GOOD)},
        Taken({"a.txt": Account(1, 1)}, dispensings=1, persons=1, rows=(f"{P1} {ONE}",)),
    ),
    "B14 nothing but blank lines": Case(
        {"a.txt": text("", "", ""), "b.txt": text(GOOD)},
        Taken(
            {"a.txt": Account(0, 0), "b.txt": Account(1, 1)},
            dispensings=1,
            persons=1,
            warnings=("a.txt: holds a header and no line",),
        ),
    ),
    "B14 every line rejected, whatever is allowed": Case(
        {"a.txt": text(row(day="x"), row(atc="xx"), row(" ")), "b.txt": text(GOOD)},
        Refused(
            (("a.txt", "3 of 3 lines are rejected", "mend the file or its source file"),),
            rejected=(
                "a.txt line 2, column UtleveringsDato: date_malformed (1 line)",
                "a.txt line 3, column ATCKode: atc_malformed (1 line)",
                "a.txt line 4, column PasientLopeNr: pseudonym_missing (1 line)",
            ),
        ),
        held=FIRST,
        share=1.0,
    ),
}

_PAIR = text(row(P1, ddd="1"), row(P2, ddd="2"))
LINES = {
    "B16 every way to break a line, between good ones": Case(
        {
            "a.txt": text(
                GOOD,
                "kanari03;2;1951",
                row(P3, "x"),
                row(P3, name='"kanari'),
                row(P3, name='"kanari\nvare"'),
                row(P3, name="kanari;vare"),
                row(P3, name="kanari\0vare"),
                row(P3, name="kanari\rvare"),
                "",
                GOOD,
                row(P2, name='"kanari;""vare"""'),
                *[row(P2, name='kanari "vare"')] * 8,
            )
        },
        Taken(
            {
                "a.txt": Account(
                    20,
                    11,
                    {
                        "blank_line": 1,
                        "nul_byte": 1,
                        "quoted_line_end": 1,
                        "stray_carriage_return": 1,
                        "too_few_fields": 2,
                        "too_many_fields": 2,
                        "unbalanced_quote": 1,
                    },
                )
            },
            dispensings=11,
            persons=2,
            rows=(*(f"{P1} {ONE}",) * 2, *(f"{P2} {ONE}",) * 9),
            rejections=(
                "a.txt 3 - too_few_fields",
                "a.txt 4 - too_many_fields",
                "a.txt 5 - unbalanced_quote",
                "a.txt 6 - quoted_line_end",
                "a.txt 7 - too_few_fields",
                "a.txt 8 - too_many_fields",
                "a.txt 9 - nul_byte",
                "a.txt 10 - stray_carriage_return",
                "a.txt 11 - blank_line",
            ),
        ),
    ),
    "B16 a quote that is never closed swallows nothing": Case(
        {"a.txt": text(row(P3, name='"'), *[GOOD] * 30)},
        Taken({"a.txt": Account(31, 30, {"unbalanced_quote": 1})}, dispensings=30, persons=1),
    ),
    "B16 quotes that are ordinary letters": Case(
        {"a.txt": text(row(name='"kanari'), row(name='k"'), row(name="kanari;vare"))},
        Taken({"a.txt": Account(3, 2, {"too_many_fields": 1})}, dispensings=2, persons=1),
        like(quote=None),
    ),
    "B16 both line ends, blank lines at the end, and a last line without end": Case(
        {
            "blank.txt": text(GOOD, row(P2), end="\r\n") + b"\r\n\n\n\r\n",
            "mixed.txt": text(GOOD, end="\r\n") + text(row(P2), header=row(P3)),
            "open.txt": text(GOOD, row(P2)).removesuffix(b"\n"),
        },
        Taken(
            {
                "blank.txt": Account(2, 2),
                "mixed.txt": Account(3, 3),
                "open.txt": Account(2, 2),
            },
            dispensings=7,
            persons=3,
            rows=(*(f"{P1} {ONE}",) * 3, *(f"{P2} {ONE}",) * 3, f"{P3} {ONE}"),
        ),
    ),
    "B16 carriage returns alone": Case(
        {"a.txt": text(GOOD, row(P2), end="\r")},
        Refused((
            ("a.txt line 1", "ends with a carriage return alone", "with ordinary line ends"),
        )),
    ),
    "B16 a last line that is cut off": Case(
        {"a.txt": text(GOOD, GOOD, row(P2))[:-20]},
        Taken(
            {"a.txt": Account(3, 2, {"too_few_fields": 1})},
            dispensings=2,
            persons=1,
            rejections=("a.txt 4 - too_few_fields",),
        ),
    ),
}  # fmt: skip


def keyed(*lines: tuple[str, str, str]) -> bytes:
    """A file of pseudonyms, DDDs and line keys."""
    return text(*(row(pid, key, ddd=ddd) for pid, ddd, key in lines), header=f"{HEADER};Linje")


REPEATED = {
    "B17 exact duplicates, which are dispensings": Case(
        {"a.txt": text(GOOD, GOOD, row(ddd="1"))},
        Taken({"a.txt": Account(3, 3)}, dispensings=3, persons=1),
    ),
    "B17 exact duplicates, declared to be turned away": Case(
        {"a.txt": text(GOOD, row(ddd="1"), GOOD), "b.txt": text(row(P2), GOOD)},
        Taken(
            {"a.txt": Account(3, 2, {"repeated_line": 1}),
             "b.txt": Account(2, 1, {"repeated_line": 1})},
            dispensings=3,
            persons=2,
            rejections=("a.txt 4 - repeated_line", "b.txt 3 - repeated_line"),
        ),
        ONCE,
    ),
    "B17 one line key with two amounts": Case(
        {"a.txt": keyed((P1, "1", "a"), (P1, "2", "a"), (P2, "3", "b"), (P2, "3", "b"))},
        Taken(
            {"a.txt": Account(4, 1, {"line_key_conflict": 2, "repeated_line": 1})},
            dispensings=1,
            persons=2,
            rows=(f"{P2} N05BB01 058719 2012-02-25 3",),
            rejections=(
                "a.txt 2 - line_key_conflict",
                "a.txt 3 - line_key_conflict",
                "a.txt 5 - repeated_line",
            ),
        ),
        KEYED,
    ),
    "B17 overlapping deliveries with line keys": Case(
        {"b.txt": keyed((P1, "1", "a"), (P2, "9", "b"), (P3, "3", "c"))},
        Taken(
            {"b.txt": Account(3, 1, {"line_key_conflict": 1, "repeated_line": 1})},
            dispensings=3,
            persons=3,
            rows=tuple(
                f"{pid} N05BB01 058719 2012-02-25 {ddd}"
                for pid, ddd in ((P1, "1"), (P2, "2"), (P3, "3"))
            ),
        ),
        KEYED,
        held={"a.txt": keyed((P1, "1", "a"), (P2, "2", "b"))},
    ),
    "B17 corrected lines by their key": Case(
        {"b.txt": keyed((P2, "9", "b"), (P3, "3", "c"))},
        Taken(
            {"b.txt": Account(2, 2)},
            dispensings=3,
            persons=3,
            rows=tuple(
                f"{pid} N05BB01 058719 2012-02-25 {ddd}"
                for pid, ddd in ((P1, "1"), (P2, "9"), (P3, "3"))
            ),
            replaced=1,
        ),
        KEYED,
        held={"a.txt": keyed((P1, "1", "a"), (P2, "2", "b"))},
        replaces=("line_key",),
    ),
    "B17 the same content twice, and once more in the lake": Case(
        {"1.txt": _PAIR, "2.txt": _PAIR, "first.txt": FIRST["first.txt"]},
        Taken(
            {"1.txt": Account(2, 2)},
            dispensings=6,
            persons=3,
            known=("2.txt", "first.txt"),
        ),
        held=FIRST,
    ),
    "B17 the same content packed, and packed in the lake": Case(
        {
            "1.txt": _PAIR,
            "2.txt.gz": gzip.compress(_PAIR),
            "3.txt.gz": gzip.compress(FIRST["first.txt"]),
        },
        Taken(
            {"1.txt": Account(2, 2)},
            dispensings=6,
            persons=3,
            known=("2.txt.gz", "3.txt.gz"),
        ),
        held=FIRST,
    ),
    "B17 what was packed before comes plain": Case(
        {"1.txt": text(GOOD), "first.txt": FIRST["first.txt"]},
        Taken({"1.txt": Account(1, 1)}, dispensings=5, persons=3, known=("first.txt",)),
        held={"first.txt.gz": gzip.compress(FIRST["first.txt"])},
    ),
    "B17 lines without their key": Case(
        {"a.txt": keyed((P1, "1", ""), (P2, "2", " "), (P3, "3", "c"))},
        Taken(
            {"a.txt": Account(3, 1, {"line_key_missing": 2})},
            dispensings=1,
            persons=1,
            rejections=("a.txt 2 Linje line_key_missing", "a.txt 3 Linje line_key_missing"),
        ),
        KEYED,
        share=0.9,
    ),
    "B17 a corrected file that does not say so": Case(
        {"first.txt": _PAIR},
        Taken(
            {"first.txt": Account(2, 2)},
            dispensings=6,
            persons=3,
            warnings=("first.txt: a file of this name with other content is in the lake already",),
        ),
        held=FIRST,
    ),
    "B17 a corrected file": Case(
        {"first.txt": _PAIR},
        Taken(
            {"first.txt": Account(2, 2)},
            dispensings=2,
            persons=2,
            rows=(f"{P1} N05BB01 058719 2012-02-25 1", f"{P2} N05BB01 058719 2012-02-25 2"),
            replaced=4,
        ),
        held=FIRST,
        replaces=("first.txt",),
    ),
    "B17 a correction of what is not there": Case(
        {"b.txt": _PAIR},
        Refused((("--replaces", "no file 'c.txt' of source norpd is in the lake"),), UsageError),
        held=FIRST,
        replaces=("c.txt",),
    ),
    "B11 days outside the period that is replaced": Case(
        {
            "early.txt": text(row(day="2011.12.31"), row(day="2012.03.01")),
            "good.txt": text(row(day="2012.12.31")),
            "late.txt": text(row(day="2013.01.01"), row(day="x")),
        },
        Refused((
            ("early.txt", "holds dispensings from 2011-12-31 to 2012-03-01",
             "declare the whole period it covers with --replaces, or ingest it in parts"),
            ("late.txt", "from 2013-01-01 to 2013-01-01, but is to replace 2012-01-01 to"),
        )),
        held=FIRST,
        replaces=("2012-01-01..2012-12-31",),
    ),
    "B11 a year that is delivered again": Case(
        {"year.txt": text(row(P2, day="2012.01.01", ddd="8"), row(P2, day="2012.12.31", ddd="9"))},
        Taken(
            {"year.txt": Account(2, 2)},
            dispensings=3,
            persons=3,
            rows=(
                f"{P2} N05BB01 058719 2012-01-01 8",
                f"{P2} N05BB01 058719 2012-12-31 9",
                f"{P3} N05BB01 058719 2013-02-28 4",
            ),
            replaced=3,
        ),
        held=FIRST,
        replaces=("2012-01-01..2012-12-31",),
    ),
}  # fmt: skip

_NO_DDD = HEADER.replace(f";{DDD}", "")
_LINE = row().rpartition(";")[0]
BESIDE = {
    "a file of persons and no dispensing": Case(
        {
            "persons.csv": text(
                f"{P1},F,1951,2013-01-01", f"{P2},x,,", ",M,1960,",
                header="pseudonym,sex,birth_year,died_on",
            )
        },
        Taken(
            {
                "persons.csv": Account(
                    3,
                    2,
                    {"pseudonym_missing": 1},
                    noted={"birth_year_unknown": 1, "sex_unknown": 1},
                )
            },
            dispensings=0,
            persons=2,
            warnings=(
                "persons.csv: 50 % of birth_year (1 of 2 values)",
                "persons.csv: 50 % of sex (1 of 2 values)",
            ),
            rows=(),
            people=(f"{P1} F 1951 2013-01-01", f"{P2} - - -"),
            rejections=("persons.csv 4 pseudonym pseudonym_missing",),
        ),
        CANONICAL,
    ),
    "a lookup without its key": Case(
        {"a.txt": text(_LINE, header=_NO_DDD), "ddds.csv": b"Vare,ddd_of\n058719,20\n"},
        Refused(
            (
                ("ddds.csv line 1", "the header has no column Varenr", "begin with a header line"),
            ),
            ConfigError,
        ),
        LOOKED_UP,
        named=("a.txt",),
        lookups={"ddds": "ddds.csv"},
    ),
    "no lookup": Case(
        {"a.txt": text(_LINE, header=_NO_DDD)},
        Refused(
            (("--lookup", "needs the lookup 'ddds' (Varenr → ddd_of)", "give --lookup ddds=FILE"),),
            ConfigError,
        ),
        LOOKED_UP,
    ),
    "a delivery without the key of its lookup": Case(
        {
            "a.txt": text(header=_NO_DDD.replace(";Varenr", "")),
            "ddds.csv": b"Varenr,ddd_of\n058719,20\n",
        },
        Refused((("a.txt line 1", "the column 'Varenr' is missing"),)),
        LOOKED_UP,
        lookups={"ddds": "ddds.csv"},
    ),
    "a lookup that lacks a product, and holds what is no number": Case(
        {
            "a.txt": text(
                _LINE,
                _LINE.replace("058719", "58719"),
                _LINE.replace("058719", "000981"),
                _LINE.replace("058719", "000982"),
                header=_NO_DDD,
            ),
            "ddds.csv": b'Varenr,ddd_of\n58719,20.5\n000982,"1,5"\n',
        },
        Taken(
            {
                "a.txt": Account(
                    4, 2, {"ddd_malformed": 1, "ddds_unmatched": 1}, 1, {"product_number_padded": 1}
                )
            },
            dispensings=2,
            persons=1,
            rows=(f"{P1} N05BB01 058719 2012-02-25 20.5",) * 2,
            rejections=("a.txt 4 Varenr ddds_unmatched", "a.txt 5 ddd_of ddd_malformed"),
        ),
        LOOKED_UP,
        lookups={"ddds": "ddds.csv"},
    ),
}  # fmt: skip

CASES = {**COLUMN_CASES, **TYPES, **SIZES, **LINES, **REPEATED, **BESIDE}
