"""What a source may declare of its rows beyond columns: computed, flagged, keyed, typed, beside."""

from __future__ import annotations

import pickle
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldn_spark.delivery.files.lines import SplitLines, wanted_columns
from ldn_spark.delivery.source.sources import Source
from ldn_spark.delivery.values.parsing import parse_rows
from ldn_spark.delivery.values.rules import rules_of
from tests.unit.delivery.deliveries import known, only, parse_file, rejections

PLAIN = {
    "id": "plain",
    "title": "Plain",
    "format": "text",
    "files": ["*.csv"],
    "delimiter": ";",
    "decimal_mark": ",",
    "date_format": "yyyy-MM-dd",
    "columns": {"pseudonym": "id", "atc": "atc", "dispensed_on": "day"},
    "sex_codes": {"1": "M", "2": "F"},
}
HEAD = "id;atc;day"
ROW = "P1;N06AB03;2012-02-25"


def plain(**keys) -> Source:
    return Source.model_validate({**PLAIN, **keys})


FACTORS = {"computed": {"ddd": {"multiply": ["antal", "per_pack"]}}}


@pytest.mark.parametrize(
    ("antal", "per_pack", "ddd", "noted", "repaired"),
    [
        ("2", "31,25", "62.5", {}, {}),
        ("-1", "31,25", "-31.25", {"ddd_negative": 1}, {}),
        ("0", "31,25", "0", {"ddd_zero": 1}, {}),
        ("400", "31,25", "12500", {"ddd_huge": 1}, {}),
        ("", "31,25", None, {"ddd_missing": 1}, {}),
        ("2", "", None, {"ddd_missing": 1}, {}),
        ("", "", None, {"ddd_missing": 1}, {}),
        ("3", "0,0000001", "0", {"ddd_zero": 1}, {"ddd_rounded": 1}),
        ("3", "0,3333333", "1", {}, {"ddd_rounded": 1}),
        ("5", "0,0000001", "0", {"ddd_zero": 1}, {"ddd_rounded": 1}),
        ("10000000", "0,0000001", "1", {}, {}),
        (" 2 ", " 1,5", "3", {}, {"ddd_trimmed": 1}),
    ],
)
def test_ddds_are_the_exact_product_of_their_factors(antal, per_pack, ddd, noted, repaired):
    parsed = parse_file(f"{HEAD};antal;per_pack\n{ROW};{antal};{per_pack}", plain(**FACTORS))
    assert only(parsed)["ddd"] == (None if ddd is None else Decimal(ddd))
    assert (parsed.noted, parsed.repaired) == (noted, repaired)


@pytest.mark.parametrize(
    ("antal", "per_pack", "column", "reason"),
    [
        ("x", "1", "antal", "ddd_malformed"),
        ("1", "x", "per_pack", "ddd_malformed"),
        ("x", "x", "antal", "ddd_malformed"),
        ("", "x", "per_pack", "ddd_malformed"),
        ("1", "1e2", "per_pack", "ddd_malformed"),
        ("999999999999", "1", "antal", "ddd_too_large"),
    ],
)
def test_a_malformed_factor_rejects_the_line_with_its_column(antal, per_pack, column, reason):
    rows = [f"{ROW};1;1", f"{ROW};{antal};{per_pack}", f"{ROW};2;2"]
    parsed = parse_file("\n".join([f"{HEAD};antal;per_pack", *rows]), plain(**FACTORS))
    assert rejections(parsed) == [(3, column, reason)]
    assert parsed.accepted["ddd"].to_pylist() == [1, 4]


def test_a_factor_may_be_a_column_of_its_own_too():
    source = plain(**FACTORS, optional_columns={"packages": "antal"})
    parsed = parse_file(f"{HEAD};antal;per_pack\n{ROW};2;10\n{ROW};x;10", source)
    assert parsed.accepted.select(["ddd", "packages"]).to_pylist() == [{"ddd": 20, "packages": 2}]
    assert rejections(parsed) == [(3, "antal", "ddd_malformed")]


NUMBERS = st.decimals(-1000, 1000, places=5).map(lambda one: str(one).replace(".", ","))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from(["", "0", "2", "0,5"]) | NUMBERS] * 3), max_size=30))
def test_the_product_of_three_factors_is_that_of_every_row_alone(rows):
    source = plain(computed={"ddd": {"multiply": ["a", "b", "c"]}})
    text = "\n".join([f"{HEAD};a;b;c", *(";".join([ROW, *row]) for row in rows)])
    values = []
    for row in rows:
        a, b, c = (Decimal(cell.replace(",", ".")) if cell else None for cell in row)
        product = None if None in (a, b, c) else a * b * c
        values.append(None if product is None else round(product, 6))
    assert parse_file(text, source).accepted["ddd"].to_pylist() == values


@pytest.mark.parametrize("counted_as", ["year_difference", "completed_years"])
@pytest.mark.parametrize(
    ("age", "born", "noted"),
    [
        ("61", 1951, {}),
        ("0", 2012, {}),
        ("115", 1897, {}),
        ("116", None, {"age_over_115": 1}),
        ("125", None, {"age_over_115": 1}),
        ("126", None, {"age_unknown": 1}),
        ("999", None, {"age_unknown": 1}),
        ("-1", None, {"age_unknown": 1}),
        ("0-3", None, {"age_unknown": 1}),
        ("61,5", None, {"age_unknown": 1}),
        ("", None, {"age_unknown": 1}),
    ],
)
def test_the_birth_year_of_an_age_is_the_latest_possible_one(counted_as, age, born, noted):
    source = plain(computed={"birth_year": {"age": "alder", "counted_as": counted_as}})
    parsed = parse_file(f"{HEAD};alder\n{ROW};{age}", source)
    assert (only(parsed)["birth_year"], parsed.noted) == (born, noted)


def test_the_year_of_a_day_of_birth():
    source = plain(optional_columns={"born_on": "born"})
    rows = [f"{ROW};{born}" for born in ("1951-12-31", "1899-01-01", "1951", "", " 1951-01-01")]
    parsed = parse_file("\n".join([f"{HEAD};born", *rows]), source)
    assert parsed.accepted["birth_year"].to_pylist() == [1951, 1899, None, None, 1951]
    assert parsed.noted == {"birth_year_unknown": 2}
    assert parsed.repaired == {"birth_year_trimmed": 1}


NO_ID = plain(no_id={"column": "uten_id", "values": ["1", "J"]})


def test_a_line_that_no_person_is_known_of_is_rejected_before_anything_else():
    rows = [f"{ROW};0", f"{ROW};1", ";N06AB03;2012-02-25;1", f"{ROW}; J ", f"{ROW};", f"{ROW};j"]
    parsed = parse_file("\n".join([f"{HEAD};uten_id", *rows]), NO_ID)
    assert rejections(parsed) == [(line, "uten_id", "no_id") for line in (3, 4, 5)]
    assert parsed.accepted.num_rows == 3


NOBODY = ["NULL", "NA", ".", "-", "0"]


@pytest.mark.parametrize("kind", ["dispensings", "persons"])
def test_a_pseudonym_that_stands_for_nobody_is_no_person(kind):
    source = plain(
        no_id={"column": "id", "values": NOBODY},
        persons={"files": ["p*"], "columns": {"pseudonym": "person", "sex": "sex"}},
    )
    ids = [*NOBODY, " NULL ", "null", "00", "P1", ""]
    rows = [f"{one};N06AB03;2012-02-25;1" for one in ids]
    header = {"dispensings": f"{HEAD};sex", "persons": "person;x;y;sex"}[kind]
    parsed = parse_file("\n".join([header, *rows]), source, kind=kind)
    column = header.split(";")[0]
    found = [(line, column, "no_id") for line in range(2, 8)]
    assert rejections(parsed) == [*found, (11, column, "pseudonym_missing")]
    assert parsed.accepted["pseudonym"].to_pylist() == ["null", "00", "P1"]


def test_the_flag_may_not_be_delivered():
    assert only(parse_file(f"{HEAD}\n{ROW}", NO_ID))["pseudonym"] == "P1"


def test_a_line_key_is_what_its_columns_say_and_the_line_is_kept():
    source = plain(line_key=("part", "no"))
    rows = [f"{ROW};a;1", f"{ROW}; a ;1", "broken", f"{ROW};Æ;", f"{ROW};;Æ"]
    parsed = parse_file("\n".join([f"{HEAD};part;no", *rows]), source)
    keys = ["a\x1f1", "a\x1f1", "Æ\x1f", "\x1fÆ"]
    assert parsed.accepted["line_key"].to_pylist() == keys
    assert parsed.accepted["line"].to_pylist() == [2, 3, 5, 6]


@pytest.mark.parametrize(("repeated", "line"), [("keep", None), ("reject", 2)])
def test_the_line_is_kept_where_repeated_lines_are_rejected(repeated, line):
    row = only(parse_file(f"{HEAD}\n{ROW}", plain(repeated_lines=repeated)))
    assert (row["line"], row["line_key"]) == (line, None)


def test_a_line_key_in_another_encoding():
    source = plain(line_key=("part",), encoding="iso-8859-1")
    assert only(parse_file(f"{HEAD};part\n{ROW};Æ", source))["line_key"] == "Æ"


def split(header, rows, typed, source, kind="dispensings", encoded=True):
    """Columns as another reader hands them over: UTF-8, some of them typed."""
    wanted = wanted_columns(header, source, kind)
    cells = {name: [row[header.index(name)] for row in rows] for name in wanted}
    data = {
        name: pa.array([None if one is None else one.encode() for one in column], pa.binary())
        for name, column in cells.items()
    }
    if encoded:
        data |= {name: data[name].dictionary_encode() for name in wanted[1:]}
    lines = SplitLines(pa.table(data), None, {}, typed=frozenset(typed))
    return parse_rows(lines, 1, header, source, rules_of(source, kind=kind))


TYPED_HEADER = ("id", "atc", "day", "ddd", "antal", "age", "died")
TYPED = plain(
    date_format="days",
    base_date=date(2012, 1, 1),
    thousands_mark=".",
    columns=PLAIN["columns"] | {"ddd": "ddd", "packages": "antal", "died_on": "died"},
    computed={"birth_year": {"age": "age", "counted_as": "year_difference"}},
)


@pytest.mark.parametrize("encoded", [True, False])
def test_a_typed_column_is_canonical_whatever_the_source_declares(encoded):
    rows = [("42", "N06AB03", "2012-02-25", "1.250", "1.250,5", "61", "2013-01-01")]
    typed = {"day", "ddd", "age", "died"}
    row = only(split(TYPED_HEADER, rows, typed, TYPED, encoded=encoded))
    assert known(row) == {
        "pseudonym": "42",
        "atc": "N06AB03",
        "dispensed_on": date(2012, 2, 25),
        "died_on": date(2013, 1, 1),
        "ddd": Decimal("1.25"),
        "packages": Decimal("1250.5"),
        "birth_year": 1951,
        "year": 2012,
    }


def test_a_text_column_of_the_same_rows_obeys_the_source():
    rows = [("42", "N06AB03", "55", "1.250", "1", "61", "366")]
    row = only(split(TYPED_HEADER, rows, {"age"}, TYPED))
    assert (row["dispensed_on"], row["ddd"]) == (date(2012, 2, 25), Decimal(1250))
    assert row["died_on"] == date(2013, 1, 1)
    rows = [("42", "N06AB03", "2012-02-25", "1,5", "1", "61", "")]
    assert rejections(split(TYPED_HEADER, rows, {"ddd"}, TYPED)) == [(1, "day", "date_malformed")]


def test_nulls_of_another_reader_are_empty():
    rows = [(None, "N06AB03", "55", "1", "1", "61", ""), ("1", "A", "55", None, "1", "61", None)]
    parsed = split(TYPED_HEADER, rows, set(), TYPED)
    assert rejections(parsed) == [(1, "id", "pseudonym_missing")]
    assert (parsed.accepted["ddd"].to_pylist(), parsed.noted) == ([None], {"ddd_missing": 1})


PERSONS = plain(
    persons={
        "files": ["persons*"],
        "columns": {"pseudonym": "pnr", "sex": "koen", "born_on": "foed"},
        "optional_columns": {"died_on": "doed"},
    },
    deaths={"files": ["deaths*"], "columns": {"pseudonym": "pnr", "died_in": "month"}},
    observation_periods={
        "files": ["periods*"],
        "columns": {"pseudonym": "pnr", "observed_from": "fra"},
        "optional_columns": {"observed_to": "til"},
    },
)


def test_what_is_known_of_persons():
    text = "pnr;koen;foed;doed\nP1;2;1951-03-04;2013-05-06\n P2;x;;\n;1;1951-03-04;\n"
    parsed = parse_file(text, PERSONS, kind="persons")
    p1 = {"pseudonym": "P1", "sex": "F", "birth_year": 1951, "died_on": date(2013, 5, 6)}
    p2 = {"pseudonym": "P2", "sex": None, "birth_year": None, "died_on": None}
    assert parsed.accepted.to_pylist() == [p1, p2]
    assert rejections(parsed) == [(4, "pnr", "pseudonym_missing")]
    assert parsed.noted == {"sex_unknown": 1, "birth_year_unknown": 1}
    assert parsed.repaired == {"pseudonym_trimmed": 1}


def test_what_is_known_of_deaths():
    parsed = parse_file("pnr;month\nP1;2013-02\nP2;x", PERSONS, kind="deaths")
    assert parsed.accepted["died_on"].to_pylist() == [date(2013, 2, 28), None]
    assert parsed.accepted["sex"].to_pylist() == [None, None]
    assert parsed.noted == {"died_on_unknown": 1}


def test_periods_of_observation():
    rows = ["P1;2012-01-01;2012-12-31", "P2;2012-01-01;2012-01-01", "P3;2012-01-01;"]
    rows += ["P4;2012-01-02;2012-01-01", "P5;;2012-01-01", "P6;2012-01-01;x", "P7;1.1.2012;"]
    rows += ["P8;2012-01-01;9999-12-31", "P9;2012-01-01;2200-12-31", "P0;2012-01-01;1899-12-31"]
    parsed = parse_file("\n".join(["pnr;fra;til", *rows]), PERSONS, kind="observation_periods")
    first = date(2012, 1, 1)
    assert parsed.accepted.to_pylist() == [
        {"pseudonym": "P1", "observed_from": first, "observed_to": date(2012, 12, 31)},
        {"pseudonym": "P2", "observed_from": first, "observed_to": first},
        {"pseudonym": "P3", "observed_from": first, "observed_to": None},
        {"pseudonym": "P8", "observed_from": first, "observed_to": None},
        {"pseudonym": "P9", "observed_from": first, "observed_to": date(2200, 12, 31)},
    ]
    assert parsed.noted == {"observed_to_open": 1}
    assert rejections(parsed) == [
        (5, "til", "period_reversed"),
        (6, "fra", "observed_from_missing"),
        (7, "til", "observed_to_malformed"),
        (8, "fra", "observed_from_malformed"),
        (11, "til", "observed_to_out_of_range"),
    ]


@pytest.mark.parametrize("kind", ["dispensings", "persons", "deaths", "observation_periods"])
def test_no_lines_have_the_columns_of_their_kind(kind):
    header = ("id", "atc", "day") if kind == "dispensings" else ("pnr", "fra", "koen", "foed")
    empty = parse_file(";".join(header) + "\n", PERSONS, kind=kind).accepted
    assert empty.num_rows == 0
    assert empty.schema.names[0] == "pseudonym"


def test_a_source_goes_to_the_parsing_tasks_as_it_is():
    assert pickle.loads(pickle.dumps(PERSONS)) == PERSONS
