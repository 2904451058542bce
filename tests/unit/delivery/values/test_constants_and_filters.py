"""What a source says of rows beyond columns: constants, filters, and amounts as quotients."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ldn_spark.delivery.values.amounts import compute
from ldn_spark.delivery.values.lookups import read_lookups
from ldn_spark.errors import DeliveryError
from ldn_spark.ingest.accounts import require_enough_accepted
from ldn_spark.ingest.suspicions import suspicions
from ldn_spark.lake.versions import FileRecord
from tests.unit.delivery.deliveries import known, only, parse_file, rejections
from tests.unit.delivery.values.test_layouts_of_rows import HEAD, PLAIN, ROW, plain, split

NO_ATC = {name: column for name, column in PLAIN["columns"].items() if name != "atc"}
CONSTANTS = {
    **{"atc": "N07BB04", "product_number": "a-1", "ddd": "1.50", "packages": 2, "sex": "F"},
    **{"birth_year": 1951, "reimbursement_icd": "F20", "reimbursement_icpc": "P15"},
}


def test_a_constant_is_the_value_of_every_line():
    source = plain(columns=NO_ATC, constant=CONSTANTS)
    row = only(parse_file("id;day\nP1;2012-02-25", source))
    expected = CONSTANTS | {"product_number": "A-1", "ddd": Decimal("1.5")}
    assert {name: row[name] for name in CONSTANTS} == expected


def test_a_constant_day_and_no_rows():
    source = plain(
        columns={"pseudonym": "id", "atc": "atc"}, constant={"dispensed_on": "2012-01-02"}
    )
    row = only(parse_file("id;atc\nP1;N", source))
    assert (row["dispensed_on"], row["year"]) == (date(2012, 1, 2), 2012)
    assert parse_file("id;atc\n", source).accepted.num_rows == 0


def test_constants_of_files_beside_the_dispensings():
    source = plain(
        persons={"files": ["p"], "columns": {"pseudonym": "id"}, "constant": {"sex": "M"}},
        observation_periods={
            "files": ["o"],
            "columns": {"pseudonym": "id", "observed_from": "from"},
            "constant": {"observed_to": "2012-12-31"},
        },
    )
    assert known(only(parse_file("id\nP1", source, kind="persons"))) == {
        "pseudonym": "P1",
        "sex": "M",
    }
    rows = parse_file("id;from\nP1;2012-01-01\nP2;2013-01-01", source, kind="observation_periods")
    assert rows.accepted["observed_to"].to_pylist() == [date(2012, 12, 31)]
    assert rejections(rows) == [(3, "from", "period_reversed")]


FILTER = {"column": "kind", "values": ["human", ""]}


@pytest.mark.parametrize(
    ("where", "left"),
    [
        (FILTER, [2, 4]),
        ([FILTER], [2, 4]),
        ({"column": "kind", "not_values": ["animal", "X"]}, [2, 4]),
        ([FILTER, {"column": "no", "values": ["1", "2", "3"]}], [2, 4, 5]),
        ({"column": "kind", "values": ["human", "", "animal", "X", "Human"]}, []),
    ],
)
def test_lines_that_are_not_meant_are_left_out_and_counted(where, left):
    kinds = ["human", "animal", " human ", "X", ""]
    rows = [f"P{n};N;2012-01-01;{kind};{n}" for n, kind in enumerate(kinds, 1)]
    parsed = parse_file("\n".join([f"{HEAD};kind;no", *rows]), plain(where=where))
    taken = [f"P{n}" for n in range(1, 6) if n not in left]
    assert parsed.accepted["pseudonym"].to_pylist() == taken
    assert (sum(parsed.left_out.values()), rejections(parsed)) == (len(left), [])


def test_of_a_line_that_is_left_out_nothing_else_is_said():
    source = plain(
        where=FILTER, columns=PLAIN["columns"] | {"ddd": "ddd"}, missing_values=["NA"],
        no_id={"column": "id", "values": ["0"]},
    )  # fmt: skip
    bad = ["x;?;day;animal;NA", "0;N;2012-01-01;animal;.", "NULL;N;2012-01-01;animal; 1"]
    text = "\n".join([f"{HEAD};kind;ddd", *bad, "too;few", "P1;N;2012-01-01;human;1"])
    parsed = parse_file(text, source)
    assert (parsed.left_out, rejections(parsed)) == ({"kind": 3}, [(5, None, "too_few_fields")])
    assert (parsed.noted, parsed.repaired, parsed.markers, parsed.nobodies) == ({}, {}, {}, {})
    assert parsed.accepted.num_rows == 1


def test_filters_of_files_beside_the_dispensings_and_of_typed_columns():
    persons = {"files": ["p"], "columns": {"pseudonym": "id"}, "where": FILTER}
    parsed = parse_file("id;kind\nP1;human\nP2;animal", plain(persons=persons), kind="persons")
    assert (parsed.accepted.num_rows, parsed.left_out) == (1, {"kind": 1})
    source = plain(where={"column": "flag", "values": ["1"]})
    header, rows = ("id", "atc", "day", "flag"), [(*ROW.split(";"), "1"), (*ROW.split(";"), None)]
    typed = split(header, rows, {"day"}, source)
    assert (typed.accepted.num_rows, typed.left_out) == (1, {"flag": 1})


def test_a_filter_may_be_by_what_a_lookup_gives(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("vnr;kind\n1;human\n2;animal\n")
    source = plain(
        where=FILTER | {"values": ["human"]},
        lookups=[{"name": "products", "key": "vnr", "gives": ["kind"]}],
    )
    rows = [f"P1;N;2012-01-01;{vnr}" for vnr in (1, 2, 3)]
    text = "\n".join([f"{HEAD};vnr", *rows])
    parsed = parse_file(text, source, read_lookups(source, {"products": table}))
    assert (parsed.accepted.num_rows, parsed.left_out) == (1, {"kind": 1})
    assert rejections(parsed) == [(4, "vnr", "products_unmatched")]


def record(name, lines, accepted, rejected, left_out, kind="dispensings"):
    told = {"kind": left_out} if left_out else {}
    return FileRecord(
        1, name, 1, "", "plain", lines, accepted, rejected, {}, {}, kind=kind,
        left_out_by_column=told,
    )  # fmt: skip


def test_the_share_of_rejected_lines_is_of_those_that_are_meant():
    require_enough_accepted([record("a", 100, 6, 4, 90)], [], 0.5)
    with pytest.raises(DeliveryError, match="6 of 10 lines are rejected"):
        require_enough_accepted([record("a", 100, 4, 6, 90)], [], 0.5)


def test_a_filter_that_leaves_nothing_is_an_error_and_that_leaves_no_line_of_a_file_a_warning():
    none, some = record("a", 9, 0, 0, 9), record("b", 9, 8, 0, 1)
    require_enough_accepted([none, some, record("e", 0, 0, 0, 0)], [], 0.5)
    assert suspicions([none, some], plain()) == ["a: 'where' leaves out every line"]
    with pytest.raises(DeliveryError, match=r"leaves out all 18 lines .*; mend its values of kind"):
        require_enough_accepted([none, none], [], 0.5)
    with pytest.raises(DeliveryError, match="lines of persons"):
        require_enough_accepted([some, record("p", 9, 0, 0, 9, "persons")], [], 0.5)


@pytest.mark.parametrize(
    ("computed", "cells", "ddd", "noted"),
    [
        ({"divide": ["a", "b"]}, "100;3", "33.333333", {}),
        ({"divide": ["a", "b"]}, "2;3", "0.666667", {}),
        ({"divide": ["a", "b"]}, "-2;3", "-0.666667", {"ddd_negative": 1}),
        ({"divide": ["a", "b"]}, "0,000001;2", "0", {"ddd_zero": 1}),
        ({"divide": ["a", "b"]}, "0,000003;2", "0.000002", {}),
        ({"divide": ["a", "b"]}, "5;0", None, {"ddd_divisor_zero": 1}),
        ({"divide": ["a", "b"]}, "0;0,000", None, {"ddd_divisor_zero": 1}),
        ({"divide": ["a", "b"]}, ";0", None, {"ddd_missing": 1}),
        ({"divide": ["a", "b"]}, "5;", None, {"ddd_missing": 1}),
        ({"divide": ["a", "b"]}, "0;5", "0", {"ddd_zero": 1}),
        ({"multiply": ["a"], "divide": ["b", "c"]}, "2;500;25", "40", {}),
        ({"divide": ["a", "b", "c"]}, "1000;5;4", "50", {}),
        ({"multiply": ["a", "b"], "divide": ["c", "c"]}, "3;7;9", "21", {}),
    ],
)
def test_ddds_are_the_exact_quotient_rounded_once(computed, cells, ddd, noted):
    source = plain(computed={"ddd": computed})
    header = ";".join([HEAD, "a", "b", "c"][: 2 + cells.count(";")])
    parsed = parse_file(f"{header}\n{ROW};{cells}", source)
    assert only(parsed)["ddd"] == (None if ddd is None else Decimal(ddd))
    assert parsed.noted == noted


@pytest.mark.parametrize("cells", ["9" * 5_000_000 + ";7", "7;0," + "0" * 5_000_000 + "1"])
def test_a_part_of_millions_of_digits_ends_soon(cells):
    parsed = parse_file(
        f"{HEAD};a;b\n{ROW};{cells}", plain(computed={"ddd": {"divide": ["a", "b"]}})
    )
    assert [reason for _, _, reason in rejections(parsed)] == ["ddd_malformed"]


NUMBERS = st.decimals(-(10**6), 10**6, places=4)


@settings(max_examples=200, deadline=None)
@given(NUMBERS, NUMBERS.filter(bool), NUMBERS)
def test_a_quotient_is_that_of_long_division(dividend, divisor, factor):
    field = compute("ddd", 2, factor, dividend, divisor)
    exact = Fraction(factor) * Fraction(dividend) / Fraction(divisor)
    if abs(exact) >= 10**12 - 1:
        assert field.rejected == "ddd_too_large"
        return
    with localcontext(prec=100):
        long = Decimal(exact.numerator) / Decimal(exact.denominator)
        assert field.value == long.quantize(Decimal("0.000001"), rounding=ROUND_HALF_EVEN)
    assert ("ddd_rounded" in field.repaired) == (Fraction(field.value) != exact)


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ({"constant": {"atc": "N07BB04"}}, "'atc' is both delivered and constant"),
        ({"columns": NO_ATC}, "does not say where atc"),
        ({"columns": NO_ATC, "constant": {"atc": "N7"}}, "'N7' is not an ATC code"),
        ({"constant": {"pseudonym": "P1"}}, "pseudonym"),
        ({"constant": {"ddd": "many"}}, "is not a number; write one like 1.5"),
        ({"constant": {"ddd": True}}, "is not a number"),
        ({"constant": {"ddd": "NaN"}}, "is out of range"),
        ({"constant": {"ddd": "1e13"}}, "is out of range"),
        ({"constant": {"ddd": "0.1234567"}}, "has more than six decimals"),
        ({"constant": {"sex": "K"}}, "sex"),
        ({"constant": {"product_number": "12"}, "product_number_width": 6}, "is not 6 digits"),
        (
            {"constant": {"ddd": 1}, "computed": {"ddd": {"divide": ["a", "b"]}}},
            "'ddd' is both delivered and constant",
        ),
        ({"where": {"column": "id", "values": ["1"]}}, "'where' cannot be by the pseudonym"),
        ({"where": {"column": "a"}}, "needs either 'values' or 'not_values'"),
        ({"where": {"column": "a", "values": ["1"], "not_values": ["2"]}}, "needs either"),
        ({"where": [{"column": "a", "values": ["1"]}] * 2}, "names the column 'a' twice"),
        ({"where": {"column": "a", "values": []}}, "values"),
        ({"computed": {"ddd": {"divide": ["a"]}}}, "divide"),
        ({"computed": {"ddd": {"multiply": ["a"]}}}, "name two columns or more"),
        ({"computed": {"ddd": {}}}, "name two columns or more"),
        (
            {"persons": {"files": ["p"], "columns": {"pseudonym": "p", "sex": "s"},
                         "constant": {"sex": "F"}}},
            "'sex' of 'persons' is both delivered and constant",
        ),
        (
            {"persons": {"files": ["p"], "columns": {"pseudonym": "p"},
                         "constant": {"observed_to": "2012-01-01"}}},
            "'persons' has no constant 'observed_to'",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(keys, what):
    with pytest.raises(ValidationError, match=what):
        plain(**keys)
