"""What becomes of delivered lines: accepted, mended or turned away, each for a stated reason."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldn_spark.io.rules import rules_of
from ldn_spark.io.parsing import parse_block
from ldn_spark.io.sources import load_source

NORPD = load_source("norpd")
HEADER = ("PasientLopeNr", "PasientKjonn", "PasientFodtAr", "ATCKode", "Varenr", "Varenavn")
HEADER += ("UtleveringsDato", "OrdinasjonAntallDDD")
GOOD = "P1;2;1951;N05BB01;058719;Navn;2012.02.25;62,5"
ENCODINGS = ["iso-8859-1", "windows-1252", "utf-8"]


def parse(data, source=NORPD, header=HEADER, first_line=2):
    if isinstance(data, str):
        data = data.encode(source.codec)
    return parse_block(data, first_line, header, source, rules_of(source))


def line(**fields):
    """A good line with some fields replaced."""
    names = ("pseudonym", "sex", "birth_year", "atc", "product", "name", "date", "ddd")
    values = dict(zip(names, GOOD.split(";"), strict=True)) | fields
    return ";".join(values.values())


def like(source=NORPD, **changes):
    return source.model_copy(update=changes)


def rejections(parsed):
    return [(row["line"], row["column"], row["reason"]) for row in parsed.rejected.to_pylist()]


def only(parsed):
    (row,) = parsed.accepted.to_pylist()
    assert parsed.rejected.num_rows == 0
    return row


def test_a_good_line_becomes_a_row():
    parsed = parse(GOOD + "\n")
    assert only(parsed) == {
        "pseudonym": "P1",
        "dispensed_on": date(2012, 2, 25),
        "atc": "N05BB01",
        "product_number": "058719",
        "ddd": Decimal("62.500000"),
        "packages": None,
        "sex": "F",
        "birth_year": 1951,
        "reimbursement_icd": None,
        "reimbursement_icpc": None,
        "line_key": None,
        "line": None,
        "died_on": None,
        "year": 2012,
    }
    assert (parsed.repaired_rows, parsed.repaired, parsed.noted) == (0, {}, {})


@pytest.mark.parametrize(
    ("fields", "column", "reason"),
    [
        ({"pseudonym": ""}, "PasientLopeNr", "pseudonym_missing"),
        ({"pseudonym": "  "}, "PasientLopeNr", "pseudonym_missing"),
        ({"atc": ""}, "ATCKode", "atc_missing"),
        ({"atc": "N05BB1"}, "ATCKode", "atc_malformed"),
        ({"atc": "N05\xa0BB01"}, "ATCKode", "atc_malformed"),
        ({"atc": "5"}, "ATCKode", "atc_malformed"),
        ({"product": "123.0"}, "Varenr", "product_number_malformed"),
        ({"product": "1234567"}, "Varenr", "product_number_malformed"),
        ({"product": "12a"}, "Varenr", "product_number_malformed"),
        ({"date": ""}, "UtleveringsDato", "date_missing"),
        ({"date": "2012.02.30"}, "UtleveringsDato", "date_malformed"),
        ({"date": "2012.2.9"}, "UtleveringsDato", "date_malformed"),
        ({"date": "29.02.2012"}, "UtleveringsDato", "date_malformed"),
        ({"date": "2012-02-25"}, "UtleveringsDato", "date_malformed"),
        ({"date": "2012"}, "UtleveringsDato", "date_malformed"),
        ({"date": "40968"}, "UtleveringsDato", "date_malformed"),
        ({"date": "01-FEB-2012"}, "UtleveringsDato", "date_malformed"),
        ({"date": "0213.01.01"}, "UtleveringsDato", "date_out_of_range"),
        ({"ddd": "1.234,5"}, "OrdinasjonAntallDDD", "ddd_malformed"),
        ({"ddd": "1 234"}, "OrdinasjonAntallDDD", "ddd_malformed"),
        ({"ddd": "1\xa0234"}, "OrdinasjonAntallDDD", "ddd_malformed"),
        ({"ddd": "1e2"}, "OrdinasjonAntallDDD", "ddd_malformed"),
        ({"ddd": "1.5"}, "OrdinasjonAntallDDD", "ddd_malformed"),
        ({"ddd": ","}, "OrdinasjonAntallDDD", "ddd_malformed"),
        ({"ddd": "1" + "0" * 12}, "OrdinasjonAntallDDD", "ddd_too_large"),
    ],
)
def test_a_bad_field_rejects_its_line_and_no_other(fields, column, reason):
    parsed = parse("\n".join([GOOD, line(**fields), GOOD, ""]))
    assert rejections(parsed) == [(3, column, reason)]
    assert parsed.accepted.num_rows == 2


@pytest.mark.parametrize(
    ("fields", "column", "value", "repairs"),
    [
        ({"atc": " n06ab03\xa0"}, "atc", "N06AB03", {"atc_trimmed": 1, "atc_upper": 1}),
        ({"atc": "N06AB"}, "atc", "N06AB", {}),
        ({"product": "981"}, "product_number", "000981", {"product_number_padded": 1}),
        ({"product": "000981"}, "product_number", "000981", {}),
        ({"product": ""}, "product_number", None, {}),
        ({"date": " 2012.02.29"}, "dispensed_on", date(2012, 2, 29), {"date_trimmed": 1}),
        ({"ddd": "-12,5"}, "ddd", Decimal("-12.5"), {}),
        ({"ddd": ",140"}, "ddd", Decimal("0.14"), {}),
        ({"ddd": "1,000"}, "ddd", Decimal("1"), {}),
        ({"ddd": "0"}, "ddd", Decimal("0"), {}),
        ({"ddd": ""}, "ddd", None, {}),
        ({"ddd": "0,1234565"}, "ddd", Decimal("0.123456"), {"ddd_rounded": 1}),
        ({"ddd": "999999999"}, "ddd", Decimal("999999999"), {}),
        ({"pseudonym": "P1  "}, "pseudonym", "P1", {"pseudonym_trimmed": 1}),
        ({"pseudonym": "0012"}, "pseudonym", "0012", {}),
        ({"pseudonym": "99999999999999999999"}, "pseudonym", "9" * 20, {}),
    ],
)
def test_a_field_is_read_or_mended(fields, column, value, repairs):
    parsed = parse(line(**fields) + "\n")
    assert only(parsed)[column] == value
    assert parsed.repaired == repairs
    assert parsed.repaired_rows == (1 if repairs else 0)


@pytest.mark.parametrize(
    ("fields", "column", "value", "note"),
    [
        ({"sex": "3"}, "sex", None, "sex_unknown"),
        ({"sex": ""}, "sex", None, "sex_unknown"),
        ({"birth_year": ""}, "birth_year", None, "birth_year_unknown"),
        ({"birth_year": "1849"}, "birth_year", None, "birth_year_unknown"),
        ({"birth_year": "1850"}, "birth_year", None, "age_over_115"),
        ({"birth_year": "1896"}, "birth_year", None, "age_over_115"),
        ({"birth_year": "1897"}, "birth_year", 1897, None),
        ({"birth_year": "2012"}, "birth_year", 2012, None),
        ({"birth_year": "2013"}, "birth_year", None, "birth_year_after_dispensing"),
        ({"ddd": ""}, "ddd", None, "ddd_missing"),
        ({"ddd": "-1"}, "ddd", Decimal("-1"), "ddd_negative"),
        ({"ddd": "0,0"}, "ddd", Decimal("0"), "ddd_zero"),
    ],
)
def test_what_a_person_may_want_to_know_is_counted(fields, column, value, note):
    parsed = parse(line(**fields) + "\n")
    assert only(parsed)[column] == value
    assert parsed.noted == ({note: 1} if note else {})
    assert parsed.repaired_rows == 0


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (GOOD + ";x", "too_many_fields"),
        ("P1;2;1951", "too_few_fields"),
        ("", "blank_line"),
        (GOOD.replace("Navn", "Na\x00vn"), "nul_byte"),
        (GOOD.replace("Navn", "Na\rvn"), "stray_carriage_return"),
        (GOOD.replace("Navn", '"Navn'), "unbalanced_quote"),
        (GOOD.replace("Navn", '"Na"vn'), "unbalanced_quote"),
        (";".join(HEADER), "repeated_header"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_an_odd_line_leaves_its_neighbours_alone(odd, reason, end, position):
    lines = [GOOD, GOOD.replace("P1", "P2")]
    lines.insert(position, odd)
    parsed = parse(end.join(lines) + end, first_line=10)
    assert [(at, why) for at, _, why in rejections(parsed)] == [(10 + position, reason)]
    assert parsed.accepted["pseudonym"].to_pylist() == ["P1", "P2"]


def test_a_line_break_inside_quotes_is_two_broken_lines():
    parsed = parse("\n".join([GOOD, GOOD.replace("Navn", '"Na\nvn"'), GOOD, ""]))
    assert sorted((at, why) for at, _, why in rejections(parsed)) == [
        (3, "unbalanced_quote"),
        (4, "too_few_fields"),
    ]
    assert parsed.accepted.num_rows == 2


def test_every_kind_of_fault_in_one_block():
    lines = [GOOD, "x", GOOD.replace("Navn", "a\0"), line(atc="?"), '"', GOOD + ";", line(ddd="x")]
    parsed = parse("\n".join(lines))
    assert sorted((at, why) for at, _, why in rejections(parsed)) == [
        (3, "too_few_fields"),
        (4, "nul_byte"),
        (5, "atc_malformed"),
        (6, "unbalanced_quote"),
        (7, "too_many_fields"),
        (8, "ddd_malformed"),
    ]
    assert parsed.accepted.num_rows == 1


def test_quoted_fields_may_hold_delimiters_and_doubled_quotes():
    parsed = parse('"P1";"2";"1951";"N05BB01";"058719";"a;""b""";"2012.02.25";"62,5"\n' + GOOD)
    assert parsed.rejected.num_rows == 0
    assert parsed.accepted.slice(0, 1).equals(parsed.accepted.slice(1, 1))


def test_a_quote_inside_a_field_is_an_ordinary_character():
    assert parse(GOOD.replace("Navn", '5" slange') + "\n").accepted.num_rows == 1


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_norwegian_letters_in_every_encoding(encoding):
    source = like(encoding=encoding)
    text = GOOD.replace("P1", "PÆ1").replace("Navn", "døgndose Ås") + "\n"
    assert only(parse(text.encode(encoding), source))["pseudonym"] == "PÆ1"


def test_bytes_outside_the_encoding_reject_their_line():
    good, latin = GOOD.encode(), GOOD.replace("Navn", "Bø").encode("latin-1")
    parsed = parse(b"\n".join([good, latin, good]), like(encoding="utf-8"))
    assert rejections(parsed) == [(3, None, "encoding")]
    undefined = good.replace(b"Navn", b"\x81")
    parsed = parse(b"\n".join([good, undefined, good]), like(encoding="windows-1252"))
    assert rejections(parsed) == [(3, None, "encoding")]


def test_columns_are_found_by_name():
    order = [7, 3, 0, 6, 5, 4, 2, 1]
    header = tuple(HEADER[i] for i in order)
    text = ";".join(GOOD.split(";")[i] for i in order)
    assert only(parse(text, header=header)) == only(parse(GOOD))


@pytest.mark.parametrize(
    ("year", "month", "died_on", "note"),
    [
        ("2013", "2", date(2013, 2, 28), {}),
        ("2012", "02", date(2012, 2, 29), {}),
        ("2012", "1", date(2012, 1, 31), {"dispensed_after_death": 1}),
        ("2013", "", date(2013, 12, 31), {}),
        ("", "", None, {}),
        ("2013", "13", date(2013, 12, 31), {"death_month_unknown": 1}),
        ("x", "1", None, {"death_year_unknown": 1}),
    ],
)
def test_the_day_of_death_is_the_last_possible_one(year, month, died_on, note):
    header = (*HEADER, "PasientDodsAr", "PasientDodsMnd")
    parsed = parse(f"{GOOD};{year};{month}", header=header)
    assert only(parsed)["died_on"] == died_on
    assert parsed.noted == note


def test_a_block_without_lines_has_the_same_columns():
    parsed = parse(b"")
    assert parsed.accepted.schema == parse(GOOD).accepted.schema
    assert (parsed.accepted.num_rows, parsed.rejected.num_rows) == (0, 0)


def test_quotes_may_be_switched_off():
    source = like(quote=None)
    assert parse(GOOD.replace("Navn", '"Na"vn'), source).accepted.num_rows == 1


FIELDS = ["P1", "2", "1951", "N05BB01", "058719", "2012.02.25", "62,5", "", " ", "x", "ø"]
CHARACTERS = [";", ";", ";", '"', "\r", "\0", "\r\n", "\n", "\n"]
PIECES = st.sampled_from([*FIELDS, *CHARACTERS, GOOD, GOOD + "\n"])


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=40), st.sampled_from(ENCODINGS))
def test_every_line_is_accepted_or_rejected_once(pieces, encoding):
    source = like(encoding=encoding)
    data = "".join(pieces).encode(encoding)
    total = data.count(b"\n") + bool(data and not data.endswith(b"\n"))
    parsed = parse(data, source)
    assert parsed.accepted.num_rows + parsed.rejected.num_rows == total
    numbers = parsed.rejected["line"].to_pylist()
    assert len(set(numbers)) == len(numbers)
    assert all(2 <= number < 2 + total for number in numbers)


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, max_size=40))
def test_a_bad_line_before_and_after_changes_nothing(pieces):
    data = "".join(pieces).encode("latin-1")
    data += b"\n" if data and not data.endswith(b"\n") else b""
    alone = parse(data)
    between = parse(b'"\n' + data + b"\0\n")
    assert between.accepted.equals(alone.accepted)
    assert between.rejected.num_rows == alone.rejected.num_rows + 2


def test_reasons_never_hold_a_value():
    lines = [line(**{name: "SECRET7"}) for name in ("atc", "product", "date", "ddd")]
    parsed = parse("\n".join([*lines, "SECRET7", "SECRET7;" + GOOD]))
    assert parsed.rejected.num_rows == 6
    assert "SECRET7" not in str(parsed.rejected.to_pylist())
    assert dataclasses.asdict(parsed)["noted"] == {}
